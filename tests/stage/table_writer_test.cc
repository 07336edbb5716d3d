// The table writer's answers, what its lists say, and what a lookup finds after each change.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

// "vrf 1: " before what is not of the main VRF.
template <typename Value>
std::string Text(VrfIndex vrf, const Value& value) {
  return (vrf == kMainVrf ? "" : "vrf " + std::to_string(vrf) + ": ") + value.ToString();
}

// Remembers what it was told; fails on demand.
class FakeSteering final : public AddressSteering {
 public:
  absl::Status AddLocalAddress(const VrfAddress& address) override {
    if (broken) return absl::UnavailableError("map is full");
    entries.insert(Text(address.vrf, address.address));
    return absl::OkStatus();
  }
  absl::Status RemoveLocalAddress(const VrfAddress& address) override {
    entries.erase(Text(address.vrf, address.address));
    return absl::OkStatus();
  }
  absl::Status AddSubscriberPrefix(const VrfPrefix& prefix) override {
    if (broken) return absl::UnavailableError("map is full");
    entries.insert(Text(prefix.vrf, prefix.prefix));
    return absl::OkStatus();
  }
  absl::Status RemoveSubscriberPrefix(const VrfPrefix& prefix) override {
    entries.erase(Text(prefix.vrf, prefix.prefix));
    return absl::OkStatus();
  }
  std::set<std::string> entries;
  bool broken = false;
};

class TableWriterTest : public testing::Test {
 protected:
  TableWriterTest() {
    ForwardingConfig config;
    config.limits = {.max_tunnels = 2, .max_sessions = 4, .max_routes = 4, .max_neighbours = 2};
    config.workers = 1;
    config.ports = {{{2, 0, 0, 0, 0, 1}, 1500}, {{2, 0, 0, 0, 0, 2}, 1500}};
    config.steering = &steering_;
    config.journal = &journal_;
    auto state = MakeForwardingState(config);
    EXPECT_TRUE(state.ok()) << state.status().message();
    state_ = *std::move(state);
  }

  static TunnelConfig Tunnel(uint16_t id) {
    TunnelConfig tunnel;
    tunnel.local_id = l2tp::LocalTunnelId(id);
    tunnel.peer_id = l2tp::PeerTunnelId(70);
    tunnel.endpoints = {{Address("198.51.100.1"), 1701}, {Address("198.51.100.11"), 1701}};
    return tunnel;
  }
  static SessionConfig Session(uint16_t tunnel, uint16_t id, std::vector<const char*> prefixes) {
    SessionConfig session;
    session.key = {l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(id)};
    session.peer_id = l2tp::PeerSessionId(1000);
    for (const char* prefix : prefixes) session.prefixes.push_back(Prefix(prefix));
    return session;
  }
  static RouteConfig Route(const char* prefix, const char* via, uint16_t port,
                           Origin origin = Origin::kApi) {
    RouteConfig route{.prefix = Prefix(prefix), .port = port, .origin = origin};
    if (via != nullptr) route.next_hop = Address(via);
    return route;
  }
  static NeighbourConfig Neighbour(const char* address, uint16_t port, uint8_t last,
                                   Origin origin = Origin::kApi) {
    return {
        .address = Address(address), .port = port, .mac = {2, 0, 0, 0, 9, last}, .origin = origin};
  }

  TableWriter& writer() { return state_->writer(); }
  std::vector<SessionConfig> Sessions() { return writer().Sessions(writer().SessionKeys()); }
  std::vector<SessionCounts> Counters() { return writer().SessionCounters(writer().SessionKeys()); }
  uint32_t Fib(const char* address) {
    const net::IpAddress parsed = Address(address);
    return state_->tables().fib->Lookup(kMainVrf, parsed.family(), parsed.raw().data());
  }
  uint32_t Subscriber(const char* address) {
    const net::IpAddress parsed = Address(address);
    return state_->tables().subscribers->Find(kMainVrf, parsed.family(), parsed.raw().data());
  }
  uint32_t SessionIndex(uint16_t tunnel, uint16_t session) {
    return state_->tables().sessions->Find(SessionKeyWord(tunnel, session));
  }
  // As a worker does.
  void Count(uint32_t slot, uint64_t uplink_packets, uint64_t downlink_bytes) {
    state_->tables().uplink[slot].packets.Add(uplink_packets);
    state_->tables().downlink[slot].bytes.Add(downlink_bytes);
  }
  // Last byte of the MAC address a packet to here would get; -1: no adjacency, 0: unresolved.
  int MacTo(const char* address) {
    const uint32_t to = Fib(address);
    if (to < kFibAdjacency) return -1;
    const uint64_t word = state_->tables().adjacencies[to - kFibAdjacency].destination.load();
    return static_cast<int>(word >> 40 & 0xff);
  }
  static absl::StatusCode Code(const absl::Status& status) { return status.code(); }

