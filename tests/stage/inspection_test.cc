// Looking at packets: what is explained of every row's packet is what the row says becomes of it,
// and nothing comes of the explanation; what an observer tells of a packet is what became of it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <rte_mempool.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dataplane/core/observer.h"
#include "dataplane/explain.h"
#include "dataplane/pipeline.h"
#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::PacketExplanation;
using dataplane::Verdict;

// What is judged when a packet leaves, waits, or is told apart from others before it: no stage's
// word on one packet.
bool IsForeseen(const Outcome& outcome) {
  static const std::set<DropReason> kLater = {
      DropReason::kLatePacket,       DropReason::kReorderFull,     DropReason::kReassemblyFull,
      DropReason::kReassemblyTime,   DropReason::kOuterFragment,   DropReason::kHoldNextHopFull,
      DropReason::kHoldFull,         DropReason::kHoldRouteGone,   DropReason::kNoNeighbour,
      DropReason::kPuntTooLong,      DropReason::kPuntRingFull,    DropReason::kPuntSourceRate,
      DropReason::kPuntGroupRate,    DropReason::kHandoffRingFull, DropReason::kTxQueueFull,
      DropReason::kNoFragmentBuffer, DropReason::kNoTxQueue,       DropReason::kNoHeadroom};
  return outcome.kind != Outcome::Kind::kDropped || !kLater.contains(outcome.drop);
}

PacketExplanation Explain(Rig& rig, const Bytes& frame, uint16_t port) {
  uint32_t worker = 0;
  for (uint32_t tries = 0; tries < 3; ++tries) {
    dataplane::PacketExplainer explainer(rig.worker(worker).context().config(), frame, port);
    EXPECT_TRUE(explainer.Run());
    const PacketExplanation& explanation = explainer.explanation();
    if (!explanation.owner.has_value()) return explanation;
    EXPECT_NE(*explanation.owner, worker);
    worker = *explanation.owner;
  }
  ADD_FAILURE() << "no worker owns it";
  return {};
}

std::vector<uint64_t> CountersOf(Rig& rig) {
  std::vector<uint64_t> counts;
  for (size_t i = 0; i < dataplane::kDropReasonCount; ++i) {
    counts.push_back(rig.Drops(static_cast<DropReason>(i)));
  }
  for (const dataplane::SessionKey& key : rig.writer().SessionKeys()) {
    const auto session = rig.Counts(key.tunnel.value(), key.session.value());
    counts.insert(counts.end(), {session.uplink_packets, session.uplink_bytes,
                                 session.downlink_packets, session.downlink_bytes,
                                 session.uplink_policed_packets, session.downlink_policed_packets});
  }
  return counts;
}

void ExpectSays(const PacketExplanation& explanation, const Outcome& outcome) {
  if (explanation.verdict == Verdict::kToDownlink) return;  // another worker goes on
  switch (outcome.kind) {
    case Outcome::Kind::kDropped:
      if (outcome.drop == DropReason::kNotOurs && explanation.verdict == Verdict::kMirror) return;
      ASSERT_EQ(explanation.verdict, Verdict::kDrop);
      EXPECT_EQ(dataplane::kDropReasons[explanation.reason].name,
                dataplane::kDropReasons[static_cast<size_t>(outcome.drop)].name);
      break;
    case Outcome::Kind::kPunted:
      ASSERT_EQ(explanation.verdict, Verdict::kPunt);
      EXPECT_EQ(explanation.reason, static_cast<uint8_t>(outcome.punt));
      break;
    case Outcome::Kind::kSent:
      ASSERT_EQ(explanation.verdict, Verdict::kTransmit);
      EXPECT_EQ(explanation.out_port, outcome.port);
      break;
    case Outcome::Kind::kHeld:
      EXPECT_EQ(explanation.verdict, Verdict::kHold);
      break;
  }
}

