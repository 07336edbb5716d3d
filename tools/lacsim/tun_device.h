// A TUN device in a namespace, with a subscriber's address and a default route: what real programs
// send there goes through the subscriber's session, and back. Of IPv6 it gets no more than the
// link-local address that IPV6CP agreed on: the rest is the host's to learn, as behind any modem.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/os/file_descriptor.h"

#include "absl/status/statusor.h"

namespace lns::lacsim {

class TunDevice {
 public:
  struct Where {
    std::string netns;
    std::string name;
    uint32_t address = 0;       // host order; 0: no IPv4
    uint64_t interface_id = 0;  // 0: no IPv6, or not yet
    uint16_t mtu = 1400;
  };
  // The device lives as long as the object.
  static absl::StatusOr<TunDevice> Open(const Where& where);

  absl::Status AddLinkLocal(uint64_t interface_id);

  int fd() const { return fd_.get(); }
  // One packet, good until the next call; none when there is no more.
  std::optional<ByteView> Read();
  void Write(ByteView packet);

 private:
  TunDevice(FileDescriptor fd, Where where) : fd_(std::move(fd)), where_(std::move(where)) {}
  FileDescriptor fd_;
  Where where_;
  std::array<uint8_t, 2048> buffer_{};
};

}  // namespace lns::lacsim