  FakeSteering steering_;
  SubscriberJournal journal_;
  std::unique_ptr<ForwardingState> state_;
};

TEST_F(TableWriterTest, RefusesTunnelsThatCannotBe) {
  TunnelConfig tunnel = Tunnel(0);
  EXPECT_EQ(Code(writer().UpsertTunnel(tunnel)), kInvalid);
  tunnel = Tunnel(7);
  tunnel.peer_id = l2tp::PeerTunnelId(0);
  EXPECT_EQ(Code(writer().UpsertTunnel(tunnel)), kInvalid);
  tunnel = Tunnel(7);
  tunnel.endpoints.peer.address = Address("2001:db8::1");
  EXPECT_EQ(Code(writer().UpsertTunnel(tunnel)), kInvalid);
  tunnel.endpoints.local.address = Address("2001:db8::2");
  tunnel.udp_checksum_off = true;
  EXPECT_EQ(Code(writer().UpsertTunnel(tunnel)), kInvalid);
  tunnel = Tunnel(7);
  tunnel.endpoints.peer.port = 0;
  EXPECT_EQ(Code(writer().UpsertTunnel(tunnel)), kInvalid);
  tunnel = Tunnel(7);
  tunnel.dscp = 64;
  EXPECT_EQ(Code(writer().UpsertTunnel(tunnel)), kInvalid);
  tunnel = Tunnel(7);
  tunnel.outer_path.mtu = 575;
  EXPECT_EQ(Code(writer().UpsertTunnel(tunnel)), kInvalid);
  EXPECT_TRUE(writer().Tunnels().empty());
}

TEST_F(TableWriterTest, RefusesSessionsThatCannotBe) {
  EXPECT_EQ(Code(writer().UpsertSession(Session(7, 1, {}))), absl::StatusCode::kNotFound);
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  EXPECT_EQ(Code(writer().UpsertSession(Session(7, 0, {}))), kInvalid);
  SessionConfig session = Session(7, 1, {});
  session.peer_id = l2tp::PeerSessionId(0);
  EXPECT_EQ(Code(writer().UpsertSession(session)), kInvalid);
  session = Session(7, 1, {});
  session.prefixes.push_back({Address("10.0.0.1"), 8});
  EXPECT_EQ(Code(writer().UpsertSession(session)), kInvalid);
  session.prefixes = {net::IpPrefix{}};
  EXPECT_EQ(Code(writer().UpsertSession(session)), kInvalid);
  EXPECT_TRUE(Sessions().empty());
}

TEST_F(TableWriterTest, FullTablesSaySoAndTakeAgainAfterARemoval) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(8)).ok());
  EXPECT_EQ(Code(writer().UpsertTunnel(Tunnel(9))), absl::StatusCode::kResourceExhausted);
  for (uint16_t id = 1; id <= 4; ++id) ASSERT_TRUE(writer().UpsertSession(Session(7, id, {})).ok());
  EXPECT_EQ(Code(writer().UpsertSession(Session(7, 5, {}))), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(writer().RemoveSession(Session(7, 1, {}).key).ok());
  EXPECT_TRUE(writer().UpsertSession(Session(7, 5, {})).ok());
  ASSERT_TRUE(writer().RemoveTunnel(l2tp::LocalTunnelId(8)).ok());
  EXPECT_TRUE(writer().UpsertTunnel(Tunnel(9)).ok());
}

TEST_F(TableWriterTest, APrefixHasOneSession) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32", "2001:db8::/56"})).ok());
  EXPECT_EQ(Code(writer().UpsertSession(Session(7, 2, {"100.64.0.2/32", "100.64.0.1/32"}))),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Subscriber("100.64.0.2"), kNotFound) << "nothing of a refused session stays";
  EXPECT_EQ(SessionIndex(7, 2), kNotFound);
  EXPECT_EQ(Code(writer().UpsertSession(Session(7, 2, {"2001:db8::/56"}))),
            absl::StatusCode::kAlreadyExists);
  // Again with the same prefix: the same session.
  EXPECT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32"})).ok());
  EXPECT_EQ(Subscriber("2001:db8::1"), kNotFound) << "given up";
  EXPECT_TRUE(writer().UpsertSession(Session(7, 2, {"2001:db8::/56"})).ok());
  EXPECT_EQ(Subscriber("2001:db8::1"), SessionIndex(7, 2));
}

