// Changes of service on AAA's order: told done when the data plane has them, of every session or
// none, whatever happens meanwhile. The world checks each outcome against engine and data plane.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using controlplane::AccountingId;
using controlplane::ServiceChange;
using controlplane::ServiceProfile;
using controlplane::ServicePtr;
using controlplane::SessionEntry;
using CallState = FakeLac::CallState;

constexpr Duration kSoon = Duration::Seconds(5);
constexpr Duration kLong = Duration::Seconds(60);
constexpr uint64_t kBadRate = 666;

class ServiceChangeTest : public testing::Test {
 protected:
  ServiceChangeTest() { settings_.users[0].service.rate_down_bps = 1000; }
  void TearDown() override {
    ASSERT_NE(world_, nullptr);
    EXPECT_EQ(world_->violation(), "");
  }
  // Alice, and Bob, are online.
  void Online(int users = 2) {
    world_ = std::make_unique<World>(settings_);
    world_->dataplane().set_bad_rate(kBadRate);
    lac_ = &world_->AddLac();
    lac_->Open(world_->now());
    ASSERT_TRUE(world_->RunUntil([&] { return lac_->established(); }, kSoon));
    for (int i = 0; i < users; ++i) {
      lac_->Place({.user_name = i == 0 ? "alice" : "bob", .password = "secret"}, {}, world_->now());
      const size_t online = static_cast<size_t>(i) + 1;
      ASSERT_TRUE(world_->RunUntil(
          [&] {
            return world_->accounts().open() == online &&
                   lac_->CountOf(CallState::kOnline) == online;
          },
          kSoon));
      ids_.push_back(world_->accounts().last().id);
    }
  }
  ServiceChange Rate(size_t who, uint64_t rate_bps) const {
    ServiceProfile service = *world_->engine().ServiceOf(ids_[who]);
    service.rate_down_bps = rate_bps;
    return {ids_[who], std::make_shared<const ServiceProfile>(std::move(service))};
  }
  const SessionEntry& Entry(size_t who) const {
    return *world_->dataplane().Find(*world_->accounts().KeyOf(ids_[who]));
  }
  uint64_t RateOf(size_t who) const {
    return Entry(who).downlink_meter ? Entry(who).downlink_meter->rate_bps : 0;
  }
  // Runs until it is done.
  absl::Status Outcome(uint64_t order, Duration limit = kSoon) {
    EXPECT_TRUE(world_->RunUntil([&] { return world_->OutcomeOf(order) != nullptr; }, limit));
    const absl::Status* outcome = world_->OutcomeOf(order);
    return outcome == nullptr ? absl::UnknownError("never done") : *outcome;
  }
  size_t OnlineNow() const { return world_->engine().Counts().sessions_online; }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
  FakeLac* lac_ = nullptr;
  std::vector<AccountingId> ids_;
};

TEST_F(ServiceChangeTest, IsDoneWhenTheDataPlaneHasItAndAccountingKnows) {
  Online();
  const size_t told = world_->accounts().changes();
  const uint64_t order = world_->Order({Rate(0, 5000)});
  EXPECT_EQ(world_->OutcomeOf(order), nullptr) << "not before";
  EXPECT_EQ(world_->accounts().changes(), told);
  EXPECT_TRUE(Outcome(order).ok());
  EXPECT_EQ(RateOf(0), 5000u);
  EXPECT_EQ(world_->accounts().changes(), told + 1);
  EXPECT_EQ(world_->accounts().last().service->rate_down_bps, 5000u);
  EXPECT_EQ(world_->Counter("lns.service-changed"), 1u);
  EXPECT_EQ(OnlineNow(), 2u);
  EXPECT_EQ(lac_->CountOf(CallState::kOnline), 2u);
}

