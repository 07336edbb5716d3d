// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <tuple>

#include "lib/punt/handshake.h"
#include "lib/punt/mapping.h"
#include "tests/support/page_memory.h"

namespace lns::punt {
namespace {

constexpr Geometry kGeometry{.workers = 2, .slots = 64, .dataplane_generation = 0x1122334455667788};

class MappingTest : public testing::Test {
 protected:
  MappingTest() : memory_(TotalSize(kGeometry.slots, kGeometry.workers)) {
    EXPECT_TRUE(Mapping::Initialise(memory_.bytes(), kGeometry).ok());
  }
  Superblock* block() { return reinterpret_cast<Superblock*>(memory_.data()); }
  MappingError AttachError() {
    const auto mapping = Mapping::Attach(memory_.bytes());
    EXPECT_FALSE(mapping.ok());
    return mapping.error();
  }
  PageMemory memory_;
};

TEST_F(MappingTest, AttachFindsTheGeometry) {
  const auto mapping = Mapping::Attach(memory_.bytes());
  ASSERT_TRUE(mapping.ok());
  EXPECT_EQ(mapping->geometry(), kGeometry);
}

TEST_F(MappingTest, EveryRingIsItsOwn) {
  const auto ours = Mapping::Attach(memory_.bytes());
  const auto theirs = Mapping::Attach(memory_.bytes());
  ASSERT_TRUE(ours.ok() && theirs.ok());
  const FrameHeader header{.kind = FrameKind::kL2tpControl, .family = 4};
  uint8_t tag = 0;
  for (uint32_t worker = 0; worker < 2; ++worker) {
    for (uint8_t c = 0; c < kClassCount; ++c) {
      Producer producer = ours->PuntProducer(worker, PuntClass{c});
      for (uint32_t i = 0; i < kGeometry.slots; ++i) ASSERT_TRUE(producer.Push(header, {&tag, 1}));
      std::ignore = producer.Publish();
      ++tag;
    }
    Producer producer = ours->InjectProducer(worker);
    const uint8_t inject_tag = static_cast<uint8_t>(100 + worker);
    for (uint32_t i = 0; i < kGeometry.slots; ++i) {
      ASSERT_TRUE(producer.Push(header, {&inject_tag, 1}));
    }
    std::ignore = producer.Publish();
  }
  const auto expect_all = [](Consumer consumer, uint8_t expected) {
    EXPECT_EQ(consumer.Poll(kGeometry.slots,
                            [&](const FrameHeader&, ByteView p) { EXPECT_EQ(p[0], expected); }),
              kGeometry.slots);
    EXPECT_EQ(consumer.bad_frames(), 0u);
  };
  tag = 0;
  for (uint32_t worker = 0; worker < 2; ++worker) {
    for (uint8_t c = 0; c < kClassCount; ++c) {
      expect_all(theirs->PuntConsumer(worker, PuntClass{c}), tag++);
    }
    expect_all(theirs->InjectConsumer(worker), static_cast<uint8_t>(100 + worker));
  }
}

TEST_F(MappingTest, RefusesWhatIsNotPuntMemory) {
  block()->magic ^= 1;
  EXPECT_EQ(AttachError(), MappingError::kBadMagic);
}
TEST_F(MappingTest, RefusesAnotherLayoutVersion) {
  block()->version = kLayoutVersion + 1;
  EXPECT_EQ(AttachError(), MappingError::kBadVersion);
}
TEST_F(MappingTest, RefusesImpossibleWorkerCounts) {
  for (const uint32_t workers : {0u, kMaxWorkers + 1, ~0u}) {
    block()->workers = workers;
    EXPECT_EQ(AttachError(), MappingError::kBadWorkers);
  }
}
TEST_F(MappingTest, RefusesSlotCountsThatAreNoRing) {
  for (const uint32_t slots : {0u, 1u, kMinSlots / 2, 65u, kMaxSlots * 2, ~0u}) {
    block()->slots_per_ring = slots;
    EXPECT_EQ(AttachError(), MappingError::kBadSlots) << slots;
  }
}
TEST_F(MappingTest, RefusesNumbersThatReachPastTheMemory) {
  block()->workers = 3;
  EXPECT_EQ(AttachError(), MappingError::kBadSize);
  block()->workers = 2;
  block()->slots_per_ring = 128;
  EXPECT_EQ(AttachError(), MappingError::kBadSize);
  block()->slots_per_ring = 64;
  block()->total_size += 1;
  EXPECT_EQ(AttachError(), MappingError::kBadSize);
}
TEST_F(MappingTest, RefusesARingThatDisagreesWithTheSuperblock) {
  auto* ring = reinterpret_cast<RingHeader*>(
      memory_.data() + InjectRingOffset(kGeometry.slots, kGeometry.workers, 1));
  ring->slots = 128;
  EXPECT_EQ(AttachError(), MappingError::kBadRingHeader);
}
TEST_F(MappingTest, RefusesShortAndMisalignedMemory) {
  EXPECT_EQ(Mapping::Attach(memory_.bytes().first(kSuperblockSize - 1)).error(),
            MappingError::kTooSmall);
  EXPECT_EQ(Mapping::Attach(memory_.bytes().subspan(64)).error(), MappingError::kMisaligned);
  EXPECT_EQ(Mapping::Attach(memory_.bytes().first(memory_.bytes().size() - 1)).error(),
            MappingError::kBadSize);
}
TEST_F(MappingTest, InitialiseRefusesABadGeometry) {
  Geometry bad = kGeometry;
  bad.slots = 100;
  EXPECT_EQ(Mapping::Initialise(memory_.bytes(), bad).error(), MappingError::kBadSlots);
  bad = kGeometry;
  bad.workers = 1;
  EXPECT_EQ(Mapping::Initialise(memory_.bytes(), bad).error(), MappingError::kBadSize);
}

TEST(HandshakeTest, HelloSurvivesTheWireAndJunkDoesNot) {
  ServerHello hello;
  hello.workers = 3;
  hello.status = HelloStatus::kBusy;
  const ByteView bytes = HelloBytes(hello);
  const auto parsed = ParseHello<ServerHello>(bytes);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->workers, 3u);
  EXPECT_EQ(parsed->status, HelloStatus::kBusy);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseHello<ServerHello>(bytes.first(size)).has_value()) << size;
  }
  Bytes spoiled(bytes.begin(), bytes.end());
  spoiled[0] ^= 1;
  EXPECT_FALSE(ParseHello<ServerHello>(spoiled).has_value());
  EXPECT_FALSE(ParseHello<ClientHello>(bytes).has_value());
}

}  // namespace
}  // namespace lns::punt
