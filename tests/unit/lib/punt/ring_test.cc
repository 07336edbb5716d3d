// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <tuple>
#include <vector>

#include "lib/base/rng.h"
#include "lib/punt/ring.h"
#include "tests/support/page_memory.h"

namespace lns::punt {
namespace {

constexpr uint32_t kSlots = kMinSlots;

FrameHeader ControlHeader() {
  return {.kind = FrameKind::kL2tpControl,
          .punt_class = static_cast<uint8_t>(PuntClass::kUnproven),
          .family = 4,
          .peer_udp_port = 1701};
}

FrameHeader PppHeader(uint16_t tunnel, uint16_t session) {
  return {.kind = FrameKind::kPpp, .local_tunnel_id = tunnel, .local_session_id = session};
}

Bytes Pattern(size_t size, uint8_t seed) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(seed + i * 7);
  return bytes;
}

class RingTest : public testing::Test {
 protected:
  RingTest() : memory_(RingSize(kSlots)) { header()->slots = kSlots; }
  RingHeader* header() { return reinterpret_cast<RingHeader*>(memory_.data()); }
  uint8_t* slot(uint64_t position) {
    return memory_.data() + sizeof(RingHeader) + (position % kSlots) * kSlotSize;
  }
  Producer MakeProducer() { return {memory_.data(), kSlots}; }
  Consumer MakeConsumer() { return {memory_.data(), kSlots}; }

  static std::vector<Bytes> Drain(Consumer& consumer, size_t budget = kSlots) {
    std::vector<Bytes> frames;
    consumer.Poll(budget, [&](const FrameHeader&, ByteView payload) {
      frames.emplace_back(payload.begin(), payload.end());
    });
    return frames;
  }

  PageMemory memory_;
};

TEST_F(RingTest, FramesArriveInOrderWithHeaderAndPayload) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  FrameHeader header = ControlHeader();
  header.local_tunnel_id = 0x1234;
  header.peer_address[3] = 9;
  ASSERT_TRUE(producer.Push(header, Pattern(kMaxPayload, 1)));
  ASSERT_TRUE(producer.Push(PppHeader(7, 8), Pattern(1, 2)));
  EXPECT_EQ(Drain(consumer).size(), 0u) << "visible before Publish";
  EXPECT_FALSE(producer.Publish()) << "nobody waits";

  std::vector<FrameHeader> headers;
  std::vector<Bytes> payloads;
  EXPECT_EQ(consumer.Poll(10,
                          [&](const FrameHeader& h, ByteView p) {
                            headers.push_back(h);
                            payloads.emplace_back(p.begin(), p.end());
                          }),
            2u);
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].local_tunnel_id, 0x1234);
  EXPECT_EQ(headers[0].peer_address[3], 9);
  EXPECT_EQ(headers[0].payload_length, kMaxPayload);
  EXPECT_EQ(headers[0].sequence, 0u);
  EXPECT_EQ(headers[1].sequence, 1u);
  EXPECT_EQ(headers[1].kind, FrameKind::kPpp);
  EXPECT_EQ(payloads[0], Pattern(kMaxPayload, 1));
  EXPECT_EQ(payloads[1], Pattern(1, 2));
}

TEST_F(RingTest, WrapsManyTimesWithoutLoss) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  uint32_t expected = 0;
  for (uint32_t burst = 0; burst < 200; ++burst) {
    for (uint32_t i = 0; i < 37; ++i) {
      ASSERT_TRUE(producer.Push(ControlHeader(), Pattern(1 + (burst * 37 + i) % 500, 3)));
    }
    std::ignore = producer.Publish();
    consumer.Poll(kSlots, [&](const FrameHeader& h, ByteView payload) {
      EXPECT_EQ(h.sequence, expected);
      EXPECT_EQ(payload.size(), 1 + expected % 500);
      ++expected;
    });
  }
  EXPECT_EQ(expected, 200u * 37u);
  EXPECT_EQ(producer.dropped(), 0u);
}