TEST_F(ServiceChangeTest, RoutesAndMtuGoTheSameWay) {
  Online();
  ServiceProfile service = *world_->engine().ServiceOf(ids_[0]);
  service.ipv4_routes = {{.prefix = *net::IpPrefix::Parse("100.66.0.0/24")}};
  service.mtu = 1300;
  const uint64_t order =
      world_->Order({{ids_[0], std::make_shared<const ServiceProfile>(service)}});
  EXPECT_TRUE(Outcome(order).ok());
  EXPECT_EQ(Entry(0).prefixes.size(), 2u);
  EXPECT_EQ(Entry(0).peer_mru, 1300);
  // Another's route is refused, and nothing of that order stays.
  service.mtu = 1200;
  const uint64_t stolen =
      world_->Order({{ids_[1], std::make_shared<const ServiceProfile>(service)}});
  EXPECT_TRUE(absl::IsAlreadyExists(Outcome(stolen)));
  world_->RunFor(kSoon);
  EXPECT_EQ(Entry(1).prefixes.size(), 1u);
  EXPECT_NE(Entry(1).peer_mru, 1200);
  // And taken away again.
  service.ipv4_routes.clear();
  EXPECT_TRUE(
      Outcome(world_->Order({{ids_[0], std::make_shared<const ServiceProfile>(service)}})).ok());
  EXPECT_EQ(Entry(0).prefixes.size(), 1u);
}

TEST_F(ServiceChangeTest, WhatTheDataPlaneDoesNotNoticeIsDoneAtOnce) {
  Online();
  world_->KillDataplane();
  ServiceProfile service = *world_->engine().ServiceOf(ids_[0]);
  service.session_timeout = Duration::Seconds(77);
  const uint64_t order =
      world_->Order({{ids_[0], std::make_shared<const ServiceProfile>(service)}});
  ASSERT_NE(world_->OutcomeOf(order), nullptr);
  EXPECT_TRUE(world_->OutcomeOf(order)->ok());
  EXPECT_EQ(world_->accounts().last().service->session_timeout, Duration::Seconds(77));
}

TEST_F(ServiceChangeTest, WhatTheDataPlaneRefusesLeavesEverySessionAsItWas) {
  Online();
  const size_t told = world_->accounts().changes();
  const uint64_t order = world_->Order({Rate(0, 5000), Rate(1, kBadRate)});
  const absl::Status outcome = Outcome(order);
  EXPECT_TRUE(absl::IsInvalidArgument(outcome)) << outcome;
  world_->RunFor(kSoon);
  EXPECT_EQ(RateOf(0), 1000u);
  EXPECT_EQ(RateOf(1), 0u);
  EXPECT_EQ(world_->accounts().changes(), told);
  EXPECT_EQ(OnlineNow(), 2u);
  EXPECT_EQ(world_->Counter("lns.service-change-failed"), 1u);
  EXPECT_TRUE(world_->Logged("not a rate"));
  // And may be changed again.
  EXPECT_TRUE(Outcome(world_->Order({Rate(0, 7000), Rate(1, 7000)})).ok());
  EXPECT_EQ(RateOf(1), 7000u);
}

// The data plane would not notice the second change; but it has not heard yet that the first one
// was taken back.
TEST_F(ServiceChangeTest, AChangeRightAfterARefusalWaitsForWhatWasTakenBack) {
  settings_.dataplane = {.min_delay = Duration::Milliseconds(500),
                         .max_delay = Duration::Milliseconds(500)};
  Online();
  EXPECT_FALSE(Outcome(world_->Order({Rate(0, 5000), Rate(1, kBadRate)})).ok());
  EXPECT_EQ(RateOf(0), 5000u);
  ServiceProfile service = *world_->engine().ServiceOf(ids_[0]);
  service.session_timeout = Duration::Seconds(77);
  const uint64_t next = world_->Order({{ids_[0], std::make_shared<const ServiceProfile>(service)}});
  EXPECT_EQ(world_->OutcomeOf(next), nullptr);
  EXPECT_TRUE(Outcome(next).ok());
  EXPECT_EQ(RateOf(0), 1000u);
  // From then on it has nothing to wait for.
  service.session_timeout = Duration::Seconds(78);
  const uint64_t last = world_->Order({{ids_[0], std::make_shared<const ServiceProfile>(service)}});
  EXPECT_NE(world_->OutcomeOf(last), nullptr);
}

TEST_F(ServiceChangeTest, ASessionFollowsOneOrderAtATime) {
  Online();
  const uint64_t first = world_->Order({Rate(0, 5000)});
  const uint64_t second = world_->Order({Rate(1, 6000), Rate(0, 6000)});
  ASSERT_NE(world_->OutcomeOf(second), nullptr);
  EXPECT_TRUE(absl::IsAborted(*world_->OutcomeOf(second)));
  EXPECT_TRUE(Outcome(first).ok());
  EXPECT_EQ(RateOf(0), 5000u);
  EXPECT_EQ(RateOf(1), 0u);
}

