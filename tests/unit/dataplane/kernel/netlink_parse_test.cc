// Messages are made with libnl's builders, or by hand where it has none.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include <memory>
#include <string>
#include <vector>

#include "dataplane/kernel/netlink_parse.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kTable = RT_TABLE_MAIN;
constexpr VrfIndex kVrf = 3;
constexpr uint32_t kVrfTable = 1010;

net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }

// Interfaces 10 and 11 are ports 0 and 1.
std::optional<uint16_t> PortOf(int interface_index) {
  if (interface_index == 10 || interface_index == 11) {
    return static_cast<uint16_t>(interface_index - 10);
  }
  return std::nullopt;
}

using NlAddress = std::unique_ptr<nl_addr, void (*)(nl_addr*)>;
NlAddress ToNl(const char* text) {
  nl_addr* address = nullptr;
  EXPECT_EQ(nl_addr_parse(text, AF_UNSPEC, &address), 0) << text;
  return {address, nl_addr_put};
}

struct Hop {
  int interface_index = 0;
  const char* gateway = nullptr;
  unsigned flags = 0;
  uint8_t weight = 0;  // as on the wire: one less
};
struct Message {
  const char* prefix = "10.0.0.0/8";
  std::vector<Hop> hops;
  uint8_t type = RTN_UNICAST;
  uint32_t table = kTable;
  uint32_t metric = 0;
  uint8_t protocol = RTPROT_STATIC;
};

std::optional<ParsedRoute> Parse(const Message& message) {
  const std::unique_ptr<rtnl_route, void (*)(rtnl_route*)> route(rtnl_route_alloc(),
                                                                 rtnl_route_put);
  const NlAddress to = ToNl(message.prefix);
  rtnl_route_set_family(route.get(), static_cast<uint8_t>(nl_addr_get_family(to.get())));
  rtnl_route_set_dst(route.get(), to.get());
  rtnl_route_set_type(route.get(), message.type);
  rtnl_route_set_table(route.get(), message.table);
  rtnl_route_set_priority(route.get(), message.metric);
  rtnl_route_set_protocol(route.get(), message.protocol);
  for (const Hop& hop : message.hops) {
    rtnl_nexthop* next = rtnl_route_nh_alloc();
    rtnl_route_nh_set_ifindex(next, hop.interface_index);
    rtnl_route_nh_set_flags(next, hop.flags);
    rtnl_route_nh_set_weight(next, hop.weight);
    if (hop.gateway != nullptr) rtnl_route_nh_set_gateway(next, ToNl(hop.gateway).get());
    rtnl_route_add_nexthop(route.get(), next);
  }
  nl_msg* built = nullptr;
  EXPECT_EQ(rtnl_route_build_add_request(route.get(), 0, &built), 0);
  const std::unique_ptr<nl_msg, void (*)(nl_msg*)> owner(built, nlmsg_free);
  KernelSettings settings;
  settings.vrf_tables[kVrf] = kVrfTable;
  return ParseRoute(nlmsg_hdr(built), settings, PortOf);
}

using Paths = std::vector<RoutePath>;

TEST(ParseRoute, OneGateway) {
  const auto parsed = Parse({.hops = {{10, "192.0.2.1"}}, .metric = 20});
  ASSERT_TRUE(parsed && parsed->is_ours);
  EXPECT_EQ(parsed->route.prefix, *net::IpPrefix::Parse("10.0.0.0/8"));
  EXPECT_EQ(parsed->route.metric, 20u);
  EXPECT_EQ(parsed->route.kind, RouteKind::kForward);
  EXPECT_EQ(parsed->route.paths, (Paths{{Address("192.0.2.1"), 0, 1}}));
  EXPECT_EQ(parsed->protocol, RTPROT_STATIC);
  EXPECT_TRUE(parsed->route.HasGateway());
}

