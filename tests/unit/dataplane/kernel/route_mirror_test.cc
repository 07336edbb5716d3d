// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>

#include "dataplane/kernel/route_mirror.h"
#include "tests/support/fake_table_writer.h"

namespace lns::dataplane {
namespace {

net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }
RoutePath Path(uint16_t port, const char* via, uint16_t weight = 1) {
  return {via != nullptr ? Address(via) : net::IpAddress(), port, weight};
}
KernelRoute Route(const char* prefix, uint32_t metric, uint16_t port, const char* via) {
  return {Prefix(prefix), metric, RouteKind::kForward, {Path(port, via)}};
}
KernelRoute Multipath(const char* prefix, uint32_t metric, std::vector<RoutePath> paths) {
  return {Prefix(prefix), metric, RouteKind::kForward, std::move(paths)};
}
KernelNeighbour Neighbour(const char* address, uint8_t last_octet, bool is_stale = false) {
  return {Address(address), 1, {2, 0, 0, 0, 0, last_octet}, is_stale};
}

class RouteMirrorTest : public testing::Test {
 protected:
  // "10.0.0.0/8 via 192.0.2.1 port 0", one line each; further paths follow in the line.
  std::string Routes() {
    std::string text;
    for (const RouteConfig& route : writer_.Routes()) {
      EXPECT_EQ(route.origin, Origin::kKernel);
      text += route.prefix.ToString();
      if (route.kind == RouteKind::kForward) {
        text += " via " + route.next_hop.ToString() + " port " + std::to_string(route.port);
      } else {
        text += route.kind == RouteKind::kLinux ? " linux" : " unreachable";
      }
      for (const RoutePath& path : route.more_paths) {
        text += ", " + path.next_hop.ToString() + " port " + std::to_string(path.port) + " * " +
                std::to_string(path.weight);
      }
      text += "\n";
    }
    return text;
  }
  test::FakeTableWriter writer_;
  RouteMirror mirror_{writer_};
};

TEST_F(RouteMirrorTest, LowestMetricIsForwardedBy) {
  mirror_.AddRoute(Route("10.0.0.0/8", 100, 0, "192.0.2.1"));
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.1 port 0\n");
  mirror_.AddRoute(Route("10.0.0.0/8", 20, 1, "198.51.100.9"));
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 198.51.100.9 port 1\n");
  mirror_.AddRoute(Route("10.0.0.0/8", 300, 1, "198.51.100.7"));
  EXPECT_EQ(writer_.route_updates(), 2u) << "a worse route changes nothing";
  mirror_.RemoveRoute(Route("10.0.0.0/8", 20, 1, "198.51.100.9"));
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.1 port 0\n") << "the next best takes over";
  mirror_.RemoveRoute(Route("10.0.0.0/8", 100, 0, "192.0.2.1"));
  mirror_.RemoveRoute(Route("10.0.0.0/8", 300, 1, "198.51.100.7"));
  EXPECT_EQ(Routes(), "");
}

TEST_F(RouteMirrorTest, TheSamePrefixOfTwoVrfsIsTwoRoutes) {
  KernelRoute other = Route("10.0.0.0/8", 10, 1, "192.0.2.9");
  other.prefix.vrf = 4;
  mirror_.AddRoute(Route("10.0.0.0/8", 20, 0, "192.0.2.1"));
  mirror_.AddRoute(other);
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.1 port 0\n10.0.0.0/8 via 192.0.2.9 port 1\n");
  EXPECT_EQ(writer_.Routes()[1].vrf, 4);
  mirror_.RemoveRoutes(Prefix("10.0.0.0/8"), 10);
  EXPECT_EQ(writer_.Routes().size(), 2u) << "of the other VRF";
  mirror_.RemoveRoutes(other.prefix, 10);
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.1 port 0\n");
}

TEST_F(RouteMirrorTest, ReplacementTakesThePlaceOfItsMetricOnly) {
  mirror_.AddRoute(Route("10.0.0.0/8", 10, 0, "192.0.2.1"));
  mirror_.AddRoute(Route("10.0.0.0/8", 20, 0, "192.0.2.2"));
  mirror_.ReplaceRoute(Route("10.0.0.0/8", 10, 1, "198.51.100.1"));
  EXPECT_EQ(mirror_.routes(), 2u);
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 198.51.100.1 port 1\n");
  mirror_.RemoveRoutes(Prefix("10.0.0.0/8"), 10);
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.2 port 0\n");
}

TEST_F(RouteMirrorTest, PrefixesOfDifferentLengthOrFamilyAreDifferentRoutes) {
  mirror_.AddRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1"));
  mirror_.AddRoute(Route("10.0.0.0/16", 0, 0, "192.0.2.2"));
  mirror_.AddRoute(Route("::/0", 1024, 1, "2001:db8::1"));
  mirror_.AddRoute(Route("0.0.0.0/0", 0, 1, nullptr));
  EXPECT_EQ(writer_.Routes().size(), 4u);
  mirror_.RemoveRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1"));
  EXPECT_EQ(writer_.Routes().size(), 3u);
}

TEST_F(RouteMirrorTest, RemovingWhatIsNotThereTellsNobody) {
  EXPECT_FALSE(mirror_.RemoveRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1")));
  EXPECT_FALSE(mirror_.RemovePaths(Route("2001:db8::/32", 0, 0, "2001:db8::1")));
  mirror_.RemoveNeighbour(Address("192.0.2.1"), 1);
  EXPECT_EQ(writer_.route_updates(), 0u);
  EXPECT_EQ(writer_.neighbour_updates(), 0u);
}

TEST_F(RouteMirrorTest, NeighbourIsWrittenWhenItsMacChanges) {
  mirror_.SetNeighbour(Neighbour("192.0.2.1", 1));
  mirror_.SetNeighbour(Neighbour("192.0.2.1", 1, /*is_stale=*/true));
  EXPECT_EQ(writer_.neighbour_updates(), 1u) << "only its state changed";
  ASSERT_EQ(mirror_.StaleNeighbours(9).size(), 1u);
  mirror_.SetNeighbour(Neighbour("192.0.2.1", 2));
  EXPECT_EQ(writer_.neighbour_updates(), 2u);
  EXPECT_EQ(writer_.Neighbours().front().mac[5], 2);
  EXPECT_TRUE(mirror_.StaleNeighbours(9).empty());
  mirror_.RemoveNeighbour(Address("192.0.2.1"), 1);
  EXPECT_TRUE(writer_.Neighbours().empty());
}

TEST_F(RouteMirrorTest, StaleNeighboursHaveTheirTurnOneAfterTheOther) {
  for (uint8_t i = 1; i <= 5; ++i) {
    mirror_.SetNeighbour({net::IpAddress::V4(0xc0000200u + i), 1, {2, 0, 0, 0, 0, i}, i != 3});
  }
  std::vector<std::string> asked;
  for (int round = 0; round < 4; ++round) {
    for (const KernelNeighbour& one : mirror_.StaleNeighbours(2)) {
      asked.push_back(one.address.ToString());
    }
  }
  EXPECT_EQ(asked, (std::vector<std::string>{"192.0.2.1", "192.0.2.2", "192.0.2.4", "192.0.2.5",
                                             "192.0.2.1", "192.0.2.2", "192.0.2.4", "192.0.2.5"}));
}

TEST_F(RouteMirrorTest, AllPathsOfARouteAreForwardedBy) {
  mirror_.AddRoute(
      Multipath("10.0.0.0/8", 10, {Path(0, "192.0.2.1", 3), Path(1, "198.51.100.1", 2)}));
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.1 port 0, 198.51.100.1 port 1 * 2\n");
  EXPECT_EQ(writer_.Routes().front().weight, 3);
  mirror_.ReplaceRoute(Route("10.0.0.0/8", 10, 1, "198.51.100.1"));
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 198.51.100.1 port 1\n");
}

TEST_F(RouteMirrorTest, PathsOfIpv6ComeTogetherAndGoOneByOne) {
  const RoutePath first = Path(0, "2001:db8::1");
  const RoutePath second = Path(1, "2001:db8::2");
  const RoutePath third = Path(1, "2001:db8::3");
  mirror_.AddRoute(Route("2001:db8:f::/48", 10, 1, nullptr));  // connected: stands beside them
  mirror_.ReplaceGateways(Multipath("2001:db8:f::/48", 20, {first}));
  mirror_.ReplaceGateways(Multipath("2001:db8:f::/48", 20, {first, second, third}));
  EXPECT_EQ(mirror_.routes(), 2u);
  EXPECT_TRUE(mirror_.RemoveRoute(Route("2001:db8:f::/48", 10, 1, nullptr)));
  EXPECT_EQ(Routes(),
            "2001:db8:f::/48 via 2001:db8::1 port 0, 2001:db8::2 port 1 * 1, "
            "2001:db8::3 port 1 * 1\n");
  EXPECT_TRUE(mirror_.RemovePaths(Multipath("2001:db8:f::/48", 20, {first})));
  EXPECT_EQ(Routes(), "2001:db8:f::/48 via 2001:db8::2 port 1, 2001:db8::3 port 1 * 1\n");
  EXPECT_FALSE(mirror_.RemovePaths(Multipath("2001:db8:f::/48", 20, {first})));
  EXPECT_TRUE(mirror_.RemovePaths(Multipath("2001:db8:f::/48", 20, {second, third})));
  EXPECT_EQ(Routes(), "");
  EXPECT_EQ(mirror_.routes(), 0u);
}

TEST_F(RouteMirrorTest, RoutesToLinuxAndToNowhereAreRoutes) {
  mirror_.AddRoute({Prefix("203.0.113.1/32"), 0, RouteKind::kLinux, {}});
  mirror_.AddRoute({Prefix("10.0.0.0/8"), 0, RouteKind::kUnreachable, {}});
  EXPECT_EQ(Routes(), "10.0.0.0/8 unreachable\n203.0.113.1/32 linux\n");
  EXPECT_TRUE(mirror_.RemoveRoute({Prefix("10.0.0.0/8"), 0, RouteKind::kUnreachable, {}}));
  EXPECT_EQ(Routes(), "203.0.113.1/32 linux\n");
}

TEST_F(RouteMirrorTest, ResyncBringsWhatIsNewAndRemovesWhatIsGone) {
  mirror_.AddRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1"));
  mirror_.AddRoute(Route("10.1.0.0/16", 0, 0, "192.0.2.1"));
  mirror_.SetNeighbour(Neighbour("192.0.2.1", 1));
  mirror_.SetNeighbour(Neighbour("192.0.2.2", 2));
  const uint64_t updates = writer_.route_updates();
  mirror_.Resync({Route("10.0.0.0/8", 0, 0, "192.0.2.1"), Route("10.2.0.0/16", 0, 1, "192.0.2.3")},
                 {Neighbour("192.0.2.2", 2), Neighbour("192.0.2.3", 3)});
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.1 port 0\n10.2.0.0/16 via 192.0.2.3 port 1\n");
  EXPECT_EQ(writer_.route_updates(), updates + 2) << "what stayed is not written again";
  ASSERT_EQ(writer_.Neighbours().size(), 2u);
  EXPECT_EQ(writer_.Neighbours()[0].address, Address("192.0.2.2"));
  EXPECT_EQ(writer_.Neighbours()[1].address, Address("192.0.2.3"));
}

TEST_F(RouteMirrorTest, RefusedRouteIsCountedAndTriedAgainWithTheNextChange) {
  writer_.Refuse(absl::ResourceExhaustedError("full"));
  mirror_.AddRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1"));
  EXPECT_EQ(mirror_.refused(), 1u);
  EXPECT_EQ(mirror_.last_refusal().message(), "full");
  writer_.Refuse(absl::OkStatus());
  mirror_.AddRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1"));
  EXPECT_EQ(Routes(), "10.0.0.0/8 via 192.0.2.1 port 0\n");
}

}  // namespace
}  // namespace lns::dataplane
