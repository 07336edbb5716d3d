// What accounting is told of calls: one start, one end with the right cause, and who it was.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using controlplane::CloseCause;
using controlplane::SessionFacts;
using controlplane::TerminateCause;
using CallState = FakeLac::CallState;

constexpr Duration kSoon = Duration::Seconds(5);
constexpr Duration kLong = Duration::Seconds(200);

class AccountingTest : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(world_->violation(), ""); }
  FakeLac::Call& Online() {
    world_ = std::make_unique<World>(settings_);
    lac_ = &world_->AddLac();
    lac_->Open(world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return lac_->established(); }, kSoon));
    FakeLac::Call& call =
        lac_->Place({.user_name = "alice", .password = "secret"},
                    {.call_serial_number = 77, .called_number = "0800", .calling_number = "555"},
                    world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return accounts().open() == 1; }, kSoon));
    return call;
  }
  const Accounts& accounts() const { return world_->accounts(); }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
  FakeLac* lac_ = nullptr;
};

TEST_F(AccountingTest, TheStartSaysWhoItIs) {
  Online();
  const SessionFacts& facts = accounts().last();
  const auto sessions = world_->engine().Sessions();
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(facts.key, sessions[0].key);
  EXPECT_EQ(facts.user_name, "alice");
  EXPECT_EQ(facts.ipv4_address, sessions[0].ipv4_address);
  EXPECT_EQ(facts.call.calling_number, "555");
  EXPECT_EQ(facts.call.called_number, "0800");
  EXPECT_EQ(facts.call.serial_number, 77u);
  EXPECT_EQ(facts.call.tunnel.peer, sessions[0].peer);
  EXPECT_EQ(controlplane::AccountingId::Parse(facts.call.accounting_id), facts.id);
}

TEST_F(AccountingTest, EveryWayToEndHasItsCause) {
  struct Way {
    const char* what;
    TerminateCause cause;
    std::function<void(FakeLac::Call& call)> go;
  };
  const auto terminate = [this](CloseCause cause) {
    return [this, cause](FakeLac::Call&) {
      world_->Call([&](auto& engine, auto& out) {
        EXPECT_TRUE(engine.TerminateSession(accounts().last().id, cause, world_->now(), out));
      });
    };
  };
  const Way ways[] = {
      {"the subscriber hangs up", TerminateCause::kUserRequest,
       [&](FakeLac::Call& call) { lac_->Terminate(call, world_->now()); }},
      {"the LAC hangs up", TerminateCause::kLostCarrier,
       [&](FakeLac::Call& call) { lac_->Hangup(call, world_->now()); }},
      {"the subscriber falls silent", TerminateCause::kLostCarrier,
       [&](FakeLac::Call& call) { call.link.reset(); }},
      {"the LAC closes its tunnel", TerminateCause::kLostCarrier,
       [&](FakeLac::Call&) { lac_->Close({.result = 1}, world_->now()); }},
      {"the operator clears it", TerminateCause::kAdminReset,
       [&](FakeLac::Call&) {
         world_->Call([&](auto& engine, auto& out) {
           EXPECT_TRUE(engine.ClearSession(accounts().last().key, world_->now(), out).ok());
         });
       }},
      {"its time is over", TerminateCause::kSessionTimeout, terminate(CloseCause::kSessionTimeout)},
      {"it was idle", TerminateCause::kIdleTimeout, terminate(CloseCause::kIdleTimeout)},
      {"its volume is used up", TerminateCause::kNasRequest, terminate(CloseCause::kQuotaReached)},
      {"AAA disconnects it", TerminateCause::kAdminReset,
       terminate(CloseCause::kDisconnectRequest)},
      {"the process stops", TerminateCause::kAdminReboot,
       [&](FakeLac::Call&) {
         world_->Call([&](auto& engine, auto& out) { engine.Shutdown(world_->now(), out); });
       }},
  };
  for (const Way& way : ways) {
    SCOPED_TRACE(way.what);
    FakeLac::Call& call = Online();
    way.go(call);
    ASSERT_TRUE(world_->RunUntil([&] { return accounts().open() == 0; }, kLong));
    EXPECT_EQ(accounts().ended(), 1u);
    EXPECT_EQ(accounts().last_cause(), way.cause);
    EXPECT_EQ(world_->violation(), "");
  }
}

TEST_F(AccountingTest, TheSubscriberAndTheLacAreToldWhyALimitEndsTheCall) {
  FakeLac::Call& call = Online();
  world_->Call([&](auto& engine, auto& out) {
    EXPECT_TRUE(engine.TerminateSession(accounts().last().id, CloseCause::kIdleTimeout,
                                        world_->now(), out));
  });
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kEnded; }, kLong));
  EXPECT_EQ(call.closed->result, 3);
  const auto stories = world_->engine().Ended([](const auto& story) { return story.is_session(); });
  ASSERT_FALSE(stories.empty());
  ASSERT_TRUE(stories[0].ending->sent_cause);
  EXPECT_EQ(stories[0].ending->sent_cause->code, 3);       // LCP Terminate-Request sent ...
  EXPECT_EQ(stories[0].ending->sent_cause->direction, 2);  // ... by the LNS
}

TEST_F(AccountingTest, AnIdOfAnEarlierHolderOfTheSlotEndsNobody) {
  FakeLac::Call& first = Online();
  const controlplane::AccountingId old = accounts().last().id;
  lac_->Hangup(first, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return accounts().open() == 0; }, kSoon));
  lac_->Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return accounts().open() == 1; }, kSoon));
  EXPECT_EQ(accounts().last().id.slot, old.slot) << "else this tests nothing";
  world_->Call([&](auto& engine, auto& out) {
    EXPECT_FALSE(engine.TerminateSession(old, CloseCause::kOperator, world_->now(), out));
  });
  world_->RunFor(kSoon);
  EXPECT_EQ(accounts().open(), 1u);
}

TEST_F(AccountingTest, ACallThatNeverCameOnlineIsNotAccountedFor) {
  Online();
  FakeLac::Call& refused =
      lac_->Place({.user_name = "alice", .password = "wrong"}, {}, world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return refused.state == CallState::kEnded; }, kLong));
  EXPECT_EQ(accounts().open(), 1u);
  EXPECT_EQ(accounts().ended(), 0u);
}

}  // namespace
}  // namespace lns::test