TEST_F(TableWriterTest, ATunnelTakesItsSessionsAlong) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(8)).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32"})).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(8, 1, {"100.64.0.2/32"})).ok());
  ASSERT_TRUE(writer().RemoveTunnel(l2tp::LocalTunnelId(7)).ok());
  EXPECT_EQ(SessionIndex(7, 1), kNotFound);
  EXPECT_EQ(Subscriber("100.64.0.1"), kNotFound);
  EXPECT_NE(SessionIndex(8, 1), kNotFound);
  EXPECT_EQ(state_->tables().tunnel_by_id[7].load(), kNotFound);
  EXPECT_EQ(writer().Tunnels().size(), 1u);
  EXPECT_EQ(Sessions().size(), 1u);
  EXPECT_TRUE(writer().RemoveTunnel(l2tp::LocalTunnelId(7)).ok()) << "not there: no error";
}

TEST_F(TableWriterTest, AChangedTunnelRepointsItsSessions) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {})).ok());
  TunnelConfig moved = Tunnel(7);
  moved.endpoints.peer.port = 5000;
  moved.peer_id = l2tp::PeerTunnelId(71);
  ASSERT_TRUE(writer().UpsertTunnel(moved).ok());
  const Tables& tables = state_->tables();
  const uint32_t session = SessionIndex(7, 1);
  const uint32_t tunnel = tables.tunnel_by_id[7].load();
  EXPECT_EQ(tables.uplink[session].tunnel.load(), tunnel);
  EXPECT_EQ(tables.downlink[session].tunnel.load(), tunnel);
  EXPECT_EQ(tables.downlink[session].peer_ids.load(), SessionKeyWord(71, 1000));
  EXPECT_EQ(tables.tunnels[tunnel].ports, 5000u << 16 | 1701);
}

TEST_F(TableWriterTest, ARetiredSlotWaitsForEveryWorker) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  for (uint16_t id = 1; id <= 4; ++id) ASSERT_TRUE(writer().UpsertSession(Session(7, id, {})).ok());
  state_->quiescence().Online(0);
  ASSERT_TRUE(writer().RemoveSession(Session(7, 1, {}).key).ok());
  // The worker may still hold the removed session's index.
  EXPECT_EQ(Code(writer().UpsertSession(Session(7, 5, {}))), absl::StatusCode::kResourceExhausted);
  state_->quiescence().Report(0);
  EXPECT_TRUE(writer().UpsertSession(Session(7, 5, {})).ok());
  state_->quiescence().Offline(0);
}

// The writer keeps no copy of a session: what it lists must be what the tables hold.
TEST_F(TableWriterTest, ASessionIsListedAsItWasProgrammed) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().AddSubscriberPrefix(Prefix("100.64.0.0/10")).ok());
  const auto listed = [&](const SessionConfig& session) {
    EXPECT_TRUE(writer().UpsertSession(session).ok());
    const std::vector<SessionConfig> all = Sessions();
    if (all.size() != 1) return std::string("not one session");
    const SessionConfig& back = all[0];
    EXPECT_EQ(back.key, session.key);
    EXPECT_EQ(back.peer_id, session.peer_id);
    EXPECT_EQ(back.ipv4_open, session.ipv4_open);
    EXPECT_EQ(back.ipv6_open, session.ipv6_open);
    EXPECT_EQ(back.peer_mru, session.peer_mru);
    EXPECT_EQ(back.send_pfc, session.send_pfc);
    EXPECT_EQ(back.send_acfc, session.send_acfc);
    std::string prefixes;
    for (const net::IpPrefix& prefix : back.prefixes) {
      prefixes += prefix.ToString() + " ";
      EXPECT_EQ(state_->tables().subscribers->Exact(prefix), SessionIndex(7, 1));
    }
    return prefixes;
  };
  EXPECT_EQ(listed(Session(7, 1, {})), "");
  EXPECT_EQ(listed(Session(7, 1, {"100.64.0.1/32"})), "100.64.0.1/32 ");
  EXPECT_EQ(listed(Session(7, 1, {"2001:db8::/56"})), "2001:db8::/56 ");
  EXPECT_EQ(listed(Session(7, 1, {"2001:db8::/56", "100.64.0.1/32"})),
            "100.64.0.1/32 2001:db8::/56 ");
  EXPECT_EQ(listed(Session(7, 1, {"100.64.0.2/32", "2001:db8:1::/56"})),
            "100.64.0.2/32 2001:db8:1::/56 ");
  EXPECT_EQ(listed(Session(7, 1, {"100.64.0.2/32", "100.64.0.3/32"})),
            "100.64.0.2/32 100.64.0.3/32 ");
  EXPECT_EQ(listed(Session(7, 1, {"0.0.0.0/32", "2001:db8::/56", "10.0.0.0/8", "100.64.0.3/32"})),
            "0.0.0.0/32 2001:db8::/56 10.0.0.0/8 100.64.0.3/32 ");
  EXPECT_EQ(listed(Session(7, 1, {"10.0.0.0/8"})), "10.0.0.0/8 ");
  EXPECT_EQ(Subscriber("100.64.0.1"), kNotFound);
  EXPECT_EQ(Subscriber("2001:db8::1"), kNotFound);
  SessionConfig session = Session(7, 1, {"100.64.0.1/32"});
  session.peer_id = l2tp::PeerSessionId(77);
  session.ipv6_open = session.send_acfc = true;
  session.peer_mru = 1492;
  EXPECT_EQ(listed(session), "100.64.0.1/32 ");
  session.ipv6_open = session.send_acfc = false;
  session.ipv4_open = session.send_pfc = true;
  EXPECT_EQ(listed(session), "100.64.0.1/32 ");
  ASSERT_TRUE(writer().RemoveSession(session.key).ok());
  EXPECT_TRUE(Sessions().empty());
  EXPECT_EQ(writer().session_count(), 0u);
}