TEST_F(RingTest, FullRingDropsAndCountsAndRecovers) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  for (uint32_t i = 0; i < kSlots; ++i) ASSERT_TRUE(producer.Push(ControlHeader(), Pattern(8, 0)));
  EXPECT_FALSE(producer.Push(ControlHeader(), Pattern(8, 0)));
  EXPECT_FALSE(producer.Push(ControlHeader(), Pattern(8, 0)));
  std::ignore = producer.Publish();
  EXPECT_EQ(producer.dropped(), 2u);
  EXPECT_EQ(consumer.producer_dropped(), 2u);
  EXPECT_EQ(Drain(consumer, 1).size(), 1u);
  EXPECT_TRUE(producer.Push(ControlHeader(), Pattern(8, 0))) << "one slot was freed";
  EXPECT_FALSE(producer.Push(ControlHeader(), Pattern(8, 0)));
  EXPECT_EQ(producer.dropped(), 3u);
}

TEST_F(RingTest, PayloadLongerThanASlotIsDroppedNotTruncated) {
  Producer producer = MakeProducer();
  EXPECT_FALSE(producer.Push(ControlHeader(), Pattern(kMaxPayload + 1, 0)));
  EXPECT_EQ(producer.dropped(), 1u);
  EXPECT_FALSE(producer.Publish());
  EXPECT_EQ(header()->head.load(), 0u);
}

TEST_F(RingTest, BudgetBoundsOnePoll) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  for (int i = 0; i < 10; ++i) producer.Push(ControlHeader(), Pattern(4, 0));
  std::ignore = producer.Publish();
  EXPECT_EQ(Drain(consumer, 3).size(), 3u);
  EXPECT_EQ(consumer.backlog(), 7u);
  EXPECT_EQ(Drain(consumer, 30).size(), 7u);
}

TEST_F(RingTest, RestartedConsumerGoesOnWhereItsPredecessorStopped) {
  Producer producer = MakeProducer();
  for (uint8_t i = 0; i < 6; ++i) producer.Push(ControlHeader(), Pattern(4, i));
  std::ignore = producer.Publish();
  {
    Consumer first = MakeConsumer();
    EXPECT_EQ(Drain(first, 2).size(), 2u);
  }
  Consumer second = MakeConsumer();
  const std::vector<Bytes> rest = Drain(second);
  ASSERT_EQ(rest.size(), 4u);
  EXPECT_EQ(rest[0], Pattern(4, 2));
}

TEST_F(RingTest, RestartedProducerOverwritesOnlyWhatWasNeverPublished) {
  Consumer consumer = MakeConsumer();
  {
    Producer first = MakeProducer();
    first.Push(ControlHeader(), Pattern(4, 1));
    std::ignore = first.Publish();
    first.Push(ControlHeader(), Pattern(4, 2));  // dies before publishing
  }
  Producer second = MakeProducer();
  second.Push(ControlHeader(), Pattern(4, 3));
  std::ignore = second.Publish();
  const std::vector<Bytes> frames = Drain(consumer);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0], Pattern(4, 1));
  EXPECT_EQ(frames[1], Pattern(4, 3));
}

TEST_F(RingTest, RestartedProducerRespectsAFullRing) {
  {
    Producer first = MakeProducer();
    for (uint32_t i = 0; i < kSlots; ++i) first.Push(ControlHeader(), Pattern(4, 1));
    std::ignore = first.Publish();
  }
  Producer second = MakeProducer();
  EXPECT_FALSE(second.Push(ControlHeader(), Pattern(4, 2)));
}