Bytes FrameOf(const Row& row) {
  Packet in = row.in;
  if (!in.has_ethernet()) {
    in.Ethernet(row.port == kAccess ? kAccessMac : kCoreMac,
                row.port == kAccess ? kLacMac : kHostMac);
  }
  return in.Build();
}

void ExplainRow(const Row& row) {
  SCOPED_TRACE(row.what);
  if (!IsForeseen(row.verdict) || row.inject || row.wait_ms != 0 || row.meanwhile) return;
  // An answer is sent for the packet, which itself is refused.
  if (row.rig.answers || row.prepare) return;
  const uint32_t buffers = rte_mempool_in_use_count(PacketPool());
  {
    Rig rig(row.rig);
    const std::vector<uint64_t> before = CountersOf(rig);
    ExpectSays(Explain(rig, FrameOf(row), row.port), row.verdict);
    rig.Poll();
    EXPECT_EQ(CountersOf(rig), before) << "something was counted";
    for (const uint16_t port : {kAccess, kCore}) EXPECT_TRUE(rig.TakeSent(port).empty());
    EXPECT_TRUE(rig.TakePunted().empty());
    EXPECT_EQ(rig.Held(), 0u);
  }
  EXPECT_EQ(rte_mempool_in_use_count(PacketPool()), buffers) << "buffers lost";
}

TEST(Explain, SaysOfEveryUplinkRowWhatBecomesOfIt) {
  for (const Row& row : UplinkRows()) ExplainRow(row);
}

TEST(Explain, SaysOfEveryDownlinkRowWhatBecomesOfIt) {
  for (const Row& row : DownlinkRows()) ExplainRow(row);
}

TEST(Explain, NamesTheStagesUpToTheVerdict) {
  Rig rig({});
  const Bytes frame = Packet()
                          .Ethernet(kCoreMac, kHostMac)
                          .Ipv4(kHost, "100.64.0.3")  // whose NCPs are closed
                          .Payload(20, 1)
                          .Build();
  const PacketExplanation explanation = Explain(rig, frame, kCore);
  ASSERT_GE(explanation.steps.size(), 3u);
  EXPECT_EQ(explanation.steps.back().stage, dataplane::StageId::kSubscriberLookup);
  EXPECT_EQ(explanation.steps.back().verdict, Verdict::kDrop);
  EXPECT_EQ(dataplane::Pipelines()[explanation.steps.back().pipeline].name, "downlink");
  EXPECT_EQ(explanation.reason, static_cast<uint8_t>(DropReason::kSubscriberNotOpen));
}

// An observer on the only worker while it lives.
class Observed {
 public:
  Observed(Rig& rig, const dataplane::ObservationFilter& filter)
      : worker_(rig.worker(0)), observer_(std::make_unique<dataplane::Observer>(0, filter)) {
    worker_.context().SetObserver(observer_.get());
  }
  ~Observed() { worker_.context().SetObserver(nullptr); }
  Observed(const Observed&) = delete;
  Observed& operator=(const Observed&) = delete;

  std::vector<dataplane::ObservedPacket> Take() {
    std::vector<dataplane::ObservedPacket> packets;
    dataplane::ObservedPacket packet;
    while (observer_->Take(packet)) packets.push_back(packet);
    return packets;
  }
  uint64_t lost() const { return observer_->lost(); }

 private:
  dataplane::Worker& worker_;
  std::unique_ptr<dataplane::Observer> observer_;
};

Bytes FromHost(std::string_view destination, size_t payload = 20) {
  return Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, destination).Payload(payload, 1).Build();
}

Bytes BytesOf(const dataplane::ObservedPacket& packet) {
  return Bytes(packet.bytes.begin(), packet.bytes.begin() + packet.length);
}

