// From subscribers to the host: puts UDP, IPv4, PPP and L2TP around payloads and hands them to the
// LACs of their subscribers, one burst per LAC. Subscriber g is the (g / n)-th of LAC g mod n.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/base/bytes.h"
#include "tools/lacsim/inner_packet.h"
#include "tools/lacsim/lac.h"
#include "tools/lacsim/traffic.h"

namespace lns::lacsim {

// The port subscribers send from and are sent to.
inline constexpr uint16_t kSubscriberPort = 7000;

class Uplink final : public ProbeSink {
 public:
  Uplink(std::vector<std::unique_ptr<Lac>>& lacs, uint32_t host_address, uint16_t host_port)
      : lacs_(lacs), host_address_(host_address), host_port_(host_port) {}

  void Send(std::span<OutgoingProbe> probes) override;
  // One whole IPv4 packet; false when it did not leave.
  bool SendPacket(uint32_t flow, ByteView packet);

  Lac& LacOf(uint32_t flow) { return *lacs_[flow % lacs_.size()]; }
  Subscriber& SubscriberOf(uint32_t flow) { return LacOf(flow).subscribers()[flow / lacs_.size()]; }

 private:
  std::vector<std::unique_ptr<Lac>>& lacs_;
  uint32_t host_address_;
  uint16_t host_port_;
  uint16_t identification_ = 0;
};

}  // namespace lns::lacsim
