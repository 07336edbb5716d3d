// Packets that wait for the MAC address of their next hop, as a worker sees it: order, limits,
// time, neighbours that come and go. Time passes only where a test says so.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "dataplane/core/hold.h"
#include "tests/stage/fixture.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::Hold;

constexpr const char* kCold = "203.0.113.77";  // on the core port, never heard of

// Packet `number` of a session; the number stands in the payload.
Bytes Uplink(std::string_view to, uint8_t number, bool second_session = false) {
  return Packet()
      .Ethernet(kAccessMac, kLacMac)
      .Ipv4(second_session ? "198.51.100.12" : kLac, kLns)
      .Udp(second_session ? 40000 : 1701, 1701)
      .L2tp(second_session ? 9 : 7, second_session ? 300 : 100)
      .Ppp(0x0021)
      .Ipv4(second_session ? "100.64.0.9" : "100.64.0.2", to)
      .Payload(1, number)
      .Build();
}

uint8_t NumberOf(const Bytes& frame) { return frame[34]; }
std::string DestinationOf(const Bytes& frame) {
  return net::IpAddress::V4(LoadBe32(frame.data() + 30)).ToString();
}

void Resolve(Rig& rig, std::string_view address, uint8_t last_octet = 1, uint16_t port = kCore) {
  Must(rig.writer().UpsertNeighbour({.address = *net::IpAddress::Parse(address),
                                     .port = port,
                                     .mac = {2, 0, 0, 0, 5, last_octet},
                                     .origin = dataplane::Origin::kKernel}));
}
void Forget(Rig& rig, std::string_view address, uint16_t port = kCore) {
  Must(rig.writer().RemoveNeighbour(*net::IpAddress::Parse(address), port));
}

uint64_t AllDrops(const Rig& rig) {
  uint64_t sum = 0;
  for (size_t i = 0; i < dataplane::kDropReasonCount; ++i) {
    sum += rig.Drops(static_cast<DropReason>(i));
  }
  return sum;
}

TEST(Hold, WhatWaitedLeavesInOrderAndBeforeWhatComesLater) {
  Rig rig({});
  constexpr uint8_t kWaiting = 100;
  for (uint8_t i = 0; i < kWaiting; ++i) rig.Receive(kAccess, Uplink(kCold, i));
  rig.Poll();
  EXPECT_TRUE(rig.TakeSent(kCore).empty());
  EXPECT_EQ(rig.Held(), kWaiting);
  Resolve(rig, kCold);
  for (uint8_t i = 0; i < 50; ++i) {
    rig.Receive(kAccess, Uplink(kCold, static_cast<uint8_t>(kWaiting + i)));
  }
  rig.Poll();
  const auto sent = rig.TakeSent(kCore);
  ASSERT_EQ(sent.size(), 150u);
  for (size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(NumberOf(sent[i]), i);
    EXPECT_EQ(sent[i][5], 1) << "the neighbour's MAC";
  }
  EXPECT_EQ(rig.Held(), 0u);
  EXPECT_EQ(AllDrops(rig), 0u);
  const auto& stages = rig.worker(0).counters().stages;
  EXPECT_EQ(stages[static_cast<size_t>(dataplane::StageId::kHold)].packets.value(), kWaiting);
}

// More next hops than the worker looks at in a turn: the newer packets of some come by before their
// queue's turn.
TEST(Hold, OrderHoldsForNextHopsWhoseTurnIsStillToCome) {
  Rig rig({});
  constexpr uint32_t kNextHops = 30;
  const auto address = [](uint32_t i) {
    return net::IpAddress::V4(net::IpAddress::Parse("203.0.113.100")->v4() + i).ToString();
  };
  for (uint8_t number = 0; number < 3; ++number) {
    for (uint32_t i = 0; i < kNextHops; ++i) rig.Receive(kAccess, Uplink(address(i), number));
  }
  rig.Poll();
  ASSERT_EQ(rig.Held(), 3 * kNextHops);
  for (uint32_t i = 0; i < kNextHops; ++i) {
    Resolve(rig, address(i), static_cast<uint8_t>(i + 1));
    rig.Receive(kAccess, Uplink(address(i), 3));
  }
  ASSERT_TRUE(rig.worker(0).PollOnce());
  EXPECT_EQ(rig.Held(), 0u) << "the newer packets let go of what waited before them";
  rig.Poll();
  std::map<std::string, uint8_t> next;
  for (const Bytes& frame : rig.TakeSent(kCore)) {
    EXPECT_EQ(NumberOf(frame), next[DestinationOf(frame)]++) << DestinationOf(frame);
  }
  EXPECT_EQ(next.size(), kNextHops);
  for (const auto& [to, count] : next) EXPECT_EQ(count, 4) << to;
  EXPECT_EQ(AllDrops(rig), 0u);
}

