// IPv6 of subscribers through the whole engine: NCPs by user, the link's prefix, Router
// Advertisements and DHCPv6 on the session, and the data plane first.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/ipv6/link_packet.h"
#include "lib/dhcpv6/client_packet.h"
#include "lib/dhcpv6/message.h"
#include "lib/nd/message.h"
#include "lib/net/prefix.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using controlplane::SessionEntry;
using controlplane::SessionView;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr Duration kSoon = Duration::Seconds(5);

net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

class Ipv6Test : public testing::Test {
 protected:
  Ipv6Test() {
    settings_.engine.ppp.ipv6 = true;
    settings_.engine.ipv6.server_duid = {0, 4, 1, 2, 3};
    settings_.engine.pools.push_back({.name = "links", .prefix = Prefix("2001:db8::/48")});
    settings_.engine.pools.push_back(
        {.name = "homes", .prefix = Prefix("2001:db8:1000::/40"), .delegated_length = 56});
  }
  void TearDown() override { EXPECT_EQ(world_->violation(), ""); }

  FakeLac::Call& Dial(bool ipv4 = true, bool ipv6 = true) {
    world_ = std::make_unique<World>(settings_);
    FakeLacSettings lac;
    lac.endpoint = {net::IpAddress::V4(0xc633640b), 1701};
    lac.tunnel.host_name = "lac0";
    lac.ppp.ipv4 = ipv4;
    lac.ppp.ipv6 = ipv6;
    lac_ = &world_->AddLac(lac);
    lac_->Open(world_->now());
    EXPECT_TRUE(world_->RunUntil([&] { return lac_->established(); }, kSoon));
    FakeLac::Call& call =
        lac_->Place({.user_name = "alice", .password = "secret"}, {}, world_->now());
    world_->RunFor(kSoon);
    return call;
  }
  SessionView View() const {
    const auto sessions = world_->engine().Sessions();
    return sessions.empty() ? SessionView{} : sessions.front();
  }
  std::vector<net::IpPrefix> Programmed() const {
    const SessionEntry* entry = world_->dataplane().Find(View().key);
    return entry == nullptr ? std::vector<net::IpPrefix>() : entry->prefixes;
  }
  static std::vector<nd::RouterAdvertisement> Advertisements(const FakeLac::Call& call) {
    std::vector<nd::RouterAdvertisement> heard;
    for (const Bytes& bytes : call.ipv6_packets) {
      const auto packet = controlplane::ReadLinkPacket(bytes);
      if (packet.kind != controlplane::LinkPacketKind::kIcmpv6) continue;
      const auto parsed = nd::ParseRouterAdvertisement(packet.payload);
      if (parsed.ok()) heard.push_back(*parsed);
    }
    return heard;
  }
  void SendDhcp(const FakeLac::Call& call, dhcpv6::MessageType type) {
    dhcpv6::Message message{.type = type,
                            .transaction_id = 7,
                            .client_id = {0, 3, 0, 1, 9},
                            .associations = {{.kind = dhcpv6::IaKind::kPrefix, .iaid = 1}}};
    if (type != dhcpv6::MessageType::kSolicit) message.server_id = {0, 4, 1, 2, 3};
    lac_->SendIpv6(call, dhcpv6::ClientPacket(message, net::LinkLocal(call.interface_id),
                                              controlplane::AllDhcpServers()));
  }
  static std::vector<dhcpv6::Message> Replies(const FakeLac::Call& call) {
    std::vector<dhcpv6::Message> replies;
    for (const Bytes& bytes : call.ipv6_packets) {
      const auto packet = controlplane::ReadLinkPacket(bytes);
      if (packet.kind != controlplane::LinkPacketKind::kDhcpv6) continue;
      const auto parsed = dhcpv6::Parse(packet.payload);
      if (parsed.ok()) replies.push_back(*parsed);
    }
    return replies;
  }
  bool Delegate(const FakeLac::Call& call) {
    SendDhcp(call, dhcpv6::MessageType::kRequest);
    return world_->RunUntil([&] { return !Replies(call).empty(); }, kSoon);
  }