TEST_F(ServiceChangeTest, WhoeverIsNotOnlineIsNotFound) {
  Online();
  AccountingId stranger = ids_[0];
  ++stranger.number;
  const ServicePtr service = world_->engine().ServiceOf(ids_[0]);
  EXPECT_TRUE(absl::IsNotFound(Outcome(world_->Order({Rate(1, 5000), {stranger, service}}))));
  EXPECT_TRUE(absl::IsNotFound(Outcome(world_->Order({{ids_[0], nullptr}}))));
  EXPECT_EQ(world_->engine().ServiceOf(stranger), nullptr);
  EXPECT_EQ(RateOf(1), 0u);
}

TEST_F(ServiceChangeTest, ADataPlaneThatStaysAwayMakesNoChangeAndEndsNoSession) {
  Online();
  world_->KillDataplane();
  const Instant asked = world_->now();
  const uint64_t order = world_->Order({Rate(0, 5000)});
  EXPECT_TRUE(absl::IsUnavailable(Outcome(order, kLong)));
  EXPECT_LE(world_->now() - asked, settings_.engine.program_timeout + Duration::Seconds(1));
  EXPECT_EQ(OnlineNow(), 2u);
  world_->RestartDataplane();
  world_->RunFor(kSoon);
  EXPECT_EQ(RateOf(0), 1000u);
}

TEST_F(ServiceChangeTest, ADataPlaneThatReturnsInTimeHasIt) {
  Online();
  world_->KillDataplane();
  const uint64_t order = world_->Order({Rate(0, 5000), Rate(1, 5000)});
  world_->RunFor(Duration::Seconds(4));
  EXPECT_EQ(world_->OutcomeOf(order), nullptr);
  world_->RestartDataplane();
  EXPECT_TRUE(Outcome(order).ok());
  EXPECT_EQ(RateOf(0), 5000u);
  EXPECT_EQ(RateOf(1), 5000u);
}

// What may happen to a session whose change is under way; the other one's is taken back.
TEST_F(ServiceChangeTest, ASessionThatEndsMeanwhileTakesTheOrderWithIt) {
  struct Way {
    const char* what;
    std::function<void(FakeLac::Call& call)> go;
  };
  const Way ways[] = {
      {"the LAC hangs up", [&](auto& call) { lac_->Hangup(call, world_->now()); }},
      {"the operator clears it",
       [&](auto&) {
         world_->Call([&](auto& engine, auto& out) {
           const auto key = *world_->accounts().KeyOf(ids_[0]);
           EXPECT_TRUE(engine.ClearSession(key, world_->now(), out).ok());
         });
       }},
      {"AAA disconnects it",
       [&](auto&) {
         world_->Call([&](auto& engine, auto& out) {
           EXPECT_TRUE(engine.TerminateSession(
               ids_[0], controlplane::CloseCause::kDisconnectRequest, world_->now(), out));
         });
       }},
  };
  settings_.dataplane = {.min_delay = Duration::Milliseconds(500),
                         .max_delay = Duration::Milliseconds(500)};
  for (const Way& way : ways) {
    SCOPED_TRACE(way.what);
    ids_.clear();
    Online();
    const uint64_t order = world_->Order({Rate(0, 5000), Rate(1, 6000)});
    way.go(*lac_->calls()[0]);
    EXPECT_TRUE(absl::IsNotFound(Outcome(order)));
    world_->RunFor(kLong);
    EXPECT_EQ(OnlineNow(), 1u);
    EXPECT_EQ(RateOf(1), 0u);
    EXPECT_EQ(world_->violation(), "");
  }
}

TEST_F(ServiceChangeTest, ATunnelThatClosesMeanwhileEndsTheOrderOnce) {
  settings_.dataplane = {.min_delay = Duration::Milliseconds(500),
                         .max_delay = Duration::Milliseconds(500)};
  Online();
  const uint64_t order = world_->Order({Rate(0, 5000), Rate(1, 6000)});
  lac_->Close({.result = 1}, world_->now());
  EXPECT_TRUE(absl::IsNotFound(Outcome(order)));
  world_->RunFor(Duration::Seconds(200));
  EXPECT_EQ(world_->Leftover(), "");
}

}  // namespace
}  // namespace lns::test
