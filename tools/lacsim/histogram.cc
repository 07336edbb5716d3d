// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lns::lacsim {

// Values below 32 have a bucket each; above, the octave and its top five bits choose.
size_t Histogram::BucketOf(uint64_t ns) {
  if (ns < kSub) return static_cast<size_t>(ns);
  const int shift = static_cast<int>(std::bit_width(ns)) - 1 - kSubBits;
  return static_cast<size_t>(shift) * kSub + static_cast<size_t>(ns >> shift);
}

uint64_t Histogram::UpperEdge(size_t bucket) {
  if (bucket < 2 * kSub) return bucket;
  const size_t shift = bucket / kSub - 1;
  const uint64_t top = bucket % kSub + kSub;
  return ((top + 1) << shift) - 1;
}

void Histogram::Add(Duration value) {
  const int64_t ns = std::max<int64_t>(value.nanoseconds(), 0);
  ++buckets_[BucketOf(static_cast<uint64_t>(ns))];
  ++count_;
  min_ns_ = std::min(min_ns_, ns);
  max_ns_ = std::max(max_ns_, ns);
  sum_ns_ += static_cast<double>(ns);
}

Duration Histogram::mean() const {
  if (count_ == 0) return Duration();
  return Duration::Nanoseconds(static_cast<int64_t>(sum_ns_ / static_cast<double>(count_)));
}

Duration Histogram::Percentile(double fraction) const {
  if (count_ == 0) return Duration();
  const auto rank = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= std::max<uint64_t>(rank, 1)) {
      const auto edge = static_cast<int64_t>(UpperEdge(bucket));
      return Duration::Nanoseconds(std::clamp(edge, min_ns_, max_ns_));
    }
  }
  return max();
}

}  // namespace lns::lacsim
