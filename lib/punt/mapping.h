// The whole punt memory: laid out by the data plane, checked by whoever maps it, and cut into the
// rings' two ends. Works on memory it is given; making, passing and mapping the memfd belongs to
// the processes (dataplane/punt, controlplane/transport).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/punt/layout.h"
#include "lib/punt/ring.h"

namespace lns::punt {

enum class MappingError : uint8_t {
  kMisaligned,     // not on a page boundary
  kTooSmall,       // not even a superblock
  kBadMagic,       // not punt memory
  kBadVersion,     // another layout
  kBadWorkers,     // 0 or more than kMaxWorkers
  kBadSlots,       // not a power of two in [kMinSlots, kMaxSlots]
  kBadSize,        // the memory is not as large as its own numbers say
  kBadRingHeader,  // a ring that is not as large as the superblock says
};
// One sentence for an operator.
const char* Explain(MappingError error);

struct Geometry {
  uint32_t workers = 0;
  uint32_t slots = 0;
  uint64_t dataplane_generation = 0;
  friend bool operator==(const Geometry&, const Geometry&) = default;
};

// A power of two in [kMinSlots, kMaxSlots].
bool IsValidSlotCount(uint64_t slots);

// Views the memory; does not own it. The geometry is copied out once and never read again from the
// shared memory.
class Mapping {
 public:
  // Zeroes and lays out fresh memory of TotalSize(slots, workers) bytes. The magic is written last.
  static Result<Mapping, MappingError> Initialise(MutableByteView memory, const Geometry& geometry);
  // Checks memory that someone else laid out.
  static Result<Mapping, MappingError> Attach(MutableByteView memory);

  const Geometry& geometry() const { return geometry_; }
  Producer PuntProducer(uint32_t worker, PuntClass punt_class) const;
  Consumer PuntConsumer(uint32_t worker, PuntClass punt_class) const;
  Producer InjectProducer(uint32_t worker) const;
  Consumer InjectConsumer(uint32_t worker) const;

 private:
  Mapping(uint8_t* base, const Geometry& geometry) : base_(base), geometry_(geometry) {}
  uint8_t* PuntRing(uint32_t worker, PuntClass punt_class) const;
  uint8_t* InjectRing(uint32_t worker) const;

  uint8_t* base_;
  Geometry geometry_;
};

}  // namespace lns::punt
