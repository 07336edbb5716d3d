// Routes that are not one way to one neighbour, as a worker sees them: several paths, Linux' own
// addresses, routes to nowhere.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/stage/fixture.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::RouteConfig;
using dataplane::RouteKind;

net::IpAddress Address(std::string_view text) { return *net::IpAddress::Parse(text); }

Bytes Uplink(std::string_view to, uint8_t number) {
  return Packet()
      .Ethernet(kAccessMac, kLacMac)
      .Ipv4(kLac, kLns)
      .Udp(1701, 1701)
      .L2tp(7, 100)
      .Ppp(0x0021)
      .Ipv4("100.64.0.2", to)
      .Payload(1, number)
      .Build();
}

Bytes Uplink6(std::string_view to) {
  return Packet()
      .Ethernet(kAccessMac, kLacMac)
      .Ipv4(kLac, kLns)
      .Udp(1701, 1701)
      .L2tp(7, 100)
      .Ppp(0x0057)
      .Ipv6("2001:db8:100::1", to)
      .Payload(8)
      .Build();
}

Bytes Downlink(std::string_view to) {
  return Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, to).Payload(8).Build();
}

// The last octet of the MAC addresses that neighbours here have.
uint8_t WayOf(const Bytes& frame) { return frame[5]; }
std::string DestinationOf(const Bytes& frame) {
  return net::IpAddress::V4(LoadBe32(frame.data() + 30)).ToString();
}
std::string HostNumber(std::string_view prefix, int number) {
  return std::string(prefix) + std::to_string(number);
}

class Multipath : public testing::Test {
 protected:
  void AddNeighbour(std::string_view address, uint16_t port, uint8_t last_octet) {
    Must(rig_.writer().UpsertNeighbour({.address = Address(address),
                                        .port = port,
                                        .mac = {2, 0, 0, 0, 7, last_octet},
                                        .origin = dataplane::Origin::kKernel}));
  }
  // Over ways 1, 2, ...: neighbours 203.0.113.101, 102, ... on the core port.
  void AddRoute(std::string_view prefix, std::vector<uint16_t> weights) {
    RouteConfig route{.prefix = *net::IpPrefix::Parse(prefix),
                      .next_hop = Gateway(1, prefix),
                      .port = kCore,
                      .origin = dataplane::Origin::kKernel,
                      .weight = weights[0]};
    for (size_t way = 2; way <= weights.size(); ++way) {
      route.more_paths.push_back({Gateway(way, prefix), kCore, weights[way - 1]});
    }
    for (size_t way = 1; way <= weights.size(); ++way) {
      AddNeighbour(Gateway(way, prefix).ToString(), kCore, static_cast<uint8_t>(way));
    }
    Must(rig_.writer().UpsertRoute(route));
  }
  static net::IpAddress Gateway(size_t way, std::string_view prefix) {
    const bool is_v6 = prefix.find(':') != std::string_view::npos;
    return Address((is_v6 ? "2001:db8:2::10" : "203.0.113.10") + std::to_string(way));
  }
  // How many flows took each way; a flow's packets must all take the same.
  std::map<uint8_t, int> Spread(int flows) {
    for (uint8_t number = 0; number < 3; ++number) {
      for (int flow = 0; flow < flows; ++flow) {
        rig_.Receive(kAccess, Uplink(HostNumber("198.20.0.", flow), number));
      }
    }
    rig_.Poll();
    std::map<std::string, std::vector<uint8_t>> ways;
    for (const Bytes& frame : rig_.TakeSent(kCore)) {
      ways[DestinationOf(frame)].push_back(WayOf(frame));
    }
    EXPECT_EQ(ways.size(), static_cast<size_t>(flows));
    std::map<uint8_t, int> spread;
    for (const auto& [to, taken] : ways) {
      EXPECT_EQ(taken, std::vector<uint8_t>(3, taken[0])) << to;
      ++spread[taken[0]];
    }
    return spread;
  }

  Rig rig_{Rig::Options{}};
};

TEST_F(Multipath, FlowsSpreadOverAllWaysAndStayOnTheirs) {
  AddRoute("198.20.0.0/16", {1, 1});
  const auto spread = Spread(250);
  ASSERT_EQ(spread.size(), 2u);
  EXPECT_GT(spread.at(1), 90);
  EXPECT_GT(spread.at(2), 90);
}

TEST_F(Multipath, WaysHaveTheirShares) {
  AddRoute("198.20.0.0/16", {6, 1, 1});
  auto spread = Spread(250);
  ASSERT_EQ(spread.size(), 3u);
  EXPECT_NEAR(spread[1], 187, 30);
  EXPECT_NEAR(spread[2], 31, 20);
  EXPECT_NEAR(spread[3], 31, 20);
}

TEST_F(Multipath, WayThatGoesLeavesItsFlowsToTheOthers) {
  AddRoute("198.20.0.0/16", {1, 1, 1});
  EXPECT_EQ(Spread(100).size(), 3u);
  AddRoute("198.20.0.0/16", {1, 1});
  EXPECT_EQ(Spread(100).size(), 2u);
  AddRoute("198.20.0.0/16", {1});
  EXPECT_EQ(Spread(100), (std::map<uint8_t, int>{{1, 100}}));
}