TEST(Hold, OneNextHopThatIsSilentKeepsNobodyElseWaiting) {
  Rig rig({});
  rig.Receive(kAccess, Uplink(kCold, 0));
  rig.Receive(kAccess, Uplink(kHost, 1));
  rig.Poll();
  const auto sent = rig.TakeSent(kCore);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(NumberOf(sent[0]), 1);
  EXPECT_EQ(rig.Held(), 1u);
}

TEST(Hold, KeepsTheFirstOfTooManyAndNamesTheRest) {
  Rig rig({});
  for (uint32_t i = 0; i < Hold::kMaxPerNextHop + 44; ++i) {
    rig.Receive(kAccess, Uplink(kCold, static_cast<uint8_t>(i)));
  }
  rig.Poll();
  EXPECT_EQ(rig.Held(), Hold::kMaxPerNextHop);
  EXPECT_EQ(rig.Drops(DropReason::kHoldNextHopFull), 44u);
  Resolve(rig, kCold);
  rig.Poll();
  const auto sent = rig.TakeSent(kCore);
  ASSERT_EQ(sent.size(), Hold::kMaxPerNextHop);
  for (size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(NumberOf(sent[i]), i % 256);
  EXPECT_EQ(AllDrops(rig), 44u);
}

TEST(Hold, IsFullForAllNextHopsTogetherAndEmptiesAgain) {
  Rig rig({});
  FillHold(rig, "203.0.113.32", 64, Hold::kMaxPackets / 64);
  rig.Receive(kAccess, Uplink("203.0.113.20", 0));
  rig.Poll();
  EXPECT_EQ(rig.Drops(DropReason::kHoldFull), 1u);
  rig.Advance(Hold::kTimeLimitMs);
  for (int turn = 0; turn < 64; ++turn) rig.Poll();
  EXPECT_EQ(rig.Drops(DropReason::kNoNeighbour), Hold::kMaxPackets);
  FillHold(rig, "203.0.113.100", 16, 4);
  EXPECT_EQ(AllDrops(rig), Hold::kMaxPackets + 1);
}

TEST(Hold, EachPacketWaitsItsOwnTime) {
  Rig rig({});
  rig.Receive(kAccess, Uplink(kCold, 0));
  rig.Poll();
  rig.Advance(Hold::kTimeLimitMs - 1);
  rig.Receive(kAccess, Uplink(kCold, 1));
  rig.Poll();
  EXPECT_EQ(rig.Held(), 2u);
  rig.Advance(1);
  rig.Poll();
  EXPECT_EQ(rig.Held(), 1u);
  EXPECT_EQ(rig.Drops(DropReason::kNoNeighbour), 1u);
  Resolve(rig, kCold);
  rig.Poll();
  const auto sent = rig.TakeSent(kCore);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(NumberOf(sent[0]), 1);
}

TEST(Hold, ANeighbourThatGoesAndComesBackLosesNothing) {
  Rig rig({});
  uint8_t number = 0;
  for (uint8_t mac = 1; mac <= 5; ++mac) {
    Forget(rig, kHost);
    for (int i = 0; i < 10; ++i) rig.Receive(kAccess, Uplink(kHost, number++));
    rig.Poll();
    EXPECT_EQ(rig.Held(), 10u);
    Resolve(rig, kHost, mac);
    for (int i = 0; i < 10; ++i) rig.Receive(kAccess, Uplink(kHost, number++));
    rig.Poll();
    const auto sent = rig.TakeSent(kCore);
    ASSERT_EQ(sent.size(), 20u);
    for (size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(NumberOf(sent[i]), number - 20 + static_cast<int>(i));
      EXPECT_EQ(sent[i][5], mac) << "its new MAC, also for what waited";
    }
  }
  EXPECT_EQ(AllDrops(rig), 0u);
}

TEST(Hold, TheFirstReplyToAnLacWaitsForItsMac) {
  Rig rig({});
  punt::FrameHeader header{};
  header.kind = punt::FrameKind::kL2tpControl;
  header.family = 4;
  header.local_address = net::IpAddress::Parse(kLns)->raw();
  header.peer_address = net::IpAddress::Parse("198.51.100.77")->raw();
  header.local_udp_port = header.peer_udp_port = 1701;
  const Bytes sccrp = Packet().L2tpControl(70, 0, 0, 1).Payload(20).BuildIp();
  rig.InjectFrame(0, header, sccrp);
  rig.Poll();
  EXPECT_EQ(rig.Held(), 1u);
  Resolve(rig, "198.51.100.77", 9, kAccess);
  rig.Poll();
  const auto sent = rig.TakeSent(kAccess);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0][5], 9);
  EXPECT_TRUE(std::equal(sccrp.begin(), sccrp.end(), sent[0].begin() + 14 + 20 + 8));
  EXPECT_EQ(AllDrops(rig), 0u);
}

