// How one tunnel's datagrams (L2TP messages: UDP payloads) reach the LNS and come back: the seam
// between the LAC and what carries it. UdpWire uses a kernel socket; a port that builds its own
// Ethernet, IP and UDP headers would be another. Non-blocking; main thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/bytes.h"

namespace lns::lacsim {

inline constexpr size_t kMaxBurst = 64;

class Wire {
 public:
  virtual ~Wire() = default;
  // For the event loop: readable while Receive has something to give.
  virtual int fd() const = 0;
  // At most kMaxBurst datagrams, in order. Returns how many left; the others did not.
  virtual size_t Send(std::span<const ByteView> datagrams) = 0;
  // At most kMaxBurst datagrams; the views are good until the next Receive on any wire.
  virtual std::span<const ByteView> Receive() = 0;
  // Datagrams that arrived here and were dropped because we did not read fast enough.
  virtual uint64_t receive_drops() const = 0;
};

}  // namespace lns::lacsim