TEST(Observer, TellsASentPacketAsItWasSent) {
  Rig rig({});
  Observed observed(rig, {});
  rig.Receive(kCore, FromHost("100.64.0.2"));
  rig.Poll();
  const std::vector<Bytes> sent = rig.TakeSent(kAccess);
  ASSERT_EQ(sent.size(), 1u);
  const auto packets = observed.Take();
  // It leaves one pipeline for the next, and then for the port.
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_EQ(packets[0].verdict, Verdict::kToDownlink);
  EXPECT_EQ(packets[1].verdict, Verdict::kTransmit);
  EXPECT_EQ(packets[1].out_port, kAccess);
  EXPECT_EQ(packets[1].session_key, 7u << 16 | 100u);
  EXPECT_TRUE(packets[1].sent);
  EXPECT_EQ(BytesOf(packets[1]), sent[0]);
}

TEST(Observer, TellsADroppedPacketAsItCame) {
  Rig rig({});
  Observed observed(rig, {.drops_only = true});
  const Bytes dropped = FromHost("100.64.0.77");
  rig.Receive(kCore, dropped);
  rig.Receive(kCore, FromHost("100.64.0.2"));
  rig.Poll();
  const auto packets = observed.Take();
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(packets[0].verdict, Verdict::kDrop);
  EXPECT_EQ(packets[0].reason, static_cast<uint8_t>(DropReason::kNoSubscriber));
  EXPECT_EQ(packets[0].in_port, kCore);
  EXPECT_FALSE(packets[0].sent);
  EXPECT_EQ(BytesOf(packets[0]), dropped);
  ASSERT_GT(packets[0].stages, 0);
  EXPECT_EQ(packets[0].trail[packets[0].stages - 1], dataplane::StageId::kSubscriberLookup);
}

TEST(Observer, LooksAtOneSessionOrOneReason) {
  Rig rig({});
  {
    Observed observed(rig, {.session_key = 7u << 16 | 102u});
    rig.Receive(kCore, FromHost("100.64.0.2"));
    rig.Receive(kCore, FromHost("100.64.0.4"));
    rig.Poll();
    const auto packets = observed.Take();
    ASSERT_EQ(packets.size(), 1u);
    EXPECT_EQ(packets[0].session_key, 7u << 16 | 102u);
  }
  Observed observed(rig, {.reason = DropReason::kSubscriberNotOpen});
  rig.Receive(kCore, FromHost("100.64.0.77"));
  rig.Receive(kCore, FromHost("100.64.0.3"));
  rig.Poll();
  EXPECT_EQ(observed.Take().size(), 1u);
}

TEST(Observer, CountsWhatComesTooFastAndGoesOn) {
  Rig rig({});
  Observed observed(rig, {.drops_only = true});
  const uint32_t packets = dataplane::Observer::kPackets + 5;
  for (uint32_t i = 0; i < packets; ++i) {
    rig.Receive(kCore, FromHost("100.64.0.77"));
    rig.Poll();
  }
  EXPECT_EQ(observed.lost(), 5u);
  EXPECT_EQ(observed.Take().size(), packets - 5);
  rig.Receive(kCore, FromHost("100.64.0.77"));
  rig.Poll();
  EXPECT_EQ(observed.Take().size(), 1u);
}

// A watched worker does what it does otherwise.
TEST(Observer, ChangesNothing) {
  Rig watched({});
  Rig alone({});
  Observed observed(watched, {});
  for (const std::span<const Row> rows : {UplinkRows(), DownlinkRows()}) {
    for (const Row& row : rows) {
      if (row.prepare || row.inject) continue;
      SCOPED_TRACE(row.what);
      for (Rig* rig : {&watched, &alone}) {
        rig->Receive(row.port, FrameOf(row), row.headroom);
        rig->Poll();
      }
      for (const uint16_t port : {kAccess, kCore}) {
        EXPECT_EQ(watched.TakeSent(port), alone.TakeSent(port));
      }
      EXPECT_EQ(watched.TakePunted().size(), alone.TakePunted().size());
      (void)observed.Take();
    }
  }
  EXPECT_EQ(CountersOf(watched), CountersOf(alone));
}

}  // namespace
}  // namespace lns::test
