// The link's prefix and Router Advertisements (RFC 4861 6.2), and who is answered.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/controlplane/ipv6/subscriber.h"

namespace lns::test {
namespace {

using controlplane::Ipv6Event;
using controlplane::LeaseError;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Ipv6ServiceTest, AdvertisesTheLinksPrefixWhenTheLinkIsUp) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  EXPECT_THAT(subscriber.Prefixes(), ElementsAre(Prefix("2001:db8::/64")));
  const auto heard = subscriber.TakeAdvertisements();
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].router_lifetime_s, 1800);
  EXPECT_FALSE(heard[0].managed);
  EXPECT_TRUE(heard[0].other);
  EXPECT_EQ(heard[0].mtu, 1492u);
  ASSERT_THAT(heard[0].prefixes, SizeIs(1));
  EXPECT_EQ(heard[0].prefixes[0].prefix, Prefix("2001:db8::/64"));
  EXPECT_TRUE(heard[0].prefixes[0].autonomous);
  EXPECT_EQ(heard[0].prefixes[0].valid_s, 86400u);
  EXPECT_EQ(heard[0].prefixes[0].preferred_s, 14400u);
  EXPECT_THAT(heard[0].dns, ElementsAre(Address("2001:db8::53")));
  EXPECT_THAT(heard[0].search, ElementsAre("example.net"));
}

TEST(Ipv6ServiceTest, AdvertisesRoutesThatAaaNames) {
  Ipv6Subscriber subscriber;
  const std::vector<net::IpPrefix> routes = {Prefix("2001:db8:f::/48")};
  subscriber.terms.announced_routes = routes;
  subscriber.Up();
  const auto heard = subscriber.TakeAdvertisements();
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_THAT(heard[0].routes,
              ElementsAre(nd::RouteInformation{.prefix = routes[0], .lifetime_s = 1800}));
}

TEST(Ipv6ServiceTest, InitialAdvertisementsAreCloseLaterOnesSpread) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  subscriber.Wait(Duration::Seconds(33));
  EXPECT_THAT(subscriber.TakeAdvertisements(), SizeIs(3));
  // Between 200 s and 600 s apart.
  subscriber.Wait(Duration::Seconds(60'000));
  const size_t heard = subscriber.TakeAdvertisements().size();
  EXPECT_GE(heard, 100u);
  EXPECT_LE(heard, 300u);
}

TEST(Ipv6ServiceTest, SolicitationIsAnsweredWithinHalfASecond) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  subscriber.Wait(Duration::Seconds(100));
  subscriber.TakeAdvertisements();
  const Bytes question = nd::MakeRouterSolicitation();
  subscriber.SendIcmpv6(subscriber.kHost, controlplane::AllRouters(), question);
  EXPECT_THAT(subscriber.TakeAdvertisements(), SizeIs(1));
  // Asked again at once: not more often than every half second.
  for (int i = 0; i < 5; ++i) {
    subscriber.SendIcmpv6(subscriber.kHost, controlplane::AllRouters(), question);
  }
  EXPECT_THAT(subscriber.TakeAdvertisements(), IsEmpty());
  subscriber.Wait(Duration::Milliseconds(500));
  EXPECT_THAT(subscriber.TakeAdvertisements(), SizeIs(1));
  EXPECT_EQ(subscriber.Counted(Ipv6Event::kSolicitation), 6u);
}

TEST(Ipv6ServiceTest, InvalidAndForeignSolicitationsAreDropped) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  subscriber.Wait(Duration::Seconds(100));
  subscriber.Take();
  Bytes question = nd::MakeRouterSolicitation();
  subscriber.SendIcmpv6(Address("fe80::bad"), controlplane::AllRouters(), question);
  EXPECT_EQ(subscriber.Counted(Ipv6Event::kWrongSource), 1u);
  question[1] = 1;
  subscriber.SendIcmpv6(subscriber.kHost, controlplane::AllRouters(), question);
  question = nd::MakeRouterSolicitation();
  Bytes forwarded =
      controlplane::MakeIcmpv6Packet({subscriber.kHost, controlplane::AllRouters()}, question);
  forwarded[7] = 254;  // hop limit: it has passed a router
  subscriber.service.OnPacket(forwarded, subscriber.Around(), subscriber.out);
  EXPECT_EQ(subscriber.Counted(Ipv6Event::kSolicitationInvalid), 2u);
  forwarded[45] ^= 1;  // in the message: its checksum is wrong
  subscriber.service.OnPacket(forwarded, subscriber.Around(), subscriber.out);
  EXPECT_EQ(subscriber.Counted(Ipv6Event::kMalformed), 1u);
  EXPECT_THAT(subscriber.Take(), IsEmpty());
  subscriber.SendIcmpv6(Address("::"), controlplane::AllRouters(), question);
  EXPECT_THAT(subscriber.TakeAdvertisements(), SizeIs(1));  // a host without an address may ask
}

