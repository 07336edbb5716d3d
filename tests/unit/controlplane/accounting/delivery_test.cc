// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "controlplane/accounting/delivery.h"
#include "lib/base/rng.h"

namespace lns::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Record Of(uint64_t number, uint32_t session, RecordType type = RecordType::kInterim) {
  return {
      .number = number, .session = {.run = 1, .number = session, .slot = session}, .type = type};
}

class DeliveryTest : public testing::Test {
 protected:
  Instant At(int64_t seconds) const { return Instant() + Duration::Seconds(seconds); }
  std::vector<uint64_t> SendAll(int64_t seconds = 1) {
    std::vector<uint64_t> sent;
    while (const Record* record = delivery_.Next(At(seconds))) sent.push_back(record->number);
    return sent;
  }
  Delivery delivery_{false};
};

TEST_F(DeliveryTest, OneRecordOfASessionAtATimeAndManySessionsAtOnce) {
  for (uint64_t number = 1; number <= 6; ++number) {
    EXPECT_TRUE(delivery_.Add(Of(number, number % 2 == 0 ? 20 : 10)));
  }
  EXPECT_THAT(SendAll(), ElementsAre(1, 2));
  delivery_.OnDelivered(2);
  EXPECT_THAT(SendAll(), ElementsAre(4));
  delivery_.OnDelivered(1);
  delivery_.OnDelivered(4);
  EXPECT_THAT(SendAll(), ElementsAre(3, 6));
  EXPECT_EQ(delivery_.loaded(), 3u);
}

TEST_F(DeliveryTest, WhatConcernsAllGoesAloneInItsPlace) {
  delivery_.Add(Of(1, 1));
  delivery_.Add(Of(2, 2));
  delivery_.Add(Of(3, 0, RecordType::kAccountingOff));
  delivery_.Add(Of(4, 0, RecordType::kAccountingOn));
  delivery_.Add(Of(5, 5));
  EXPECT_THAT(SendAll(), ElementsAre(1, 2));
  delivery_.OnDelivered(2);
  EXPECT_THAT(SendAll(), IsEmpty());
  delivery_.OnDelivered(1);
  EXPECT_THAT(SendAll(), ElementsAre(3));
  EXPECT_THAT(SendAll(), IsEmpty());
  delivery_.OnDelivered(3);
  EXPECT_THAT(SendAll(), ElementsAre(4));
  delivery_.OnDelivered(4);
  EXPECT_THAT(SendAll(), ElementsAre(5));
  delivery_.OnDelivered(5);
  EXPECT_TRUE(delivery_.idle());
}

TEST_F(DeliveryTest, NotMoreThanTheWindowIsOnItsWay) {
  for (uint32_t i = 1; i <= Delivery::kMaxInFlight + 10; ++i) delivery_.Add(Of(i, i));
  EXPECT_EQ(SendAll().size(), Delivery::kMaxInFlight);
  EXPECT_EQ(delivery_.NextDeadline(), Instant::Never());
}

TEST_F(DeliveryTest, WithoutAnAnswerOneIsTriedAtGrowingIntervals) {
  for (uint32_t i = 1; i <= 100; ++i) delivery_.Add(Of(i, i));
  for (const uint64_t number : SendAll(1)) delivery_.OnUnanswered(number, At(1));
  EXPECT_THAT(SendAll(1), IsEmpty());
  std::vector<int64_t> tries;
  for (int64_t second = 1; second < 200; ++second) {
    const std::vector<uint64_t> sent = SendAll(second);
    if (sent.empty()) continue;
    EXPECT_THAT(sent, ElementsAre(1)) << "the oldest";
    tries.push_back(second);
    delivery_.OnUnanswered(1, At(second));
  }
  EXPECT_THAT(tries, ElementsAre(2, 4, 8, 16, 32, 62, 92, 122, 152, 182));
  EXPECT_EQ(delivery_.loaded(), 100u) << "nothing is given up";
  ASSERT_THAT(SendAll(300), ElementsAre(1));
  delivery_.OnDelivered(1);
  EXPECT_THAT(SendAll(300), ElementsAre(2, 3)) << "the window opens again";
  delivery_.OnDelivered(2);
  delivery_.OnDelivered(3);
  EXPECT_EQ(SendAll(300).size(), 8u);
}

