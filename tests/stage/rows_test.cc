// Runs every row, and checks that there is one for every way a packet can leave.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <set>

#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

TEST(Rows, Uplink) {
  for (const Row& row : UplinkRows()) RunRow(row);
}

TEST(Rows, Downlink) {
  for (const Row& row : DownlinkRows()) RunRow(row);
}

// While a packet waits for a MAC address no other takes the express way.
TEST(Rows, WithoutTheExpressStages) {
  for (const std::span<const Row> rows : {UplinkRows(), DownlinkRows()}) {
    for (Row row : rows) {
      if (row.prepare || row.meanwhile || row.wait_ms != 0) continue;
      row.what += " (without the express stages)";
      row.prepare = [](Rig& rig) { FillHold(rig, "203.0.113.77", 1, 1); };
      RunRow(row);
    }
  }
}

TEST(Rows, Inject) {
  for (const Row& row : InjectRows()) RunRow(row);
}

TEST(Rows, Filter) {
  for (const Row& row : FilterRows()) RunRow(row);
}

TEST(Rows, Redirect) {
  for (const Row& row : RedirectRows()) RunRow(row);
}

TEST(Rows, Dscp) {
  for (const Row& row : DscpRows()) RunRow(row);
}

TEST(Rows, EveryDropAndPuntReasonHasOne) {
  // One packet is no queue that stands: shape_test.cc.
  std::set<dataplane::DropReason> drops = {dataplane::DropReason::kShaperDelayed};
  std::set<punt::PuntReason> punts;
  // Ports of rows have no mirror: mirror_test.cc.
  drops.insert(dataplane::DropReason::kMirrorFull);
  for (const std::span<const Row> rows :
       {UplinkRows(), DownlinkRows(), InjectRows(), FilterRows(), RedirectRows(), EchoRows()}) {
    for (const Row& row : rows) {
      if (row.verdict.kind == Outcome::Kind::kDropped) drops.insert(row.verdict.drop);
      if (row.verdict.kind == Outcome::Kind::kPunted) punts.insert(row.verdict.punt);
    }
  }
  for (size_t i = 0; i < dataplane::kDropReasonCount; ++i) {
    EXPECT_TRUE(drops.contains(static_cast<dataplane::DropReason>(i)))
        << "no row drops with " << dataplane::kDropReasons[i].name;
  }
  // Of no packet: echo_test.cc.
  punts.insert(punt::PuntReason::kEchoTimeout);
  for (size_t i = 1; i < punt::kPuntReasonCount; ++i) {
    if (punt::kPuntReasons[i].punt_class == punt::PuntClass::kLinux) continue;
    EXPECT_TRUE(punts.contains(static_cast<punt::PuntReason>(i)))
        << "no row punts with " << punt::kPuntReasons[i].name;
  }
}

}  // namespace
}  // namespace lns::test
