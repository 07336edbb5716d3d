// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <set>

#include "controlplane/southbound/forwarding_client.h"
#include "lib/os/clock.h"
#include "tests/unit/controlplane/loop/fakes.h"
#include "tests/unit/controlplane/southbound/fake_forwarding.h"

namespace lns::controlplane {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

TunnelEntry TunnelOf(uint16_t id) {
  return {.local_id = l2tp::LocalTunnelId(id),
          .peer_id = l2tp::PeerTunnelId(static_cast<uint16_t>(id + 1000)),
          .endpoints = {{net::IpAddress::V4(0xc6336401), 1701},
                        {net::IpAddress::V4(0xc633640b), 1701}}};
}
SessionEntry SessionOf(uint16_t tunnel, uint16_t session) {
  return {.key = Key(tunnel, session), .peer_id = l2tp::PeerSessionId(session)};
}

class ForwardingClientTest : public ::testing::Test {
 protected:
  ForwardingClientTest() {
    settings.target = server.target();
    settings.local_addresses = {net::IpAddress::V4(0xc6336401)};
    settings.subscriber_prefixes = {*net::IpPrefix::Parse("100.64.0.0/16")};
  }
  ~ForwardingClientTest() override {
    client.reset();
    mailbox.Close();
  }
  void Connect() {
    client = std::make_unique<ForwardingClient>(
        settings, mailbox,
        [this](LogLevel, std::string_view text) {
          const std::lock_guard lock(log_mutex);
          log.emplace_back(text);
        },
        [this](const dataplane::v1::Info& info) { infos.push_back(info); });
    client->RemoveFirst(remove_first);
    client->ReportRemovals([this](std::vector<RemovedSession> batch) {
      const std::lock_guard lock(log_mutex);
      removed.insert(removed.end(), batch.begin(), batch.end());
    });
    client->Start();
  }
  // Runs the loop's side until `done`; fails after a bound no healthy run comes near.
  template <typename Done>
  void RunUntil(const char* what, Done done) {
    const Instant bound = MonotonicNow() + Duration::Seconds(20);
    while (!done()) {
      ASSERT_LT(MonotonicNow(), bound) << "still waiting for: " << what;
      pollfd entry{mailbox.wake_fd(), POLLIN, 0};
      poll(&entry, 1, 5);
      mailbox.ClearWake();
      mailbox.Drain(1000,
                    [&](Mailbox::Command& command) { command(engine, MonotonicNow(), actions); });
    }
  }
  void RunUntilRefilled() {
    RunUntil("a refill", [&] { return client->status().connected; });
  }
  void RunUntilSettled() {
    RunUntil("all updates answered", [&] { return client->Settled() && mailbox.Empty(); });
  }
  std::vector<RemovedSession> Removed() {
    const std::lock_guard lock(log_mutex);
    return removed;
  }
  std::vector<std::string> Log() {
    const std::lock_guard lock(log_mutex);
    return log;
  }
  uint64_t Counter(const std::string& name) const {
    for (const auto& [counter, value] : client->Counters()) {
      if (counter == name) return value;
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
  }

  FakeForwarding server;
  FakeEngine engine;
  EngineActions actions;
  Mailbox mailbox;
  ForwardingSettings settings;
  std::mutex log_mutex;
  std::vector<std::string> log;
  std::vector<dataplane::v1::Info> infos;
  std::vector<SessionKey> remove_first;
  std::vector<RemovedSession> removed;
  std::unique_ptr<ForwardingClient> client;
};

TEST_F(ForwardingClientTest, DrainingIsToldAtOnceAndAgainWithEachRefill) {
  server.Start();
  Connect();
  RunUntilRefilled();
  EXPECT_FALSE(server.state().draining);
  engine.drains = true;
  client->SetDraining(true);
  RunUntilSettled();
  EXPECT_TRUE(server.state().draining);
  server.Stop();
  RunUntil("the loss to be noticed", [&] { return !client->status().connected; });
  server.Start();
  RunUntilRefilled();
  EXPECT_TRUE(server.state().draining);
  engine.drains = false;
  client->SetDraining(false);
  RunUntilSettled();
  EXPECT_FALSE(server.state().draining);
}

TEST_F(ForwardingClientTest, FiltersPrecedeTheSessionsThatHaveThem) {
  const auto filter = [](net::FilterVerdict rest) {
    return std::make_shared<const net::Filter>(
        net::Filter{.name = "f",
                    .rules = {{.verdict = net::FilterVerdict::kRedirect,
                               .sources = {*net::IpPrefix::Parse("192.0.2.0/24")},
                               .protocol = 6,
                               .destination_ports = {{80, 81}},
                               .next_hops = {*net::IpAddress::Parse("203.0.113.1")}}},
                    .rest = rest});
  };
  engine.tunnels = {TunnelOf(1)};
  SessionEntry filtered = SessionOf(1, 5);
  filtered.uplink_filters = {"f"};
  filtered.downlink_filters = {"f", "f"};
  net::DscpPolicy marks;
  marks.outer.emplace().fill(10);
  filtered.dscp_policy = std::make_shared<const net::DscpPolicy>(marks);
  engine.sessions = {filtered};
  engine.filters = {filter(net::FilterVerdict::kDeny)};
  server.Start();
  Connect();
  RunUntilRefilled();
  const FakeForwarding::State state = server.state();
  ASSERT_THAT(state.sessions, SizeIs(1)) << "it came before its filter";
  const dataplane::v1::Session& session = state.sessions.begin()->second;
  EXPECT_EQ(session.downlink_filters_size(), 2);
  EXPECT_EQ(session.dscp_policy().outer(), std::string(64, 10));
  EXPECT_EQ(session.dscp_policy().uplink(), "");
  const dataplane::v1::Filter& told = state.filters.at("f");
  EXPECT_EQ(told.rest(), dataplane::v1::FILTER_VERDICT_DENY);
  ASSERT_EQ(told.rules_size(), 1);
  EXPECT_EQ(told.rules(0).verdict(), dataplane::v1::FILTER_VERDICT_REDIRECT);
  EXPECT_EQ(told.rules(0).sources(0).length(), 24u);
  EXPECT_EQ(told.rules(0).protocol(), 6u);
  EXPECT_EQ(told.rules(0).destination_ports(0).last(), 81u);
  EXPECT_EQ(told.rules(0).next_hops(0).octets().size(), 4u);
  client->ProgramFilter(filter(net::FilterVerdict::kPermit));
  RunUntilSettled();
  EXPECT_EQ(server.state().filters.at("f").rest(), dataplane::v1::FILTER_VERDICT_PERMIT);
  client->RemoveFilter("f");
  RunUntilSettled();
  EXPECT_TRUE(server.state().filters.empty());
}

TEST_F(ForwardingClientTest, FillsAnEmptyDataPlaneWithTheDesiredState) {
  engine.tunnels = {TunnelOf(1), TunnelOf(2)};
  engine.tunnels[1].aggregate = {.name = "lac", .downlink = MeterEntry{.rate_bps = 9'000'000}};
  SessionEntry online = SessionOf(2, 7);
  online.ipv4_open = true;
  online.prefixes = {*net::IpPrefix::Parse("100.64.0.2/32")};
  online.peer_mru = 1452;
  online.gateway = net::IpAddress::V4(0x64400001);
  online.clamp_mss = true;
  online.uplink_meter = {.rate_bps = 8'000'000, .burst_octets = 20'000};
  online.downlink_meter = {
      .rate_bps = 1, .burst_octets = 2, .peak_rate_bps = 3, .excess_octets = 4, .overhead = -5};
  online.downlink_shaper = {
      .rate_bps = 20'000, .burst_octets = 6, .queue_octets = 7, .overhead = -8};
  online.send_pfc = true;
  engine.sessions = {SessionOf(1, 5), online};
  server.Start();
  Connect();
  RunUntilRefilled();
  const FakeForwarding::State state = server.state();
  EXPECT_THAT(state.local_addresses, ElementsAre(std::string("\xc6\x33\x64\x01", 4)));
  EXPECT_THAT(state.prefixes, ElementsAre(std::string("\x64\x40\0\0", 4)));
  ASSERT_THAT(state.tunnels, SizeIs(2));
  EXPECT_EQ(state.tunnels.at(2).peer_tunnel_id(), 1002u);
  EXPECT_EQ(state.tunnels.at(2).endpoints().peer_port(), 1701u);
  EXPECT_FALSE(state.tunnels.at(1).has_aggregate());
  const dataplane::v1::Aggregate& aggregate = state.tunnels.at(2).aggregate();
  EXPECT_EQ(aggregate.name(), "lac");
  EXPECT_FALSE(aggregate.has_uplink());
  EXPECT_EQ(aggregate.downlink().rate_bps(), 9'000'000u);
  ASSERT_THAT(state.sessions, SizeIs(2));
  const dataplane::v1::Session& session = state.sessions.at({2, 7});
  EXPECT_TRUE(session.ipv4_open());
  EXPECT_FALSE(session.ipv6_open());
  EXPECT_TRUE(session.send_pfc());
  EXPECT_EQ(session.peer_mru(), 1452u);
  EXPECT_EQ(session.gateway().octets(), std::string("\x64\x40\x00\x01", 4));
  EXPECT_TRUE(session.clamp_mss());
  EXPECT_EQ(session.uplink_meter().rate_bps(), 8'000'000u);
  EXPECT_EQ(session.uplink_meter().burst_bytes(), 20'000u);
  EXPECT_EQ(session.uplink_meter().peak_rate_bps(), 0u);
  EXPECT_EQ(session.downlink_meter().rate_bps(), 1u);
  EXPECT_EQ(session.downlink_meter().burst_bytes(), 2u);
  EXPECT_EQ(session.downlink_meter().peak_rate_bps(), 3u);
  EXPECT_EQ(session.downlink_meter().peak_burst_bytes(), 4u);
  EXPECT_EQ(session.downlink_meter().overhead_bytes(), -5);
  EXPECT_EQ(session.downlink_shaper().rate_bps(), 20'000u);
  EXPECT_EQ(session.downlink_shaper().burst_bytes(), 6u);
  EXPECT_EQ(session.downlink_shaper().queue_bytes(), 7u);
  EXPECT_EQ(session.downlink_shaper().overhead_bytes(), -8);
  ASSERT_EQ(session.prefixes_size(), 1);
  EXPECT_EQ(session.prefixes(0).length(), 32u);
  EXPECT_EQ(state.syncs_ended, 1);
  EXPECT_THAT(engine.calls, IsEmpty()) << "a refill is nothing the engine must hear of";
  ASSERT_THAT(infos, SizeIs(1));
  EXPECT_EQ(infos[0].punt_socket(), server.punt_socket());
  EXPECT_EQ(client->status().generation, server.generation());
}

TEST_F(ForwardingClientTest, ConfirmsOnlyWhenAskedAndReportsEveryRefusal) {
  server.Start();
  Connect();
  RunUntilRefilled();
  server.Refuse({1, 3}, grpc::StatusCode::ALREADY_EXISTS);
  server.Refuse({1, 4}, grpc::StatusCode::RESOURCE_EXHAUSTED);
  client->ProgramTunnel(TunnelOf(1));
  client->ProgramSession(SessionOf(1, 1), true);
  client->ProgramSession(SessionOf(1, 2), false);
  client->ProgramSession(SessionOf(1, 3), false);
  client->ProgramSession(SessionOf(1, 4), true);
  RunUntilSettled();
  std::map<SessionKey, absl::StatusCode> outcomes;
  for (const auto& [key, status] : engine.programmed) outcomes[key] = status.code();
  EXPECT_EQ(engine.programmed.size(), 3u);
  EXPECT_EQ(outcomes.at(Key(1, 1)), absl::StatusCode::kOk);
  EXPECT_EQ(outcomes.at(Key(1, 3)), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(outcomes.at(Key(1, 4)), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Counter("southbound_updates_refused"), 2u);
}

TEST_F(ForwardingClientTest, KeepsTheOrderOfChanges) {
  server.Start();
  Connect();
  RunUntilRefilled();
  client->ProgramTunnel(TunnelOf(1));
  client->ProgramSession(SessionOf(1, 1), false);
  client->RemoveSession(Key(1, 1));
  client->ProgramSession(SessionOf(1, 2), false);
  SessionEntry changed = SessionOf(1, 2);
  changed.peer_mru = 1400;
  client->ProgramSession(changed, false);
  client->ProgramTunnel(TunnelOf(2));
  client->RemoveTunnel(l2tp::LocalTunnelId(2));
  RunUntilSettled();
  const FakeForwarding::State state = server.state();
  EXPECT_THAT(state.tunnels, SizeIs(1));
  ASSERT_THAT(state.sessions, SizeIs(1));
  EXPECT_EQ(state.sessions.at({1, 2}).peer_mru(), 1400u);
  EXPECT_THAT(engine.programmed, IsEmpty());
}

TEST_F(ForwardingClientTest, GathersChangesIntoBatchesUnderLoad) {
  server.Start();
  Connect();
  RunUntilRefilled();
  client->ProgramTunnel(TunnelOf(1));
  constexpr uint16_t kSessions = 20'000;
  for (uint16_t s = 1; s <= kSessions; ++s) client->ProgramSession(SessionOf(1, s), true);
  RunUntilSettled();
  EXPECT_THAT(engine.programmed, SizeIs(kSessions));
  const FakeForwarding::State state = server.state();
  EXPECT_THAT(state.sessions, SizeIs(kSessions));
  EXPECT_THAT(state.batch_sizes, Each(Le(ForwardingClient::kBatchSize)));
  EXPECT_THAT(state.batch_sizes, SizeIs(Le(kSessions / 50))) << "changes go out one by one";
}

TEST_F(ForwardingClientTest, ARestartedDataPlaneIsRefilledAndNoSessionDrops) {
  engine.tunnels = {TunnelOf(1)};
  constexpr uint16_t kSessions = 3000;
  for (uint16_t s = 1; s <= kSessions; ++s) engine.sessions.push_back(SessionOf(1, s));
  server.Start();
  Connect();
  RunUntilRefilled();
  const uint64_t before = server.generation();
  server.Stop();
  RunUntil("the loss to be noticed", [&] { return !client->status().connected; });
  server.Start();
  RunUntilRefilled();
  EXPECT_THAT(server.state().sessions, SizeIs(kSessions));
  EXPECT_NE(client->status().generation, before);
  EXPECT_EQ(client->status().generation, server.generation());
  EXPECT_THAT(engine.calls, IsEmpty());
  EXPECT_EQ(Counter("southbound_connections"), 2u);
  EXPECT_THAT(Log(), Contains(HasSubstr("the data plane has gone")));
}

TEST_F(ForwardingClientTest, WhatTheEngineDoesNotWantIsSwept) {
  engine.tunnels = {TunnelOf(1)};
  engine.sessions = {SessionOf(1, 1)};
  server.Start();
  dataplane::v1::Session left_over;
  left_over.mutable_key()->set_local_tunnel_id(1);
  left_over.mutable_key()->set_local_session_id(99);
  server.Preload(left_over);
  Connect();
  RunUntilRefilled();
  EXPECT_THAT(server.state().sessions, SizeIs(1));
  EXPECT_EQ(server.state().sessions.count({1, 1}), 1u);
  EXPECT_THAT(Log(), Contains(HasSubstr("swept 0 tunnels and 1 sessions")));
}

TEST_F(ForwardingClientTest, ChangesMadeDuringARefillFollowIt) {
  engine.tunnels = {TunnelOf(1)};
  engine.sessions = {SessionOf(1, 1)};
  server.Start(/*held_at_start=*/true);
  Connect();
  RunUntil("the last page", [&] { return engine.pages_read == 2; });
  client->RemoveSession(Key(1, 1));
  client->ProgramSession(SessionOf(1, 2), true);
  server.Hold(false);
  RunUntilRefilled();
  RunUntilSettled();
  EXPECT_THAT(server.state().sessions, SizeIs(1));
  EXPECT_EQ(server.state().sessions.count({1, 2}), 1u);
  ASSERT_THAT(engine.programmed, SizeIs(1));
  EXPECT_EQ(engine.programmed[0].first, Key(1, 2));
}

// The engine is asked for a page per turn of the loop, and goes on changing between two.
TEST_F(ForwardingClientTest, ChangesMadeBetweenTwoPagesOfARefillEndUpRight) {
  constexpr auto kPage = static_cast<uint16_t>(ForwardingClient::kPage);
  constexpr uint16_t kSessions = 3 * kPage;
  engine.tunnels = {TunnelOf(1)};
  for (uint16_t s = 1; s <= kSessions; ++s) engine.sessions.push_back(SessionOf(1, s));
  server.Start();
  Connect();
  RunUntil("the tunnels and a page of sessions", [&] { return engine.pages_read == 2; });

  const auto change = [&](uint16_t id) {  // from here on it is another
    SessionEntry& session = engine.sessions[id - 1u];
    session.peer_mru = 1400;
    session.revision = 5;
    client->ProgramSession(session, true);
  };
  change(1);              // its page was read
  change(kSessions - 1);  // its page will be
  client->ProgramTunnel(TunnelOf(2));
  engine.tunnels.push_back(TunnelOf(2));
  engine.sessions.push_back(SessionOf(2, 1));
  client->ProgramSession(SessionOf(2, 1), true);
  client->RemoveSession(Key(1, kSessions));  // before its page: that will not have it
  engine.sessions.erase(engine.sessions.begin() + kSessions - 1);
  client->RemoveSession(Key(1, 2));  // after its page

  RunUntilRefilled();
  RunUntilSettled();
  EXPECT_EQ(engine.pages_read, 4) << "one of tunnels, three of sessions";
  const FakeForwarding::State state = server.state();
  EXPECT_THAT(state.sessions, SizeIs(kSessions - 1));
  EXPECT_EQ(state.sessions.at({1, 1}).peer_mru(), 1400u);
  EXPECT_EQ(state.sessions.at({1, kSessions - 1}).peer_mru(), 1400u);
  EXPECT_EQ(state.sessions.count({1, 2}), 0u);
  EXPECT_EQ(state.sessions.count({1, kSessions}), 0u);
  EXPECT_EQ(state.sessions.count({2, 1}), 1u);
  std::set<SessionKey> confirmed;
  for (const auto& [key, status] : engine.programmed) {
    EXPECT_TRUE(status.ok()) << status;
    confirmed.insert(key);
  }
  EXPECT_EQ(confirmed, (std::set<SessionKey>{Key(1, 1), Key(1, kSessions - 1), Key(2, 1)}));
}

// Until every tunnel is in the queue a session's change would come before its tunnel.
TEST_F(ForwardingClientTest, ASessionChangedWhileTunnelsAreReadIsConfirmedByItsPage) {
  constexpr auto kPage = static_cast<uint16_t>(ForwardingClient::kPage);
  for (uint16_t t = 1; t <= kPage + 1; ++t) engine.tunnels.push_back(TunnelOf(t));
  engine.sessions = {SessionOf(kPage + 1, 1)};
  server.Start();
  Connect();
  RunUntil("a page of tunnels", [&] { return engine.pages_read == 1; });
  engine.sessions[0].revision = 3;
  client->ProgramSession(engine.sessions[0], true);
  RunUntilRefilled();
  RunUntil("the confirmation", [&] { return !engine.programmed.empty(); });
  ASSERT_THAT(engine.programmed, SizeIs(1));
  EXPECT_TRUE(engine.programmed[0].second.ok()) << engine.programmed[0].second;
  EXPECT_EQ(engine.programmed_revisions[0], 3);
  EXPECT_THAT(server.state().tunnels, SizeIs(kPage + 1));
}

TEST_F(ForwardingClientTest, ASessionProgrammedWhileAwayIsConfirmedByTheRefill) {
  Connect();
  client->ProgramTunnel(TunnelOf(1));
  client->ProgramSession(SessionOf(1, 1), true);
  client->ProgramSession(SessionOf(1, 2), true);
  client->RemoveSession(Key(1, 2));  // ended before anybody could be told
  engine.tunnels = {TunnelOf(1)};
  engine.sessions = {SessionOf(1, 1)};
  engine.sessions[0].revision = 7;  // changed again since
  EXPECT_TRUE(client->Settled());
  server.Start();
  RunUntilRefilled();
  RunUntil("the confirmation", [&] { return !engine.programmed.empty(); });
  ASSERT_THAT(engine.programmed, SizeIs(1));
  EXPECT_EQ(engine.programmed[0].first, Key(1, 1));
  EXPECT_TRUE(engine.programmed[0].second.ok());
  EXPECT_EQ(engine.programmed_revisions[0], 7);
}

// The fake counts as many packets as the session's id.
TEST_F(ForwardingClientTest, ARemovalIsReportedWithWhatTheSessionHadPassed) {
  server.Start();
  Connect();
  RunUntilRefilled();
  client->ProgramTunnel(TunnelOf(1));
  client->ProgramSession(SessionOf(1, 5), false);
  client->RemoveSession(Key(1, 5));
  client->RemoveSession(Key(1, 6));  // never was
  RunUntilSettled();
  const std::vector<RemovedSession> all = Removed();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].key, Key(1, 5));
  EXPECT_EQ(all[0].generation, server.generation());
  ASSERT_TRUE(all[0].traffic);
  EXPECT_EQ(all[0].traffic->uplink_packets, 5u);
  EXPECT_EQ(all[0].traffic->downlink_bytes, uint64_t{5} << 32);
  EXPECT_EQ(all[1].key, Key(1, 6));
  EXPECT_FALSE(all[1].traffic);
}

TEST_F(ForwardingClientTest, SessionsOfAnEarlierRunAreRemovedByNameNotSwept) {
  remove_first = {Key(3, 4), Key(3, 5)};
  server.Start();
  dataplane::v1::Session left;
  left.mutable_key()->set_local_tunnel_id(3);
  left.mutable_key()->set_local_session_id(4);
  server.Preload(left);
  Connect();
  RunUntilRefilled();
  RunUntil("both reports", [&] { return Removed().size() == 2; });
  for (const RemovedSession& session : Removed()) {
    EXPECT_EQ(session.traffic.has_value(), session.key == Key(3, 4));
  }
  EXPECT_THAT(server.state().sessions, IsEmpty());
}

TEST_F(ForwardingClientTest, ARemovalIsReportedOnceThoughTheDataPlaneWasAway) {
  engine.tunnels = {TunnelOf(1)};
  engine.sessions = {SessionOf(1, 1), SessionOf(1, 2), SessionOf(1, 3)};
  server.Start();
  Connect();
  RunUntilRefilled();
  server.Hold(true);
  client->RemoveSession(Key(1, 1));  // on its way, and never answered
  engine.sessions.erase(engine.sessions.begin());
  RunUntil("the request", [&] { return Counter("southbound_batches_sent") == 4; });
  server.Stop();
  RunUntil("the loss", [&] { return !client->status().connected; });
  client->RemoveSession(Key(1, 2));  // not even sent
  engine.sessions.erase(engine.sessions.begin());
  EXPECT_THAT(Removed(), IsEmpty());
  server.Start();
  RunUntilRefilled();
  RunUntil("both reports", [&] { return Removed().size() == 2; });
  EXPECT_THAT(server.state().sessions, SizeIs(1));
  for (const RemovedSession& session : Removed()) {
    EXPECT_FALSE(session.traffic) << "the new process never knew it";
    EXPECT_EQ(session.generation, server.generation());
  }
}

TEST_F(ForwardingClientTest, AConfirmationNamesTheRevisionItIsAbout) {
  server.Start();
  Connect();
  RunUntilRefilled();
  client->ProgramTunnel(TunnelOf(1));
  SessionEntry session = SessionOf(1, 1);
  for (uint16_t revision = 3; revision <= 4; ++revision) {
    session.revision = revision;
    client->ProgramSession(session, true);
  }
  RunUntil("both confirmations", [&] { return engine.programmed.size() == 2; });
  EXPECT_THAT(engine.programmed_revisions, ElementsAre(3, 4));
}

TEST_F(ForwardingClientTest, AnUnansweredSessionIsConfirmedByTheRefillAfterARestart) {
  server.Start();
  Connect();
  RunUntilRefilled();
  server.Hold(true);
  client->ProgramTunnel(TunnelOf(1));
  client->ProgramSession(SessionOf(1, 1), true);
  engine.tunnels = {TunnelOf(1)};
  engine.sessions = {SessionOf(1, 1)};
  server.Stop();
  server.Start();
  RunUntil("the confirmation", [&] { return !engine.programmed.empty(); });
  EXPECT_TRUE(engine.programmed[0].second.ok()) << engine.programmed[0].second;
  EXPECT_EQ(server.state().sessions.count({1, 1}), 1u);
}

TEST_F(ForwardingClientTest, ADataPlaneThatStaysAwayRefusesAfterTheBound) {
  settings.confirm_bound = Duration::Milliseconds(1);
  Connect();
  client->ProgramSession(SessionOf(1, 1), true);
  client->ProgramSession(SessionOf(1, 2), false);
  RunUntil("the refusal", [&] { return !engine.programmed.empty(); });
  ASSERT_THAT(engine.programmed, SizeIs(1));
  EXPECT_EQ(engine.programmed[0].first, Key(1, 1));
  EXPECT_EQ(engine.programmed[0].second.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Counter("southbound_confirms_timed_out"), 1u);
}

TEST_F(ForwardingClientTest, SaysOnceThatItWaits) {
  Connect();
  RunUntil("a few attempts", [&] { return !Log().empty(); });
  RunUntil("more attempts", [&, until = MonotonicNow() + Duration::Milliseconds(200)] {
    return MonotonicNow() > until;
  });
  const std::vector<std::string> said = Log();
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_THAT(said[0], AllOf(HasSubstr("waiting for the data plane"), HasSubstr(server.target())));
}

TEST_F(ForwardingClientTest, AHungDataPlaneIsLeftAndRefilledWhenItAnswersAgain) {
  settings.stall_timeout = Duration::Milliseconds(50);
  server.Start();
  Connect();
  RunUntilRefilled();
  server.Hold(true);
  engine.tunnels = {TunnelOf(1)};
  client->ProgramTunnel(TunnelOf(1));
  RunUntil("the stall to be noticed", [&] { return Counter("southbound_connections") >= 2; });
  server.Hold(false);
  RunUntilRefilled();
  EXPECT_THAT(server.state().tunnels, SizeIs(1));
  EXPECT_THAT(Log(), Contains(HasSubstr("does not answer updates")));
}

TEST_F(ForwardingClientTest, MoreChangesThanTheQueueHoldsAreMadeGoodByARefill) {
  settings.max_queued = 100;
  server.Start();
  Connect();
  RunUntilRefilled();
  server.Hold(true);
  client->ProgramTunnel(TunnelOf(1));
  engine.tunnels = {TunnelOf(1)};
  constexpr uint16_t kSessions = 9000;  // more than the window and the queue
  for (uint16_t s = 1; s <= kSessions; ++s) {
    engine.sessions.push_back(SessionOf(1, s));
    client->ProgramSession(SessionOf(1, s), s == kSessions);
  }
  RunUntil("the overflow", [&] { return Counter("southbound_queue_overflows") > 0; });
  server.Hold(false);
  RunUntil("the confirmation", [&] { return !engine.programmed.empty(); });
  EXPECT_EQ(engine.programmed[0].first, Key(1, kSessions));
  EXPECT_TRUE(engine.programmed[0].second.ok());
  EXPECT_THAT(server.state().sessions, SizeIs(kSessions));
}

TEST_F(ForwardingClientTest, StopsPromptlyWhileTheDataPlaneHangs) {
  engine.tunnels = {TunnelOf(1)};
  server.Start(/*held_at_start=*/true);
  Connect();
  RunUntil("the snapshot", [&] { return !client->Settled(); });
  const Instant started = MonotonicNow();
  client.reset();
  EXPECT_LT(MonotonicNow() - started, Duration::Seconds(2));
}

}  // namespace
}  // namespace lns::controlplane
