// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "controlplane/config/settings.h"

namespace lns::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kSmallest[] = R"(lns:
  addresses: [198.51.100.1]
peers:
  - name: any
)";

absl::StatusOr<Settings> Check(const std::string& yaml) {
  config::v1::ControlplaneConfig message;
  const auto source = config::ParseYaml(yaml, "lns.yaml", &message);
  if (!source.ok()) return source.status();
  return CheckConfig(message, *source);
}

TEST(Settings, TheSmallestFileGetsEveryDefault) {
  const auto settings = Check(kSmallest);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->run_dir, "/run/terminus");
  EXPECT_EQ(settings->listen, "unix:/run/terminus/control.sock");
  EXPECT_EQ(settings->dataplane, "unix:/run/terminus/dataplane.sock");
  EXPECT_EQ(settings->log_level, "info");
  EXPECT_EQ(settings->engine.max_tunnels, 4096u);
  EXPECT_EQ(settings->engine.max_sessions, 65536u);
  EXPECT_EQ(settings->leases.path, "/run/terminus/leases.db");
  EXPECT_EQ(settings->leases.remember, Duration::Seconds(7 * 86'400));
  EXPECT_EQ(settings->engine.id_rest, Duration::Seconds(31));
  EXPECT_EQ(settings->engine.ppp.mru, 1492);
  EXPECT_THAT(settings->engine.ppp.auth,
              ElementsAre(ppp::AuthProtocol::kChapMd5, ppp::AuthProtocol::kPap));
  EXPECT_EQ(settings->engine.ppp.echo_interval, Duration::Seconds(30));
  ASSERT_THAT(settings->engine.peers, SizeIs(1));
  const l2tp::TunnelSettings& tunnel = settings->engine.peers[0].tunnel;
  EXPECT_FALSE(tunnel.host_name.empty());
  EXPECT_EQ(tunnel.receive_window, 32);
  EXPECT_EQ(tunnel.hello_interval, Duration::Seconds(60));
  EXPECT_EQ(tunnel.retransmit_initial, Duration::Seconds(1));
  EXPECT_EQ(tunnel.retransmit_cap, Duration::Seconds(8));
  EXPECT_EQ(tunnel.max_retransmits, 5);
  EXPECT_EQ(tunnel.max_sessions, 65535u);
}

TEST(Settings, EveryFieldReachesItsPlace) {
  const auto settings = Check(R"(run_dir: /tmp/lab
log_level: debug
dataplane: unix:/tmp/dp.sock
lns:
  addresses: [198.51.100.1, "2001:db8::1"]
  host_name: lns1
  max_tunnels: 10
  max_sessions: 100
  max_sessions_per_tunnel: 50
  receive_window: 16
  id_rest_s: 0
  duplicate_users: count
  sessions_per_user: 3
peers:
  - name: lac
    match_host_name: lac*
    match_address: 198.51.100.0/24
    secret: s3cret
    challenge: never
    hello_interval_s: 0
    retransmit_initial_ms: 500
    retransmit_cap_ms: 4000
    max_retransmits: 7
    max_sessions: 40
    aggregate: {rate_up_bps: 1000000000, burst_up_bytes: 2000000, overhead_bytes: 4, per_tunnel: true}
leases:
  file: /tmp/lab/known.db
  remember_s: 3600
  max_users: 5000
ppp:
  mru: 1400
  auth: [pap]
  echo_interval_s: 0
  echo_max_misses: 5
  dns: [203.0.113.53]
  ipv6: true
  local_address: 100.64.0.1
  clamp_mss: true
  shape_down: true
  rate_overhead_bytes: 22
pools:
  - {name: a, prefix: 100.64.0.0/16, gateway: 100.64.255.254}
  - {name: b, prefix: 100.65.0.0/16}
users:
  - {name: alice, password: pw, address: 100.64.7.7, max_sessions: 4}
  - {name: bob, password: pw, pool: b, rate_up_bps: 8000000, rate_down_bps: 64000000, burst_down_bytes: 50000, shape_down: false, queue_down_bytes: 90000, rate_overhead_bytes: -3}
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->listen, "unix:/tmp/lab/control.sock");
  EXPECT_EQ(settings->dataplane, "unix:/tmp/dp.sock");
  EXPECT_EQ(SocketPath(settings->dataplane), "/tmp/dp.sock");
  EXPECT_THAT(settings->addresses, SizeIs(2));
  const EngineSettings& engine = settings->engine;
  EXPECT_EQ(engine.max_tunnels, 10u);
  EXPECT_EQ(engine.max_sessions, 100u);
  EXPECT_EQ(engine.id_rest, Duration());
  ASSERT_THAT(engine.peers, SizeIs(1));
  const PeerProfile& peer = engine.peers[0];
  EXPECT_EQ(peer.match_host_name, "lac*");
  EXPECT_EQ(peer.match_address->ToString(), "198.51.100.0/24");
  EXPECT_EQ(peer.tunnel.host_name, "lns1");
  EXPECT_EQ(peer.tunnel.secret, "s3cret");
  EXPECT_EQ(peer.tunnel.challenge, l2tp::ChallengePolicy::kNever);
  EXPECT_EQ(peer.tunnel.hello_interval, Duration());
  EXPECT_EQ(peer.tunnel.retransmit_initial, Duration::Milliseconds(500));
  EXPECT_EQ(peer.tunnel.retransmit_cap, Duration::Seconds(4));
  EXPECT_EQ(peer.tunnel.max_retransmits, 7);
  EXPECT_EQ(peer.tunnel.receive_window, 16);
  EXPECT_EQ(peer.tunnel.max_sessions, 50u);
  EXPECT_EQ(peer.max_sessions, 40u);
  EXPECT_EQ(engine.duplicate_users, DuplicateUserPolicy::kCount);
  EXPECT_EQ(engine.sessions_per_user, 3u);
  EXPECT_EQ(settings->users[0].service.max_sessions, 4u);
  EXPECT_EQ(settings->leases.path, "/tmp/lab/known.db");
  EXPECT_EQ(settings->leases.remember, Duration::Seconds(3600));
  EXPECT_EQ(settings->leases.max_leases, 5000u);
  EXPECT_EQ(settings->leases.pools, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(engine.ppp.mru, 1400);
  EXPECT_THAT(engine.ppp.auth, ElementsAre(ppp::AuthProtocol::kPap));
  EXPECT_EQ(engine.ppp.echo_interval, Duration());
  EXPECT_EQ(engine.ppp.echo_max_misses, 5);
  EXPECT_TRUE(engine.ppp.ipv6);
  EXPECT_EQ(engine.ppp.local_name, "lns1");
  EXPECT_THAT(engine.dns, ElementsAre(net::IpAddress::V4(0xcb007135)));
  EXPECT_EQ(engine.local_ipcp_address.ToString(), "100.64.0.1");
  ASSERT_THAT(engine.pools, SizeIs(2));
  EXPECT_EQ(engine.pools[0].gateway.ToString(), "100.64.255.254");
  EXPECT_TRUE(engine.pools[1].gateway.is_none());
  ASSERT_THAT(settings->users, SizeIs(2));
  EXPECT_EQ(settings->users[0].service.ipv4_address.ToString(), "100.64.7.7");
  EXPECT_EQ(settings->users[1].service.ipv4_pools, std::vector<std::string>{"b"});
  EXPECT_EQ(settings->users[0].service.rate_up_bps, 0u) << "no limit";
  EXPECT_EQ(settings->users[1].service.rate_up_bps, 8'000'000u);
  EXPECT_EQ(settings->users[1].service.burst_up_bytes, 0u) << "the data plane's default";
  EXPECT_EQ(settings->users[1].service.rate_down_bps, 64'000'000u);
  EXPECT_EQ(settings->users[1].service.burst_down_bytes, 50'000u);
  EXPECT_TRUE(engine.clamp_mss);
  EXPECT_TRUE(engine.rates.shape_down);
  EXPECT_EQ(engine.rates.overhead, 22);
  EXPECT_FALSE(settings->users[0].service.shape_down.has_value()) << "ppp's";
  EXPECT_EQ(settings->users[1].service.shape_down, false);
  EXPECT_EQ(settings->users[1].service.shape_queue_bytes, 90'000u);
  EXPECT_EQ(settings->users[1].service.rate_overhead, int16_t{-3});
  EXPECT_EQ(peer.aggregate, (AggregateLimit{.rate_up_bps = 1'000'000'000,
                                            .burst_up_bytes = 2'000'000,
                                            .overhead = 4,
                                            .per_tunnel = true}));
}

TEST(Settings, VrfsAreKnownByNameAndNumber) {
  const auto settings =
      Check(std::string(kSmallest) + R"(vrfs: [{name: red, id: 1}, {name: blue, id: 2}]
pools:
- {name: main, prefix: 10.0.0.0/8}
- {name: red, prefix: 10.0.0.0/8, vrf: red}
- {name: blue, prefix: 198.51.100.0/24, vrf: blue}
users:
- {name: u, password: p, vrf: red, pool: red, address: 10.0.0.9}
- {name: v, password: p, address: 10.0.0.9}
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_THAT(settings->engine.vrfs, SizeIs(2));
  EXPECT_EQ(settings->engine.vrfs[1].name, "blue");
  EXPECT_EQ(settings->engine.vrfs[1].index, 2);
  EXPECT_EQ(settings->engine.pools[0].vrf, 0);
  EXPECT_EQ(settings->engine.pools[2].vrf, 2) << "the LNS's own address is of the main VRF";
  EXPECT_EQ(settings->users[0].service.vrf, "red");
  EXPECT_EQ(settings->users[1].service.vrf, "");
}

TEST(Settings, TheLnsHasAddressesInVrfs) {
  const auto settings = Check(R"(lns:
  addresses: [198.51.100.1]
  vrf_addresses:
  - {vrf: red, addresses: [198.51.100.1, '2001:db8::1']}
peers: [{name: any}]
vrfs: [{name: red, id: 7}]
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_THAT(settings->vrf_addresses, SizeIs(2));
  EXPECT_EQ(settings->vrf_addresses[1].vrf, 7);
  EXPECT_EQ(settings->vrf_addresses[1].address.ToString(), "2001:db8::1");
}

TEST(Settings, Ipv6IsAsWritten) {
  const auto settings = Check(std::string(kSmallest) + R"(
ppp: {ipv6: true}
ipv6:
  dns: ["2001:db8::53"]
  search: [example.net]
  advertisement_interval_s: 30
  router_lifetime_s: 90
  managed: true
  other: false
  lease_valid_s: 100
  lease_preferred_s: 60
  rapid_commit: false
  max_delegations: 1
  server_duid: "0004aabb"
pools:
  - {name: four, prefix: 100.64.0.0/16, ranges: [100.64.0.10-100.64.0.19, 100.64.0.30]}
  - {name: links, prefix: "2001:db8::/48", next: more}
  - {name: more, prefix: "2001:db8:1::/48"}
  - {name: pd, prefix: "2001:db8:1000::/40", delegate: 56}
  - {name: hosts, prefix: "2001:db8:2000::/64", addresses: true}
users:
  - {name: six, password: pw, networks: ipv6, ipv6_pool: more, delegated_pool: pd,
     ipv6_address_pool: hosts}
  - name: own
    password: pw
    ipv6_prefix: "2001:db8:0:7::/64"
    delegated_prefixes: ["2001:db8:1000:700::/56"]
    routes: [192.0.2.0/29, "2001:db8:aaaa::/48"]
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  const Ipv6Settings& ipv6 = settings->engine.ipv6;
  EXPECT_THAT(ipv6.dns, ElementsAre(*net::IpAddress::Parse("2001:db8::53")));
  EXPECT_THAT(ipv6.search, ElementsAre("example.net"));
  EXPECT_EQ(ipv6.advertisement_interval, Duration::Seconds(30));
  EXPECT_EQ(ipv6.router_lifetime, Duration::Seconds(90));
  EXPECT_TRUE(ipv6.managed);
  EXPECT_FALSE(ipv6.other);
  EXPECT_EQ(ipv6.lease_valid, Duration::Seconds(100));
  EXPECT_EQ(ipv6.lease_preferred, Duration::Seconds(60));
  EXPECT_FALSE(ipv6.rapid_commit);
  EXPECT_EQ(ipv6.max_delegations, 1u);
  EXPECT_EQ(ipv6.server_duid, (Bytes{0, 4, 0xaa, 0xbb}));
  const auto& pools = settings->engine.pools;
  ASSERT_THAT(pools, SizeIs(5));
  ASSERT_THAT(pools[0].ranges, SizeIs(2));
  EXPECT_EQ(pools[0].ranges[0].last.ToString(), "100.64.0.19");
  EXPECT_EQ(UseOf(pools[1]), PoolUse::kLink);
  EXPECT_EQ(pools[1].next, "more");
  EXPECT_EQ(UseOf(pools[3]), PoolUse::kDelegation);
  EXPECT_EQ(UnitLength(pools[3]), 56);
  EXPECT_EQ(UseOf(pools[4]), PoolUse::kHostAddress);
  ASSERT_THAT(settings->users, SizeIs(2));
  const ServiceProfile& six = settings->users[0].service;
  EXPECT_FALSE(six.ipv4);
  EXPECT_TRUE(six.ipv6);
  EXPECT_THAT(six.ipv6_pools, ElementsAre("more"));
  EXPECT_THAT(six.delegated_pools, ElementsAre("pd"));
  EXPECT_THAT(six.ipv6_address_pools, ElementsAre("hosts"));
  const ServiceProfile& own = settings->users[1].service;
  EXPECT_TRUE(own.ipv4);
  EXPECT_THAT(own.ipv6_prefixes, ElementsAre(*net::IpPrefix::Parse("2001:db8:0:7::/64")));
  EXPECT_THAT(own.delegated_prefixes, SizeIs(1));
  ASSERT_THAT(own.ipv4_routes, SizeIs(1));
  ASSERT_THAT(own.ipv6_routes, SizeIs(1));
  EXPECT_EQ(own.ipv6_routes[0].prefix.ToString(), "2001:db8:aaaa::/48");
}

// Clients know their server by it, also after a restart.
TEST(Settings, TheDhcpServersIdentifierFollowsFromTheName) {
  const auto duid_of = [](const char* name) {
    const auto settings = Check(std::string("lns: {addresses: [198.51.100.1], host_name: ") + name +
                                "}\npeers: [{name: any}]\n");
    return settings->engine.ipv6.server_duid;
  };
  EXPECT_EQ(duid_of("a").size(), 18u);
  EXPECT_EQ(duid_of("a"), duid_of("a"));
  EXPECT_NE(duid_of("a"), duid_of("b"));
}

TEST(Settings, ALargerFirstRetransmissionRaisesTheDefaultCap) {
  const auto settings = Check(std::string(kSmallest) + "    retransmit_initial_ms: 20000\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->engine.peers[0].tunnel.retransmit_cap, Duration::Seconds(20));
}

struct Wrong {
  const char* what;
  const char* yaml;   // appended to kSmallest, which has four lines
  const char* where;  // "LINE:COLUMN: PATH"
  const char* expected;
};

TEST(Settings, WhatIsWrongIsNamedByFileLineAndField) {
  const Wrong kCases[] = {
      {"a secretless challenge", "    challenge: always\n", "5:16: peers[0].challenge",
       "needs a secret"},
      {"a star inside a name", "    match_host_name: a*b\n", "5:22: peers[0].match_host_name",
       "last character"},
      {"a peer's address with host bits", "    match_address: 10.0.0.1/8\n",
       "5:20: peers[0].match_address", "without host bits"},
      {"two peers of one name", "  - name: any\n", "5:11: peers[1].name",
       "\"any\" is there already"},
      {"a nameless peer", "  - secret: x\n", "5:5: peers[1].name", "expected a name"},
      {"a cap below the first retransmission",
       "    retransmit_initial_ms: 2000\n    retransmit_cap_ms: 1000\n",
       "6:24: peers[0].retransmit_cap_ms", "at least retransmit_initial_ms"},
      {"no retransmission at all", "    max_retransmits: 0\n", "5:22: peers[0].max_retransmits",
       "expected 1 to 100, got 0"},
      {"an MRU no packet fits", "ppp: {mru: 64}\n", "5:12: ppp.mru",
       "expected 128 to 16384, got 64"},
      {"one protocol twice", "ppp: {auth: [pap, pap]}\n", "5:19: ppp.auth[1]", "there already"},
      {"three DNS servers", "ppp: {dns: [1.1.1.1, 1.1.1.2, 1.1.1.3]}\n", "5:31: ppp.dns[2]",
       "at most two"},
      {"an IPv6 DNS server in IPCP", "ppp: {dns: ['2001:db8::53']}\n", "5:13: ppp.dns[0]",
       "expected an IPv4 address, got \"2001:db8::53\""},
      {"a pool that is no prefix", "pools: [{name: a, prefix: 100.64.0.0/33}]\n",
       "5:27: pools[0].prefix", "expected a prefix"},
      {"an IPv6 pool too small for a link", "pools: [{name: a, prefix: '2001:db8::/65'}]\n",
       "5:27: pools[0].prefix", "holds no /64"},
      {"a range outside its pool",
       "pools: [{name: a, prefix: 100.64.0.0/24, ranges: [100.64.0.9-100.64.1.9]}]\n",
       "5:51: pools[0].ranges[0]", "expected a range in 100.64.0.0/24"},
      {"a range the wrong way round",
       "pools: [{name: a, prefix: 100.64.0.0/24, ranges: [100.64.0.9-100.64.0.8]}]\n",
       "5:51: pools[0].ranges[0]", "expected a range in 100.64.0.0/24"},
      {"a range that is none", "pools: [{name: a, prefix: 100.64.0.0/24, ranges: [a-b]}]\n",
       "5:51: pools[0].ranges[0]", "expected an address, or two"},
      {"IPv4 to be delegated", "pools: [{name: a, prefix: 100.64.0.0/16, delegate: 24}]\n",
       "5:52: pools[0].delegate", "not delegated"},
      {"delegated prefixes larger than the pool",
       "pools: [{name: a, prefix: '2001:db8::/48', delegate: 40}]\n", "5:27: pools[0].prefix",
       "holds no /40"},
      {"single addresses of IPv4", "pools: [{name: a, prefix: 100.64.0.0/16, addresses: true}]\n",
       "5:53: pools[0].addresses", "expected an IPv6 prefix"},
      {"single addresses and prefixes of one pool",
       "pools: [{name: a, prefix: '2001:db8::/64', delegate: 64, addresses: true}]\n",
       "5:69: pools[0].addresses", "either this or delegate"},
      {"single addresses of more than a link",
       "pools: [{name: a, prefix: '2001:db8::/48', addresses: true}]\n", "5:27: pools[0].prefix",
       "expected a /64 or longer"},
      {"a user's address pool of prefixes",
       "pools: [{name: l, prefix: '2001:db8::/48'}]\nusers:\n"
       "- {name: u, password: p, ipv6_address_pool: l}\n",
       "7:45: users[0].ipv6_address_pool", "\"l\" is no pool of IPv6 addresses"},
      {"a next pool that is not there", "pools: [{name: a, prefix: 100.64.0.0/24, next: b}]\n",
       "5:48: pools[0].next", "there is no pool \"b\""},
      {"a next pool of another kind",
       "pools:\n- {name: a, prefix: 100.64.0.0/24, next: b}\n- {name: b, prefix: "
       "'2001:db8::/48'}\n",
       "6:42: pools[0].next", "\"b\" is no pool of IPv4 addresses"},
      {"a chain of pools without end", "pools:\n- {name: a, prefix: 100.64.0.0/24, next: a}\n",
       "5:1: pools", "the chain of next pools never ends"},
      {"an IPv4 name server for IPv6", "ipv6: {dns: [192.0.2.1]}\n", "5:14: ipv6.dns[0]",
       "expected an IPv6 address"},
      {"a search domain that is none", "ipv6: {search: [a..b]}\n", "5:17: ipv6.search[0]",
       "expected a domain name"},
      {"prefixes preferred longer than valid",
       "ipv6: {prefix_valid_s: 100, prefix_preferred_s: 101}\n", "5:49: ipv6.prefix_preferred_s",
       "no more than prefix_valid_s"},
      {"a router that is none between its advertisements",
       "ipv6: {advertisement_interval_s: 600, router_lifetime_s: 300}\n",
       "5:58: ipv6.router_lifetime_s", "no less than advertisement_interval_s"},
      {"a server identifier that is none", "ipv6: {server_duid: 00xy}\n", "5:21: ipv6.server_duid",
       "hexadecimal digits"},
      {"a user's delegated prefix of IPv4",
       "users: [{name: u, password: p, delegated_prefixes: [10.0.0.0/8]}]\n",
       "5:53: users[0].delegated_prefixes[0]", "expected an IPv6 prefix"},
      {"a user's link pool that delegates",
       "pools:\n- {name: pd, prefix: '2001:db8::/40', delegate: 56}\nusers:\n"
       "- {name: u, password: p, ipv6_pool: pd}\n",
       "8:37: users[0].ipv6_pool", "\"pd\" is no pool of IPv6 link prefixes"},
      {"a pool of everything", "pools: [{name: a, prefix: 0.0.0.0/0}]\n", "5:27: pools[0].prefix",
       "longer than /0"},
      {"a pool without a prefix", "pools: [{name: a}]\n", "5:9: pools[0].prefix",
       "expected a prefix"},
      {"overlapping pools",
       "pools:\n- {name: a, prefix: 100.64.0.0/10}\n- {name: b, prefix: 100.65.0.0/24}\n",
       "7:21: pools[1].prefix", "overlaps pool \"a\", 100.64.0.0/10"},
      {"a gateway outside its pool",
       "pools: [{name: a, prefix: 100.64.0.0/24, gateway: 10.0.0.1}]\n", "5:51: pools[0].gateway",
       "expected an address in 100.64.0.0/24"},
      {"a pool with the LNS inside", "pools: [{name: a, prefix: 198.51.100.0/24}]\n",
       "5:27: pools[0].prefix", "own address 198.51.100.1"},
      {"two users of one name", "users:\n- {name: u, password: p}\n- {name: u, password: q}\n",
       "7:10: users[1].name", "\"u\" is there already"},
      {"a user without a password", "users: [{name: u}]\n", "5:9: users[0].password",
       "expected a password"},
      {"a rate beyond every link", "users: [{name: u, password: p, rate_up_bps: 400000000001}]\n",
       "5:45: users[0].rate_up_bps", "expected 0 to 400000000000"},
      {"a shaper without a rate", "users: [{name: u, password: p, shape_down: true}]\n",
       "5:44: users[0].shape_down", "needs a rate_down_bps"},
      {"an overhead no line has", "users: [{name: u, password: p, rate_overhead_bytes: 300}]\n",
       "5:53: users[0].rate_overhead_bytes", "expected -64 to 256"},
      {"a pool nobody made", "users: [{name: u, password: p, pool: x}]\n", "5:38: users[0].pool",
       "no pool \"x\""},
      {"two users on one address",
       "users:\n- {name: u, password: p, address: 10.0.0.1}\n- {name: v, password: p, address: "
       "10.0.0.1}\n",
       "7:35: users[1].address", "another user's"},
      {"a VRF without a number", "vrfs: [{name: red}]\n", "5:8: vrfs[0].id", "is required"},
      {"one number twice", "vrfs: [{name: red, id: 1}, {name: blue, id: 1}]\n", "5:45: vrfs[1].id",
       "another VRF's"},
      {"a user in a VRF nobody made", "users: [{name: u, password: p, vrf: x}]\n",
       "5:37: users[0].vrf", "no VRF \"x\""},
      {"a pool of another VRF",
       "vrfs: [{name: red, id: 1}]\npools: [{name: a, prefix: 10.0.0.0/8}]\n"
       "users: [{name: u, password: p, vrf: red, pool: a}]\n",
       "7:48: users[0].pool", "of another VRF"},
      {"a TCP listener", "listen: 0.0.0.0:5000\n", "5:9: listen", "expected unix:/absolute/path"},
      {"a relative run directory", "run_dir: run\n", "5:10: run_dir", "absolute"},
      {"a log level nobody knows", "log_level: loud\n", "5:12: log_level",
       "trace, debug, info, warn or error"},
      {"an unknown field", "colour: blue\n", "5:1", "colour"},
      {"a number that is a word", "ppp: {mru: many}\n", "5:12: ppp.mru", "many"},
  };
  for (const Wrong& wrong : kCases) {
    SCOPED_TRACE(wrong.what);
    const auto settings = Check(std::string(kSmallest) + wrong.yaml);
    ASSERT_FALSE(settings.ok());
    EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(settings.status().message()),
                StartsWith(std::string("lns.yaml:") + wrong.where));
    EXPECT_THAT(std::string(settings.status().message()), HasSubstr(wrong.expected));
  }
}

TEST(Settings, TheLnsNeedsAddressesAndPeers) {
  const struct {
    const char* yaml;
    const char* message;
  } kCases[] = {
      {"peers: [{name: any}]\n", "lns.addresses: expected at least one"},
      {"lns: {addresses: [198.51.100.1]}\n", "peers: expected at least one"},
      {"lns: {addresses: [x]}\n", "1:19: lns.addresses[0]: expected an IP address, got \"x\""},
      {"lns: {addresses: [1.1.1.1, 1.1.1.1]}\n", "lns.addresses[1]: 1.1.1.1 is there already"},
      {"lns: {addresses: [1.1.1.1], receive_window: 0}\n", "lns.receive_window: expected 1 to"},
      {"lns: {addresses: [1.1.1.1], max_tunnels: 65536}\n", "lns.max_tunnels: expected 1 to 65535"},
  };
  for (const auto& wrong : kCases) {
    EXPECT_THAT(std::string(Check(wrong.yaml).status().message()), HasSubstr(wrong.message));
  }
}

TEST(Settings, AMissingFileIsNamed) {
  const auto settings = LoadSettings("/nonexistent/lns.yaml");
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(settings.status().message()), HasSubstr("/nonexistent/lns.yaml"));
}

}  // namespace
}  // namespace lns::controlplane