TEST_F(RingTest, HeadJumpIsCountedAndSkipped) {
  Consumer consumer = MakeConsumer();
  for (const uint64_t jump : {uint64_t{kSlots} + 1, uint64_t{1} << 40, ~uint64_t{0}}) {
    header()->head.store(header()->tail.load() + jump);
    const uint64_t before = consumer.head_jumps();
    EXPECT_EQ(Drain(consumer).size(), 0u);
    EXPECT_EQ(consumer.head_jumps(), before + 1);
    EXPECT_EQ(header()->tail.load(), header()->head.load());
  }
  Producer sane = MakeProducer();
  sane.Push(ControlHeader(), Pattern(4, 9));
  std::ignore = sane.Publish();
  EXPECT_EQ(Drain(consumer).size(), 1u) << "a sane producer is heard again";
}

TEST_F(RingTest, ConsumerTailAheadOfTheHeadIsAFullRing) {
  header()->tail.store(1000);
  Producer producer = MakeProducer();
  EXPECT_FALSE(producer.Push(ControlHeader(), Pattern(4, 0)));
  EXPECT_EQ(producer.dropped(), 1u);
}

TEST_F(RingTest, SlotCountInSharedMemoryIsNotReadAgain) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  header()->slots = 0x80000000u;
  for (uint32_t i = 0; i < kSlots; ++i) ASSERT_TRUE(producer.Push(ControlHeader(), Pattern(4, 0)));
  EXPECT_FALSE(producer.Push(ControlHeader(), Pattern(4, 0)));
  std::ignore = producer.Publish();
  EXPECT_EQ(Drain(consumer).size(), kSlots);
}

struct BadFrame {
  const char* what;
  void (*spoil)(FrameHeader&);
  FrameFault fault;
};

TEST_F(RingTest, AnEchoTimeoutNeedsNoPayload) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  FrameHeader header{};
  header.kind = FrameKind::kEchoTimeout;
  header.local_tunnel_id = 7;
  header.local_session_id = 9;
  ASSERT_TRUE(producer.Push(header, {}));
  std::ignore = producer.Publish();
  EXPECT_EQ(Drain(consumer), std::vector<Bytes>{Bytes()});
}

TEST_F(RingTest, BadFramesAreSkippedAndCountedByTheirHeader) {
  const BadFrame rows[] = {
      {"empty", [](FrameHeader& h) { h.payload_length = 0; }, FrameFault::kBadLength},
      {"one byte past the slot", [](FrameHeader& h) { h.payload_length = kMaxPayload + 1; },
       FrameFault::kBadLength},
      {"longest possible length", [](FrameHeader& h) { h.payload_length = 0xffff; },
       FrameFault::kBadLength},
      {"kind 0", [](FrameHeader& h) { h.kind = FrameKind{0}; }, FrameFault::kBadKind},
      {"kind 4", [](FrameHeader& h) { h.kind = FrameKind{4}; }, FrameFault::kBadKind},
      {"class 3", [](FrameHeader& h) { h.punt_class = 3; }, FrameFault::kBadClass},
      {"control without a family", [](FrameHeader& h) { h.family = 0; }, FrameFault::kBadFamily},
      {"family 5", [](FrameHeader& h) { h.family = 5; }, FrameFault::kBadFamily},
      {"PPP without a tunnel",
       [](FrameHeader& h) {
         h.kind = FrameKind::kPpp;
         h.local_session_id = 1;
       },
       FrameFault::kBadSession},
      {"PPP without a session",
       [](FrameHeader& h) {
         h.kind = FrameKind::kPpp;
         h.local_tunnel_id = 1;
       },
       FrameFault::kBadSession},
      {"an echo timeout of nobody", [](FrameHeader& h) { h.kind = FrameKind::kEchoTimeout; },
       FrameFault::kBadSession},
  };
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  uint64_t position = 0;
  for (const BadFrame& row : rows) {
    SCOPED_TRACE(row.what);
    producer.Push(ControlHeader(), Pattern(20, 1));
    producer.Push(ControlHeader(), Pattern(20, 2));
    FrameHeader header;
    std::memcpy(&header, slot(position), sizeof(header));
    row.spoil(header);
    EXPECT_EQ(CheckFrame(header), row.fault);
    std::memcpy(slot(position), &header, sizeof(header));
    std::ignore = producer.Publish();
    const uint64_t bad_before = consumer.bad_frames();
    const std::vector<Bytes> good = Drain(consumer);
    ASSERT_EQ(good.size(), 1u);
    EXPECT_EQ(good[0], Pattern(20, 2));
    EXPECT_EQ(consumer.bad_frames(), bad_before + 1);
    position += 2;
  }
}

