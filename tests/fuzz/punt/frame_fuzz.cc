// A hostile producer: the input is what it wrote into the shared memory. Either the
// superblock, or a ring's head, slot count and slots; attaching and polling must neither read
// outside nor loop, whatever it says. The memory ends where the heap block ends, so a sanitizer
// sees one byte too far.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "lib/base/check.h"
#include "lib/punt/handshake.h"
#include "lib/punt/mapping.h"
#include "tests/support/page_memory.h"

namespace lns::punt {
namespace {

constexpr Geometry kGeometry{.workers = 1, .slots = kMinSlots, .dataplane_generation = 1};
constexpr size_t kSize = TotalSize(kGeometry.slots, kGeometry.workers);

// Only the superblock and the fuzzed ring are made anew: what other rings hold is never read.
uint8_t* FreshMemory() {
  static PageMemory memory(kSize);
  static const bool is_laid_out = Mapping::Initialise(memory.bytes(), kGeometry).ok();
  LNS_CHECK(is_laid_out);
  static const Bytes block(memory.data(), memory.data() + kSuperblockSize);
  std::memcpy(memory.data(), block.data(), block.size());
  auto* ring = reinterpret_cast<RingHeader*>(
      memory.data() + PuntRingOffset(kGeometry.slots, 0, PuntClass::kUnproven));
  ring->head.store(0);
  ring->tail.store(0);
  ring->slots = kGeometry.slots;
  return memory.data();
}

void ReadRing(Consumer consumer) {
  // Two polls: the second finds what the first left, a corrupt head included.
  for (int poll = 0; poll < 2; ++poll) {
    uint32_t sum = 0;
    const size_t taken = consumer.Poll(kGeometry.slots, [&](const FrameHeader& header, ByteView p) {
      LNS_CHECK(CheckFrame(header) == FrameFault::kNone);
      LNS_CHECK(!p.empty() || header.kind == FrameKind::kEchoTimeout);
      LNS_CHECK(p.size() <= kMaxPayload && p.size() == header.payload_length);
      for (const uint8_t byte : p) sum += byte;
    });
    LNS_CHECK(taken <= kGeometry.slots);
    LNS_CHECK(consumer.backlog() <= kGeometry.slots);
    asm volatile("" : : "r"(sum));  // keeps the reads
  }
}

void RunFrames(Reader& input) {
  uint8_t* memory = FreshMemory();
  auto mapping = Mapping::Attach({memory, kSize});
  LNS_CHECK(mapping.ok());
  Consumer consumer = mapping->PuntConsumer(0, PuntClass::kUnproven);
  uint8_t* ring = memory + PuntRingOffset(kGeometry.slots, 0, PuntClass::kUnproven);
  auto* header = reinterpret_cast<RingHeader*>(ring);
  const uint64_t high = input.ReadU8();
  header->head.store(high << 32 | input.ReadU32());
  header->slots = input.ReadU32();
  const ByteView slots = input.ReadRest();
  const size_t fits = std::min<size_t>(slots.size(), kGeometry.slots * kSlotSize);
  if (fits > 0) std::memcpy(ring + sizeof(RingHeader), slots.data(), fits);
  ReadRing(consumer);
}

void RunSuperblock(Reader& input) {
  uint8_t* memory = FreshMemory();
  Superblock block;
  std::memcpy(&block, memory, sizeof(block));
  const ByteView bytes = input.ReadRest();
  std::memcpy(&block, bytes.data(), std::min(bytes.size(), sizeof(block)));
  std::memcpy(memory, &block, sizeof(block));
  const auto mapping = Mapping::Attach({memory, kSize});
  if (mapping.ok()) LNS_CHECK(mapping->geometry().slots == kGeometry.slots);
}

}  // namespace
}  // namespace lns::punt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lns::Reader input({data, size});
  switch (input.ReadU8() % 3) {
    case 0:
    case 1:
      lns::punt::RunFrames(input);
      break;
    default:
      lns::punt::RunSuperblock(input);
  }
  (void)lns::punt::ParseHello<lns::punt::ServerHello>({data, size});
  (void)lns::punt::ParseHello<lns::punt::ClientHello>({data, size});
  return 0;
}
