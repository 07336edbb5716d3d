// What rows of one packet do not show: bursts, order, several workers, wakeups, counters of the
// loop itself, and what the packet path reports to the table writer.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "dataplane/core/stage_id.h"
#include "dataplane/worker.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::StageId;

constexpr uint16_t kIpv4 = 0x0021;

// Packet `number` of a session; the number stands in the payload.
Bytes Uplink(uint16_t tunnel, uint16_t session, std::string_view from, uint8_t number) {
  const bool plain = tunnel == 9;
  return Packet()
      .Ethernet(kAccessMac, kLacMac)
      .Ipv4(plain ? "198.51.100.12" : kLac, kLns)
      .Udp(plain ? 40000 : 1701, 1701)
      .L2tp(tunnel, session)
      .Ppp(kIpv4)
      .Ipv4(from, kHost)
      .Payload(1, number)
      .Build();
}

TEST(Worker, KeepsTheOrderOfEachSessionOverTwoWorkers) {
  Rig rig({.workers = 2});
  constexpr uint8_t kPackets = 200;
  for (uint8_t i = 0; i < kPackets; ++i) {
    rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", i));
    rig.Receive(kAccess, Uplink(9, 300, "100.64.0.9", i));
  }
  rig.Poll();
  std::map<Bytes, uint8_t> next;  // by source address
  uint32_t count = 0;
  for (const Bytes& frame : rig.TakeSent(kCore)) {
    const Bytes source(frame.begin() + 26, frame.begin() + 30);
    EXPECT_EQ(frame[34], next[source]++);
    ++count;
  }
  EXPECT_EQ(count, 2u * kPackets);
  EXPECT_EQ(next.size(), 2u);
  EXPECT_EQ(rig.worker(0).counters().handoff_out.value(), kPackets);
  EXPECT_EQ(rig.worker(1).counters().handoff_in.value(), kPackets);
  EXPECT_EQ(rig.worker(1).counters().traffic.uplink_packets.value(), kPackets);
}

// A few packets for another worker wait for more while full bursts come, but for one turn only.
TEST(Worker, LetsPacketsForAnotherWorkerWaitForOneTurn) {
  Rig rig({.workers = 2});
  const auto receive = [&](uint32_t ours, uint32_t others) {
    for (uint32_t i = 0; i < ours; ++i) rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", 1));
    for (uint32_t i = 0; i < others; ++i) rig.Receive(kAccess, Uplink(9, 300, "100.64.0.9", 1));
  };
  const dataplane::Counter& handed_out = rig.worker(0).counters().handoff_out;
  receive(dataplane::kBatchSize - 1, 1);
  receive(dataplane::kBatchSize - 1, 1);
  rig.worker(0).PollOnce();
  EXPECT_EQ(handed_out.value(), 0u);
  rig.worker(0).PollOnce();
  EXPECT_EQ(handed_out.value(), 2u);
  receive(dataplane::kBatchSize - 1, 1);
  rig.worker(0).PollOnce();
  EXPECT_EQ(handed_out.value(), 2u);
  EXPECT_TRUE(rig.worker(0).PollOnce()) << "no more came, but there was something to send";
  EXPECT_EQ(handed_out.value(), 3u);
  EXPECT_FALSE(rig.worker(0).PollOnce());
  // A burst that is not full is sure to be the last one for a while.
  receive(3, 2);
  rig.worker(0).PollOnce();
  EXPECT_EQ(handed_out.value(), 5u);
  rig.Poll();
  EXPECT_EQ(rig.TakeSent(kCore).size(), 3u * dataplane::kBatchSize + 5);
}