TEST_F(RingTest, VisitedPayloadIsAPrivateCopy) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  producer.Push(ControlHeader(), Pattern(20, 1));
  std::ignore = producer.Publish();
  consumer.Poll(1, [&](const FrameHeader&, ByteView payload) {
    std::memset(slot(0), 0xee, kSlotSize);
    EXPECT_EQ(Bytes(payload.begin(), payload.end()), Pattern(20, 1));
  });
}

TEST_F(RingTest, WaitingConsumerIsWokenOncePerSleep) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  EXPECT_TRUE(consumer.PrepareWait());
  producer.Push(ControlHeader(), Pattern(4, 0));
  EXPECT_TRUE(producer.Publish());
  producer.Push(ControlHeader(), Pattern(4, 0));
  EXPECT_FALSE(producer.Publish()) << "already told";
  EXPECT_FALSE(consumer.PrepareWait()) << "frames are waiting";
  EXPECT_EQ(Drain(consumer).size(), 2u);
  EXPECT_TRUE(consumer.PrepareWait());
  consumer.CancelWait();
  producer.Push(ControlHeader(), Pattern(4, 0));
  EXPECT_FALSE(producer.Publish()) << "the consumer is awake";
}

TEST_F(RingTest, EmptyPublishWakesNobody) {
  Producer producer = MakeProducer();
  Consumer consumer = MakeConsumer();
  EXPECT_TRUE(consumer.PrepareWait());
  EXPECT_FALSE(producer.Publish());
}

// Two threads, random bursts, a consumer that sleeps whenever it may: every frame arrives once, in
// order, intact, and no wakeup is lost (a lost one would leave the consumer asleep for good; the
// test's time limit ends it).
TEST_F(RingTest, TwoThreadsLoseNeitherFramesNorWakeups) {
  constexpr uint32_t kFrames = 200'000;
  std::atomic<uint64_t> event = 0;  // stands for the eventfd
  std::thread producing([&] {
    Producer producer = MakeProducer();
    SeededRng rng(1);
    for (uint32_t sent = 0; sent < kFrames;) {
      const uint32_t burst = 1 + rng.Below(32);
      for (uint32_t i = 0; i < burst && sent < kFrames; ++i) {
        if (!producer.Push(ControlHeader(), Pattern(8 + sent % 60, static_cast<uint8_t>(sent)))) {
          break;
        }
        ++sent;
      }
      if (producer.Publish()) {
        event.fetch_add(1);
        event.notify_one();
      }
    }
  });
  Consumer consumer = MakeConsumer();
  uint32_t received = 0;
  uint32_t sleeps = 0;
  uint32_t wrong = 0;
  while (received < kFrames) {
    const size_t got = consumer.Poll(32, [&](const FrameHeader& h, ByteView payload) {
      const Bytes expected = Pattern(8 + received % 60, static_cast<uint8_t>(received));
      if (h.sequence != received ||
          !std::equal(payload.begin(), payload.end(), expected.begin(), expected.end())) {
        ++wrong;
      }
      ++received;
    });
    if (got != 0) continue;
    const uint64_t seen = event.load();
    if (consumer.PrepareWait()) {
      ++sleeps;
      event.wait(seen);
    }
  }
  producing.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(received, kFrames);
  EXPECT_EQ(consumer.bad_frames(), 0u);
  RecordProperty("sleeps", static_cast<int>(sleeps));
}

}  // namespace
}  // namespace lns::punt
