// Data sequencing as a worker does it: gaps, late and early packets, numbers that wrap or start
// anew. Time passes only where a test says so.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "dataplane/stages/sequence.h"
#include "tests/stage/fixture.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::Reorder;
using Numbers = std::vector<uint16_t>;

constexpr uint16_t kAtOnce = 103;   // waits for nothing
constexpr uint16_t kPatient = 104;  // waits kReorderMs

// A packet of the session; its number is also in the payload.
Bytes Data(uint16_t session, uint16_t ns, bool numbered = true) {
  const uint8_t in_payload[] = {static_cast<uint8_t>(ns >> 8), static_cast<uint8_t>(ns)};
  return Packet()
      .Ethernet(kAccessMac, kLacMac)
      .Ipv4(kLac, kLns)
      .Udp(1701, 1701)
      .L2tp(7, session, {.sequence = numbered, .ns = ns})
      .Ppp(0x0021)
      .Ipv4(session == kAtOnce ? "100.64.0.5" : "100.64.0.6", kHost)
      .Bytes(Bytes(std::begin(in_payload), std::end(in_payload)))
      .Build();
}

// What has left for the core, in order.
Numbers Sent(Rig& rig) {
  Numbers numbers;
  for (const Bytes& frame : rig.TakeSent(kCore)) numbers.push_back(LoadBe16(frame.data() + 34));
  return numbers;
}

// All in one burst or several, as they come.
Numbers Bring(Rig& rig, uint16_t session, const Numbers& numbers) {
  for (const uint16_t ns : numbers) rig.Receive(kAccess, Data(session, ns));
  rig.Poll();
  return Sent(rig);
}

Numbers Range(uint16_t first, uint32_t count) {
  Numbers numbers;
  for (uint32_t i = 0; i < count; ++i) numbers.push_back(static_cast<uint16_t>(first + i));
  return numbers;
}

uint32_t Waiting(Rig& rig) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < rig.worker_count(); ++i)
    sum += rig.worker(i).context().reorder().packets();
  return sum;
}

TEST(Sequence, AGapIsCountedAndNothingWaits) {
  Rig rig({});
  EXPECT_EQ(Bring(rig, kAtOnce, {7, 8, 11, 12, 20}), (Numbers{7, 8, 11, 12, 20}));
  const auto counts = rig.Counts(7, kAtOnce);
  EXPECT_TRUE(counts.sequenced);
  EXPECT_EQ(counts.sequence_lost, 2u + 7u);
  EXPECT_EQ(counts.sequence_late, 0u);
  EXPECT_EQ(counts.sequence_reordered, 0u);
}

TEST(Sequence, WhatComesLateOrTwiceIsDroppedByName) {
  Rig rig({});
  EXPECT_EQ(Bring(rig, kAtOnce, {1, 2, 2, 4, 3, 5, 1}), (Numbers{1, 2, 4, 5}));
  EXPECT_EQ(rig.Counts(7, kAtOnce).sequence_lost, 1u);
  EXPECT_EQ(rig.Counts(7, kAtOnce).sequence_late, 3u);
  EXPECT_EQ(rig.Drops(DropReason::kLatePacket), 3u);
}

TEST(Sequence, AnEarlyPacketWaitsForWhatIsMissing) {
  Rig rig({});
  EXPECT_EQ(Bring(rig, kPatient, {1, 3, 4, 2, 5}), (Numbers{1, 2, 3, 4, 5})) << "in one burst";
  EXPECT_EQ(Bring(rig, kPatient, {8}), Numbers{});
  EXPECT_EQ(Bring(rig, kPatient, {7}), Numbers{});
  EXPECT_EQ(Waiting(rig), 2u);
  EXPECT_EQ(Bring(rig, kPatient, {6}), (Numbers{6, 7, 8}));
  EXPECT_EQ(Waiting(rig), 0u);
  const auto counts = rig.Counts(7, kPatient);
  EXPECT_EQ(counts.sequence_lost, 0u);
  EXPECT_EQ(counts.sequence_late, 0u);
  EXPECT_GE(counts.sequence_reordered, 4u);
}