TEST(ParseRoute, Ipv6AndConnected) {
  auto parsed = Parse({.prefix = "2001:db8::/32", .hops = {{11, "fe80::1"}}});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->route.paths, (Paths{{Address("fe80::1"), 1, 1}}));
  parsed = Parse({.prefix = "203.0.113.0/24", .hops = {{11}}});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->route.paths, (Paths{{{}, 1, 1}}));
  EXPECT_FALSE(parsed->route.HasGateway());
}

TEST(ParseRoute, SeveralPathsWithTheirWeights) {
  const auto parsed = Parse({.hops = {{10, "192.0.2.1", 0, 2}, {11, "198.51.100.1"}}});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->route.paths,
            (Paths{{Address("192.0.2.1"), 0, 3}, {Address("198.51.100.1"), 1, 1}}));
}

TEST(ParseRoute, PathsOfOthersAndDeadOnesAreLeftOut) {
  auto parsed = Parse({.hops = {{10, "192.0.2.1", RTNH_F_DEAD}, {11, "198.51.100.1"}, {99}}});
  ASSERT_TRUE(parsed && parsed->is_ours);
  EXPECT_EQ(parsed->route.paths, (Paths{{Address("198.51.100.1"), 1, 1}}));
  parsed = Parse({.hops = {{99, "192.0.2.1"}}});
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->is_ours);
}

TEST(ParseRoute, PathWithoutCarrierCountsOnlyAlone) {
  auto parsed = Parse({.hops = {{10, "192.0.2.1", RTNH_F_LINKDOWN}, {11, "198.51.100.1"}}});
  EXPECT_EQ(parsed->route.paths, (Paths{{Address("198.51.100.1"), 1, 1}}));
  parsed =
      Parse({.hops = {{10, "192.0.2.1", RTNH_F_LINKDOWN}, {11, "198.51.100.1", RTNH_F_LINKDOWN}}});
  EXPECT_EQ(parsed->route.paths.size(), 2u);
}

TEST(ParseRoute, KindsOfRoutes) {
  for (const uint8_t type : {RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT}) {
    const auto parsed = Parse({.type = type});
    ASSERT_TRUE(parsed && parsed->is_ours) << int{type};
    EXPECT_EQ(parsed->route.kind, RouteKind::kUnreachable);
  }
  for (const uint8_t type : {RTN_LOCAL, RTN_BROADCAST}) {
    const auto parsed =
        Parse({.prefix = "203.0.113.1", .hops = {{99}}, .type = type, .table = RT_TABLE_LOCAL});
    ASSERT_TRUE(parsed && parsed->is_ours) << int{type};
    EXPECT_EQ(parsed->route.kind, RouteKind::kLinux);
    EXPECT_TRUE(parsed->route.paths.empty());
  }
}

TEST(ParseRoute, TheTableSaysTheVrf) {
  const auto forward = Parse({.hops = {{10, "192.0.2.1"}}, .table = kVrfTable});
  ASSERT_TRUE(forward && forward->is_ours);
  EXPECT_EQ(forward->route.prefix.vrf, kVrf);
  // A VRF has its local routes in its own table; those of the local table are the main one's.
  const auto local =
      Parse({.prefix = "203.0.113.1", .hops = {{99}}, .type = RTN_LOCAL, .table = kVrfTable});
  ASSERT_TRUE(local && local->is_ours);
  EXPECT_EQ(local->route.kind, RouteKind::kLinux);
  EXPECT_EQ(local->route.prefix.vrf, kVrf);
  EXPECT_EQ(Parse({.hops = {{10, "192.0.2.1"}}})->route.prefix.vrf, kMainVrf);
}

TEST(ParseRoute, WhatIsNotMirrored) {
  EXPECT_FALSE(Parse({.hops = {{10, "192.0.2.1"}}, .table = 100})) << "another table";
  EXPECT_FALSE(Parse({.hops = {{10}}, .table = RT_TABLE_LOCAL}));
  EXPECT_FALSE(Parse({.type = RTN_THROW}));
  EXPECT_FALSE(Parse({.prefix = "224.0.0.0/4", .type = RTN_MULTICAST}));
  EXPECT_FALSE(Parse({.prefix = "fe80::/64", .hops = {{10}}})) << "never forwarded";
}