TEST_F(TableWriterTest, KeysAreListedInOrderAndTheGoneAreLeftOut) {
  for (const uint16_t id : std::array<uint16_t, 2>{8, 7}) {
    ASSERT_TRUE(writer().UpsertTunnel(Tunnel(id)).ok());
  }
  for (const uint16_t id : std::array<uint16_t, 2>{9, 2}) {
    ASSERT_TRUE(writer().UpsertSession(Session(8, id, {})).ok());
    ASSERT_TRUE(writer().UpsertSession(Session(7, id, {})).ok());
  }
  EXPECT_EQ(writer().session_count(), 4u);
  const std::vector<SessionKey> keys = writer().SessionKeys();
  EXPECT_EQ(keys, (std::vector<SessionKey>{Session(7, 2, {}).key, Session(7, 9, {}).key,
                                           Session(8, 2, {}).key, Session(8, 9, {}).key}));
  ASSERT_TRUE(writer().RemoveSession(keys[1]).ok());
  ASSERT_EQ(writer().Sessions(keys).size(), 3u);
  EXPECT_EQ(writer().Sessions(keys)[1].key, keys[2]);
  EXPECT_EQ(writer().SessionCounters(keys).size(), 3u);
}

TEST_F(TableWriterTest, PrefixesOutsideEverySubscriberPrefixAreBounded) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().AddSubscriberPrefix(Prefix("2001:db8::/32")).ok());
  EXPECT_TRUE(writer()
                  .UpsertSession(Session(7, 1,
                                         {"192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32",
                                          "192.0.2.4/32", "2001:db8:1::/48"}))
                  .ok());
  EXPECT_EQ(Code(writer().UpsertSession(Session(7, 2, {"192.0.2.5/32"}))),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(writer().UpsertSession(Session(7, 2, {"2001:db8:2::/48"})).ok());
  EXPECT_TRUE(writer().UpsertSession(Session(7, 1, {"192.0.2.1/32"})).ok());
  EXPECT_TRUE(writer().UpsertSession(Session(7, 2, {"192.0.2.5/32"})).ok());
}

TEST_F(TableWriterTest, ARemovedSessionHasALastWordEvenIfItsSlotIsTakenAgain) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  for (uint16_t id = 1; id <= 4; ++id) {
    ASSERT_TRUE(writer().UpsertSession(Session(7, id, {})).ok());
    Count(SessionIndex(7, id), id, uint64_t{id} << 33);
  }
  ASSERT_TRUE(writer().RemoveSession(Session(7, 1, {}).key).ok());
  ASSERT_TRUE(writer().RemoveSession(Session(7, 2, {}).key).ok());
  ASSERT_TRUE(writer().RemoveSession(Session(7, 99, {}).key).ok());  // never was
  // The tables are full, so both slots change hands before anybody asks.
  ASSERT_TRUE(writer().UpsertSession(Session(7, 5, {})).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 6, {})).ok());
  const std::vector<SessionCounts> last = writer().TakeLastCounts();
  ASSERT_EQ(last.size(), 2u);
  uint64_t packets = 0;
  for (const SessionCounts& counts : last) {
    const uint16_t id = counts.key.session.value();
    EXPECT_EQ(counts.uplink_packets, id);
    EXPECT_EQ(counts.downlink_bytes, uint64_t{id} << 33);
    packets += counts.uplink_packets;
  }
  EXPECT_EQ(packets, 3u);
  EXPECT_TRUE(writer().TakeLastCounts().empty());
}

TEST_F(TableWriterTest, WhatAWorkerStillCountsBelongsToTheLastWord) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {})).ok());
  const uint32_t slot = SessionIndex(7, 1);
  state_->quiescence().Online(0);
  state_->quiescence().Report(0);
  ASSERT_TRUE(writer().RemoveSession(Session(7, 1, {}).key).ok());
  Count(slot, 7, 0);  // it looked the session up before the removal
  state_->quiescence().Report(0);
  const std::vector<SessionCounts> last = writer().TakeLastCounts();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].uplink_packets, 7u);
  state_->quiescence().Offline(0);
}