TEST(Worker, SortsABurstOfEverythingIntoItsPlaces) {
  Rig rig({});
  for (int i = 0; i < 10; ++i) {
    rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", 1));
    rig.Receive(kAccess, Uplink(7, 999, "100.64.0.2", 1));  // no such session
    rig.Receive(kAccess, Packet()
                             .Ethernet(kAccessMac, kLacMac)
                             .Ipv4(kLac, kLns)
                             .Udp(1701, 1701)
                             .L2tpControl(7, 0)
                             .Payload(4)
                             .Build());
    rig.Receive(
        kCore, Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, "100.64.0.2").Payload(30).Build());
  }
  rig.Poll();
  EXPECT_EQ(rig.TakeSent(kCore).size(), 10u);
  EXPECT_EQ(rig.TakeSent(kAccess).size(), 10u);
  EXPECT_EQ(rig.TakePunted().size(), 10u);
  EXPECT_EQ(rig.Drops(DropReason::kNoSession), 10u);
  const dataplane::WorkerCounters& counters = rig.worker(0).counters();
  EXPECT_EQ(counters.rx_packets.value(), 40u);
  EXPECT_EQ(counters.tx_packets.value(), 20u);
  EXPECT_EQ(counters.traffic.uplink_bytes.value(), 10u * 21);
  EXPECT_EQ(counters.traffic.downlink_bytes.value(), 10u * 50);
}

TEST(Worker, AccountsCyclesForEveryStageThatRan) {
  Rig rig({});
  // Of a session that takes no express way.
  rig.Receive(kAccess, Uplink(7, 103, "100.64.0.5", 1));
  rig.Poll();
  const dataplane::WorkerCounters& counters = rig.worker(0).counters();
  for (const StageId id :
       {StageId::kReceive, StageId::kParse, StageId::kClassify, StageId::kSessionLookup,
        StageId::kExpress, StageId::kL2tpDecap, StageId::kPppInput, StageId::kSourceGuard,
        StageId::kRoute, StageId::kHopLimit, StageId::kRewrite, StageId::kTransmit}) {
    const auto& stage = counters.stages[static_cast<size_t>(id)];
    EXPECT_EQ(stage.packets.value(), 1u) << Name(id);
    EXPECT_GT(stage.cycles.value(), 0u) << Name(id);
  }
  EXPECT_EQ(counters.stages[static_cast<size_t>(StageId::kL2tpEncap)].packets.value(), 0u);
  EXPECT_GT(counters.busy_cycles.value(), 0u);
  EXPECT_GT(counters.idle_cycles.value(), 0u);
}

TEST(Worker, TimesOneOfSixteenTurnsThatFindWorkAndCountsEveryPacket) {
  Rig rig({});
  const dataplane::StageCounters& parse =
      rig.worker(0).counters().stages[static_cast<size_t>(StageId::kParse)];
  uint64_t cycles = 0;
  for (uint32_t turn = 0; turn < 3 * dataplane::StageClock::kEvery; ++turn) {
    rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", 1));
    rig.Poll();  // and idle turns, which are not counted
    EXPECT_EQ(parse.packets.value(), turn + 1);
    const bool timed = parse.cycles.value() != cycles;
    EXPECT_EQ(timed, turn % dataplane::StageClock::kEvery == 0) << "turn " << turn;
    cycles = parse.cycles.value();
  }
}

TEST(Worker, ReportsNextHopsWhoseMacIsMissing) {
  Rig rig({});
  for (const char* to : {"203.0.113.77", "198.18.9.9"}) {
    rig.Receive(kAccess, Packet()
                             .Ethernet(kAccessMac, kLacMac)
                             .Ipv4(kLac, kLns)
                             .Udp(1701, 1701)
                             .L2tp(7, 100)
                             .Ppp(kIpv4)
                             .Ipv4("100.64.0.2", to)
                             .Payload(1)
                             .Build());
  }
  (void)rig.writer().TakeUnresolved();  // what was asked for before any packet came
  rig.Poll();
  const auto wanted = rig.writer().TakeUnresolved();
  ASSERT_EQ(wanted.size(), 2u);
  EXPECT_EQ(wanted[0].address.ToString(), "203.0.113.77") << "the connected host itself";
  EXPECT_EQ(wanted[1].address.ToString(), "203.0.113.66") << "the gateway";
  EXPECT_EQ(wanted[0].port, kCore);
}

TEST(Worker, AnUpdateTakesEffectOnTheNextPacket) {
  Rig rig({});
  rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", 1));
  rig.Poll();
  EXPECT_EQ(rig.TakeSent(kCore).size(), 1u);
  // A new MAC address of the host re-points the live session.
  dataplane::NeighbourConfig host{.address = *net::IpAddress::Parse(kHost),
                                  .port = kCore,
                                  .mac = {2, 0, 0, 0, 7, 7},
                                  .origin = dataplane::Origin::kKernel};
  ASSERT_TRUE(rig.writer().UpsertNeighbour(host).ok());
  rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", 1));
  rig.Poll();
  const auto sent = rig.TakeSent(kCore);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0][5], 7);
  ASSERT_TRUE(rig.writer().RemoveSession({l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)}).ok());
  rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", 1));
  rig.Poll();
  EXPECT_EQ(rig.Drops(DropReason::kNoSession), 1u);
}

