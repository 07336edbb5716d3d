// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "controlplane/radius/admission_queue.h"
#include "lib/base/rng.h"

namespace lns::controlplane {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class AdmissionQueueTest : public testing::Test {
 protected:
  // LACs are numbered; so are users, by their request ids.
  static AuthenticateUser User(uint32_t lac, uint64_t id) {
    auto call = std::make_shared<CallDescription>();
    call->tunnel.peer.address = net::IpAddress::V4(0xc6336400 + lac);
    return {.request_id = id, .call = std::move(call)};
  }
  std::vector<uint64_t> PopAll(AdmissionQueue& queue) {
    std::vector<uint64_t> ids;
    while (const auto user = queue.Pop(0)) ids.push_back(user->request_id);
    return ids;
  }
  // `count` answers each within a second of its own.
  void Answers(AdmissionQueue& queue, int count, int seconds) {
    for (int second = 0; second < seconds; ++second) {
      for (int i = 0; i < count; ++i) queue.OnAnswer(now_);
      now_ = now_ + Duration::Seconds(1);
    }
  }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
};

TEST_F(AdmissionQueueTest, TurnsGoRoundTheLacs) {
  AdmissionQueue queue({});
  for (const uint64_t id : {1u, 2u, 3u, 4u}) queue.Push(User(1, id), now_);
  queue.Push(User(2, 20), now_);
  queue.Push(User(3, 30), now_);
  queue.Push(User(2, 21), now_);
  EXPECT_THAT(PopAll(queue), ElementsAre(1, 20, 30, 2, 21, 3, 4));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.NextDeadline(), Instant::Never());
}

TEST_F(AdmissionQueueTest, NobodyIsAskedPastTheWindow) {
  AdmissionQueue queue({.max_in_flight = 10});
  queue.Push(User(1, 1), now_);
  EXPECT_EQ(queue.window(), 10u);
  EXPECT_EQ(queue.Pop(10), std::nullopt);
  EXPECT_TRUE(queue.Pop(9).has_value());
}

TEST_F(AdmissionQueueTest, WhereItIsFullTheLacWithMostLoses) {
  AdmissionQueue queue({.max_waiting = 10});
  for (uint64_t id = 0; id < 10; ++id) EXPECT_EQ(queue.Push(User(1, id), now_), std::nullopt);
  // One more of the same is refused itself.
  EXPECT_EQ(queue.Push(User(1, 10), now_)->request_id, 10u);
  // Those of another come in place of its newest, until both have their share.
  for (uint64_t id = 20; id < 25; ++id) {
    EXPECT_EQ(queue.Push(User(2, id), now_)->request_id, 29 - id) << id;
  }
  EXPECT_EQ(queue.Push(User(2, 25), now_)->request_id, 25u);
  EXPECT_EQ(queue.size(), 10u);
  EXPECT_THAT(PopAll(queue), ElementsAre(0, 20, 1, 21, 2, 22, 3, 23, 4, 24));
}

TEST_F(AdmissionQueueTest, NobodyWaitsLongerThanTheBound) {
  AdmissionQueue queue({.max_wait = Duration::Seconds(10)});
  queue.Push(User(1, 1), now_);
  queue.Push(User(2, 2), now_);
  queue.Push(User(1, 3), now_ + Duration::Seconds(5));
  std::vector<AuthenticateUser> expired;
  queue.TakeExpired(now_ + Duration::Milliseconds(9999), expired);
  EXPECT_THAT(expired, IsEmpty());
  queue.TakeExpired(now_ + Duration::Seconds(10), expired);
  EXPECT_THAT(expired, SizeIs(2));
  EXPECT_THAT(PopAll(queue), ElementsAre(3));
}

TEST_F(AdmissionQueueTest, NoMoreWaitThanTheServersAnswerInTime) {
  AdmissionQueue queue({.max_waiting = 50'000, .max_wait = Duration::Seconds(10)});
  EXPECT_EQ(queue.limit(), 50'000u);
  Answers(queue, 100, 3);
  EXPECT_EQ(queue.limit(), 1000u);
  Answers(queue, 5, 3);
  EXPECT_EQ(queue.limit(), AdmissionQueue::kSmallestLimit);
  // After a silence nothing is known.
  now_ = now_ + Duration::Seconds(60);
  Answers(queue, 1, 1);
  EXPECT_EQ(queue.limit(), 50'000u);
}

TEST_F(AdmissionQueueTest, WindowFollowsTheLatency) {
  AdmissionQueue queue({.max_in_flight = 1000, .target = Duration::Milliseconds(500)});
  const uint32_t first = queue.window();
  for (uint32_t i = 0; i < first; ++i) queue.OnLatency(Duration::Milliseconds(20), now_);
  EXPECT_GT(queue.window(), first);
  for (int i = 0; i < 20'000; ++i) queue.OnLatency(Duration::Milliseconds(20), now_);
  EXPECT_EQ(queue.window(), 1000u);
  // Slow answers shrink it, once for all that were under way together.
  for (int i = 0; i < 1000; ++i) queue.OnLatency(Duration::Seconds(2), now_);
  EXPECT_EQ(queue.window(), 750u);
  for (int i = 0; i < 100; ++i) {
    now_ = now_ + Duration::Seconds(2);
    queue.OnLatency(Duration::Seconds(2), now_);
  }
  EXPECT_EQ(queue.window(), AdmissionQueue::kSmallestWindow);
}

// Whatever comes and goes, nobody is lost and nobody is there twice.
TEST_F(AdmissionQueueTest, EverybodyComesOutOnce) {
  AdmissionQueue queue({.max_waiting = 40, .max_wait = Duration::Seconds(3)});
  SeededRng dice(3);
  std::vector<int> seen(5001);
  const auto out = [&](const AuthenticateUser& user) { ++seen[user.request_id]; };
  for (uint64_t id = 1; id <= 5000; ++id) {
    now_ = now_ + Duration::Milliseconds(100);
    if (const auto evicted = queue.Push(User(dice.Below(9), id), now_)) out(*evicted);
    if (dice.Below(3) == 0) {
      if (const auto user = queue.Pop(0)) out(*user);
    }
    std::vector<AuthenticateUser> expired;
    queue.TakeExpired(now_, expired);
    for (const AuthenticateUser& user : expired) out(user);
    ASSERT_LE(queue.size(), 40u);
  }
  while (const auto user = queue.Pop(0)) out(*user);
  for (size_t id = 1; id <= 5000; ++id) EXPECT_EQ(seen[id], 1) << id;
}

}  // namespace
}  // namespace lns::controlplane