TEST_F(TableWriterTest, CountersStartAtZeroInAReusedSlot) {
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {})).ok());
  state_->tables().uplink[SessionIndex(7, 1)].packets.Add(9);
  ASSERT_EQ(Counters()[0].uplink_packets, 9u);
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32"})).ok());
  EXPECT_EQ(Counters()[0].uplink_packets, 9u) << "a change keeps them";
  for (uint16_t id = 2; id <= 10; ++id) {
    ASSERT_TRUE(writer().RemoveSession(Session(7, static_cast<uint16_t>(id - 1), {}).key).ok());
    ASSERT_TRUE(writer().UpsertSession(Session(7, id, {})).ok());
    EXPECT_EQ(Counters()[0].uplink_packets, 0u);
  }
}

TEST_F(TableWriterTest, RoutesAreCheckedAndBounded) {
  EXPECT_EQ(Code(writer().UpsertRoute(Route("10.0.0.0/8", nullptr, 2))),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(writer().UpsertRoute(Route("10.0.0.0/8", "2001:db8::1", 0))), kInvalid);
  RouteConfig host_bits = Route("10.0.0.0/8", nullptr, 0);
  host_bits.prefix.address = Address("10.0.0.1");
  EXPECT_EQ(Code(writer().UpsertRoute(host_bits)), kInvalid);
  for (const char* prefix : {"10.0.0.0/8", "11.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"}) {
    ASSERT_TRUE(writer().UpsertRoute(Route(prefix, nullptr, 0)).ok()) << prefix;
  }
  EXPECT_EQ(Code(writer().UpsertRoute(Route("12.0.0.0/8", nullptr, 0))),
            absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(writer().RemoveRoute(Prefix("11.0.0.0/8"), Origin::kApi).ok());
  EXPECT_TRUE(writer().UpsertRoute(Route("12.0.0.0/8", nullptr, 0)).ok());
  EXPECT_EQ(writer().Routes().size(), 4u);
}

TEST_F(TableWriterTest, RoutesOfTheSamePathsShareAGroup) {
  const auto multipath = [](const char* prefix, uint16_t weight) {
    RouteConfig route = Route(prefix, "192.0.2.1", 0);
    route.more_paths.push_back({Address("192.0.2.2"), 1, weight});
    return route;
  };
  ASSERT_TRUE(writer().UpsertRoute(multipath("10.0.0.0/8", 1)).ok());
  ASSERT_TRUE(writer().UpsertRoute(multipath("11.0.0.0/8", 1)).ok());
  ASSERT_TRUE(writer().UpsertRoute(multipath("12.0.0.0/8", 3)).ok());
  ASSERT_GE(Fib("10.1.1.1"), kFibGroup);
  EXPECT_EQ(Fib("10.1.1.1"), Fib("11.1.1.1"));
  EXPECT_NE(Fib("10.1.1.1"), Fib("12.1.1.1")) << "other shares";
  const NextHopGroup& group = state_->tables().groups[Fib("12.1.1.1") - kFibGroup];
  std::map<uint32_t, int> places;
  for (const uint32_t adjacency : group.adjacency) {
    ++places[state_->tables().adjacencies[adjacency].port];
  }
  EXPECT_EQ(places, (std::map<uint32_t, int>{{0, 8}, {1, 24}}));
  EXPECT_EQ(writer().TakeUnresolved().size(), 2u) << "every gateway is asked for";
  // A neighbour that is a gateway of many is kept until the last of them is gone.
  for (const char* prefix : {"10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"}) {
    ASSERT_TRUE(writer().RemoveRoute(Prefix(prefix), Origin::kApi).ok());
    EXPECT_EQ(Fib(prefix == std::string("10.0.0.0/8") ? "10.1.1.1" : "9.9.9.9"), kFibNoRoute);
  }
  // There is room for four neighbours: had one been left behind, this would not fit.
  for (const char* via : {"192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14"}) {
    ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/8", via, 0)).ok()) << via;
  }
}

TEST_F(TableWriterTest, PathsAreCheckedAndGivenBackWhenOneDoesNotFit) {
  RouteConfig route = Route("10.0.0.0/8", "192.0.2.1", 0);
  route.more_paths.push_back({Address("192.0.2.2"), 7, 1});
  EXPECT_EQ(Code(writer().UpsertRoute(route)), absl::StatusCode::kNotFound);
  route.more_paths[0] = {Address("2001:db8::1"), 1, 1};
  EXPECT_EQ(Code(writer().UpsertRoute(route)), kInvalid);
  route.more_paths[0] = {Address("192.0.2.2"), 1, 0};
  EXPECT_EQ(Code(writer().UpsertRoute(route)), kInvalid);
  route.more_paths.assign(32, {Address("192.0.2.2"), 1, 1});
  EXPECT_EQ(Code(writer().UpsertRoute(route)), kInvalid) << "33 paths";
  // Four adjacencies are free: the fifth gateway has none.
  route.more_paths.clear();
  for (const char* via : {"192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}) {
    route.more_paths.push_back({Address(via), 1, 1});
  }
  EXPECT_EQ(Code(writer().UpsertRoute(route)), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Fib("10.1.1.1"), kFibNoRoute);
  state_->quiescence().Wait(state_->quiescence().StartGracePeriod());
  route.more_paths.pop_back();
  EXPECT_TRUE(writer().UpsertRoute(route).ok());
}

TEST_F(TableWriterTest, JournalSaysWhereSubscribersAre) {
  using Kind = SubscriberChange::Kind;
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().AddSubscriberPrefix(Prefix("100.64.0.0/16")).ok());
  ASSERT_TRUE(writer().AddSubscriberPrefix(Prefix("100.64.0.0/16")).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32", "192.0.2.0/24"})).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32"})).ok());
  writer().SetDraining(true);
  ASSERT_TRUE(writer().RemoveTunnel(l2tp::LocalTunnelId(7)).ok());
  writer().BeginSync();
  ASSERT_TRUE(writer().EndSync().ok());
  std::string said;
  for (const SubscriberChange& change : journal_.Take()) {
    said += change.is_present ? "+" : "-";
    switch (change.kind) {
      case Kind::kPool:
        said += "pool " + change.prefix.prefix.ToString();
        break;
      case Kind::kSession:
        said += "session " + change.prefix.prefix.ToString();
        break;
      case Kind::kDraining:
        said += "draining";
        break;
      case Kind::kSynced:
        said += "synced";
        break;
    }
    said += "\n";
  }
  EXPECT_EQ(said,
            "+pool 100.64.0.0/16\n+session 100.64.0.1/32\n+session 192.0.2.0/24\n"
            "-session 192.0.2.0/24\n+draining\n-session 100.64.0.1/32\n"
            "-pool 100.64.0.0/16\n+synced\n");
  EXPECT_TRUE(journal_.Take().empty());
}

