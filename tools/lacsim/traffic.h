// Generates and measures: numbered probes at a steady rate in one or both directions, spread over
// the online subscribers, until a given number was offered and what is under way has arrived.
// Where a probe leaves is a ProbeSink's business; whoever receives one calls OnPayload.
//
// It never makes a loss it would then report: a packet that a socket did not take is taken back,
// and when the process falls behind its schedule, the missed packets are not made up in a flood but
// counted as `slipped` (not offered).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "tools/lacsim/flow_meter.h"
#include "tools/lacsim/inner_packet.h"
#include "tools/lacsim/lac.h"
#include "tools/lacsim/options.h"
#include "tools/lacsim/probe.h"

namespace lns::lacsim {

// A payload to send, with kProbeHeadroom writable bytes before it.
struct OutgoingProbe {
  uint32_t flow = 0;
  MutableByteView payload;
  bool sent = false;
};
inline constexpr size_t kProbeHeadroom = kHeadroom + kIpv4HeaderSize + kUdpHeaderSize;

class ProbeSink {
 public:
  virtual ~ProbeSink() = default;
  // At most kMaxBurst; sets `sent` of those that left, and those of one flow leave in order.
  virtual void Send(std::span<OutgoingProbe> probes) = 0;
};

// The flows to send on, one after the other: in turn, or shuffled anew for each round.
class FlowOrder {
 public:
  FlowOrder(std::vector<uint32_t> flows, SessionOrder order, uint64_t seed);
  uint32_t Next();

 private:
  std::vector<uint32_t> flows_;
  SessionOrder order_;
  SeededRng rng_;
  size_t at_ = 0;
};

class Traffic {
 public:
  // addresses[flow]: the subscriber's, host order; 0 takes no part.
  Traffic(const TrafficOptions& options, std::vector<uint32_t> addresses, ProbeSink& uplink,
          ProbeSink& downlink);

  void Start(Instant now);
  void OnTimer(Instant now);
  Instant NextDeadline() const;
  // A UDP payload arrived, from (uplink) or for (downlink) the subscriber with this address.
  // False when it is none of ours.
  bool OnPayload(Direction direction, uint32_t subscriber_address, ByteView payload, Instant now);
  // Ours, but its headers or checksum were wrong.
  void OnCorrupt(Direction direction) { lane(direction).meter.OnCorrupt(); }
  bool done(Instant now) const;
  // Sends no more; what is under way is still waited for.
  void Stop();

  struct Summary {
    bool enabled = false;
    FlowMeter::Totals totals;
    uint64_t unsent = 0;   // the socket did not take it
    uint64_t slipped = 0;  // the process was late
    Duration sending;      // first to last
  };
  Summary summary(Direction direction) const;
  const Histogram& latency(Direction direction) const { return lane(direction).meter.latency(); }
  bool perfect() const;

 private:
  struct Lane {
    Direction direction = Direction::kUp;
    bool enabled = false;
    ProbeSink* sink = nullptr;
    FlowOrder order;
    FlowMeter meter;
    uint64_t scheduled = 0;  // offered, unsent and slipped
    uint64_t unsent = 0;
    uint64_t slipped = 0;
    Instant last_sent;
  };
  Lane MakeLane(Direction direction, bool enabled, ProbeSink& sink) const;
  Lane& lane(Direction direction) { return lanes_[static_cast<size_t>(direction)]; }
  const Lane& lane(Direction direction) const { return lanes_[static_cast<size_t>(direction)]; }
  uint64_t DueBy(Instant now) const;
  void SendDue(Lane& lane, Instant now);
  void SendBurst(Lane& lane, size_t count, Instant now);

  TrafficOptions options_;
  std::vector<uint32_t> addresses_;
  uint64_t total_ = 0;  // packets to schedule per direction
  std::array<Lane, 2> lanes_;
  std::vector<uint8_t> memory_;
  Instant started_;
  Instant last_tick_;
  Instant last_activity_;
  bool waited_ = false;  // all is sent, and long enough ago: no deadline until something arrives
};

}  // namespace lns::lacsim