TEST(Ipv6ServiceTest, SaysGoodbyeAndIsSilentThen) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  subscriber.Take();
  subscriber.service.SayGoodbye(subscriber.Around(), subscriber.out);
  const auto heard = subscriber.TakeAdvertisements();
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].router_lifetime_s, 0);
  EXPECT_EQ(heard[0].dns_lifetime_s, 0u);
  subscriber.SendIcmpv6(subscriber.kHost, controlplane::AllRouters(), nd::MakeRouterSolicitation());
  subscriber.Wait(Duration::Seconds(10'000));
  EXPECT_THAT(subscriber.Take(), IsEmpty());
}

TEST(Ipv6ServiceTest, AnswersItsNeighbourAndPings) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  subscriber.Take();
  Bytes question(24);
  question[0] = net::kIcmpv6NeighbourSolicitation;
  std::copy_n(subscriber.kRouter.raw().begin(), 16, question.begin() + 8);
  subscriber.SendIcmpv6(subscriber.kHost, subscriber.kRouter, question);
  Bytes ping = {128, 0, 0, 0, 1, 2, 3, 4, 'x'};
  subscriber.SendIcmpv6(subscriber.kHost, subscriber.kRouter, ping);
  const auto packets = subscriber.Take();
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_EQ(controlplane::DescribeIpv6(packets[0]), "Neighbour Advertisement");
  const auto reply = controlplane::ReadLinkPacket(packets[1]);
  ASSERT_EQ(reply.kind, controlplane::LinkPacketKind::kIcmpv6);
  EXPECT_EQ(reply.payload[0], 129);
  EXPECT_EQ(Bytes(reply.payload.begin() + 4, reply.payload.end()),
            Bytes(ping.begin() + 4, ping.end()));
}

TEST(Ipv6ServiceTest, AnswersOneSessionSoManyTimesASecond) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  subscriber.Take();
  const Bytes ping = {128, 0, 0, 0, 1, 2, 3, 4};
  for (int i = 0; i < 100; ++i) {
    subscriber.SendIcmpv6(subscriber.kHost, subscriber.kRouter, ping);
  }
  EXPECT_THAT(subscriber.Take(), SizeIs(controlplane::Ipv6Service::kAnswersPerSecond));
  EXPECT_EQ(subscriber.Counted(Ipv6Event::kTooMany),
            100u - controlplane::Ipv6Service::kAnswersPerSecond);
}

TEST(Ipv6ServiceTest, FixedPrefixesGoBeforePools) {
  Ipv6Subscriber subscriber;
  const std::vector<net::IpPrefix> fixed = {Prefix("2001:db8:0:99::/64"),
                                            Prefix("2001:db8:7::/64")};
  subscriber.terms.link_prefixes = fixed;
  subscriber.Up();
  EXPECT_EQ(subscriber.Prefixes(), fixed);
  EXPECT_THAT(subscriber.TakeAdvertisements()[0].prefixes, SizeIs(2));
  // Somebody else cannot have them.
  controlplane::Ipv6Service other;
  auto around = subscriber.Around();
  around.owner = 8;
  EXPECT_EQ(other.Grant(around), controlplane::LeaseError::kInUse);
  other.Release(around);
  subscriber.service.Release(subscriber.Around());
  EXPECT_EQ(subscriber.book.used(), 0u);
}

TEST(Ipv6ServiceTest, TheSameUserGetsTheSamePrefixAgain) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  subscriber.service.Release(subscriber.Around());
  controlplane::Ipv6Service other;
  auto around = subscriber.Around();
  around.user_name = "bob";
  ASSERT_FALSE(other.Grant(around));
  EXPECT_EQ(other.links()[0].prefix, Prefix("2001:db8:0:1::/64"));
  ASSERT_FALSE(subscriber.service.Grant(subscriber.Around()));
  EXPECT_THAT(subscriber.Prefixes(), ElementsAre(Prefix("2001:db8::/64")));
}

