// Filters and DSCP policies of sessions: who gets which, what is refused, and changes while calls
// are up.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "controlplane/lns/policies.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using controlplane::CloseCause;
using controlplane::EngineActions;
using controlplane::FilterPtr;
using controlplane::Policies;
using controlplane::PolicySettings;
using controlplane::ServiceProfile;
using controlplane::SessionEntry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using CallState = FakeLac::CallState;

FilterPtr Make(const std::string& name, net::FilterVerdict rest = net::FilterVerdict::kDeny) {
  return std::make_shared<const net::Filter>(net::Filter{.name = name, .rest = rest});
}
PolicySettings Some() {
  return {.filters = {Make("a"), Make("b"), Make("garden")},
          .dscp_policies = {{"gold", std::make_shared<const net::DscpPolicy>()},
                            {"plain", std::make_shared<const net::DscpPolicy>()}}};
}

TEST(Policies, SuffixesSayTheDirection) {
  const PolicySettings settings = Some();
  const Policies policies(settings);
  SessionEntry entry;
  policies.AppendTo({.filters = {"a.out", "b", "a.in", "b.out"}}, entry);
  EXPECT_THAT(entry.uplink_filters, ElementsAre("b", "a"));
  EXPECT_THAT(entry.downlink_filters, ElementsAre("a", "b"));
}

TEST(Policies, WhoIsGivenNothingGetsWhatTheConfigurationSays) {
  PolicySettings settings = Some();
  settings.session_filters = {"a.in", "a.out"};
  settings.session_dscp_policy = "plain";
  const Policies policies(settings);
  SessionEntry entry;
  policies.AppendTo({}, entry);
  EXPECT_THAT(entry.uplink_filters, ElementsAre("a"));
  EXPECT_THAT(entry.downlink_filters, ElementsAre("a"));
  EXPECT_EQ(entry.dscp_policy, settings.dscp_policies["plain"]);
  SessionEntry other;
  policies.AppendTo({.filters = {"b"}, .dscp_policy = "gold"}, other);
  EXPECT_THAT(other.uplink_filters, ElementsAre("b"));
  EXPECT_THAT(other.downlink_filters, IsEmpty());
  EXPECT_EQ(other.dscp_policy, settings.dscp_policies["gold"]);
}

TEST(Policies, ARedirectUrlPutsTheRedirectFilterInFront) {
  PolicySettings settings = Some();
  settings.redirect_filter = "garden";
  const Policies policies(settings);
  SessionEntry entry;
  policies.AppendTo({.filters = {"a"}, .redirect_url = "http://portal.example/"}, entry);
  EXPECT_THAT(entry.uplink_filters, ElementsAre("garden", "a"));
  SessionEntry paid;
  policies.AppendTo({.filters = {"a"}}, paid);
  EXPECT_THAT(paid.uplink_filters, ElementsAre("a"));
}

TEST(Policies, WhatIsNotThereIsRefusedOrLeftOut) {
  PolicySettings settings = Some();
  const ServiceProfile service{.filters = {"a", "nowhere.out"}, .dscp_policy = "none"};
  EXPECT_EQ(Policies(settings).Check(service), CloseCause::kUnknownPolicy);
  EXPECT_EQ(Policies(settings).Check({.filters = {"a.out"}}), CloseCause::kNone);
  EXPECT_EQ(Policies(settings).Check({.dscp_policy = "none"}), CloseCause::kUnknownPolicy);
  settings.ignore_unknown = true;
  const Policies policies(settings);
  EXPECT_EQ(policies.Check(service), CloseCause::kNone);
  SessionEntry entry;
  policies.AppendTo(service, entry);
  EXPECT_THAT(entry.uplink_filters, ElementsAre("a"));
  EXPECT_THAT(entry.downlink_filters, IsEmpty());
  EXPECT_EQ(entry.dscp_policy, nullptr);
}