std::optional<ParsedNeighbour> ParseNeighbour(const char* address, const char* mac, int state,
                                              int interface_index) {
  const std::unique_ptr<rtnl_neigh, void (*)(rtnl_neigh*)> neighbour(rtnl_neigh_alloc(),
                                                                     rtnl_neigh_put);
  rtnl_neigh_set_ifindex(neighbour.get(), interface_index);
  rtnl_neigh_set_dst(neighbour.get(), ToNl(address).get());
  rtnl_neigh_set_state(neighbour.get(), state);
  if (mac != nullptr) rtnl_neigh_set_lladdr(neighbour.get(), ToNl(mac).get());
  nl_msg* built = nullptr;
  EXPECT_EQ(rtnl_neigh_build_add_request(neighbour.get(), 0, &built), 0);
  const std::unique_ptr<nl_msg, void (*)(nl_msg*)> owner(built, nlmsg_free);
  return dataplane::ParseNeighbour(nlmsg_hdr(built), PortOf);
}

TEST(ParseNeighbour, StatesSayWhetherItCanBeSentTo) {
  for (const int state : {NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT}) {
    const auto parsed = ParseNeighbour("192.0.2.1", "02:00:00:00:00:07", state, 11);
    ASSERT_TRUE(parsed && parsed->is_usable) << state;
    EXPECT_EQ(parsed->neighbour.address, Address("192.0.2.1"));
    EXPECT_EQ(parsed->neighbour.port, 1);
    EXPECT_EQ(parsed->neighbour.mac[5], 7);
    EXPECT_EQ(parsed->neighbour.is_stale, state == NUD_STALE);
  }
  EXPECT_FALSE(ParseNeighbour("192.0.2.1", nullptr, NUD_INCOMPLETE, 11)->is_usable);
  EXPECT_FALSE(ParseNeighbour("2001:db8::1", "02:00:00:00:00:07", NUD_FAILED, 11)->is_usable);
}

TEST(ParseNeighbour, OthersAndGroupsAreNoNeighbours) {
  EXPECT_FALSE(ParseNeighbour("192.0.2.1", "02:00:00:00:00:07", NUD_REACHABLE, 99));
  EXPECT_FALSE(ParseNeighbour("ff02::1", "33:33:00:00:00:01", NUD_NOARP, 10));
}

std::optional<ParsedAddress> ParseAddress(const net::IpAddress& address, uint32_t interface_index,
                                          const net::IpAddress& local = {}) {
  const std::unique_ptr<nl_msg, void (*)(nl_msg*)> message(nlmsg_alloc_simple(RTM_NEWADDR, 0),
                                                           nlmsg_free);
  ifaddrmsg header{};
  header.ifa_family = address.is_v4() ? AF_INET : AF_INET6;
  header.ifa_index = interface_index;
  EXPECT_EQ(nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO), 0);
  const auto put = [&](int attribute, const net::IpAddress& value) {
    EXPECT_EQ(nla_put(message.get(), attribute, static_cast<int>(value.bytes().size()),
                      value.bytes().data()),
              0);
  };
  put(IFA_ADDRESS, address);
  if (!local.is_none()) put(IFA_LOCAL, local);
  return dataplane::ParseAddress(nlmsg_hdr(message.get()), PortOf);
}

TEST(ParseAddress, OfOurPorts) {
  auto parsed = ParseAddress(Address("203.0.113.1"), 11, Address("203.0.113.1"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->address, Address("203.0.113.1"));
  EXPECT_EQ(parsed->port, 1);
  parsed = ParseAddress(Address("192.0.2.2"), 10, Address("192.0.2.1"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->address, Address("192.0.2.1")) << "ours, not the far end's";
  EXPECT_TRUE(ParseAddress(Address("2001:db8::1"), 10));
  EXPECT_FALSE(ParseAddress(Address("fe80::1"), 10));
  EXPECT_FALSE(ParseAddress(Address("203.0.113.1"), 99));
}

}  // namespace
}  // namespace lns::dataplane