TEST(Ipv6ServiceTest, WithoutPoolsThereIsARouterAndNoPrefix) {
  Ipv6Subscriber subscriber;
  subscriber.book = controlplane::AddressBook({}, {});
  subscriber.Up();
  EXPECT_THAT(subscriber.Prefixes(), IsEmpty());
  EXPECT_THAT(subscriber.TakeAdvertisements(), SizeIs(1));
  const std::vector<std::string> gold = {"gold"};
  subscriber.terms.link_pools = gold;
  EXPECT_EQ(subscriber.service.Grant(subscriber.Around()), controlplane::LeaseError::kNoSuchPool);
}

// RFC 8200 and the budget of a session in the control plane.
// RFC 4861 4.2: M. Of the others the settings say whether they are to ask.
TEST(Ipv6ServiceTest, WhoHasAddressesIsToAskForThem) {
  Ipv6Subscriber subscriber;
  subscriber.Up();
  EXPECT_FALSE(subscriber.TakeAdvertisements().at(0).managed);
  const std::vector<std::string> pools = {"hosts"};
  Ipv6Subscriber with_pool;
  with_pool.terms.address_pools = pools;
  with_pool.Up();
  EXPECT_TRUE(with_pool.TakeAdvertisements().at(0).managed);
}

// RFC 8106 5.1, RFC 4191 2.3: a lifetime of zero ends what was told.
TEST(Ipv6ServiceTest, ChangesOfWhatIsToldAreToldAtOnce) {
  Ipv6Subscriber subscriber;
  const std::vector<net::IpPrefix> routes = {Prefix("2001:db8:a::/48"), Prefix("2001:db8:b::/48")};
  subscriber.terms.announced_routes = routes;
  subscriber.Up();
  subscriber.Take();
  const auto before = subscriber.terms;
  const auto change = [&] {
    subscriber.service.OnTermsChanged(before, subscriber.Around(), subscriber.out);
    return subscriber.TakeAdvertisements();
  };
  EXPECT_THAT(change(), IsEmpty());
  const std::vector<net::IpAddress> servers = {Address("2001:db8::99")};
  subscriber.terms.dns = servers;
  subscriber.terms.announced_routes = std::span(routes).first(1);
  const auto heard = change();
  ASSERT_THAT(heard, SizeIs(2));
  EXPECT_THAT(heard[0].dns, ElementsAre(Address("2001:db8::53")));  // the settings'
  EXPECT_EQ(heard[0].dns_lifetime_s, 0u);
  EXPECT_THAT(heard[0].routes, ElementsAre(nd::RouteInformation{.prefix = routes[1]}));
  EXPECT_EQ(heard[0].router_lifetime_s, 1800u);
  EXPECT_THAT(heard[0].prefixes, IsEmpty());
  EXPECT_EQ(heard[1].dns, servers);
  EXPECT_GT(heard[1].dns_lifetime_s, 0u);
  ASSERT_THAT(heard[1].routes, SizeIs(1));
  EXPECT_EQ(heard[1].routes[0].lifetime_s, 1800u);
  EXPECT_THAT(heard[1].prefixes, SizeIs(1));
  // More than before takes nothing back.
  subscriber.terms = before;
  subscriber.terms.announced_routes = {};
  const auto less = subscriber.terms;
  subscriber.terms = before;
  subscriber.service.OnTermsChanged(less, subscriber.Around(), subscriber.out);
  EXPECT_THAT(subscriber.TakeAdvertisements(), SizeIs(1));
  subscriber.service.LinkDown();
  EXPECT_THAT(change(), IsEmpty());
}

// Not when DHCPv6 asks: then nobody can be refused any more.
TEST(Ipv6ServiceTest, PoolsThatAreNotThereAreMissedAtOnce) {
  const std::vector<std::string> nowhere = {"nowhere", "links"}, homes = {"nowhere", "pd"},
                                 hosts = {"hosts"};
  Ipv6Subscriber subscriber;
  subscriber.terms.address_pools = nowhere;
  EXPECT_EQ(subscriber.service.Grant(subscriber.Around()), LeaseError::kNoSuchPool);
  subscriber.terms.address_pools = hosts;
  subscriber.terms.delegated_pools = nowhere;
  EXPECT_EQ(subscriber.service.Grant(subscriber.Around()), LeaseError::kNoSuchPool);
  subscriber.terms.delegated_pools = homes;
  EXPECT_EQ(subscriber.service.Grant(subscriber.Around()), std::nullopt);
}

TEST(Ipv6ServiceTest, IsSmall) { EXPECT_LE(sizeof(controlplane::Ipv6Service), 160u); }

}  // namespace
}  // namespace lns::test
