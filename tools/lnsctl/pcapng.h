// Writes packets as a pcapng file (draft-ietf-opsawg-pcapng): one interface per port, the packet's
// direction, and what became of it as a comment.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace lns::lnsctl {

struct CapturedPacket {
  std::string_view port;
  uint64_t realtime_ns = 0;
  bool sent = false;       // else received
  std::string_view frame;  // what was kept of it
  uint32_t length = 0;     // of all of it
  std::string_view comment;
};

class PcapngWriter {
 public:
  // `file` outlives the writer; it is not closed.
  explicit PcapngWriter(std::FILE* file);
  // False: the file takes no more.
  bool Write(const CapturedPacket& packet);
  bool ok() const { return ok_; }

 private:
  uint32_t InterfaceOf(std::string_view port);
  void WriteBlock(uint32_t type, const std::string& body);

  std::FILE* file_;
  std::vector<std::string> interfaces_;
  bool ok_ = true;
};

}  // namespace lns::lnsctl
