// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/punt/mapping.h"

#include <atomic>
#include <bit>
#include <cstring>
#include <new>
#include <optional>

namespace lns::punt {
namespace {

constexpr uintptr_t kPageMask = 4095;

std::optional<MappingError> CheckGeometry(const Geometry& geometry, size_t memory_size) {
  if (geometry.workers == 0 || geometry.workers > kMaxWorkers) return MappingError::kBadWorkers;
  if (!IsValidSlotCount(geometry.slots)) return MappingError::kBadSlots;
  if (memory_size != TotalSize(geometry.slots, geometry.workers)) return MappingError::kBadSize;
  return std::nullopt;
}

bool IsMisaligned(const uint8_t* base) {
  return (reinterpret_cast<uintptr_t>(base) & kPageMask) != 0;
}

// Punt rings and inject rings lie one after another; seen from here they are all alike.
size_t RingCount(const Geometry& geometry) { return size_t{geometry.workers} * (kClassCount + 1); }
uint8_t* NthRing(uint8_t* base, const Geometry& geometry, size_t index) {
  return base + kSuperblockSize + index * RingSize(geometry.slots);
}

}  // namespace

const char* Explain(MappingError error) {
  switch (error) {
    case MappingError::kMisaligned:
      return "punt memory is not mapped on a page boundary";
    case MappingError::kTooSmall:
      return "punt memory is smaller than its superblock";
    case MappingError::kBadMagic:
      return "memory does not start with the punt magic: it is not punt memory";
    case MappingError::kBadVersion:
      return "punt memory has another layout version: run data plane and control plane of one "
             "release";
    case MappingError::kBadWorkers:
      return "punt memory's worker count is out of range";
    case MappingError::kBadSlots:
      return "punt memory's slots per ring are not a power of two in range";
    case MappingError::kBadSize:
      return "punt memory's size does not agree with its worker and slot counts";
    case MappingError::kBadRingHeader:
      return "a ring in the punt memory does not agree with the superblock";
  }
  return "unknown punt memory error";
}

bool IsValidSlotCount(uint64_t slots) {
  return slots >= kMinSlots && slots <= kMaxSlots && std::has_single_bit(slots);
}

Result<Mapping, MappingError> Mapping::Initialise(MutableByteView memory,
                                                  const Geometry& geometry) {
  if (memory.size() < kSuperblockSize) return Failure(MappingError::kTooSmall);
  if (IsMisaligned(memory.data())) return Failure(MappingError::kMisaligned);
  if (const auto error = CheckGeometry(geometry, memory.size())) return Failure(*error);
  std::memset(memory.data(), 0, memory.size());
  for (size_t i = 0; i < RingCount(geometry); ++i) {
    auto* ring = new (NthRing(memory.data(), geometry, i)) RingHeader{};
    ring->slots = geometry.slots;
  }
  auto* block = new (memory.data()) Superblock{};
  block->version = kLayoutVersion;
  block->workers = geometry.workers;
  block->slots_per_ring = geometry.slots;
  block->dataplane_generation = geometry.dataplane_generation;
  block->total_size = memory.size();
  std::atomic_ref(block->magic).store(kMagic, std::memory_order_release);
  return Mapping(memory.data(), geometry);
}

Result<Mapping, MappingError> Mapping::Attach(MutableByteView memory) {
  if (memory.size() < kSuperblockSize) return Failure(MappingError::kTooSmall);
  if (IsMisaligned(memory.data())) return Failure(MappingError::kMisaligned);
  Superblock block;  // a private copy: the other side may write while we look
  std::memcpy(&block, memory.data(), sizeof(block));
  if (block.magic != kMagic) return Failure(MappingError::kBadMagic);
  if (block.version != kLayoutVersion) return Failure(MappingError::kBadVersion);
  const Geometry geometry{.workers = block.workers,
                          .slots = block.slots_per_ring,
                          .dataplane_generation = block.dataplane_generation};
  if (const auto error = CheckGeometry(geometry, memory.size())) return Failure(*error);
  if (block.total_size != memory.size()) return Failure(MappingError::kBadSize);
  for (size_t i = 0; i < RingCount(geometry); ++i) {
    const auto* ring = reinterpret_cast<const RingHeader*>(NthRing(memory.data(), geometry, i));
    if (ring->slots != geometry.slots) return Failure(MappingError::kBadRingHeader);
  }
  return Mapping(memory.data(), geometry);
}

uint8_t* Mapping::PuntRing(uint32_t worker, PuntClass punt_class) const {
  LNS_CHECK(worker < geometry_.workers);
  LNS_CHECK(static_cast<uint32_t>(punt_class) < kClassCount);
  return base_ + PuntRingOffset(geometry_.slots, worker, punt_class);
}

uint8_t* Mapping::InjectRing(uint32_t worker) const {
  LNS_CHECK(worker < geometry_.workers);
  return base_ + InjectRingOffset(geometry_.slots, geometry_.workers, worker);
}

Producer Mapping::PuntProducer(uint32_t worker, PuntClass punt_class) const {
  return {PuntRing(worker, punt_class), geometry_.slots};
}
Consumer Mapping::PuntConsumer(uint32_t worker, PuntClass punt_class) const {
  return {PuntRing(worker, punt_class), geometry_.slots};
}
Producer Mapping::InjectProducer(uint32_t worker) const {
  return {InjectRing(worker), geometry_.slots};
}
Consumer Mapping::InjectConsumer(uint32_t worker) const {
  return {InjectRing(worker), geometry_.slots};
}

}  // namespace lns::punt
