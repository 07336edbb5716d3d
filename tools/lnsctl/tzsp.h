// Sends packets to a collector over UDP, each in TZSP (version 1, encapsulated Ethernet): the
// encapsulation that Wireshark, tcpdump and the collectors of routers' "streaming" captures read
// without being told how. The port's name, a running number, the time and the packet's length stand
// in tags before the frame. Never waits: what the kernel does not take is counted and lost.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "lib/os/file_descriptor.h"
#include "tools/lnsctl/pcapng.h"

#include "absl/status/statusor.h"

namespace lns::lnsctl {

inline constexpr std::string_view kCollectorPrefix = "udp:";

// The datagram's payload.
std::string TzspDatagram(const CapturedPacket& packet, uint32_t number);

class TzspSender {
 public:
  // "udp:ADDRESS:PORT"; of IPv6 the address in brackets.
  static absl::StatusOr<TzspSender> Connect(std::string_view target);

  void Send(const CapturedPacket& packet);
  uint64_t sent() const { return sent_; }
  // The kernel did not take it, or told us that nobody listens there.
  uint64_t not_sent() const { return not_sent_; }

 private:
  explicit TzspSender(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;
  uint64_t sent_ = 0;
  uint64_t not_sent_ = 0;
};

}  // namespace lns::lnsctl