  WorldSettings settings_ = PlainWorld();
  std::unique_ptr<World> world_;
  FakeLac* lac_ = nullptr;
};

TEST_F(Ipv6Test, DualStackSubscriberHearsOfItsPrefix) {
  const auto& call = Dial();
  EXPECT_EQ(View().state, "online");
  EXPECT_THAT(View().ipv6_prefixes, ElementsAre(Prefix("2001:db8::/64")));
  EXPECT_THAT(Programmed(), ElementsAre(Prefix("100.64.0.2/32"), Prefix("2001:db8::/64")));
  const auto heard = Advertisements(call);
  ASSERT_THAT(heard, Not(IsEmpty()));
  ASSERT_THAT(heard[0].prefixes, SizeIs(1));
  EXPECT_EQ(heard[0].prefixes[0].prefix, Prefix("2001:db8::/64"));
  EXPECT_EQ(heard[0].mtu, 1492u);
  EXPECT_EQ(world_->Counter("ipv6.router-advertisement"), heard.size());
}

TEST_F(Ipv6Test, ReplyLeavesOnlyAfterTheDataPlaneHasThePrefix) {
  settings_.dataplane.min_delay = settings_.dataplane.max_delay = Duration::Milliseconds(400);
  const auto& call = Dial();
  const Instant asked = world_->now();
  ASSERT_TRUE(Delegate(call));
  EXPECT_GE(world_->now() - asked, Duration::Milliseconds(400));
  EXPECT_EQ(Replies(call)[0].associations[0].leases[0].prefix, Prefix("2001:db8:1000::/56"));
  EXPECT_THAT(Programmed(), Contains(Prefix("2001:db8:1000::/56")));
  EXPECT_THAT(View().delegated_prefixes, ElementsAre(Prefix("2001:db8:1000::/56")));
}

TEST_F(Ipv6Test, ReplyThatWaitsIsDroppedWithTheLink) {
  settings_.dataplane.min_delay = settings_.dataplane.max_delay = Duration::Milliseconds(400);
  auto& call = Dial();
  SendDhcp(call, dhcpv6::MessageType::kRequest);
  world_->RunFor(Duration::Milliseconds(200));
  lac_->Terminate(call, world_->now());
  world_->RunFor(kSoon);
  EXPECT_THAT(Replies(call), IsEmpty());
}

TEST_F(Ipv6Test, ReplyThatWaitsIsDroppedWithItsPrefix) {
  settings_.dataplane.min_delay = settings_.dataplane.max_delay = Duration::Milliseconds(400);
  const auto& call = Dial();
  SendDhcp(call, dhcpv6::MessageType::kRequest);
  world_->RunFor(Duration::Milliseconds(200));
  SendDhcp(call, dhcpv6::MessageType::kRelease);
  world_->RunFor(kSoon);
  const auto replies = Replies(call);
  ASSERT_THAT(replies, SizeIs(1));  // to the Release
  for (const auto& association : replies[0].associations) {
    EXPECT_THAT(association.leases, IsEmpty());
  }
}

TEST_F(Ipv6Test, ReleasedPrefixLeavesTheDataPlane) {
  const auto& call = Dial();
  ASSERT_TRUE(Delegate(call));
  SendDhcp(call, dhcpv6::MessageType::kRelease);
  world_->RunFor(kSoon);
  EXPECT_THAT(Replies(call), SizeIs(2));
  EXPECT_THAT(Programmed(), ElementsAre(Prefix("100.64.0.2/32"), Prefix("2001:db8::/64")));
  EXPECT_THAT(View().delegated_prefixes, IsEmpty());
}

TEST_F(Ipv6Test, PrefixThatIsNotRenewedLeavesTheDataPlane) {
  const auto& call = Dial();
  ASSERT_TRUE(Delegate(call));
  world_->RunFor(Duration::Seconds(7200));
  EXPECT_THAT(Programmed(), Not(Contains(Prefix("2001:db8:1000::/56"))));
}

