// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tools/lacsim/report.h"

namespace lns::lacsim {
namespace {

Report Perfect() {
  Report report;
  report.tunnels.asked = report.tunnels.established = 2;
  report.sessions.asked = report.sessions.established = 10;
  for (Traffic::Summary& lane : report.traffic) {
    lane.enabled = true;
    lane.totals.offered = lane.totals.received = 100;
  }
  report.pings_sent = report.pings_received = 3;
  report.exec_exit_code = 0;
  return report;
}

TEST(Passed, EveryFlawFailsTheRunAndOnlyTrafficsAreForgiven) {
  struct Row {
    const char* what;
    std::function<void(Report&)> spoil;
    bool passes_allowing_loss;
  };
  const std::vector<Row> rows = {
      {"a tunnel failed",
       [](Report& r) {
         --r.tunnels.established;
         ++r.tunnels.failed;
       },
       false},
      {"a session was never tried", [](Report& r) { --r.sessions.established; }, false},
      {"a session failed", [](Report& r) { ++r.sessions.failed; }, false},
      {"a session was lost", [](Report& r) { ++r.sessions.lost; }, false},
      {"an error", [](Report& r) { r.errors.push_back("x"); }, false},
      {"the command failed", [](Report& r) { r.exec_exit_code = 1; }, false},
      {"the command took too long", [](Report& r) { r.exec_timed_out = true; }, false},
      {"a packet was lost uplink", [](Report& r) { --r.traffic[0].totals.received; }, true},
      {"a packet was lost downlink", [](Report& r) { --r.traffic[1].totals.received; }, true},
      {"one came twice", [](Report& r) { ++r.traffic[0].totals.duplicated; }, true},
      {"one was overtaken", [](Report& r) { ++r.traffic[1].totals.reordered; }, true},
      {"one was damaged", [](Report& r) { ++r.traffic[1].totals.corrupt; }, true},
      {"one went astray", [](Report& r) { ++r.misdelivered; }, true},
      {"nothing was offered", [](Report& r) { r.traffic[0].totals = {}; }, true},
      {"a ping was not answered", [](Report& r) { --r.pings_received; }, true},
  };
  EXPECT_TRUE(Passed(Perfect(), false));
  EXPECT_TRUE(Passed(Perfect(), true));
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Report report = Perfect();
    row.spoil(report);
    EXPECT_FALSE(Passed(report, false));
    EXPECT_EQ(Passed(report, true), row.passes_allowing_loss);
  }
}

TEST(FailureCause, IsToldInWords) {
  EXPECT_EQ(ToString(CauseOf(Ending{.stage = SubscriberState::kNegotiating,
                                    .ppp_cause = ppp::LinkDownCause::kAuthFailed,
                                    .ppp_message = "no",
                                    .cdn = l2tp::ResultCode{.result = 3},
                                    .by_peer = true})),
            "negotiating: PPP auth-failed \"no\": CDN received 3/0");
  EXPECT_EQ(ToString(CauseOf(Ending{.stage = SubscriberState::kCalling, .timed_out = true})),
            "calling: timed out");
  EXPECT_EQ(ToString(CauseOf(l2tp::TunnelClosed{.result = {4, 0, "who are you"}, .by_peer = true})),
            "tunnel: StopCCN received 4/0 \"who are you\"");
  EXPECT_EQ(ToString(CauseOf(l2tp::TunnelClosed{.timed_out = true})), "tunnel: timed out");
}

TEST(FailureCounts, EqualCausesAreCountedTogetherAndTheirKindsAreBounded) {
  FailureCounts counts;
  for (int i = 0; i < 5; ++i) counts.Add({.stage = "calling", .timed_out = true});
  EXPECT_EQ(counts.by_cause().size(), 1u);
  for (int i = 0; i < 1000; ++i) {
    counts.Add({.stage = "negotiating", .ppp_message = "no user " + std::to_string(i)});
  }
  EXPECT_LE(counts.by_cause().size(), 66u);
  uint32_t sum = 0;
  for (const auto& [cause, count] : counts.by_cause()) sum += count;
  EXPECT_EQ(sum, 1005u);
}

}  // namespace
}  // namespace lns::lacsim