TEST_F(TableWriterTest, TheApisRouteHoldsBeforeTheKernels) {
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/8", nullptr, 0, Origin::kKernel)).ok());
  const uint32_t kernels = Fib("10.1.1.1");
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/8", nullptr, 1)).ok());
  EXPECT_NE(Fib("10.1.1.1"), kernels);
  EXPECT_EQ(writer().Routes().size(), 2u);
  ASSERT_TRUE(writer().RemoveRoute(Prefix("10.0.0.0/8"), Origin::kApi).ok());
  EXPECT_EQ(Fib("10.1.1.1"), kernels);
  ASSERT_TRUE(writer().RemoveRoute(Prefix("10.0.0.0/8"), Origin::kKernel).ok());
  EXPECT_EQ(Fib("10.1.1.1"), kFibNoRoute);
}

TEST_F(TableWriterTest, ANeighbourIsReachedOnItsConnectedRouteOnly) {
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("10.0.0.5", 0, 5)).ok());
  EXPECT_EQ(MacTo("10.0.0.5"), -1) << "no route leads there";
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/24", nullptr, 1)).ok());
  EXPECT_EQ(MacTo("10.0.0.5"), 0) << "connected on another port";
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/24", nullptr, 0)).ok());
  EXPECT_EQ(MacTo("10.0.0.5"), 5);
  EXPECT_EQ(MacTo("10.0.0.6"), 0);
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.4/30", "10.0.0.9", 0)).ok());
  EXPECT_EQ(MacTo("10.0.0.5"), 0) << "a longer route leads elsewhere";
  ASSERT_TRUE(writer().RemoveRoute(Prefix("10.0.0.4/30"), Origin::kApi).ok());
  EXPECT_EQ(MacTo("10.0.0.5"), 5);
  ASSERT_TRUE(writer().RemoveRoute(Prefix("10.0.0.0/24"), Origin::kApi).ok());
  EXPECT_EQ(MacTo("10.0.0.5"), -1);
}

TEST_F(TableWriterTest, ANewMacTakesEffectOnEveryRouteViaIt) {
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/8", "192.0.2.1", 0)).ok());
  ASSERT_TRUE(writer().UpsertRoute(Route("2001:db8::/32", "fe80::1", 1)).ok());
  ASSERT_TRUE(writer().UpsertRoute(Route("0.0.0.0/0", "192.0.2.1", 0)).ok());
  EXPECT_EQ(MacTo("10.1.1.1"), 0);
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("192.0.2.1", 0, 1)).ok());
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("fe80::1", 1, 6)).ok());
  EXPECT_EQ(MacTo("10.1.1.1"), 1);
  EXPECT_EQ(MacTo("8.8.8.8"), 1);
  EXPECT_EQ(MacTo("2001:db8::9"), 6);
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("192.0.2.1", 0, 2)).ok());
  EXPECT_EQ(MacTo("10.1.1.1"), 2);
  ASSERT_TRUE(writer().RemoveNeighbour(Address("192.0.2.1"), 0).ok());
  EXPECT_EQ(MacTo("10.1.1.1"), 0);
}

