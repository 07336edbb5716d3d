// What the table writer keeps of a session beside its prefixes: its gateway, its meters, the
// longest packet that fits its tunnel's path; and what the LNS calls itself on its ports.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {
namespace {

net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

class SessionExtrasTest : public testing::Test {
 protected:
  SessionExtrasTest() {
    ForwardingConfig config;
    config.limits = {.max_tunnels = 2,
                     .max_sessions = 4,
                     .max_routes = 8,
                     .max_neighbours = 2,
                     .max_policy_sessions = 2};
    config.ports = {{{2, 0, 0, 0, 0, 1}, 1500}, {{2, 0, 0, 0, 0, 2}, 9000}};
    auto state = MakeForwardingState(config);
    EXPECT_TRUE(state.ok()) << state.status().message();
    state_ = *std::move(state);
    EXPECT_TRUE(writer().AddSubscriberPrefix(Prefix("100.64.0.0/10")).ok());
    EXPECT_TRUE(writer().UpsertTunnel(Tunnel()).ok());
  }

  static TunnelConfig Tunnel(const char* local = "198.51.100.1",
                             const char* peer = "198.51.100.11") {
    TunnelConfig tunnel;
    tunnel.local_id = l2tp::LocalTunnelId(7);
    tunnel.peer_id = l2tp::PeerTunnelId(70);
    tunnel.endpoints = {{Address(local), 1701}, {Address(peer), 1701}};
    return tunnel;
  }
  static SessionConfig Session(uint16_t id) {
    SessionConfig session;
    session.key = {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(id)};
    session.peer_id = l2tp::PeerSessionId(id);
    return session;
  }
  static SessionConfig WithGateway(uint16_t id, const char* gateway) {
    SessionConfig session = Session(id);
    session.gateway = Address(gateway);
    return session;
  }
  static SessionConfig Metered(uint16_t id, uint64_t rate_bps) {
    SessionConfig session = Session(id);
    session.uplink_meter = {.rate_bps = rate_bps, .burst_bytes = 1500};
    return session;
  }

  TableWriter& writer() { return state_->writer(); }
  uint32_t MetersOf(uint16_t id) {
    return state_->tables().extras[Downlink(id).extras.load()].meters;
  }
  absl::StatusCode Upsert(const SessionConfig& session) {
    return writer().UpsertSession(session).code();
  }
  uint32_t Fib(const char* address) {
    return state_->tables().fib->Lookup(kMainVrf, net::Family::kIpv4,
                                        Address(address).raw().data());
  }
  const DownlinkEntry& Downlink(uint16_t id) {
    return state_->tables().downlink[state_->tables().sessions->Find(SessionKeyWord(7, id))];
  }
  uint16_t Mtu(uint16_t id) { return SessionMtu(Downlink(id).mru_and_mtu.load()); }
  SessionConfig Listed(uint16_t id) { return writer().Sessions({{Session(id).key}}).at(0); }
  const OwnAddresses& Own(size_t port) { return *state_->tables().own_addresses[port].load(); }
  void RoutePeers(const char* prefix, uint16_t port) {
    EXPECT_TRUE(writer().UpsertRoute({.prefix = Prefix(prefix), .port = port}).ok());
  }