TEST_F(Multipath, NewMacAddressOfAWayHoldsForItsFlowsAtOnce) {
  AddRoute("198.20.0.0/16", {1, 1});
  const auto before = Spread(100);
  AddNeighbour("203.0.113.102", kCore, 77);
  const auto after = Spread(100);
  EXPECT_EQ(after.at(1), before.at(1));
  EXPECT_EQ(after.at(77), before.at(2));
}

TEST_F(Multipath, FlowsOfIpv6SpreadToo) {
  AddRoute("2001:db8:f::/48", {1, 1});
  for (int flow = 0; flow < 100; ++flow) {
    rig_.Receive(kAccess, Uplink6(HostNumber("2001:db8:f::", flow)));
  }
  rig_.Poll();
  std::map<uint8_t, int> spread;
  for (const Bytes& frame : rig_.TakeSent(kCore)) ++spread[WayOf(frame)];
  ASSERT_EQ(spread.size(), 2u);
  EXPECT_GT(spread[1], 25);
  EXPECT_GT(spread[2], 25);
}

// All packets of a tunnel have the same outer addresses: its sessions are what spreads.
TEST_F(Multipath, SessionsOfOneTunnelSpreadOverTheWaysToItsLac) {
  RouteConfig route{.prefix = *net::IpPrefix::Parse("198.51.100.11/32"),
                    .next_hop = Address("198.51.100.101"),
                    .port = kAccess,
                    .origin = dataplane::Origin::kKernel};
  route.more_paths.push_back({Address("198.51.100.102"), kAccess});
  // As a host on the link it would be reached without a gateway.
  Must(rig_.writer().RemoveNeighbour(Address(kLac), kAccess));
  AddNeighbour("198.51.100.101", kAccess, 1);
  AddNeighbour("198.51.100.102", kAccess, 2);
  Must(rig_.writer().UpsertRoute(route));
  for (int session = 0; session < 40; ++session) {
    dataplane::SessionConfig config;
    config.key = {l2tp::LocalTunnelId(7),
                  l2tp::LocalSessionId(static_cast<uint16_t>(5000 + session * 7))};
    config.peer_id = l2tp::PeerSessionId(static_cast<uint16_t>(1 + session));
    config.ipv4_open = true;
    config.prefixes = {net::IpPrefix::Host(Address(HostNumber("100.64.0.", 100 + session)))};
    Must(rig_.writer().UpsertSession(config));
  }
  for (int round = 0; round < 2; ++round) {
    for (int session = 0; session < 40; ++session) {
      rig_.Receive(kCore, Downlink(HostNumber("100.64.0.", 100 + session)));
    }
  }
  rig_.Poll();
  const auto sent = rig_.TakeSent(kAccess);
  ASSERT_EQ(sent.size(), 80u);
  std::map<uint8_t, int> spread;
  for (size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(WayOf(sent[i]), WayOf(sent[i + 40])) << "session " << i;
    ++spread[WayOf(sent[i])];
  }
  ASSERT_EQ(spread.size(), 2u);
  EXPECT_GT(spread[1], 8);
  EXPECT_GT(spread[2], 8);
}

TEST_F(Multipath, PacketsOfAWayWithoutMacAddressWaitForIt) {
  AddRoute("198.20.0.0/16", {1, 1});
  const auto before = Spread(100);
  rig_.writer().TakeUnresolved();  // what the bench asks for
  Must(rig_.writer().RemoveNeighbour(Address("203.0.113.102"), kCore));
  for (int flow = 0; flow < 100; ++flow) {
    rig_.Receive(kAccess, Uplink(HostNumber("198.20.0.", flow), 1));
  }
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kCore).size(), static_cast<size_t>(before.at(1)));
  EXPECT_EQ(rig_.Held(), static_cast<uint32_t>(before.at(2)));
  const auto wanted = rig_.writer().TakeUnresolved();
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].address, Address("203.0.113.102"));
  AddNeighbour("203.0.113.102", kCore, 2);
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kCore).size(), static_cast<size_t>(before.at(2)));
}

TEST_F(Multipath, RouteToNowhereDropsWhatAShorterOneWouldForward) {
  Must(rig_.writer().UpsertRoute({.prefix = *net::IpPrefix::Parse("198.18.7.0/24"),
                                  .origin = dataplane::Origin::kKernel,
                                  .kind = RouteKind::kUnreachable}));
  rig_.Receive(kAccess, Uplink("198.18.7.1", 1));
  rig_.Receive(kAccess, Uplink("198.18.8.1", 1));
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kCore).size(), 1u);
  EXPECT_EQ(rig_.Drops(DropReason::kNoRoute), 1u);
}

TEST_F(Multipath, LinuxOwnAddressesAreNotAskedForOnTheLink) {
  Must(rig_.writer().UpsertRoute({.prefix = *net::IpPrefix::Parse("203.0.113.1/32"),
                                  .origin = dataplane::Origin::kKernel,
                                  .kind = RouteKind::kLinux}));
  rig_.Receive(kAccess, Uplink("203.0.113.1", 1));
  rig_.Poll();
  EXPECT_EQ(rig_.Held(), 0u);
  EXPECT_TRUE(rig_.TakeSent(kCore).empty());
  EXPECT_EQ(rig_.Drops(DropReason::kNotOurs), 1u);
}

}  // namespace
}  // namespace lns::test