TEST_F(TableWriterTest, NeighboursAreCheckedBoundedAndTheOperatorsStay) {
  EXPECT_EQ(Code(writer().UpsertNeighbour(Neighbour("10.0.0.5", 7, 5))),
            absl::StatusCode::kNotFound);
  NeighbourConfig group = Neighbour("10.0.0.5", 0, 5);
  group.mac[0] = 1;
  EXPECT_EQ(Code(writer().UpsertNeighbour(group)), kInvalid);
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("10.0.0.5", 0, 5)).ok());
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("10.0.0.6", 0, 6)).ok());
  EXPECT_EQ(Code(writer().UpsertNeighbour(Neighbour("10.0.0.7", 0, 7))),
            absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("10.0.0.5", 0, 9, Origin::kKernel)).ok());
  EXPECT_EQ(writer().Neighbours()[0].mac[5], 5);
}

TEST_F(TableWriterTest, OurAddressesAndSubscribersAreToldToTheSteering) {
  ASSERT_TRUE(writer().AddLocalAddress(Address("198.51.100.1")).ok());
  ASSERT_TRUE(writer().AddSubscriberPrefix(Prefix("100.64.0.0/10")).ok());
  EXPECT_EQ(Fib("198.51.100.1"), kFibLocal);
  EXPECT_EQ(Fib("100.64.9.9"), kFibSubscriber);
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32", "192.0.2.9/32"})).ok());
  EXPECT_EQ(Fib("192.0.2.9"), kFibSubscriber) << "outside every subscriber prefix";
  EXPECT_EQ(steering_.entries,
            (std::set<std::string>{"198.51.100.1", "100.64.0.0/10", "192.0.2.9/32"}));
  ASSERT_TRUE(writer().RemoveSession(Session(7, 1, {}).key).ok());
  EXPECT_EQ(Fib("192.0.2.9"), kFibNoRoute);
  ASSERT_TRUE(writer().RemoveLocalAddress(Address("198.51.100.1")).ok());
  ASSERT_TRUE(writer().RemoveSubscriberPrefix(Prefix("100.64.0.0/10")).ok());
  EXPECT_TRUE(steering_.entries.empty());
  EXPECT_EQ(Fib("198.51.100.1"), kFibNoRoute);
  steering_.broken = true;
  EXPECT_EQ(Code(writer().AddLocalAddress(Address("198.51.100.2"))),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Fib("198.51.100.2"), kFibNoRoute);
}

TEST_F(TableWriterTest, ASweepRemovesWhatWasNotAppliedAgain) {
  EXPECT_EQ(writer().EndSync().status().code(), absl::StatusCode::kFailedPrecondition);
  for (const uint16_t id : std::array<uint16_t, 2>{7, 8}) {
    ASSERT_TRUE(writer().UpsertTunnel(Tunnel(id)).ok());
  }
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32"})).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 2, {"100.64.0.2/32"})).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(8, 3, {"100.64.0.3/32"})).ok());
  ASSERT_TRUE(writer().AddSubscriberPrefix(Prefix("100.64.0.0/10")).ok());
  ASSERT_TRUE(writer().AddLocalAddress(Address("198.51.100.1")).ok());
  ASSERT_TRUE(writer().AddLocalAddress(Address("198.51.100.2")).ok());
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/8", nullptr, 0)).ok());
  ASSERT_TRUE(writer().UpsertRoute(Route("11.0.0.0/8", nullptr, 0, Origin::kKernel)).ok());
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("11.0.0.5", 0, 5, Origin::kKernel)).ok());
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("11.0.0.6", 0, 6)).ok());
  state_->tables().uplink[SessionIndex(7, 1)].packets.Add(3);

  writer().BeginSync();
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  ASSERT_TRUE(writer().UpsertSession(Session(7, 1, {"100.64.0.1/32"})).ok());
  ASSERT_TRUE(writer().AddLocalAddress(Address("198.51.100.1")).ok());
  ASSERT_TRUE(writer().AddSubscriberPrefix(Prefix("100.64.0.0/10")).ok());
  const auto swept = writer().EndSync();
  ASSERT_TRUE(swept.ok());
  EXPECT_EQ(swept->tunnels, 1u);
  EXPECT_EQ(swept->sessions, 2u);
  EXPECT_EQ(swept->other, 3u) << "an address, a route, a neighbour";

  EXPECT_EQ(writer().Tunnels().size(), 1u);
  ASSERT_EQ(Sessions().size(), 1u);
  EXPECT_EQ(Counters()[0].uplink_packets, 3u) << "it went on through the sync";
  EXPECT_EQ(writer().LocalAddresses().size(), 1u);
  EXPECT_EQ(writer().Routes().size(), 1u) << "the kernel's is not the API's to sweep";
  EXPECT_EQ(writer().Neighbours().size(), 1u);
  EXPECT_EQ(Subscriber("100.64.0.3"), kNotFound);
  EXPECT_EQ(writer().EndSync().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TableWriterTest, MissingNeighboursAreReportedOnce) {
  UnresolvedQueue& queue = state_->unresolved(0);
  for (int i = 0; i < 100; ++i) queue.Push({Address("10.0.0.5"), 0});
  const auto wanted = writer().TakeUnresolved();
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].address, Address("10.0.0.5"));
  EXPECT_TRUE(writer().TakeUnresolved().empty());
  queue.Push({Address("10.0.0.6"), 0});
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("10.0.0.6", 0, 6)).ok());
  EXPECT_TRUE(writer().TakeUnresolved().empty()) << "resolved meanwhile";
}