  static constexpr auto kOk = absl::StatusCode::kOk;
  std::unique_ptr<ForwardingState> state_;
};

TEST_F(SessionExtrasTest, AGatewayIsOursWhileASessionKnowsUsByIt) {
  EXPECT_EQ(Fib("100.64.0.1"), kFibSubscriber);
  ASSERT_EQ(Upsert(WithGateway(1, "100.64.0.1")), kOk);
  ASSERT_EQ(Upsert(WithGateway(2, "100.64.0.1")), kOk);
  EXPECT_EQ(Fib("100.64.0.1"), kFibGateway);
  EXPECT_EQ(Listed(1).gateway, Address("100.64.0.1"));
  EXPECT_EQ(Downlink(1).gateway.load(), Address("100.64.0.1").v4());
  EXPECT_TRUE(writer().LocalAddresses().empty()) << "no L2TP is answered on it";
  ASSERT_EQ(Upsert(WithGateway(1, "100.65.0.1")), kOk);
  EXPECT_EQ(Fib("100.64.0.1"), kFibGateway);
  EXPECT_EQ(Fib("100.65.0.1"), kFibGateway);
  ASSERT_TRUE(writer().RemoveSession(Session(2).key).ok());
  EXPECT_EQ(Fib("100.64.0.1"), kFibSubscriber);
  ASSERT_EQ(Upsert(Session(1)), kOk);
  EXPECT_EQ(Fib("100.65.0.1"), kFibSubscriber);
  EXPECT_TRUE(Listed(1).gateway.is_none());
}

TEST_F(SessionExtrasTest, AGatewayThatIsALocalAddressTooStaysOurs) {
  ASSERT_TRUE(writer().AddLocalAddress(Address("198.51.100.1")).ok());
  ASSERT_EQ(Upsert(WithGateway(1, "198.51.100.1")), kOk);
  ASSERT_TRUE(writer().RemoveSession(Session(1).key).ok());
  EXPECT_EQ(Fib("198.51.100.1"), kFibLocal);
  ASSERT_EQ(Upsert(WithGateway(1, "198.51.100.1")), kOk);
  ASSERT_TRUE(writer().RemoveLocalAddress(Address("198.51.100.1")).ok());
  EXPECT_EQ(Fib("198.51.100.1"), kFibGateway);
}

TEST_F(SessionExtrasTest, MetersAreListedAsTheyWereProgrammed) {
  SessionConfig session = Metered(1, 1'000'000);
  session.downlink_meter = {.rate_bps = 2'000'000,
                            .burst_bytes = 3000,
                            .peak_rate_bps = 4'000'000,
                            .peak_burst_bytes = 5000,
                            .overhead_bytes = -4};
  ASSERT_EQ(Upsert(session), kOk);
  EXPECT_EQ(Listed(1).uplink_meter, session.uplink_meter);
  EXPECT_EQ(Listed(1).downlink_meter, session.downlink_meter);
  session.uplink_meter.reset();
  ASSERT_EQ(Upsert(session), kOk);
  EXPECT_FALSE(Listed(1).uplink_meter.has_value());
  EXPECT_EQ(Listed(1).downlink_meter, session.downlink_meter);
  session.downlink_meter.reset();
  ASSERT_EQ(Upsert(session), kOk);
  EXPECT_FALSE(Listed(1).downlink_meter.has_value());
  EXPECT_EQ(Downlink(1).flags.load() & kMetered, 0u);
}

TEST_F(SessionExtrasTest, TheSameRatesKeepTheirBuckets) {
  ASSERT_EQ(Upsert(Metered(1, 1'000'000)), kOk);
  const uint32_t meter = MetersOf(1);
  SessionConfig renewed = Metered(1, 1'000'000);
  renewed.ipv4_open = true;
  ASSERT_EQ(Upsert(renewed), kOk);
  EXPECT_EQ(MetersOf(1), meter);
  ASSERT_EQ(Upsert(Metered(1, 2'000'000)), kOk);
  EXPECT_NE(MetersOf(1), meter) << "a worker may still count on the old one";
  ASSERT_EQ(Upsert(Metered(2, 2'000'000)), kOk);
  const auto profile = [&](uint16_t id) {
    return state_->tables().meters[MetersOf(id)].uplink.profile;
  };
  EXPECT_EQ(profile(1), profile(2)) << "one profile for one rate";
}

TEST_F(SessionExtrasTest, ThereAreSoManyMetersAndNoMore) {
  ASSERT_EQ(Upsert(Metered(1, 1'000'000)), kOk);
  ASSERT_EQ(Upsert(Metered(2, 1'000'000)), kOk);
  EXPECT_EQ(Upsert(Metered(3, 1'000'000)), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(writer().session_count(), 2u);
  ASSERT_TRUE(writer().RemoveSession(Session(1).key).ok());
  EXPECT_EQ(Upsert(Metered(3, 1'000'000)), kOk);
}

TEST_F(SessionExtrasTest, RefusesMetersThatCannotBe) {
  const MeterConfig good{
      .rate_bps = 1000, .burst_bytes = 1, .peak_rate_bps = 2000, .peak_burst_bytes = 1};
  const auto refused = [&](auto spoil) {
    SessionConfig session = Session(1);
    session.downlink_meter = good;
    spoil(*session.downlink_meter);
    return Upsert(session) == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_FALSE(refused([](MeterConfig&) {}));
  EXPECT_TRUE(refused([](MeterConfig& meter) { meter.rate_bps = 7; }));
  EXPECT_TRUE(refused([](MeterConfig& meter) { meter.rate_bps = kMaxRateBps + 1; }));
  EXPECT_TRUE(refused([](MeterConfig& meter) { meter.burst_bytes = 0; }));
  EXPECT_TRUE(refused([](MeterConfig& meter) { meter.peak_rate_bps = 999; }));
  EXPECT_TRUE(refused([](MeterConfig& meter) { meter.peak_burst_bytes = 0; }));
  EXPECT_TRUE(refused([](MeterConfig& meter) { meter.burst_bytes = kMaxBurstBytes + 1; }));
  SessionConfig session = Session(1);
  session.gateway = Address("2001:db8::1");
  EXPECT_EQ(Upsert(session), absl::StatusCode::kInvalidArgument);
}

TEST_F(SessionExtrasTest, TheLongestPacketFollowsTheTunnelsPath) {
  SessionConfig session = Session(1);
  session.peer_mru = 1492;
  ASSERT_EQ(Upsert(session), kOk);
  EXPECT_EQ(Mtu(1), 1492) << "no path yet";
  RoutePeers("198.51.100.0/24", 0);
  // IPv4 20, UDP 8, L2TP 6, PPP 4.
  EXPECT_EQ(Mtu(1), 1462);
  RoutePeers("198.51.100.0/28", 1);
  EXPECT_EQ(Mtu(1), 1492) << "the way through the wide port";
  ASSERT_TRUE(writer().RemoveRoute(Prefix("198.51.100.0/28"), Origin::kApi).ok());
  EXPECT_EQ(Mtu(1), 1462);
  session.send_pfc = session.send_acfc = true;
  ASSERT_EQ(Upsert(session), kOk);
  EXPECT_EQ(Mtu(1), 1465);
  session.sequence_numbers = true;
  ASSERT_EQ(Upsert(session), kOk);
  EXPECT_EQ(Mtu(1), 1461);
  EXPECT_EQ(Listed(1).peer_mru, 1492);
  RoutePeers("2001:db8::/64", 0);
  ASSERT_TRUE(writer().UpsertTunnel(Tunnel("2001:db8::1", "2001:db8::11")).ok());
  EXPECT_EQ(Mtu(1), 1441);
  session.peer_mru = 1400;
  ASSERT_EQ(Upsert(session), kOk);
  EXPECT_EQ(Mtu(1), 1400);
}

TEST_F(SessionExtrasTest, EachPortHasItsOwnAddressOrElseAnothers) {
  EXPECT_TRUE(Own(0).ipv4.is_none());
  ASSERT_TRUE(writer().AddLocalAddress(Address("198.51.100.1")).ok());
  EXPECT_EQ(Own(1).ipv4, Address("198.51.100.1")) << "better than none";
  ASSERT_TRUE(
      writer().SetPortAddresses(1, {Address("2001:db8:2::1"), Address("203.0.113.1")}).ok());
  EXPECT_EQ(Own(0).ipv4, Address("203.0.113.1"));
  EXPECT_EQ(Own(1).ipv4, Address("203.0.113.1"));
  EXPECT_EQ(Own(1).ipv6, Address("2001:db8:2::1"));
  ASSERT_TRUE(writer().SetPortAddresses(0, {Address("192.0.2.1"), Address("192.0.2.2")}).ok());
  EXPECT_EQ(Own(0).ipv4, Address("192.0.2.1"));
  EXPECT_EQ(Own(0).ipv6, Address("2001:db8:2::1"));
  EXPECT_EQ(Own(2).ipv6, Address("2001:db8:2::1")) << "towards subscribers";
  ASSERT_TRUE(writer().SetPortAddresses(1, {}).ok());
  EXPECT_TRUE(Own(2).ipv6.is_none());
  EXPECT_FALSE(writer().SetPortAddresses(2, {}).ok()) << "no such port";
}

}  // namespace
}  // namespace lns::dataplane
