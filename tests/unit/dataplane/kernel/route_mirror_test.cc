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
KernelRoute Route(const char* prefix, uint32_t metric, uint16_t port, const char* via) {
  return {Prefix(prefix), metric, port, Address(via)};
}
KernelNeighbour Neighbour(const char* address, uint8_t last_octet, bool is_stale = false) {
  return {Address(address), 1, {2, 0, 0, 0, 0, last_octet}, is_stale};
}

class RouteMirrorTest : public testing::Test {
 protected:
  // "10.0.0.0/8 via 192.0.2.1 port 0", one line each.
  std::string Routes() {
    std::string text;
    for (const RouteConfig& route : writer_.Routes()) {
      EXPECT_EQ(route.origin, Origin::kKernel);
      text += route.prefix.ToString() + " via " + route.next_hop.ToString() + " port " +
              std::to_string(route.port) + "\n";
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
  mirror_.AddRoute({Prefix("::/0"), 1024, 1, Address("2001:db8::1")});
  mirror_.AddRoute({Prefix("0.0.0.0/0"), 0, 1, {}});
  EXPECT_EQ(writer_.Routes().size(), 4u);
  mirror_.RemoveRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1"));
  EXPECT_EQ(writer_.Routes().size(), 3u);
}

TEST_F(RouteMirrorTest, RemovingWhatIsNotThereTellsNobody) {
  mirror_.RemoveRoute(Route("10.0.0.0/8", 0, 0, "192.0.2.1"));
  mirror_.RemoveNeighbour(Address("192.0.2.1"), 1);
  EXPECT_EQ(writer_.route_updates(), 0u);
  EXPECT_EQ(writer_.neighbour_updates(), 0u);
}

TEST_F(RouteMirrorTest, NeighbourIsWrittenWhenItsMacChanges) {
  mirror_.SetNeighbour(Neighbour("192.0.2.1", 1));
  mirror_.SetNeighbour(Neighbour("192.0.2.1", 1, /*is_stale=*/true));
  EXPECT_EQ(writer_.neighbour_updates(), 1u) << "only its state changed";
  ASSERT_EQ(mirror_.StaleNeighbours().size(), 1u);
  mirror_.SetNeighbour(Neighbour("192.0.2.1", 2));
  EXPECT_EQ(writer_.neighbour_updates(), 2u);
  EXPECT_EQ(writer_.Neighbours().front().mac[5], 2);
  EXPECT_TRUE(mirror_.StaleNeighbours().empty());
  mirror_.RemoveNeighbour(Address("192.0.2.1"), 1);
  EXPECT_TRUE(writer_.Neighbours().empty());
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