TEST(Worker, AFullPuntClassStarvesNoOther) {
  Rig rig({});
  const auto control = [](uint16_t tunnel) {
    return Packet()
        .Ethernet(kAccessMac, kLacMac)
        .Ipv4(kLac, kLns)
        .Udp(1701, 1701)
        .L2tpControl(tunnel, 0)
        .Payload(4)
        .Build();
  };
  for (int i = 0; i < 100; ++i) rig.Receive(kAccess, control(0));  // 64 slots
  rig.Receive(kAccess, control(7));
  rig.Poll();
  EXPECT_EQ(rig.PuntOverflows(punt::PuntClass::kUnproven), 36u);
  EXPECT_EQ(rig.Drops(DropReason::kPuntRingFull), 36u);
  EXPECT_EQ(rig.PuntOverflows(punt::PuntClass::kTunnelControl), 0u);
  EXPECT_EQ(rig.Punts(punt::PuntReason::kTunnelControl), 1u);
}

TEST(Worker, PuntedFramesNameTheirSessionAndAddresses) {
  Rig rig({});
  rig.Receive(kAccess, Packet()
                           .Ethernet(kAccessMac, kLacMac)
                           .Ipv4(kLac, kLns)
                           .Udp(1701, 1701)
                           .L2tp(7, 100)
                           .Ppp(0xc021)
                           .Bytes({9, 1, 0, 8, 0, 0, 0, 0})
                           .Build());
  rig.Receive(kAccess, Packet()
                           .Ethernet(kAccessMac, kLacMac)
                           .Ipv6("2001:db8:1::99", kLns6)
                           .Udp(5000, 1701)
                           .L2tpControl(8, 0)
                           .Payload(4)
                           .Build());
  rig.Poll();
  const auto punted = rig.TakePunted();
  ASSERT_EQ(punted.size(), 2u);
  const punt::FrameHeader& ppp = punted[0].header;
  EXPECT_EQ(ppp.kind, punt::FrameKind::kPpp);
  EXPECT_EQ(ppp.local_tunnel_id, 7);
  EXPECT_EQ(ppp.local_session_id, 100);
  EXPECT_EQ(ppp.family, 4);
  EXPECT_EQ(ppp.peer_address, net::IpAddress::Parse(kLac)->raw());
  EXPECT_EQ(ppp.local_address, net::IpAddress::Parse(kLns)->raw());
  EXPECT_EQ(ppp.local_udp_port, 1701);
  const punt::FrameHeader& foreign = punted[1].header;
  EXPECT_EQ(foreign.kind, punt::FrameKind::kL2tpControl);
  EXPECT_EQ(foreign.local_tunnel_id, 0) << "not its peer: nothing is known";
  EXPECT_EQ(foreign.family, 6);
  EXPECT_EQ(foreign.peer_address, net::IpAddress::Parse("2001:db8:1::99")->raw());
  EXPECT_EQ(foreign.peer_udp_port, 5000);
}

TEST(Worker, RunsUntilItIsStoppedAndIsThenOffline) {
  Rig rig({});
  rig.Receive(kAccess, Uplink(7, 100, "100.64.0.2", 1));
  std::thread thread([&] { rig.worker(0).Run(); });
  while (rig.worker(0).counters().tx_packets.value() == 0) std::this_thread::yield();
  // A grace period ends while the worker polls, and after it has gone.
  EXPECT_TRUE(rig.state().quiescence().Wait(rig.state().quiescence().StartGracePeriod()));
  rig.worker(0).Stop();
  thread.join();
  EXPECT_TRUE(rig.state().quiescence().IsOver(rig.state().quiescence().StartGracePeriod()));
  EXPECT_EQ(rig.TakeSent(kCore).size(), 1u);
}

}  // namespace
}  // namespace lns::test
