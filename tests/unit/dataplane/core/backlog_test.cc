// Queues of packets that wait for their session's time, with pointers that stand for packets.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <vector>

#include "dataplane/core/backlog.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kHz = 1'000'000'000;

class BacklogTest : public testing::Test {
 protected:
  ~BacklogTest() override { Empty(); }

  ShapedPacket Packet(uintptr_t number, bool urgent = false, uint32_t octets = 100) {
    ShapedPacket packet;
    packet.packet = reinterpret_cast<rte_mbuf*>(number);  // only compared
    packet.since = now_;
    packet.octets = octets;
    packet.urgent = urgent;
    return packet;
  }
  static uintptr_t NumberOf(const ShapedPacket& packet) {
    return reinterpret_cast<uintptr_t>(packet.packet);
  }
  // All that wait, in the order they would leave by.
  std::vector<uintptr_t> Empty() {
    std::vector<uintptr_t> numbers;
    now_ += 3600 * kHz;
    backlog_.Advance(now_);
    for (uint32_t queue = backlog_.TakeReady(); queue != Backlog::kNoQueue;
         queue = backlog_.TakeReady()) {
      while (backlog_.count(queue) != 0) numbers.push_back(NumberOf(backlog_.Take(queue)));
    }
    return numbers;
  }

  uint64_t now_ = kHz;
  Backlog backlog_{1024, kHz};
};

TEST_F(BacklogTest, UrgentPacketsGoFirstAndEachKindInOrder) {
  backlog_.Add({7}, Packet(1), now_);
  backlog_.Add({7}, Packet(2), now_);
  backlog_.Add({7}, Packet(3, true), now_);
  backlog_.Add({7}, Packet(4), now_);
  const uint32_t queue = backlog_.Add({7}, Packet(5, true), now_);
  EXPECT_EQ(backlog_.note(queue).octets, 500u);
  EXPECT_EQ(backlog_.note(queue).urgent_octets, 200u);
  EXPECT_EQ(NumberOf(backlog_.Take(queue)), 3u);
  EXPECT_EQ(NumberOf(backlog_.Take(queue)), 5u);
  EXPECT_EQ(backlog_.note(queue).urgent_octets, 0u);
  backlog_.Add({7}, Packet(6, true), now_);
  EXPECT_EQ(NumberOf(backlog_.Take(queue)), 6u);
  EXPECT_EQ(Empty(), (std::vector<uintptr_t>{1, 2, 4}));
  EXPECT_EQ(backlog_.Find({7}), Backlog::kNoQueue);
}

TEST_F(BacklogTest, AQueueComesWhenItsTimeHasComeAndOnlyOnce) {
  backlog_.Add({1}, Packet(1), now_ + kHz / 100);
  const uint32_t queue = backlog_.Add({1}, Packet(2), now_ + kHz / 50);
  backlog_.Advance(now_ + kHz / 200);
  EXPECT_EQ(backlog_.TakeReady(), Backlog::kNoQueue);
  backlog_.Advance(now_ + kHz / 90);
  EXPECT_EQ(backlog_.TakeReady(), queue) << "by its first packet's time";
  EXPECT_EQ(backlog_.TakeReady(), Backlog::kNoQueue);
  backlog_.WaitForTurn(queue);
  EXPECT_EQ(backlog_.TakeReady(), queue);
  backlog_.WaitUntil(queue, now_ + kHz, now_);
}

TEST_F(BacklogTest, TheLastPlacesAreForUrgentPackets) {
  uintptr_t number = 0;
  while (backlog_.HasRoom(false)) {
    ++number;
    backlog_.Add({static_cast<uint32_t>(number % 10)}, Packet(number), now_);
  }
  EXPECT_EQ(number, 1024u - 1024 / Backlog::kUrgentShare);
  while (backlog_.HasRoom(true)) backlog_.Add({99}, Packet(++number, true), now_);
  EXPECT_EQ(number, 1024u);
  EXPECT_EQ(Empty().size(), 1024u);
  EXPECT_TRUE(backlog_.empty());
}

// Whatever is put in comes out once, in its kind's order, with the octets accounted.
TEST_F(BacklogTest, AgreesWithPlainQueues) {
  struct Model {
    std::deque<uintptr_t> urgent;
    std::deque<uintptr_t> bulk;
  };
  std::map<uint32_t, Model> models;
  std::mt19937 random(3);
  uintptr_t number = 0;
  for (int step = 0; step < 200'000; ++step) {
    const auto key = static_cast<uint32_t>(random() % 50 << 16 | 1);
    const bool urgent = random() % 5 == 0;
    if (random() % 2 == 0 && backlog_.HasRoom(urgent)) {
      backlog_.Add({key}, Packet(++number, urgent), now_);
      (urgent ? models[key].urgent : models[key].bulk).push_back(number);
      continue;
    }
    now_ += kHz / 1000;
    backlog_.Advance(now_);
    const uint32_t queue = backlog_.TakeReady();
    if (queue == Backlog::kNoQueue) continue;
    Model& model = models.at(backlog_.key(queue).key);
    ASSERT_EQ(backlog_.count(queue), model.urgent.size() + model.bulk.size());
    ASSERT_EQ(backlog_.note(queue).octets, 100 * backlog_.count(queue));
    ASSERT_EQ(backlog_.note(queue).urgent_octets, 100 * model.urgent.size());
    std::deque<uintptr_t>& expected = model.urgent.empty() ? model.bulk : model.urgent;
    ASSERT_EQ(NumberOf(backlog_.Take(queue)), expected.front());
    expected.pop_front();
    if (backlog_.count(queue) != 0) backlog_.WaitForTurn(queue);
  }
}

}  // namespace
}  // namespace lns::dataplane
