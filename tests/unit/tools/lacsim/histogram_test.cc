// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "tools/lacsim/histogram.h"

namespace lns::lacsim {
namespace {

TEST(Histogram, IsAllZeroWithoutSamples) {
  const Histogram empty;
  EXPECT_EQ(empty.min(), Duration());
  EXPECT_EQ(empty.max(), Duration());
  EXPECT_EQ(empty.mean(), Duration());
  EXPECT_EQ(empty.Percentile(0.99), Duration());
}

TEST(Histogram, ExtremesAndMeanAreExact) {
  Histogram values;
  for (const int64_t us : {7, 1000003, 13}) values.Add(Duration::Microseconds(us));
  EXPECT_EQ(values.min(), Duration::Microseconds(7));
  EXPECT_EQ(values.max(), Duration::Microseconds(1000003));
  EXPECT_EQ(values.mean(), Duration::Microseconds(1000023) / 3);
  EXPECT_EQ(values.Percentile(1.0), values.max());
}

TEST(Histogram, PercentilesAreWithinThreePercentOverNineDecades) {
  for (int64_t scale = 1; scale <= 1'000'000'000; scale *= 10) {
    Histogram values;
    for (int64_t i = 1; i <= 1000; ++i) values.Add(Duration::Nanoseconds(i * scale));
    for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999}) {
      const double exact = fraction * 1000 * static_cast<double>(scale);
      const auto got = static_cast<double>(values.Percentile(fraction).nanoseconds());
      EXPECT_GE(got, exact * 0.999) << scale << " " << fraction;
      EXPECT_LE(got, exact * 1.033) << scale << " " << fraction;
    }
  }
}

TEST(Histogram, TakesTheLargestAndANegativeDuration) {
  Histogram values;
  values.Add(Duration::Nanoseconds(INT64_MAX));
  values.Add(Duration::Nanoseconds(-5));
  EXPECT_EQ(values.count(), 2u);
  EXPECT_EQ(values.min(), Duration());
  EXPECT_EQ(values.max(), Duration::Nanoseconds(INT64_MAX));
}

}  // namespace
}  // namespace lns::lacsim
