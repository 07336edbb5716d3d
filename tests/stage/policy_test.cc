// Filters and DSCP policies over time: changed under traffic, counted, listed, refused, swept; and
// batches in which every session has another.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/tables/dscp_book.h"
#include "dataplane/tables/filter_book.h"
#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::SessionConfig;
using net::Filter;
using net::FilterVerdict;

Filter Everything(const std::string& name, FilterVerdict rest) {
  return {.name = name, .rest = rest};
}
Filter DenyPort(const std::string& name, uint16_t port) {
  return {.name = name,
          .rules = {{.verdict = FilterVerdict::kDeny,
                     .protocol = 17,
                     .destination_ports = {{port, port}}}},
          .rest = FilterVerdict::kPermit};
}

class PolicyTest : public testing::Test {
 protected:
  explicit PolicyTest(const Rig::Options& options = {}) : rig_(options) {}

  SessionConfig Config(uint16_t tunnel, uint16_t session) {
    const dataplane::SessionKey key{l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(session)};
    return rig_.writer().Sessions({{key}}).at(0);
  }
  absl::Status Give(uint16_t tunnel, uint16_t session, std::vector<std::string> uplink,
                    std::vector<std::string> downlink = {}) {
    SessionConfig config = Config(tunnel, session);
    config.uplink_filters = std::move(uplink);
    config.downlink_filters = std::move(downlink);
    return rig_.writer().UpsertSession(config);
  }
  void Send(uint16_t tunnel, uint16_t session, std::string_view source, uint16_t port) {
    const bool nine = tunnel == 9;
    rig_.Receive(kAccess, Packet()
                              .Ethernet(kAccessMac, kLacMac)
                              .Ipv4(nine ? "198.51.100.12" : kLac, kLns)
                              .Udp(nine ? 40000 : 1701, 1701)
                              .L2tp(tunnel, session)
                              .Ppp(0x0021)
                              .Ipv4(source, kHost)
                              .Udp(5000, port)
                              .Payload(8)
                              .Build());
  }
  void SendFrom100(uint16_t port) { Send(7, 100, "100.64.0.2", port); }
  size_t Passed() {
    rig_.Poll();
    return rig_.TakeSent(kCore).size();
  }
  uint64_t Denied() { return rig_.Drops(DropReason::kFilterDenied); }
  dataplane::FilterStatus StatusOf(const std::string& name) {
    return rig_.writer().Filters(name).at(0);
  }

  Rig rig_;
};

TEST_F(PolicyTest, AChangeIsForTheNextPacketOfEverySessionThatHasIt) {
  Must(rig_.writer().UpsertFilter(DenyPort("f", 1)));
  Must(Give(7, 100, {"f"}));
  Must(Give(9, 300, {"f"}));
  const auto offer = [&] {
    SendFrom100(1);
    SendFrom100(2);
    Send(9, 300, "100.64.0.9", 1);
    Send(9, 300, "100.64.0.9", 2);
    return Passed();
  };
  EXPECT_EQ(offer(), 2u);
  EXPECT_EQ(Denied(), 2u);
  Must(rig_.writer().UpsertFilter(Everything("f", FilterVerdict::kPermit)));
  EXPECT_EQ(offer(), 4u);
  Must(rig_.writer().UpsertFilter(Everything("f", FilterVerdict::kDeny)));
  EXPECT_EQ(offer(), 0u);
  EXPECT_EQ(Denied(), 6u);
  EXPECT_EQ(rig_.writer().session_count(), 8u) << "nobody was dropped for it";
  Must(Give(7, 100, {}));
  EXPECT_EQ(offer(), 2u);
}

// A thousand changes use up neither filters nor memory: what was before is freed when workers have
// turned.
TEST_F(PolicyTest, WhatWasBeforeIsFreed) {
  constexpr int kChanges = 2 * static_cast<int>(dataplane::FilterBook::kSlots);
  for (int i = 0; i < kChanges; ++i) {
    const auto port = static_cast<uint16_t>(i % 2 + 1);
    Filter filter = DenyPort("f", port);
    filter.rules.push_back(
        {.verdict = FilterVerdict::kRedirect,
         .next_hops = {net::IpAddress::V4(0x0a000000u + static_cast<uint32_t>(i))}});
    Must(rig_.writer().UpsertFilter(filter));
    if (i == 0) Must(Give(7, 100, {"f"}));
    if (i % 64 != 0) continue;
    SendFrom100(port);
    EXPECT_EQ(Passed(), 0u);
  }
  for (int i = 0; i < kChanges; ++i) {
    const std::string name = "g" + std::to_string(i);
    Must(rig_.writer().UpsertFilter(Everything(name, FilterVerdict::kPermit)));
    Must(rig_.writer().RemoveFilter(name));
    rig_.Poll();
  }
  EXPECT_EQ(rig_.writer().Filters("").size(), 1u);
}

