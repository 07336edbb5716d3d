// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "dataplane/services/convert.h"

namespace lns::dataplane {
namespace {

const std::vector<std::string> kPorts = {"acc0", "core0"};

std::string V4() { return std::string("\xc6\x33\x64\x01", 4); }
std::string V6() { return std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01"; }

v1::Tunnel GoodTunnel() {
  v1::Tunnel tunnel;
  tunnel.set_local_tunnel_id(7);
  tunnel.set_peer_tunnel_id(65535);
  auto* endpoints = tunnel.mutable_endpoints();
  endpoints->mutable_local_address()->set_octets(V4());
  endpoints->set_local_port(1701);
  endpoints->mutable_peer_address()->set_octets(std::string("\xc6\x33\x64\x0b", 4));
  endpoints->set_peer_port(40000);
  tunnel.set_dscp(46);
  tunnel.set_udp_checksum_off(true);
  tunnel.mutable_outer_path()->set_mtu(1540);
  tunnel.mutable_outer_path()->set_fragment(true);
  tunnel.mutable_outer_path()->set_dont_fragment(true);
  tunnel.mutable_aggregate()->set_name("lac");
  tunnel.mutable_aggregate()->mutable_uplink()->set_rate_bps(100'000'000);
  tunnel.mutable_aggregate()->mutable_uplink()->set_burst_bytes(500'000);
  tunnel.mutable_aggregate()->mutable_uplink()->set_overhead_bytes(4);
  tunnel.set_vrf(3);
  return tunnel;
}

v1::Session GoodSession() {
  v1::Session session;
  session.mutable_key()->set_local_tunnel_id(7);
  session.mutable_key()->set_local_session_id(8);
  session.set_peer_session_id(9);
  session.set_ipv4_open(true);
  auto* prefix = session.add_prefixes();
  prefix->mutable_address()->set_octets(std::string("\x64\x40\x00\x05", 4));
  prefix->set_length(32);
  session.set_send_acfc(true);
  session.set_sequence_numbers(true);
  session.set_reorder_ms(20);
  session.set_dscp(0);
  session.set_clamp_mss(true);
  session.set_vrf(63);
  session.mutable_gateway()->set_octets(std::string("\x64\x40\x00\x01", 4));
  session.mutable_uplink_meter()->set_rate_bps(8'000'000);
  session.mutable_uplink_meter()->set_burst_bytes(20'000);
  session.mutable_uplink_meter()->set_overhead_bytes(38);
  session.mutable_downlink_meter()->set_rate_bps(50'000'000);
  session.mutable_downlink_meter()->set_burst_bytes(1);
  session.mutable_downlink_meter()->set_peak_rate_bps(100'000'000);
  session.mutable_downlink_meter()->set_peak_burst_bytes(90'000);
  session.mutable_downlink_shaper()->set_rate_bps(20'000'000);
  session.mutable_downlink_shaper()->set_burst_bytes(4000);
  session.mutable_downlink_shaper()->set_queue_bytes(250'000);
  session.mutable_downlink_shaper()->set_overhead_bytes(-4);
  return session;
}

v1::Route GoodRoute() {
  v1::Route route;
  route.mutable_prefix()->mutable_address()->set_octets(std::string("\x0a\x00\x00\x00", 4));
  route.mutable_prefix()->set_length(8);
  route.mutable_next_hop()->set_octets(V4());
  route.set_port("core0");
  route.set_vrf(4);
  return route;
}

v1::Neighbour GoodNeighbour() {
  v1::Neighbour neighbour;
  neighbour.mutable_address()->set_octets(V6());
  neighbour.set_port("acc0");
  neighbour.set_mac(std::string("\x02\x00\x00\x00\x00\x09", 6));
  return neighbour;
}

TEST(ConvertTest, GoodValuesSurviveThereAndBack) {
  const auto tunnel = ToTunnel(GoodTunnel());
  ASSERT_TRUE(tunnel.ok()) << tunnel.status();
  EXPECT_EQ(tunnel->endpoints.peer.ToString(), "198.51.100.11:40000");
  EXPECT_EQ(FromTunnel(*tunnel).SerializeAsString(), GoodTunnel().SerializeAsString());

  const auto session = ToSession(GoodSession());
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->peer_mru, 1500) << "0 means the default";
  EXPECT_EQ(session->prefixes.at(0).ToString(), "100.64.0.5/32");
  v1::Session with_mru = GoodSession();
  with_mru.set_peer_mru(1500);
  EXPECT_EQ(FromSession(*session).SerializeAsString(), with_mru.SerializeAsString());

  const auto route = ToRoute(GoodRoute(), kPorts);
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_EQ(route->port, 1);
  EXPECT_EQ(FromRoute(*route, kPorts).SerializeAsString(), GoodRoute().SerializeAsString());

  const auto neighbour = ToNeighbour(GoodNeighbour(), kPorts);
  ASSERT_TRUE(neighbour.ok()) << neighbour.status();
  EXPECT_EQ(net::FormatMac(neighbour->mac), "02:00:00:00:00:09");
  EXPECT_EQ(FromNeighbour(*neighbour, kPorts).SerializeAsString(),
            GoodNeighbour().SerializeAsString());
}

TEST(ConvertTest, AVrfBeyondTheLastIsNamed) {
  v1::Tunnel tunnel = GoodTunnel();
  tunnel.set_vrf(64);
  EXPECT_EQ(ToTunnel(tunnel).status().message(), "tunnel.vrf: expected 0 to 63, found 64");
  v1::Session session = GoodSession();
  session.set_vrf(256);
  EXPECT_EQ(ToSession(session).status().message(), "session.vrf: expected 0 to 63, found 256");
  v1::LocalAddress address;
  address.mutable_address()->set_octets(V4());
  address.set_vrf(1000);
  EXPECT_EQ(ToLocalAddress(address, "local_address").status().message(),
            "local_address.vrf: expected 0 to 63, found 1000");
}

TEST(ConvertTest, ABurstThatIsNotGivenFollowsTheRate) {
  v1::Session message = GoodSession();
  message.mutable_uplink_meter()->set_burst_bytes(0);
  message.mutable_downlink_meter()->set_burst_bytes(0);
  message.mutable_downlink_meter()->set_peak_burst_bytes(0);
  const auto session = ToSession(message);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->uplink_meter->burst_bytes, 50'000u) << "8 Mbit/s for 50 ms";
  EXPECT_EQ(session->uplink_meter->peak_burst_bytes, 0u) << "no excess";
  EXPECT_EQ(session->downlink_meter->burst_bytes, 312'500u);
  EXPECT_EQ(session->downlink_meter->peak_burst_bytes, 625'000u);
  message.mutable_uplink_meter()->set_rate_bps(64'000);
  EXPECT_EQ(ToSession(message)->uplink_meter->burst_bytes, 16'000u) << "never less";
}

TEST(ConvertTest, AShapersBurstAndQueueFollowTheRate) {
  v1::Session message = GoodSession();
  message.mutable_downlink_shaper()->set_burst_bytes(0);
  message.mutable_downlink_shaper()->set_queue_bytes(0);
  const auto shaper_at = [&](uint64_t rate_bps) {
    message.mutable_downlink_shaper()->set_rate_bps(rate_bps);
    return *ToSession(message)->downlink_shaper;
  };
  EXPECT_EQ(shaper_at(20'000'000).burst_bytes, 5000u) << "2 ms";
  EXPECT_EQ(shaper_at(20'000'000).queue_bytes, 500'000u) << "200 ms";
  EXPECT_EQ(shaper_at(64'000).burst_bytes, 3000u) << "never less";
  EXPECT_EQ(shaper_at(64'000).queue_bytes, 32'000u);
  EXPECT_EQ(shaper_at(100'000'000'000).queue_bytes, 16'000'000u) << "nor more";
}

TEST(ConvertTest, RatesThatCannotBeAreRefusedByName) {
  const auto refusal = [](const auto& change) {
    v1::Session session = GoodSession();
    change(*session.mutable_downlink_shaper());
    return std::string(ToSession(session).status().message());
  };
  using testing::HasSubstr;
  EXPECT_THAT(refusal([](v1::Shaper& s) { s.set_rate_bps(7999); }),
              HasSubstr("session.downlink_shaper.rate_bps"));
  EXPECT_THAT(refusal([](v1::Shaper& s) { s.set_queue_bytes(uint64_t{1} << 31); }),
              HasSubstr("session.downlink_shaper.queue_bytes"));
  EXPECT_THAT(refusal([](v1::Shaper& s) { s.set_burst_bytes(uint64_t{1} << 31); }),
              HasSubstr("session.downlink_shaper.burst_bytes"));
  EXPECT_THAT(refusal([](v1::Shaper& s) { s.set_overhead_bytes(257); }),
              HasSubstr("session.downlink_shaper.overhead_bytes"));
  v1::Tunnel tunnel = GoodTunnel();
  tunnel.mutable_aggregate()->mutable_downlink()->set_rate_bps(1);
  EXPECT_THAT(std::string(ToTunnel(tunnel).status().message()),
              HasSubstr("tunnel.aggregate.downlink.rate_bps"));
  tunnel.mutable_aggregate()->mutable_downlink()->set_rate_bps(8000);
  tunnel.mutable_aggregate()->mutable_downlink()->set_peak_rate_bps(9000);
  EXPECT_THAT(std::string(ToTunnel(tunnel).status().message()),
              HasSubstr("tunnel.aggregate.downlink.peak_rate_bps"));
}

TEST(ConvertTest, RouteOfSeveralPathsComesBackEqual) {
  v1::Route message = GoodRoute();
  message.set_weight(3);
  v1::RoutePath* path = message.add_more_paths();
  path->mutable_next_hop()->set_octets(V4());
  path->set_port("core0");
  path->set_weight(2);
  const auto route = ToRoute(message, kPorts);
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_EQ(route->weight, 3);
  ASSERT_EQ(route->more_paths.size(), 1u);
  EXPECT_EQ(route->more_paths[0].weight, 2);
  EXPECT_EQ(FromRoute(*route, kPorts).SerializeAsString(), message.SerializeAsString());
}

TEST(ConvertTest, UnreachableRouteHasNoPath) {
  v1::Route message;
  *message.mutable_prefix() = GoodRoute().prefix();
  message.set_kind(v1::ROUTE_KIND_UNREACHABLE);
  const auto route = ToRoute(message, kPorts);
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_EQ(route->kind, RouteKind::kUnreachable);
  EXPECT_EQ(FromRoute(*route, kPorts).SerializeAsString(), message.SerializeAsString());
}

TEST(ConvertTest, DirectRouteAndUnresolvedNeighbourHaveNoBytes) {
  v1::Route direct = GoodRoute();
  direct.clear_next_hop();
  const auto route = ToRoute(direct, kPorts);
  ASSERT_TRUE(route.ok());
  EXPECT_TRUE(route->next_hop.is_none());
  EXPECT_FALSE(FromRoute(*route, kPorts).has_next_hop());
  v1::Neighbour unresolved = GoodNeighbour();
  unresolved.clear_mac();
  const auto neighbour = ToNeighbour(unresolved, kPorts);
  ASSERT_TRUE(neighbour.ok());
  EXPECT_EQ(FromNeighbour(*neighbour, kPorts).mac(), "");
}

template <typename Message>
struct Bad {
  std::function<void(Message&)> spoil;
  std::string error;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

template <typename Message, typename Convert>
void ExpectRefused(const Message& good, Convert convert, const std::vector<Bad<Message>>& rows) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.error);
    Message bad = good;
    row.spoil(bad);
    const auto result = convert(bad);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), row.code);
    EXPECT_EQ(std::string(result.status().message()), row.error);
  }
}

TEST(ConvertTest, BadTunnelNamesTheField) {
  ExpectRefused<v1::Tunnel>(
      GoodTunnel(), ToTunnel,
      {
          {[](auto& t) { t.set_local_tunnel_id(0); },
           "tunnel.local_tunnel_id: expected 1 to 65535, found 0"},
          {[](auto& t) { t.set_local_tunnel_id(65536); },
           "tunnel.local_tunnel_id: expected 1 to 65535, found 65536"},
          {[](auto& t) { t.set_peer_tunnel_id(0); },
           "tunnel.peer_tunnel_id: expected 1 to 65535, found 0"},
          {[](auto& t) { t.clear_endpoints(); },
           "tunnel.endpoints.local_address: expected an address of 4 or 16 octets, found 0"},
          {[](auto& t) { t.mutable_endpoints()->mutable_local_address()->set_octets("abcde"); },
           "tunnel.endpoints.local_address: expected an address of 4 or 16 octets, found 5"},
          {[](auto& t) { t.mutable_endpoints()->clear_peer_address(); },
           "tunnel.endpoints.peer_address: expected an address of 4 or 16 octets, found 0"},
          {[](auto& t) { t.mutable_endpoints()->mutable_peer_address()->set_octets(V6()); },
           "tunnel.endpoints.peer_address: 2001:db8::1 is not of the family of local address "
           "198.51.100.1"},
          {[](auto& t) { t.mutable_endpoints()->set_local_port(0); },
           "tunnel.endpoints.local_port: expected 1 to 65535, found 0"},
          {[](auto& t) { t.mutable_endpoints()->set_peer_port(70000); },
           "tunnel.endpoints.peer_port: expected 1 to 65535, found 70000"},
          {[](auto& t) { t.set_dscp(64); }, "tunnel.dscp: expected 0 to 63, found 64"},
          {[](auto& t) { t.mutable_outer_path()->set_mtu(65535); },
           "tunnel.outer_path.mtu: expected at most 65534, found 65535"},
          {[](auto& t) {
             t.mutable_endpoints()->mutable_local_address()->set_octets(V6());
             t.mutable_endpoints()->mutable_peer_address()->set_octets(V6());
           },
           "tunnel.udp_checksum_off: is for IPv4 tunnels only (RFC 6936)"},
      });
}

// A session without numbers says nothing of losses, rather than that there were none.
TEST(ConvertTest, LostPacketsAreThoseOfNumberedSessions) {
  SessionCounts counts{.key = {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(9)}};
  EXPECT_FALSE(FromCounts(counts).has_lost_packets());
  counts.sequenced = true;
  EXPECT_TRUE(FromCounts(counts).has_lost_packets());
  counts.sequence_lost = 5;
  EXPECT_EQ(FromCounts(counts).lost_packets(), 5u);
}

TEST(ConvertTest, BadSessionNamesTheField) {
  ExpectRefused<v1::Session>(
      GoodSession(), ToSession,
      {
          {[](auto& s) { s.clear_key(); },
           "session.key.local_tunnel_id: expected 1 to 65535, found 0"},
          {[](auto& s) { s.mutable_key()->set_local_session_id(65536); },
           "session.key.local_session_id: expected 1 to 65535, found 65536"},
          {[](auto& s) { s.set_peer_session_id(0); },
           "session.peer_session_id: expected 1 to 65535, found 0"},
          {[](auto& s) { s.mutable_prefixes(0)->set_length(33); },
           "session.prefixes[0].length: expected 0 to 32, found 33"},
          {[](auto& s) { s.mutable_prefixes(0)->set_length(31); },
           "session.prefixes[0]: 100.64.0.5/31 has host bits set"},
          {[](auto& s) { s.add_prefixes(); },
           "session.prefixes[1].address: expected an address of 4 or 16 octets, found 0"},
          {[](auto& s) {
             for (int i = 0; i < 16; ++i) *s.add_prefixes() = s.prefixes(0);
           },
           "session.prefixes: expected at most 16, found 17"},
          {[](auto& s) { s.set_peer_mru(67); },
           "session.peer_mru: expected 0 or 68 to 65535, found 67"},
          {[](auto& s) { s.set_peer_mru(65536); },
           "session.peer_mru: expected 0 or 68 to 65535, found 65536"},
          {[](auto& s) { s.set_reorder_ms(1001); },
           "session.reorder_ms: expected at most 1000, found 1001"},
          {[](auto& s) { s.set_dscp(64); }, "session.dscp: expected at most 63, found 64"},
          {[](auto& s) { s.mutable_gateway()->set_octets(V6()); },
           "session.gateway: 2001:db8::1 is not IPv4"},
          {[](auto& s) { s.mutable_uplink_meter()->set_rate_bps(7); },
           "session.uplink_meter.rate_bps: expected at least 8, found 7"},
          {[](auto& s) { s.mutable_uplink_meter()->set_rate_bps(400'000'000'001); },
           "session.uplink_meter.rate_bps: expected at most 400000000000, found 400000000001"},
          {[](auto& s) { s.mutable_downlink_meter()->set_peak_rate_bps(49'999'999); },
           "session.downlink_meter.peak_rate_bps: expected 0 or at least rate_bps 50000000, "
           "found 49999999"},
          {[](auto& s) { s.mutable_downlink_meter()->set_overhead_bytes(257); },
           "session.downlink_meter.overhead_bytes: expected -64 to 256, found 257"},
      });
}

TEST(ConvertTest, BadRouteAndNeighbourNameTheField) {
  ExpectRefused<v1::Route>(
      GoodRoute(), [](const auto& r) { return ToRoute(r, kPorts); },
      {
          {[](auto& r) { r.clear_prefix(); },
           "route.prefix.address: expected an address of 4 or 16 octets, found 0"},
          {[](auto& r) { r.mutable_prefix()->set_length(6); },
           "route.prefix: 10.0.0.0/6 has host bits set"},
          {[](auto& r) { r.mutable_next_hop()->set_octets("abc"); },
           "route.next_hop: expected an address of 4 or 16 octets, found 3"},
          {[](auto& r) { r.set_origin(v1::ROUTE_ORIGIN_KERNEL); },
           "route.origin: cannot be applied: kernel routes are learned from Linux"},
          {[](auto& r) { r.set_port("core9"); }, "route.port: no port named 'core9'",
           absl::StatusCode::kNotFound},
      });
  ExpectRefused<v1::Neighbour>(
      GoodNeighbour(), [](const auto& n) { return ToNeighbour(n, kPorts); },
      {
          {[](auto& n) { n.clear_address(); },
           "neighbour.address: expected an address of 4 or 16 octets, found 0"},
          {[](auto& n) { n.set_mac("12345"); },
           "neighbour.mac: expected 6 octets or none, found 5"},
          {[](auto& n) { n.set_origin(v1::ROUTE_ORIGIN_KERNEL); },
           "neighbour.origin: cannot be applied: kernel neighbours are learned from Linux"},
          {[](auto& n) { n.clear_port(); }, "neighbour.port: no port named ''",
           absl::StatusCode::kNotFound},
      });
}

TEST(ConvertTest, CounterNamesAreSnakeCase) {
  EXPECT_EQ(CounterName("WrongPeer"), "wrong_peer");
  EXPECT_EQ(CounterName("BadL2tpLength"), "bad_l2tp_length");
}

}  // namespace
}  // namespace lns::dataplane