TEST_F(TableWriterTest, GatewaysAreAskedForBeforeAnyPacketMissesThem) {
  const auto wanted = [&] {
    std::string text;
    for (const NeighbourConfig& one : writer().TakeUnresolved()) {
      text += one.address.ToString() + "@" + std::to_string(one.port) + " ";
    }
    return text;
  };
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/8", "192.0.2.1", 1)).ok());
  EXPECT_EQ(wanted(), "192.0.2.1@1 ");
  EXPECT_EQ(wanted(), "") << "once";
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("192.0.2.1", 1, 1)).ok());
  ASSERT_TRUE(writer().UpsertRoute(Route("11.0.0.0/8", "192.0.2.1", 1)).ok());
  EXPECT_EQ(wanted(), "") << "its MAC is known";
  ASSERT_TRUE(writer().RemoveNeighbour(Address("192.0.2.1"), 1).ok());
  EXPECT_EQ(wanted(), "192.0.2.1@1 ") << "still needed";
  ASSERT_TRUE(writer().UpsertRoute(Route("10.0.0.0/8", nullptr, 1)).ok());
  EXPECT_EQ(wanted(), "") << "a connected route has no gateway";
}

TEST_F(TableWriterTest, TheWayToATunnelsPeerIsAskedFor) {
  const auto wanted = [&] {
    std::string text;
    for (const NeighbourConfig& one : writer().TakeUnresolved()) {
      text += one.address.ToString() + "@" + std::to_string(one.port) + " ";
    }
    return text;
  };
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(7)).ok());
  EXPECT_EQ(wanted(), "") << "no route leads there";
  ASSERT_TRUE(writer().UpsertRoute(Route("198.51.100.0/24", nullptr, 0)).ok());
  EXPECT_EQ(wanted(), "198.51.100.11@0 ") << "now one does";
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel(8)).ok());
  EXPECT_EQ(wanted(), "198.51.100.11@0 ") << "nobody has answered";
  ASSERT_TRUE(writer().UpsertNeighbour(Neighbour("198.51.100.11", 0, 1)).ok());
  EXPECT_EQ(wanted(), "");
  ASSERT_TRUE(writer().RemoveNeighbour(Address("198.51.100.11"), 0).ok());
  EXPECT_EQ(wanted(), "198.51.100.11@0 ") << "it went away";
  ASSERT_TRUE(writer().UpsertRoute(Route("198.51.100.8/29", "192.0.2.1", 1)).ok());
  EXPECT_EQ(wanted(), "192.0.2.1@1 ") << "through a gateway now";
  ASSERT_TRUE(writer().RemoveTunnel(l2tp::LocalTunnelId(7)).ok());
  ASSERT_TRUE(writer().RemoveTunnel(l2tp::LocalTunnelId(8)).ok());
  ASSERT_TRUE(writer().RemoveRoute(Prefix("198.51.100.8/29"), Origin::kApi).ok());
  EXPECT_EQ(wanted(), "") << "no tunnel needs it any more";
}

TEST(MakeForwardingState, NamesTheLimitThatCannotBe) {
  ForwardingConfig config;
  config.limits.max_sessions = 0;
  EXPECT_EQ(MakeForwardingState(config).status().code(), kInvalid);
  config.limits.max_sessions = 1;
  config.workers = 65;
  EXPECT_EQ(MakeForwardingState(config).status().code(), kInvalid);
  config.workers = 1;
  config.limits.max_sessions = 1u << 24;  // more than the test's memory
  EXPECT_EQ(MakeForwardingState(config).status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace lns::dataplane
