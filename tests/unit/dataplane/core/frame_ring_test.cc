// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <poll.h>

#include <thread>
#include <vector>

#include "dataplane/core/frame_ring.h"
#include "lib/os/bell.h"

namespace lns::dataplane {
namespace {

Bytes Frame(size_t length, uint8_t first) {
  Bytes frame(length);
  for (size_t i = 0; i < length; ++i) frame[i] = static_cast<uint8_t>(first + i);
  return frame;
}

std::vector<Bytes> TakeAll(FrameRing& ring, uint32_t limit = 1000) {
  std::vector<Bytes> frames;
  ring.Poll(limit, [&](ByteView frame) { frames.emplace_back(frame.begin(), frame.end()); });
  return frames;
}

TEST(FrameRingTest, FramesComeOutAsTheyWentInAndInOrder) {
  FrameRing ring(4, 100);
  EXPECT_TRUE(ring.empty());
  const std::vector<Bytes> in = {Frame(1, 7), Frame(100, 9), Frame(0, 0), Frame(60, 200)};
  for (int round = 0; round < 5; ++round) {  // round the ring
    for (const Bytes& frame : in) EXPECT_TRUE(ring.Push(frame));
    EXPECT_FALSE(ring.empty());
    EXPECT_EQ(TakeAll(ring), in);
    EXPECT_TRUE(ring.empty());
  }
  EXPECT_EQ(ring.taken(), 20u);
  EXPECT_EQ(ring.refused(), 0u);
}

TEST(FrameRingTest, OneThatIsFullRefusesAndKeepsWhatItHas) {
  FrameRing ring(2, 10);
  EXPECT_TRUE(ring.Push(Frame(3, 1)));
  EXPECT_TRUE(ring.Push(Frame(3, 2)));
  EXPECT_FALSE(ring.Push(Frame(3, 3)));
  EXPECT_EQ(ring.refused(), 1u);
  EXPECT_EQ(TakeAll(ring, 1), (std::vector<Bytes>{Frame(3, 1)}));
  EXPECT_TRUE(ring.Push(Frame(3, 4)));
  EXPECT_EQ(TakeAll(ring), (std::vector<Bytes>{Frame(3, 2), Frame(3, 4)}));
}

TEST(FrameRingTest, AFrameLongerThanASlotIsRefused) {
  FrameRing ring(2, 10);
  EXPECT_FALSE(ring.Push(Frame(11, 1)));
  EXPECT_TRUE(ring.Push(Frame(10, 1)));
  EXPECT_EQ(ring.refused(), 1u);
  EXPECT_EQ(TakeAll(ring), (std::vector<Bytes>{Frame(10, 1)}));
}

// The sleeper has no time limit: a ring of the bell that is lost would end the test by its timeout.
TEST(FrameRingTest, AThreadThatSleepsIsWokenForEveryFrame) {
  constexpr uint32_t kFrames = 20'000;
  FrameRing ring(8, 16);
  Bell bell;
  std::thread sleeper([&] {
    uint32_t next = 0;
    while (next < kFrames) {
      bell.BeginSleep();
      pollfd ready{.fd = bell.descriptor(), .events = POLLIN, .revents = 0};
      poll(&ready, 1, ring.empty() ? -1 : 0);
      bell.EndSleep();
      ring.Poll(3, [&](ByteView frame) {
        ASSERT_EQ(frame.size(), 4u);
        EXPECT_EQ(LoadBe32(frame.data()), next);
        ++next;
      });
    }
  });
  for (uint32_t i = 0; i < kFrames;) {
    Bytes frame(4);
    StoreBe32(frame.data(), i);
    if (ring.Push(frame)) {
      ++i;
    } else {
      std::this_thread::yield();
    }
    bell.Ring();
  }
  sleeper.join();
  EXPECT_EQ(ring.taken(), kFrames);
}

}  // namespace
}  // namespace lns::dataplane
