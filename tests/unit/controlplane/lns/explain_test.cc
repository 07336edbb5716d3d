// The stories of tunnels and sessions: what an operator reads of one that lives, and why another
// fell, without a secret and within the memory allowed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/controlplane/world.h"

#include "absl/strings/str_join.h"

namespace lns::test {
namespace {

using CallState = FakeLac::CallState;
using controlplane::Explanation;

constexpr Duration kSoon = Duration::Seconds(5);

std::string TextOf(const Explanation& story) {
  std::vector<std::string> lines;
  for (const auto& event : EventsOf(story.trail)) {
    lines.push_back(std::string(controlplane::ArrowOf(event.kind)) + " " + event.text);
  }
  return absl::StrJoin(lines, "\n");
}

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() { settings_.engine.trails.session_bytes = 4096; }
  FakeLac& Start() {
    world_ = std::make_unique<World>(settings_);
    FakeLac& lac = world_->AddLac(secret_);
    lac.Open(world_->now());
    world_->RunUntil([&] { return lac.established() || lac.closed(); }, kSoon);
    return lac;
  }
  FakeLac::Call& Dial(FakeLac& lac, const char* user, const char* password) {
    return lac.Place({.user_name = user, .password = password}, {}, world_->now());
  }
  std::vector<Explanation> Ended(const char* user) {
    return world_->engine().Ended(
        [&](const Explanation& story) { return story.user_name == user; });
  }
  // Where in `text` the words come, one after the other.
  void ExpectInOrder(const std::string& text, const std::vector<const char*>& words) {
    size_t at = 0;
    for (const char* word : words) {
      const size_t found = text.find(word, at);
      ASSERT_NE(found, std::string::npos) << word << " in\n" << text;
      at = found + 1;
    }
  }

  std::string secret_;
  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
};

TEST_F(ExplainTest, ASessionThatLivesTellsItsWholeSetUp) {
  FakeLac& lac = Start();
  Dial(lac, "alice", "secret");
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->engine().Counts().sessions_online == 1; }, kSoon));
  const auto story = world_->engine().Explain(world_->engine().Sessions()[0].key);
  ASSERT_TRUE(story.has_value());
  EXPECT_EQ(story->user_name, "alice");
  EXPECT_EQ(story->state, "online");
  EXPECT_EQ(story->profile, "default");
  ExpectInOrder(TextOf(*story), {">> ICRQ", "-- call admitted", "-- the data plane has the session",
                                 "<< ICRP", ">> ICCN", "-- LCP starts", "-- LCP opened",
                                 "-- AAA asked about alice", "-- user accepted with 100.64.0.2",
                                 "-- the data plane is asked to open", "-- online with"});
}

TEST_F(ExplainTest, ATunnelTellsItsOwnMessagesOnly) {
  FakeLac& lac = Start();
  Dial(lac, "alice", "secret");
  world_->RunFor(Duration::Seconds(1));
  const auto story = world_->engine().Explain(world_->engine().Tunnels()[0].local_id);
  ASSERT_TRUE(story.has_value());
  const std::string text = TextOf(*story);
  ExpectInOrder(text, {">> SCCRQ", "-- admitted as peer any", "<< SCCRP", ">> SCCCN",
                       "-- tunnel established"});
  EXPECT_EQ(text.find("ICRQ"), std::string::npos) << text;
}

TEST_F(ExplainTest, WhyASessionFellIsKeptAfterItIsGone) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac, "alice", "a guess nobody made");
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kEnded; }, kSoon));
  const auto stories = Ended("alice");
  ASSERT_EQ(stories.size(), 1u);
  ASSERT_TRUE(stories[0].ending.has_value());
  EXPECT_EQ(stories[0].ending->reason, "authentication failed");
  ASSERT_TRUE(stories[0].ending->sent_cause.has_value());
  EXPECT_EQ(stories[0].ending->sent_cause->code, 16);
  ASSERT_TRUE(call.ppp_cause.has_value());
  EXPECT_EQ(call.ppp_cause->code, 16);
  ExpectInOrder(TextOf(stories[0]),
                {"-- user refused: wrong password", "<< CDN", "-- closed: authentication failed"});
}