TEST(Sequence, AGapThatDoesNotCloseIsGivenUpAfterTheSessionsTime) {
  Rig rig({});
  EXPECT_EQ(Bring(rig, kPatient, {1, 3, 4, 7}), Numbers{1});
  rig.Advance(kReorderMs - 1);
  rig.Poll();
  EXPECT_EQ(Sent(rig), Numbers{});
  rig.Advance(1);
  rig.Poll();
  EXPECT_EQ(Sent(rig), (Numbers{3, 4, 7}));
  EXPECT_EQ(rig.Counts(7, kPatient).sequence_lost, 3u);
  EXPECT_EQ(Bring(rig, kPatient, {2}), Numbers{}) << "too late by now";
  EXPECT_EQ(rig.Counts(7, kPatient).sequence_late, 1u);
}

// Each lower number that comes must not make the others wait anew.
TEST(Sequence, NoPacketWaitsLongerForOneThatCameAfterIt) {
  Rig rig({});
  Bring(rig, kPatient, {1, 9});
  rig.Advance(kReorderMs / 2);
  Bring(rig, kPatient, {5});
  rig.Advance(kReorderMs / 2);
  rig.Poll();
  EXPECT_EQ(Sent(rig), (Numbers{5, 9}));
}

TEST(Sequence, ADuplicateOfWhatWaitsIsDropped) {
  Rig rig({});
  EXPECT_EQ(Bring(rig, kPatient, {1, 3, 3, 2}), (Numbers{1, 2, 3}));
  EXPECT_EQ(rig.Counts(7, kPatient).sequence_late, 1u);
  EXPECT_EQ(rig.Drops(DropReason::kLatePacket), 1u);
}

TEST(Sequence, NumbersWrap) {
  Rig rig({});
  const Numbers around = Range(65530, 12);
  EXPECT_EQ(Bring(rig, kAtOnce, around), around);
  Numbers swapped = around;
  std::swap(swapped[4], swapped[7]);  // across the wrap
  EXPECT_EQ(Bring(rig, kPatient, swapped), around);
  EXPECT_EQ(rig.Counts(7, kAtOnce).sequence_lost, 0u);
  EXPECT_EQ(rig.Counts(7, kPatient).sequence_lost, 0u);
}

TEST(Sequence, APeerThatCountsAnewIsFollowed) {
  for (const uint16_t session : {kAtOnce, kPatient}) {
    Rig rig({});
    Bring(rig, session, Range(1000, 10));
    Bring(rig, session, {1012});  // the patient one waits for 1010
    const Numbers anew = Range(0, 50);
    const Numbers sent = Bring(rig, session, anew);
    EXPECT_EQ(sent, Range(dataplane::kResyncAfter - 1, 50u - (dataplane::kResyncAfter - 1)));
    EXPECT_EQ(Waiting(rig), 0u);
    EXPECT_EQ(Bring(rig, session, Range(50, 5)), Range(50, 5));
  }
}

TEST(Sequence, LatePacketsThatAreNoNewCountDoNotTurnItBack) {
  Rig rig({});
  Bring(rig, kAtOnce, Range(100, 100));
  EXPECT_EQ(Bring(rig, kAtOnce, {100, 101, 102, 200, 103, 104, 90, 91}), Numbers{200});
}

TEST(Sequence, PacketsWithoutANumberPassAndChangeNothing) {
  Rig rig({});
  Bring(rig, kPatient, {5});
  rig.Receive(kAccess, Data(kPatient, 99, /*numbered=*/false));
  rig.Poll();
  EXPECT_EQ(Sent(rig), Numbers{99});
  EXPECT_EQ(Bring(rig, kPatient, {6}), Numbers{6});
  EXPECT_EQ(rig.Counts(7, kPatient).sequence_lost, 0u);
}

TEST(Sequence, ASessionWithTooManyBehindAGapStopsWaitingForIt) {
  Rig rig({});
  const Numbers behind = Range(2, Reorder::kMaxPerSession + 1);
  Numbers expected = {0};
  expected.insert(expected.end(), behind.begin(), behind.end());
  Numbers all = Bring(rig, kPatient, {0});
  const Numbers more = Bring(rig, kPatient, behind);
  all.insert(all.end(), more.begin(), more.end());
  EXPECT_EQ(all, expected);
  EXPECT_EQ(rig.Counts(7, kPatient).sequence_lost, 1u);
  EXPECT_EQ(Waiting(rig), 0u);
}

TEST(Sequence, WhatWaitsForASessionThatGoesIsDroppedByName) {
  Rig rig({});
  Bring(rig, kPatient, {1, 3, 4});
  Must(rig.writer().RemoveSession({l2tp::LocalTunnelId(7), l2tp::LocalSessionId(kPatient)}));
  rig.Poll();
  EXPECT_EQ(Waiting(rig), 0u);
  EXPECT_EQ(rig.Drops(DropReason::kNoSession), 2u);
}

