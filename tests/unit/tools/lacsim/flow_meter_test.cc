// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <vector>

#include "tools/lacsim/flow_meter.h"

namespace lns::lacsim {
namespace {

// Offers `offered` packets on one flow, then delivers these numbers in this order.
FlowMeter::Totals After(uint64_t offered, const std::vector<uint64_t>& delivered) {
  FlowMeter meter(1);
  for (uint64_t i = 0; i < offered; ++i) EXPECT_EQ(meter.Offer(0), i);
  for (const uint64_t sequence : delivered) {
    meter.OnReceived(0, sequence, Duration::Microseconds(1));
  }
  return meter.totals();
}

struct Row {
  const char* what;
  uint64_t offered;
  std::vector<uint64_t> delivered;
  uint64_t received, lost, duplicated, reordered, corrupt;
};

TEST(FlowMeter, TellsLossDuplicationAndReorderingApart) {
  const std::vector<Row> rows = {
      {"all in order", 3, {0, 1, 2}, 3, 0, 0, 0, 0},
      {"nothing arrives", 3, {}, 0, 3, 0, 0, 0},
      {"one is missing", 4, {0, 1, 3}, 3, 1, 0, 0, 0},
      {"the last is missing", 3, {0, 1}, 2, 1, 0, 0, 0},
      {"two change places", 3, {0, 2, 1}, 3, 0, 0, 1, 0},
      {"the newest comes twice", 2, {0, 1, 1}, 2, 0, 1, 0, 0},
      {"an old one comes twice", 3, {0, 1, 2, 0}, 3, 0, 1, 0, 0},
      {"a late one comes twice", 3, {0, 2, 1, 1}, 3, 0, 1, 1, 0},
      {"the first is late", 2, {1, 0}, 2, 0, 0, 1, 0},
      {"a number never offered", 2, {0, 1, 2}, 2, 0, 0, 0, 1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const FlowMeter::Totals totals = After(row.offered, row.delivered);
    EXPECT_EQ(totals.received, row.received);
    EXPECT_EQ(totals.lost(), row.lost);
    EXPECT_EQ(totals.duplicated, row.duplicated);
    EXPECT_EQ(totals.reordered, row.reordered);
    EXPECT_EQ(totals.corrupt, row.corrupt);
  }
}

TEST(FlowMeter, AfterALongGapTheWindowStartsAnew) {
  std::vector<uint64_t> delivered = {0, 200, 136, 137, 137};
  const FlowMeter::Totals totals = After(201, delivered);
  // 136 is 64 behind: neither received nor a duplicate for certain. 137 is 63 behind: known.
  EXPECT_EQ(totals.received, 3u);
  EXPECT_EQ(totals.reordered, 2u);
  EXPECT_EQ(totals.duplicated, 1u);
}

TEST(FlowMeter, FlowsDoNotMix) {
  FlowMeter meter(2);
  meter.Offer(0);
  meter.Offer(1);
  meter.OnReceived(1, 0, Duration());
  meter.OnReceived(0, 0, Duration());
  EXPECT_TRUE(meter.totals().perfect());
  meter.OnReceived(2, 0, Duration());
  EXPECT_EQ(meter.totals().corrupt, 1u);
}

TEST(FlowMeter, WhatIsTakenBackIsNotLost) {
  FlowMeter meter(1);
  meter.Offer(0);
  meter.Offer(0);
  meter.TakeBack(0);
  meter.OnReceived(0, 0, Duration());
  EXPECT_TRUE(meter.totals().perfect());
  EXPECT_EQ(meter.Offer(0), 1u);
}

}  // namespace
}  // namespace lns::lacsim
