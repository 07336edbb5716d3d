// ICMP echo from one subscriber to the host, answered by the host's kernel. One request at a time
// every interval; a reply that takes longer than kPatience counts as lost.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/time.h"
#include "tools/lacsim/histogram.h"
#include "tools/lacsim/inner_packet.h"
#include "tools/lacsim/uplink.h"

namespace lns::lacsim {

class Ping {
 public:
  static constexpr Duration kPatience = Duration::Seconds(2);

  // `identifier` tells our echoes from those of others behind the same subscriber.
  Ping(uint32_t count, Duration interval, uint32_t flow, Ipv4Addresses addresses,
       uint16_t identifier, Uplink& uplink);

  void Start(Instant now) { next_ = now; }
  void OnTimer(Instant now);
  Instant NextDeadline() const;
  // False when it is not a reply to one of ours.
  bool OnPacket(const Ipv4View& packet, Instant now);
  bool done(Instant now) const;
  void Stop() { count_ = sent(); }

  uint32_t sent() const { return static_cast<uint32_t>(sent_at_.size()); }
  uint32_t received() const { return static_cast<uint32_t>(rtt_.count()); }
  const Histogram& rtt() const { return rtt_; }

 private:
  uint32_t count_;
  Duration interval_;
  uint32_t flow_;
  Ipv4Addresses addresses_;
  uint16_t identifier_;
  Uplink& uplink_;
  Instant next_ = Instant::Never();
  std::vector<Instant> sent_at_;  // by sequence number; Never() once answered
  Histogram rtt_;
};

}  // namespace lns::lacsim
