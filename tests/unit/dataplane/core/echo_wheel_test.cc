// The wheel by a clock of the test's: who is visited, how often, and how evenly.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "dataplane/core/echo_wheel.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kSecond = 2'000'000'000;  // cycles

struct Worker {
  explicit Worker(uint32_t slots) : places(slots), words(EchoMembers::WordsFor(places)) {
    members.Attach(places, words);
  }
  // Turns of the loop every `step` cycles until `until`; each session's visits.
  std::map<uint32_t, std::vector<uint64_t>> Run(uint64_t until, uint64_t step) {
    std::map<uint32_t, std::vector<uint64_t>> visits;
    for (; now < until; now += step) {
      wheel.Turn(members, now, [&](uint32_t slot, uint32_t) {
        visits[slot].push_back(now);
        return true;
      });
    }
    return visits;
  }

  EchoPlaces places;
  std::vector<std::atomic<uint64_t>> words;
  EchoMembers members;
  EchoWheel wheel{kSecond};
  uint64_t now = 17 * kSecond + 12345;
};

TEST(EchoPlaces, EachSlotHasAPlaceOfItsOwn) {
  for (const uint32_t slots : {1u, 63u, 64u, 65u, 1000u, 65536u, 65537u, 1u << 20}) {
    const EchoPlaces places(slots);
    EXPECT_GE(places.count(), slots);
    EXPECT_LE(places.count(), std::max(2 * slots, 64u));
    std::vector<bool> taken(places.count());
    for (uint32_t slot = 0; slot < places.count(); ++slot) {
      const uint32_t place = places.PlaceOf(slot);
      ASSERT_LT(place, places.count());
      ASSERT_FALSE(taken[place]);
      taken[place] = true;
      ASSERT_EQ(places.SlotOf(place), slot);
    }
  }
  EXPECT_EQ(EchoPlaces(1u << 24).log2(), 24u);
}

// The largest gap between neighbours is a few times the mean, whatever the run.
TEST(EchoPlaces, RunsOfSlotsLieEvenlyAroundTheWheel) {
  const EchoPlaces places(1u << 16);
  for (const uint32_t run : {10u, 100u, 1000u, 10000u}) {
    for (const uint32_t first : {0u, 777u, 40000u}) {
      std::set<uint32_t> taken;
      for (uint32_t i = 0; i < run; ++i) taken.insert(places.PlaceOf(first + i));
      uint32_t largest = *taken.begin() + places.count() - *taken.rbegin();
      for (auto it = taken.begin(); std::next(it) != taken.end(); ++it) {
        largest = std::max(largest, *std::next(it) - *it);
      }
      EXPECT_LE(largest, 4 * places.count() / run) << run << " from " << first;
    }
  }
}

TEST(EchoWheel, VisitsEachMemberOnceASecondAndNobodyElse) {
  Worker worker(1000);
  for (uint32_t slot = 0; slot < 1000; slot += 3) worker.members.Add(slot);
  EXPECT_EQ(worker.members.size(), 334u);
  const auto visits = worker.Run(worker.now + 10 * kSecond, kSecond / 5000);
  ASSERT_EQ(visits.size(), 334u);
  for (const auto& [slot, times] : visits) {
    EXPECT_EQ(slot % 3, 0u);
    EXPECT_EQ(times.size(), 10u);
    for (size_t i = 1; i < times.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(times[i] - times[i - 1]), kSecond, kSecond / 1000.0);
    }
  }
  EXPECT_EQ(worker.wheel.round(), 9u);
}

TEST(EchoWheel, SpreadsVisitsOverTheSecond) {
  Worker worker(65536);
  for (uint32_t slot = 0; slot < 10000; ++slot) worker.members.Add(slot);
  const auto visits = worker.Run(worker.now + kSecond, kSecond / 100000);
  std::map<uint64_t, int> by_time;
  for (const auto& [slot, times] : visits) {
    for (const uint64_t time : times) ++by_time[time / (kSecond / 100)];
  }
  for (const auto& [time, count] : by_time) EXPECT_LE(count, 130) << "of 100 in 10 ms";
  EXPECT_EQ(visits.size(), 10000u);
}

TEST(EchoWheel, MembersComeAndGo) {
  Worker worker(64);
  worker.members.Add(5);
  worker.members.Add(5);
  EXPECT_EQ(worker.members.size(), 1u);
  EXPECT_EQ(worker.Run(worker.now + kSecond, kSecond / 1000).size(), 1u);
  worker.members.Remove(5);
  worker.members.Remove(5);
  EXPECT_TRUE(worker.members.empty());
  EXPECT_EQ(worker.Run(worker.now + kSecond, kSecond / 1000).size(), 0u);
}

TEST(EchoWheel, AVisitThatCouldNotTakePlaceIsMadeUpFor) {
  Worker worker(64);
  for (uint32_t slot = 0; slot < 64; ++slot) worker.members.Add(slot);
  worker.wheel.Turn(worker.members, worker.now, [](uint32_t, uint32_t) { return true; });
  const uint64_t later = worker.now + kSecond - 1;
  std::vector<uint32_t> visited;
  const auto two_at_a_time = [&](int room) {
    return [&visited, room](uint32_t slot, uint32_t) mutable {
      if (room-- == 0) return false;
      visited.push_back(slot);
      return true;
    };
  };
  for (int turn = 0; turn < 40; ++turn) worker.wheel.Turn(worker.members, later, two_at_a_time(2));
  EXPECT_EQ(visited.size(), 63u) << "the last place has not come round";
  EXPECT_EQ(std::set<uint32_t>(visited.begin(), visited.end()).size(), 63u);
}

TEST(EchoWheel, ATurnIsBounded) {
  Worker worker(1u << 16);
  worker.members.Add(9);
  worker.wheel.Turn(worker.members, worker.now, [](uint32_t, uint32_t) { return true; });
  int turns = 0;
  bool visited = false;
  while (!visited && turns < 100) {
    ++turns;
    worker.wheel.Turn(worker.members, worker.now + kSecond - 1, [&](uint32_t, uint32_t) {
      visited = true;
      return true;
    });
  }
  const uint32_t word = worker.places.PlaceOf(9) / 64;
  EXPECT_EQ(turns, static_cast<int>(word / EchoWheel::kMaxSteps) + 1);
}

// A worker that slept has nobody visited twice in a row for it.
TEST(EchoWheel, WhatWasMissedForLongIsLeftOut) {
  Worker worker(64);
  for (uint32_t slot = 0; slot < 64; ++slot) worker.members.Add(slot);
  worker.Run(worker.now + kSecond, kSecond / 1000);
  worker.now += 5 * kSecond;
  const auto visits = worker.Run(worker.now + kSecond, kSecond / 1000);
  for (const auto& [slot, times] : visits) EXPECT_EQ(times.size(), 1u) << slot;
  EXPECT_GE(visits.size(), 63u);
  EXPECT_GE(worker.wheel.round(), 6u);
}

}  // namespace
}  // namespace lns::dataplane