TEST_F(PolicyTest, RulesAndTheRestAreCountedUntilTheFilterChanges) {
  Filter filter = DenyPort("f", 1);
  filter.rules.push_back({.verdict = FilterVerdict::kPermit, .protocol = 17});
  Must(rig_.writer().UpsertFilter(filter));
  Must(Give(7, 100, {"f"}, {"f"}));
  SendFrom100(1);
  SendFrom100(1);
  SendFrom100(2);
  EXPECT_EQ(Passed(), 1u);
  rig_.Receive(kCore, Packet()
                          .Ethernet(kCoreMac, kHostMac)
                          .Ipv4(kHost, "100.64.0.2")
                          .Protocol(47)
                          .Payload(30)
                          .Build());
  EXPECT_EQ(Passed(), 0u);
  EXPECT_EQ(rig_.TakeSent(kAccess).size(), 1u);
  dataplane::FilterStatus status = StatusOf("f");
  ASSERT_EQ(status.counts.size(), 3u);
  EXPECT_EQ(status.counts[0].packets, 2u);
  EXPECT_EQ(status.counts[0].bytes, 2u * 36);
  EXPECT_EQ(status.counts[1].packets, 1u);
  EXPECT_EQ(status.counts[2].packets, 1u);
  EXPECT_EQ(status.counts[2].bytes, 50u);
  EXPECT_EQ(status.sessions, 2u) << "in both directions of one session";
  EXPECT_EQ(status.filter, filter);
  // The same once more, as a refill brings it.
  Must(rig_.writer().UpsertFilter(filter));
  EXPECT_EQ(StatusOf("f").counts[0].packets, 2u);
  Must(rig_.writer().UpsertFilter(DenyPort("f", 1)));
  EXPECT_EQ(StatusOf("f").counts[0].packets, 0u);
}