TEST(Hold, AsksOnceAndAgainWhileNobodyAnswers) {
  Rig rig({});
  (void)rig.writer().TakeUnresolved();
  for (uint8_t i = 0; i < 100; ++i) rig.Receive(kAccess, Uplink(kCold, i));
  rig.Poll();
  dataplane::NextHop asked;
  ASSERT_TRUE(rig.state().unresolved(0).Pop(asked));
  EXPECT_EQ(asked.address.ToString(), kCold);
  EXPECT_EQ(asked.port, kCore);
  EXPECT_FALSE(rig.state().unresolved(0).Pop(asked)) << "one question for all of them";
  rig.Advance(Hold::kAskAgainMs);
  rig.Poll();
  EXPECT_TRUE(rig.state().unresolved(0).Pop(asked));
}

TEST(Hold, AQuestionThatFoundNoRoomIsAskedLater) {
  Rig rig({});
  (void)rig.writer().TakeUnresolved();
  FillHold(rig, "203.0.113.100", dataplane::UnresolvedQueue::kSlots + 6, 1);
  EXPECT_EQ(rig.writer().TakeUnresolved().size(), dataplane::UnresolvedQueue::kSlots);
  for (int turn = 0; turn < 64; ++turn) rig.Poll();
  EXPECT_EQ(rig.writer().TakeUnresolved().size(), 6u);
}

TEST(Hold, EachWorkerKeepsTheOrderOfItsOwn) {
  Rig rig({.workers = 2});
  for (uint8_t i = 0; i < 60; ++i) {
    rig.Receive(kAccess, Uplink(kCold, i));
    rig.Receive(kAccess, Uplink(kCold, i, /*second_session=*/true));
  }
  rig.Poll();
  EXPECT_EQ(rig.worker(0).context().hold().packets(), 60u);
  EXPECT_EQ(rig.worker(1).context().hold().packets(), 60u);
  Resolve(rig, kCold);
  for (uint8_t i = 60; i < 80; ++i) {
    rig.Receive(kAccess, Uplink(kCold, i));
    rig.Receive(kAccess, Uplink(kCold, i, /*second_session=*/true));
  }
  rig.Poll();
  std::map<Bytes, uint8_t> next;  // by source address
  for (const Bytes& frame : rig.TakeSent(kCore)) {
    EXPECT_EQ(NumberOf(frame), next[Bytes(frame.begin() + 26, frame.begin() + 30)]++);
  }
  ASSERT_EQ(next.size(), 2u);
  for (const auto& [source, count] : next) EXPECT_EQ(count, 80);
  EXPECT_EQ(AllDrops(rig), 0u);
}

TEST(Hold, WhatStillWaitsAtTheEndIsFreed) {
  const uint32_t buffers = rte_mempool_in_use_count(PacketPool());
  {
    Rig rig({});
    FillHold(rig, "203.0.113.100", 10, 10);
  }
  EXPECT_EQ(rte_mempool_in_use_count(PacketPool()), buffers);
}

}  // namespace
}  // namespace lns::test