TEST_F(ExplainTest, TheLacsCauseIsShown) {
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac, "alice", "secret");
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
  world_->RunFor(Duration::Milliseconds(100));
  lac.Hangup(call, world_->now());
  world_->RunFor(Duration::Seconds(1));
  const auto stories = Ended("alice");
  ASSERT_EQ(stories.size(), 1u);
  EXPECT_NE(stories[0].ending->reason.find("call disconnected by the LAC"), std::string::npos);
  ExpectInOrder(TextOf(stories[0]), {">> CDN", "-- closed:"});
}

// Neither kept nor shown: the raw bytes are searched.
TEST_F(ExplainTest, NoPasswordAndNoSecretIsKept) {
  secret_ = "tunnel secret";
  settings_.engine.peers[0].tunnel.secret = secret_;
  settings_.engine.ppp.auth = {ppp::AuthProtocol::kPap};
  settings_.users[0].password = "opensesame";
  FakeLac& lac = Start();
  FakeLac::Call& call = lac.Place(
      {.user_name = "alice", .password = "opensesame"},
      {.proxy_authen_type = 3,
       .proxy_authen_name = "alice",
       .proxy_authen_id = 1,
       .proxy_authen_response = Bytes({'o', 'p', 'e', 'n', 's', 'e', 's', 'a', 'm', 'e'})},
      world_->now());
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
  std::vector<Explanation> stories = {
      *world_->engine().Explain(world_->engine().Sessions()[0].key),
      *world_->engine().Explain(world_->engine().Tunnels()[0].local_id)};
  size_t events = 0;
  for (const Explanation& story : stories) {
    story.trail.ForEach([&](controlplane::TrailKind, Instant, ByteView bytes) {
      ++events;
      for (const char* word : {"opensesame", "tunnel secret"}) {
        EXPECT_EQ(AsText(bytes).find(word), std::string_view::npos);
      }
    });
    EXPECT_EQ(TextOf(story).find("opensesame"), std::string::npos);
  }
  EXPECT_GT(events, 15u);
}

TEST_F(ExplainTest, NothingIsKeptWhereNothingIsAllowed) {
  settings_.engine.trails = {.session_bytes = 0, .tunnel_bytes = 0, .ended = 0};
  FakeLac& lac = Start();
  FakeLac::Call& call = Dial(lac, "alice", "secret");
  ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
  EXPECT_TRUE(world_->engine().Explain(world_->engine().Sessions()[0].key)->trail.empty());
  EXPECT_TRUE(world_->engine().Explain(world_->engine().Tunnels()[0].local_id)->trail.empty());
  lac.Hangup(call, world_->now());
  world_->RunFor(kSoon);
  EXPECT_TRUE(Ended("alice").empty());
}

TEST_F(ExplainTest, PastTheTotalEachKeepsTheFloor) {
  settings_.engine.trails.total_bytes = 1000;
  FakeLac& lac = Start();
  for (int i = 0; i < 10; ++i) {
    FakeLac::Call& call = Dial(lac, "alice", "secret");
    ASSERT_TRUE(world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon));
  }
  size_t held = 0;
  for (const auto& session : world_->engine().Sessions()) {
    held += world_->engine().Explain(session.key)->trail.capacity();
  }
  // What was there before the total was reached, the one that reached it, and the floors.
  EXPECT_LE(held, 1000u + 4096u + 10u * controlplane::TrailSettings::kFloorBytes);
}

TEST_F(ExplainTest, EndedStoriesAreBounded) {
  settings_.engine.trails.ended = 3;
  FakeLac& lac = Start();
  for (int i = 0; i < 8; ++i) {
    FakeLac::Call& call = Dial(lac, "alice", "secret");
    world_->RunUntil([&] { return call.state == CallState::kOnline; }, kSoon);
    lac.Hangup(call, world_->now());
    world_->RunFor(Duration::Seconds(1));
  }
  const auto stories = Ended("alice");
  ASSERT_EQ(stories.size(), 3u);
  EXPECT_GT(stories[0].ending->at, stories[1].ending->at);  // the newest first
}

}  // namespace
}  // namespace lns::test