TEST_F(PolicyTest, ABatchMayHoldAnotherFilterForEverySession) {
  Must(rig_.writer().UpsertFilter(DenyPort("one", 1)));
  Must(rig_.writer().UpsertFilter(DenyPort("two", 2)));
  Must(Give(7, 100, {"one"}));
  Must(Give(9, 300, {"two", "one"}));
  for (int i = 0; i < 4; ++i) {
    for (const uint16_t port : {uint16_t{1}, uint16_t{2}, uint16_t{3}}) {
      SendFrom100(port);
      Send(7, 102, "100.64.0.4", port);
      Send(9, 300, "100.64.0.9", port);
    }
  }
  rig_.Poll();
  std::vector<std::pair<std::string, int>> passed;
  for (const Bytes& frame : rig_.TakeSent(kCore)) {
    passed.emplace_back(net::IpAddress::V4(LoadBe32(frame.data() + 26)).ToString(),
                        LoadBe16(frame.data() + 36));
  }
  std::vector<std::pair<std::string, int>> expected;
  for (int i = 0; i < 4; ++i) {
    expected.insert(expected.end(), {{"100.64.0.4", 1},
                                     {"100.64.0.2", 2},
                                     {"100.64.0.4", 2},
                                     {"100.64.0.2", 3},
                                     {"100.64.0.4", 3},
                                     {"100.64.0.9", 3}});
  }
  // Of each session in the order in which they came; one without filters may overtake others.
  for (auto* packets : {&passed, &expected}) {
    std::stable_sort(packets->begin(), packets->end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  EXPECT_EQ(passed, expected);
  EXPECT_EQ(Denied(), 12u);
}

TEST_F(PolicyTest, AnUnknownNameIsRefusedAndLeavesTheSessionAsItWas) {
  Must(rig_.writer().UpsertFilter(DenyPort("f", 1)));
  Must(Give(7, 100, {"f"}));
  for (const auto& names : {std::vector<std::string>{"g"}, {"f", "g"}, {"f", "f", "f", "f", "f"}}) {
    EXPECT_EQ(Give(7, 100, names).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Give(7, 100, {}, names).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Config(7, 100).uplink_filters, std::vector<std::string>{"f"});
  SendFrom100(1);
  EXPECT_EQ(Passed(), 0u);
  EXPECT_EQ(StatusOf("f").sessions, 1u);
}

TEST_F(PolicyTest, AFilterGoesWhenNoSessionHasIt) {
  Must(rig_.writer().UpsertFilter(DenyPort("f", 1)));
  Must(Give(7, 100, {"f"}));
  const absl::Status refused = rig_.writer().RemoveFilter("f");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  Must(rig_.writer().RemoveSession(Config(7, 100).key));
  Must(rig_.writer().RemoveFilter("f"));
  Must(rig_.writer().RemoveFilter("f"));
  EXPECT_TRUE(rig_.writer().Filters("").empty());
}

TEST_F(PolicyTest, ASyncSweepsFiltersThatWereNotNamedAgain) {
  Must(rig_.writer().UpsertFilter(DenyPort("kept", 1)));
  Must(rig_.writer().UpsertFilter(DenyPort("swept", 1)));
  Must(rig_.writer().UpsertFilter(DenyPort("in-use", 1)));
  Must(Give(7, 100, {"in-use"}));
  const SessionConfig session = Config(7, 100);
  const dataplane::TunnelConfig tunnel = rig_.writer().Tunnels().at(0);
  rig_.writer().BeginSync();
  Must(rig_.writer().UpsertFilter(DenyPort("kept", 1)));
  Must(rig_.writer().UpsertTunnel(tunnel));
  Must(rig_.writer().UpsertSession(session));
  ASSERT_TRUE(rig_.writer().EndSync().ok());
  std::vector<std::string> names;
  for (const auto& status : rig_.writer().Filters("")) names.push_back(status.filter.name);
  EXPECT_EQ(names, (std::vector<std::string>{"in-use", "kept"}));
}

class FragmentingPolicyTest : public PolicyTest {
 protected:
  FragmentingPolicyTest() : PolicyTest({.answers = true}) {}
};

TEST_F(FragmentingPolicyTest, WhatIsSentInFragmentsIsFilteredWhole) {
  // In 1500 octets, of which the first fragment alone would name the port.
  Must(rig_.writer().UpsertFilter(DenyPort("f", 1)));
  SessionConfig session = Config(7, 100);
  session.peer_mru = 600;
  session.downlink_filters = {"f"};
  Must(rig_.writer().UpsertSession(session));
  const auto offer = [&](uint16_t port) {
    rig_.Receive(kCore, Packet()
                            .Ethernet(kCoreMac, kHostMac)
                            .Ipv4(kHost, "100.64.0.2")
                            .Udp(5000, port)
                            .Payload(1400)
                            .Build());
    rig_.Poll();
    return rig_.TakeSent(kAccess).size();
  };
  EXPECT_EQ(offer(1), 0u);
  EXPECT_EQ(Denied(), 1u);
  EXPECT_EQ(offer(2), 3u);
}

TEST_F(PolicyTest, ADscpPolicyIsListedAsItWasGivenAndSharedByAllThatHaveTheSame) {
  net::DscpMap zero{};
  SessionConfig session = Config(7, 100);
  session.dscp_policy = net::DscpPolicy{.uplink = zero};
  Must(rig_.writer().UpsertSession(session));
  EXPECT_EQ(Config(7, 100).dscp_policy, session.dscp_policy);
  SessionConfig other = Config(9, 300);
  other.dscp_policy = session.dscp_policy;
  Must(rig_.writer().UpsertSession(other));
  const dataplane::Tables& tables = rig_.state().tables();
  const auto profile_of = [&](uint16_t tunnel, uint16_t id) {
    const uint32_t slot = tables.sessions->Find(dataplane::SessionKeyWord(tunnel, id));
    return tables.extras[tables.downlink[slot].extras.load()].dscp_profile;
  };
  EXPECT_EQ(profile_of(7, 100), profile_of(9, 300));
  // More changes than there are profiles.
  for (uint32_t i = 0; i < 2 * dataplane::DscpBook::kProfiles; ++i) {
    net::DscpMap map{};
    map[i % 64] = static_cast<uint8_t>(1 + i / 64);
    session.dscp_policy = net::DscpPolicy{.downlink = map};
    Must(rig_.writer().UpsertSession(session));
    rig_.Poll();
  }
  session.dscp_policy.reset();
  Must(rig_.writer().UpsertSession(session));
  EXPECT_FALSE(Config(7, 100).dscp_policy.has_value());
  EXPECT_TRUE(Config(9, 300).dscp_policy.has_value());
}

class TwoWorkersPolicyTest : public PolicyTest {
 protected:
  TwoWorkersPolicyTest() : PolicyTest({.workers = 2}) {}
};

TEST_F(TwoWorkersPolicyTest, EachWorkerCountsForItself) {
  Must(rig_.writer().UpsertFilter(DenyPort("f", 1)));
  for (const uint16_t id : {uint16_t{100}, uint16_t{102}}) Must(Give(7, id, {"f"}));
  Must(Give(9, 300, {"f"}));
  for (int i = 0; i < 10; ++i) {
    SendFrom100(1);
    Send(7, 102, "100.64.0.4", 1);
    Send(9, 300, "100.64.0.9", 1);
  }
  EXPECT_EQ(Passed(), 0u);
  EXPECT_EQ(StatusOf("f").counts[0].packets, 30u);
}

}  // namespace
}  // namespace lns::test