TEST(Policies, FourInEachDirectionAreTheMost) {
  PolicySettings settings = Some();
  const Policies policies(settings);
  const std::vector<std::string> four = {"a", "b", "a", "b", "a.out", "b.out", "a.out", "b.out"};
  EXPECT_EQ(policies.Check({.filters = four}), CloseCause::kNone);
  auto five = four;
  five.push_back("a");
  EXPECT_EQ(policies.Check({.filters = five}), CloseCause::kTooManyFilters);
  settings.redirect_filter = "garden";
  EXPECT_EQ(policies.Check({.filters = four, .redirect_url = "http://x/"}),
            CloseCause::kTooManyFilters);
}

class PolicyCalls : public testing::Test {
 protected:
  void Start() {
    settings_.engine.policies.filters = {Make("a"), Make("b")};
    world_ = std::make_unique<World>(settings_);
    lac_ = &world_->AddLac();
    lac_->Open(world_->now());
    ASSERT_TRUE(world_->RunUntil([&] { return lac_->established(); }, Duration::Seconds(5)));
  }
  FakeLac::Call& Dial() {
    FakeLac::Call& call =
        lac_->Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
    world_->RunFor(Duration::Seconds(2));
    return call;
  }
  absl::Status Set(const FilterPtr& filter) {
    absl::Status status;
    world_->Call([&](controlplane::Engine& engine, EngineActions& out) {
      status = engine.SetFilter(filter, world_->now(), out);
      const bool told = std::any_of(out.begin(), out.end(), [&](const auto& action) {
        const auto* program = std::get_if<controlplane::ProgramFilter>(&action);
        return program != nullptr && program->filter == filter;
      });
      EXPECT_EQ(told, status.ok());
    });
    return status;
  }
  absl::Status Remove(const std::string& name) {
    absl::Status status;
    world_->Call([&](controlplane::Engine& engine, EngineActions& out) {
      status = engine.RemoveFilter(name, world_->now(), out);
    });
    return status;
  }
  void TearDown() override { EXPECT_EQ(world_->violation(), ""); }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
  FakeLac* lac_ = nullptr;
};

TEST_F(PolicyCalls, ASessionsEntryNamesItsFilters) {
  settings_.users[0].service.filters = {"a", "b.out"};
  Start();
  ASSERT_EQ(Dial().state, CallState::kOnline);
  const SessionEntry& entry = world_->dataplane().sessions().begin()->second;
  EXPECT_THAT(entry.uplink_filters, ElementsAre("a"));
  EXPECT_THAT(entry.downlink_filters, ElementsAre("b"));
  const auto view = world_->engine().FindSession(entry.key);
  ASSERT_TRUE(view.has_value());
  EXPECT_THAT(view->uplink_filters, ElementsAre("a"));
  EXPECT_THAT(view->downlink_filters, ElementsAre("b"));
}

TEST_F(PolicyCalls, AnUnknownFilterEndsTheCallByName) {
  settings_.users[0].service.filters = {"nowhere"};
  Start();
  const auto& call = Dial();
  EXPECT_EQ(call.state, CallState::kEnded);
  EXPECT_EQ(world_->Counter("lns.session-closed.unknown-policy"), 1u);
}

TEST_F(PolicyCalls, FiltersAreSetAndRemovedWhileCallsAreUp) {
  settings_.users[0].service.filters = {"new"};
  Start();
  EXPECT_EQ(Dial().state, CallState::kEnded);
  EXPECT_TRUE(Set(Make("new")).ok());
  ASSERT_EQ(Dial().state, CallState::kOnline);
  const absl::Status refused = Remove("new");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("has filter new"));
  EXPECT_TRUE(Remove("a").ok());
  EXPECT_EQ(Remove("a").code(), absl::StatusCode::kNotFound);
  std::vector<std::string> names;
  for (const FilterPtr& filter : world_->engine().Filters()) names.push_back(filter->name);
  EXPECT_THAT(names, ElementsAre("b", "new"));
}

TEST_F(PolicyCalls, WhatTheConfigurationNamesIsNotRemoved) {
  settings_.engine.policies.session_filters = {"a.out"};
  settings_.engine.policies.redirect_filter = "b";
  Start();
  EXPECT_EQ(Remove("a").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Remove("b").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PolicyCalls, WhatIsNoFilterIsNotSet) {
  Start();
  EXPECT_EQ(Set(Make("bad name")).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lns::test
