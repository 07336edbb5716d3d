// A distribution of durations in constant memory: buckets 1/32 of an octave wide, so a percentile
// is off by 3 % at most; minimum, maximum and mean are exact.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/time.h"

namespace lns::lacsim {

class Histogram {
 public:
  void Add(Duration value);
  uint64_t count() const { return count_; }
  Duration min() const { return count_ == 0 ? Duration() : Duration::Nanoseconds(min_ns_); }
  Duration max() const { return Duration::Nanoseconds(max_ns_); }
  Duration mean() const;
  // `fraction` in [0, 1]: the value that this share of the samples does not exceed.
  Duration Percentile(double fraction) const;

 private:
  static constexpr int kSubBits = 5;
  static constexpr size_t kSub = size_t{1} << kSubBits;
  static constexpr size_t kBuckets = (64 - kSubBits) * kSub;
  static size_t BucketOf(uint64_t ns);
  static uint64_t UpperEdge(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  int64_t min_ns_ = INT64_MAX;
  int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace lns::lacsim