TEST(Sequence, WhatStillWaitsAtTheEndIsFreed) {
  const uint32_t buffers = rte_mempool_in_use_count(PacketPool());
  {
    Rig rig({});
    Bring(rig, kPatient, {1, 3, 4});
    EXPECT_EQ(Waiting(rig), 2u);
  }
  EXPECT_EQ(rte_mempool_in_use_count(PacketPool()), buffers);
}

TEST(Sequence, NobodyElsesPacketsWait) {
  Rig rig({.workers = 2});
  Bring(rig, kPatient, {1, 3});
  EXPECT_EQ(Bring(rig, kAtOnce, {1, 2}), (Numbers{1, 2}));
  EXPECT_EQ(Waiting(rig), 1u);
}

// Whatever the order: what leaves is in order, and every packet is accounted for once.
TEST(Sequence, AnyShuffleLeavesInOrderAndIsAccountedFor) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    Rig rig({});
    const auto first = static_cast<uint16_t>(random());
    Numbers numbers = Range(first, 400);
    for (size_t i = 1; i + 6 < numbers.size(); ++i) {
      if (random() % 4 == 0) std::swap(numbers[i], numbers[i + 1 + random() % 5]);
      if (random() % 10 == 0) numbers[i + 1] = numbers[i];  // one lost, one twice
    }
    Numbers sent;
    for (size_t i = 0; i < numbers.size();) {
      const size_t burst = std::min<size_t>(1 + random() % 40, numbers.size() - i);
      const Numbers out = Bring(rig, kPatient,
                                Numbers(numbers.begin() + static_cast<long>(i),
                                        numbers.begin() + static_cast<long>(i + burst)));
      sent.insert(sent.end(), out.begin(), out.end());
      i += burst;
      rig.Advance(random() % 8);
    }
    rig.Advance(kReorderMs);
    rig.Poll();
    const Numbers rest = Sent(rig);
    sent.insert(sent.end(), rest.begin(), rest.end());
    for (size_t i = 1; i < sent.size(); ++i) {
      ASSERT_GT(static_cast<int16_t>(sent[i] - sent[i - 1]), 0) << "seed " << seed << " at " << i;
    }
    EXPECT_EQ(sent.size() + rig.Drops(DropReason::kLatePacket), numbers.size()) << "seed " << seed;
    const auto last_ahead = static_cast<uint16_t>(sent.back() - first);
    EXPECT_EQ(sent.size() + rig.Counts(7, kPatient).sequence_lost, last_ahead + 1u)
        << "seed " << seed;
    EXPECT_EQ(Waiting(rig), 0u);
  }
}

TEST(Sequence, WhatWeSendIsCountedOnOverChangesAndByEveryPath) {
  Rig rig({});
  const auto send = [&] {
    rig.Receive(kCore,
                Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, "100.64.0.5").Payload(4).Build());
    rig.Poll();
  };
  const auto inject = [&] {
    punt::FrameHeader header{};
    header.kind = punt::FrameKind::kPpp;
    header.local_tunnel_id = 7;
    header.local_session_id = kAtOnce;
    rig.InjectFrame(0, header, Bytes{0xc0, 0x21, 9, 1, 0, 4});
    rig.Poll();
  };
  const auto set = [&](bool sequenced) {
    const dataplane::SessionKey key{l2tp::LocalTunnelId(7), l2tp::LocalSessionId(kAtOnce)};
    dataplane::SessionConfig session = rig.writer().Sessions({{key}}).at(0);
    session.sequence_numbers = sequenced;
    Must(rig.writer().UpsertSession(session));
  };
  send();
  inject();
  send();
  set(false);
  send();
  set(true);
  inject();
  Numbers numbers;
  for (const Bytes& frame : rig.TakeSent(kAccess)) {
    const uint8_t* l2tp = frame.data() + 14 + 20 + 8;
    const bool numbered = (LoadBe16(l2tp) & 0x0800) != 0;
    numbers.push_back(numbered ? LoadBe16(l2tp + 6) : uint16_t{0xffff});
  }
  EXPECT_EQ(numbers, (Numbers{0, 1, 2, 0xffff, 3}));
}

}  // namespace
}  // namespace lns::test