TEST_F(Ipv6Test, DataPlaneThatComesBackGetsThePrefixesAgain) {
  const auto& call = Dial();
  ASSERT_TRUE(Delegate(call));
  world_->KillDataplane();
  world_->RunFor(Duration::Seconds(1));
  world_->RestartDataplane();
  world_->RunFor(Duration::Seconds(1));
  EXPECT_THAT(Programmed(), Contains(Prefix("2001:db8:1000::/56")));
}

TEST_F(Ipv6Test, UserWithIpv6Only) {
  settings_.users[0].service.ipv4 = false;
  const auto& call = Dial();
  EXPECT_TRUE(call.ipv6_up);
  EXPECT_EQ(call.address, 0u);
  EXPECT_EQ(View().state, "online");
  EXPECT_THAT(Programmed(), ElementsAre(Prefix("2001:db8::/64")));
}

TEST_F(Ipv6Test, UserWithIpv4OnlyCostsNoPrefix) {
  settings_.users[0].service.ipv6 = false;
  const auto& call = Dial();
  EXPECT_FALSE(call.ipv6_up);
  EXPECT_NE(call.address, 0u);
  EXPECT_THAT(Programmed(), ElementsAre(Prefix("100.64.0.2/32")));
  EXPECT_EQ(world_->engine().Pools()[1].used, 0u);
}

TEST_F(Ipv6Test, PrefixesAndRoutesOfAUserAreProgrammed) {
  auto& service = settings_.users[0].service;
  service.ipv6_prefixes = {Prefix("2001:db8:aaaa::/64")};
  service.ipv6_routes = {{.prefix = Prefix("2001:db8:bbbb::/48")}};
  service.ipv4_routes = {{.prefix = Prefix("192.0.2.0/29")}};
  Dial();
  EXPECT_THAT(Programmed(),
              ElementsAre(Prefix("100.64.0.2/32"), Prefix("192.0.2.0/29"),
                          Prefix("2001:db8:aaaa::/64"), Prefix("2001:db8:bbbb::/48")));
}

TEST_F(Ipv6Test, ExhaustedLinkPoolRefusesTheCall) {
  settings_.engine.pools[1].prefix = Prefix("2001:db8::/64");
  settings_.users[0].service.ipv6_prefixes = {Prefix("2001:db8::/64")};
  settings_.users.push_back({.name = "carol", .password = "secret"});
  Dial();
  auto& second = lac_->Place({.user_name = "carol", .password = "secret"}, {}, world_->now());
  world_->RunFor(kSoon);
  EXPECT_EQ(second.state, FakeLac::CallState::kEnded);
  EXPECT_EQ(second.closed->result, 4);
  EXPECT_EQ(world_->Counter("lns.session-closed.pool-exhausted"), 1u);
}

TEST_F(Ipv6Test, ClearedSessionSaysGoodbyeAndGivesEverythingBack) {
  const auto& call = Dial();
  ASSERT_TRUE(Delegate(call));
  world_->Call([&](auto& engine, auto& out) {
    EXPECT_TRUE(engine.ClearSession(View().key, world_->now(), out).ok());
  });
  world_->RunFor(Duration::Seconds(20));
  EXPECT_EQ(Advertisements(call).back().router_lifetime_s, 0);
  EXPECT_THAT(world_->engine().Sessions(), IsEmpty());
  for (const auto& pool : world_->engine().Pools()) EXPECT_EQ(pool.used, 0u) << pool.name;
}

TEST_F(Ipv6Test, StoryTellsOfAdvertisementsAndLeases) {
  const auto& call = Dial();
  ASSERT_TRUE(Delegate(call));
  std::string story;
  for (const auto& event : controlplane::EventsOf(world_->engine().Explain(View().key)->trail)) {
    story += event.text + "\n";
  }
  EXPECT_THAT(story, testing::HasSubstr("Router Advertisement, router for 1800 s"));
  EXPECT_THAT(story, testing::HasSubstr("DHCPv6 Request"));
  EXPECT_THAT(story, testing::HasSubstr("DHCPv6 Reply"));
  EXPECT_THAT(story, testing::HasSubstr("2001:db8:1000::/56"));
}

}  // namespace
}  // namespace lns::test