TEST_F(DeliveryTest, ATimeWithoutTriesHasADeadline) {
  delivery_.Add(Of(1, 1));
  SendAll(1);
  delivery_.OnUnanswered(1, At(1));
  EXPECT_EQ(delivery_.NextDeadline(), At(2));
  EXPECT_THAT(SendAll(1), IsEmpty());
  delivery_.OnServerAlive();
  EXPECT_THAT(SendAll(1), ElementsAre(1)) << "no pause outlives its reason";
}

TEST_F(DeliveryTest, MoreThanThereIsRoomForWaitsInTheSpoolAndKeepsItsOrder) {
  uint64_t number = 0;
  while (delivery_.Add(Of(number + 1, static_cast<uint32_t>(number % 7)))) ++number;
  EXPECT_EQ(number, Delivery::kMaxLoaded);
  EXPECT_FALSE(delivery_.WantsMore()) << "there is no room yet";
  // From now on also what comes later is only in the spool.
  uint64_t delivered = 0;
  uint64_t in_spool = number + 2;
  std::map<uint32_t, uint64_t> last;
  while (!delivery_.idle()) {
    const Record* record = delivery_.Next(At(1));
    ASSERT_NE(record, nullptr);
    uint64_t& before = last[record->session.slot];
    ASSERT_LT(before, record->number);
    before = record->number;
    ++delivered;
    delivery_.OnDelivered(record->number);
    if (delivered == 10) {
      EXPECT_FALSE(delivery_.Add(Of(in_spool, 1)));
    }
    if (delivery_.WantsMore()) {
      std::vector<Record> page;
      for (uint64_t n = delivery_.loaded_up_to() + 1; n <= in_spool; ++n) page.push_back(Of(n, 1));
      delivery_.OnLoaded(std::move(page), false);
    }
  }
  EXPECT_EQ(delivered, in_spool);
}

TEST_F(DeliveryTest, ARunThatFindsRecordsLoadsThemFirst) {
  Delivery delivery(true);
  EXPECT_TRUE(delivery.WantsMore());
  EXPECT_FALSE(delivery.Add(Of(9, 1))) << "it is behind them";
  delivery.OnLoaded({Of(7, 1), Of(8, 2), Of(9, 1)}, false);
  EXPECT_EQ(delivery.Next(At(1))->number, 7u);
  EXPECT_EQ(delivery.Next(At(1))->number, 8u);
  EXPECT_EQ(delivery.Next(At(1)), nullptr);
}

// Every record is delivered exactly once and in order of its session, whatever fails when.
TEST_F(DeliveryTest, NothingIsLostOrTwiceOverAnUnreliableServer) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRng rng(seed);
    Delivery delivery(false);
    constexpr uint64_t kRecords = 500;
    for (uint64_t n = 1; n <= kRecords; ++n) {
      delivery.Add(Of(n, rng.Below(40),
                      rng.Below(50) == 0 ? RecordType::kAccountingOn : RecordType::kInterim));
    }
    Instant now;
    std::vector<uint64_t> on_the_way;
    std::map<uint64_t, int> delivered;
    std::map<uint32_t, uint64_t> last;
    for (int step = 0; !delivery.idle() && step < 100'000; ++step) {
      while (const Record* record = delivery.Next(now)) {
        ASSERT_GT(record->number, last[record->session.slot]) << "seed " << seed;
        on_the_way.push_back(record->number);
        if (rng.Below(3) == 0) break;
      }
      if (on_the_way.empty()) {
        now = std::max(now, delivery.NextDeadline());
        continue;
      }
      std::swap(on_the_way[rng.Below(static_cast<uint32_t>(on_the_way.size()))], on_the_way.back());
      const uint64_t number = on_the_way.back();
      on_the_way.pop_back();
      if (rng.Below(4) == 0) {
        delivery.OnUnanswered(number, now);
      } else {
        ++delivered[number];
        delivery.OnDelivered(number);
      }
    }
    ASSERT_EQ(delivered.size(), kRecords) << "seed " << seed;
    for (const auto& [number, times] : delivered) ASSERT_EQ(times, 1) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lns::controlplane
