// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/traffic.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace lns::lacsim {
namespace {

// Short enough that a burst fits every queue on the way, long enough that a wake-up pays.
constexpr Duration kTick = Duration::Microseconds(500);
// How far behind its schedule a lane may be and still catch up, in time and in packets at once.
constexpr Duration kMaxLag = Duration::Milliseconds(10);
constexpr uint64_t kMaxCatchUp = 2 * kMaxBurst;
// Nothing arrived for so long after the last was sent: what is missing is lost.
constexpr Duration kQuiet = Duration::Seconds(1);
constexpr size_t kSlotSize = 2048;

std::vector<uint32_t> FlowsWithAddress(const std::vector<uint32_t>& addresses) {
  std::vector<uint32_t> flows;
  for (uint32_t flow = 0; flow < addresses.size(); ++flow) {
    if (addresses[flow] != 0) flows.push_back(flow);
  }
  return flows;
}

}  // namespace

FlowOrder::FlowOrder(std::vector<uint32_t> flows, SessionOrder order, uint64_t seed)
    : flows_(std::move(flows)), order_(order), rng_(seed) {}

uint32_t FlowOrder::Next() {
  if (at_ == 0 && order_ == SessionOrder::kRandom) {
    for (size_t i = flows_.size(); i > 1; --i) {
      std::swap(flows_[i - 1], flows_[rng_.Below(static_cast<uint32_t>(i))]);
    }
  }
  const uint32_t flow = flows_[at_];
  at_ = at_ + 1 == flows_.size() ? 0 : at_ + 1;
  return flow;
}

Traffic::Traffic(const TrafficOptions& options, std::vector<uint32_t> addresses, ProbeSink& uplink,
                 ProbeSink& downlink)
    : options_(options),
      addresses_(std::move(addresses)),
      total_(static_cast<uint64_t>(options.packets_per_second) *
             static_cast<uint64_t>(options.duration.milliseconds()) / 1000),
      lanes_{MakeLane(Direction::kUp, options.up, uplink),
             MakeLane(Direction::kDown, options.down, downlink)},
      memory_(kMaxBurst * kSlotSize) {
  LNS_CHECK(kProbeHeadroom + options.payload_bytes <= kSlotSize);
}

Traffic::Lane Traffic::MakeLane(Direction direction, bool enabled, ProbeSink& sink) const {
  std::vector<uint32_t> flows = FlowsWithAddress(addresses_);
  enabled = enabled && !flows.empty();
  return {.direction = direction,
          .enabled = enabled,
          .sink = &sink,
          .order = FlowOrder(std::move(flows), options_.order, options_.seed),
          .meter = FlowMeter(addresses_.size())};
}

void Traffic::Start(Instant now) { started_ = last_tick_ = last_activity_ = now; }

uint64_t Traffic::DueBy(Instant now) const {
  const auto elapsed = static_cast<double>((now - started_).nanoseconds());
  const double due = elapsed * options_.packets_per_second / 1e9;
  return std::min(total_, static_cast<uint64_t>(due) + 1);
}

void Traffic::OnTimer(Instant now) {
  if (now < NextDeadline()) return;
  last_tick_ = now;
  waited_ = done(now);
  for (Lane& lane : lanes_) {
    if (lane.enabled) SendDue(lane, now);
  }
}

Instant Traffic::NextDeadline() const {
  uint64_t next = total_;
  for (const Lane& lane : lanes_) {
    if (lane.enabled) next = std::min(next, lane.scheduled);
  }
  if (next >= total_) return waited_ ? Instant::Never() : last_activity_ + kQuiet;
  const double at = static_cast<double>(next) * 1e9 / options_.packets_per_second;
  return std::max(started_ + Duration::Nanoseconds(static_cast<int64_t>(at)), last_tick_ + kTick);
}

void Traffic::SendDue(Lane& lane, Instant now) {
  uint64_t due = DueBy(now) - std::min(lane.scheduled, DueBy(now));
  const uint64_t lag_packets =
      static_cast<uint64_t>(kMaxLag.milliseconds()) * options_.packets_per_second / 1000;
  const uint64_t most = std::clamp<uint64_t>(lag_packets, 1, kMaxCatchUp);
  if (due > most) {
    lane.slipped += due - most;
    lane.scheduled += due - most;
    due = most;
  }
  while (due > 0) {
    const size_t count = std::min<size_t>(static_cast<size_t>(due), kMaxBurst);
    SendBurst(lane, count, now);
    due -= count;
  }
}

void Traffic::SendBurst(Lane& lane, size_t count, Instant now) {
  std::array<OutgoingProbe, kMaxBurst> probes;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t flow = lane.order.Next();
    uint8_t* payload = memory_.data() + i * kSlotSize + kProbeHeadroom;
    probes[i] = {.flow = flow, .payload = {payload, options_.payload_bytes}};
    WriteProbe({.flow = flow,
                .direction = lane.direction,
                .sequence = lane.meter.Offer(flow),
                .sent = now},
               probes[i].payload);
  }
  lane.sink->Send(std::span(probes).first(count));
  for (size_t i = 0; i < count; ++i) {
    if (probes[i].sent) continue;
    // A flow has one way out, which sends in order: what did not leave were its latest numbers.
    lane.meter.TakeBack(probes[i].flow);
    ++lane.unsent;
  }
  lane.scheduled += count;
  lane.last_sent = last_activity_ = now;
  waited_ = false;
}

bool Traffic::OnPayload(Direction direction, uint32_t subscriber_address, ByteView payload,
                        Instant now) {
  const std::optional<ReceivedProbe> received = ReadProbe(payload);
  if (!received) return false;
  last_activity_ = now;
  waited_ = false;
  FlowMeter& meter = lane(direction).meter;
  const Probe& probe = received->probe;
  const bool right_place = probe.direction == direction && probe.flow < addresses_.size() &&
                           addresses_[probe.flow] == subscriber_address &&
                           payload.size() == options_.payload_bytes;
  if (!received->intact || !right_place) {
    meter.OnCorrupt();
  } else {
    meter.OnReceived(probe.flow, probe.sequence, now - probe.sent);
  }
  return true;
}

void Traffic::Stop() {
  total_ = 0;
  for (Lane& lane : lanes_) lane.scheduled = std::max(lane.scheduled, total_);
}

bool Traffic::done(Instant now) const {
  bool all_arrived = true;
  for (const Lane& lane : lanes_) {
    if (!lane.enabled) continue;
    if (lane.scheduled < total_) return false;
    all_arrived = all_arrived && lane.meter.totals().lost() == 0;
  }
  return all_arrived || now >= last_activity_ + kQuiet;
}

Traffic::Summary Traffic::summary(Direction direction) const {
  const Lane& of = lane(direction);
  return {.enabled = of.enabled,
          .totals = of.meter.totals(),
          .unsent = of.unsent,
          .slipped = of.slipped,
          .sending = of.meter.totals().offered == 0 ? Duration() : of.last_sent - started_};
}

bool Traffic::perfect() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.meter.totals().perfect(); });
}

}  // namespace lns::lacsim
