// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "controlplane/radius/service_attributes.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"

namespace lns::controlplane {
namespace {

using radius::PacketBuilder;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

class ServiceAttributes : public testing::Test {
 protected:
  ServiceProfile Read(const ServiceProfile& base = {}) {
    const ServiceReading reading = ReadService(builder_.attributes(), base);
    malformed_ = reading.malformed;
    ignored_ = reading.ignored;
    return reading.profile;
  }

  PacketBuilder builder_{radius::Code::kAccessAccept, 1};
  uint32_t malformed_ = 0;
  uint32_t ignored_ = 0;
};

TEST_F(ServiceAttributes, EachOfThemIsRead) {
  builder_.AddAddress(radius::kFramedIpAddress, Address("100.64.0.9"));
  builder_.AddText(radius::kFilterId, "gold");
  builder_.AddText(radius::kFilterId, "clean");
  builder_.AddInteger(radius::kFramedMtu, 1400);
  builder_.AddText(radius::kFramedRoute, "192.0.2.0/24 0.0.0.0 5");
  builder_.AddText(radius::kClass, "one");
  builder_.AddText(radius::kClass, "two");
  builder_.AddInteger(radius::kSessionTimeout, 3600);
  builder_.AddInteger(radius::kIdleTimeout, 600);
  builder_.AddInteger(radius::kPortLimit, 2);
  builder_.AddInteger(radius::kAcctInterimInterval, 300);
  builder_.AddText(radius::kFramedPool, "a");
  builder_.AddText(radius::kFramedPool, "b");
  builder_.AddInterfaceId(radius::kFramedInterfaceId, 0x1234);
  builder_.AddIpv6Prefix(radius::kFramedIpv6Prefix, Prefix("2001:db8:1::/64"));
  builder_.AddText(radius::kFramedIpv6Route, "2001:db8:f::/48 ::");
  builder_.AddText(radius::kFramedIpv6Pool, "links");
  builder_.AddIpv6Prefix(radius::kDelegatedIpv6Prefix, Prefix("2001:db8:100::/56"));
  builder_.AddAddress(radius::kFramedIpv6Address, Address("2001:db8:1::5"));
  builder_.AddAddress(radius::kDnsServerIpv6Address, Address("2001:db8::53"));
  builder_.AddText(radius::kDelegatedIpv6PrefixPool, "delegated");
  builder_.AddText(radius::kStatefulIpv6AddressPool, "addresses");
  builder_.AddAddress(radius::kMsPrimaryDnsServer, Address("192.0.2.53"));
  builder_.AddAddress(radius::kMsSecondaryDnsServer, Address("192.0.2.54"));
  builder_.AddInteger(radius::kWisprBandwidthMaxUp, 1'000'000);
  builder_.AddInteger(radius::kWisprBandwidthMaxDown, 20'000'000);
  builder_.AddText(radius::kWisprRedirectionUrl, "http://portal.example/");
  builder_.AddInteger(radius::kMikrotikTotalLimit, 7);
  builder_.AddInteger(radius::kMikrotikTotalLimitGigawords, 2);
  builder_.AddText(radius::kErxVirtualRouterName, "wholesale");
  builder_.AddText(radius::kUserName, "alice@home");
  builder_.AddIpv6Prefix(radius::kRouteIpv6Information, Prefix("2001:db8:e::/48"));
  const ServiceProfile profile = Read();
  EXPECT_EQ(malformed_, 0u);
  EXPECT_EQ(ignored_, 0u);
  EXPECT_EQ(profile.ipv4_address, Address("100.64.0.9"));
  EXPECT_THAT(profile.filters, ElementsAre("gold", "clean"));
  EXPECT_EQ(profile.mtu, 1400);
  EXPECT_THAT(profile.ipv4_routes, ElementsAre(FramedRoute{Prefix("192.0.2.0/24"), 5}));
  ASSERT_THAT(profile.classes, SizeIs(2));
  EXPECT_EQ(AsText(profile.classes[1]), "two");
  EXPECT_EQ(profile.session_timeout, Duration::Seconds(3600));
  EXPECT_EQ(profile.idle_timeout, Duration::Seconds(600));
  EXPECT_EQ(profile.max_sessions, 2u);
  EXPECT_EQ(profile.interim_interval, Duration::Seconds(300));
  EXPECT_THAT(profile.ipv4_pools, ElementsAre("a", "b"));
  EXPECT_EQ(profile.ipv6_interface_id, 0x1234u);
  EXPECT_THAT(profile.ipv6_prefixes, ElementsAre(Prefix("2001:db8:1::/64")));
  EXPECT_THAT(profile.ipv6_routes, ElementsAre(FramedRoute{Prefix("2001:db8:f::/48"), 1}));
  EXPECT_THAT(profile.ipv6_pools, ElementsAre("links"));
  EXPECT_THAT(profile.delegated_prefixes, ElementsAre(Prefix("2001:db8:100::/56")));
  EXPECT_THAT(profile.ipv6_addresses, ElementsAre(Address("2001:db8:1::5")));
  EXPECT_THAT(profile.dns6, ElementsAre(Address("2001:db8::53")));
  EXPECT_THAT(profile.delegated_pools, ElementsAre("delegated"));
  EXPECT_THAT(profile.ipv6_address_pools, ElementsAre("addresses"));
  EXPECT_THAT(profile.dns, ElementsAre(Address("192.0.2.53"), Address("192.0.2.54")));
  EXPECT_EQ(profile.rate_up_bps, 1'000'000u);
  EXPECT_EQ(profile.rate_down_bps, 20'000'000u);
  EXPECT_EQ(profile.redirect_url, "http://portal.example/");
  EXPECT_EQ(profile.quota_octets, (uint64_t{2} << 32) + 7);
  EXPECT_EQ(profile.vrf, "wholesale");
  EXPECT_EQ(profile.user_name, "alice@home");
  EXPECT_THAT(profile.announced_routes, ElementsAre(Prefix("2001:db8:e::/48")));
}

TEST_F(ServiceAttributes, AQosPolicyChoosesBetweenWaitingAndDropping) {
  EXPECT_EQ(Read().shape_down, std::nullopt);
  builder_.AddText(radius::kCiscoAvPair, "ip:sub-qos-policy-out=shape");
  EXPECT_EQ(Read().shape_down, true);
  builder_.AddText(radius::kCiscoAvPair, "ip:sub-qos-policy-out=police");
  EXPECT_EQ(Read().shape_down, false);
  builder_ = PacketBuilder(radius::Code::kAccessAccept, 1);
  builder_.AddText(radius::kCiscoAvPair, "ip:sub-qos-policy-out=gold");
  EXPECT_EQ(Read({.shape_down = true}).shape_down, true) << "for other equipment";
}

TEST_F(ServiceAttributes, AddressesThatMeanThePoolAreNone) {
  for (const char* text : {"255.255.255.254", "255.255.255.255"}) {
    builder_.AddAddress(radius::kFramedIpAddress, Address(text));
    EXPECT_TRUE(Read({.ipv4_address = Address("100.64.0.1")}).ipv4_address.is_none()) << text;
    EXPECT_EQ(malformed_, 0u);
  }
}

TEST_F(ServiceAttributes, NetmaskMakesTheUserARouter) {
  builder_.AddAddress(radius::kFramedIpNetmask, Address("255.255.255.248"));
  builder_.AddAddress(radius::kFramedIpAddress, Address("192.0.2.9"));
  EXPECT_THAT(Read().ipv4_routes, ElementsAre(FramedRoute{Prefix("192.0.2.8/29")}));
}

TEST_F(ServiceAttributes, NetmaskOfOneAddressSaysNothing) {
  builder_.AddAddress(radius::kFramedIpAddress, Address("192.0.2.9"));
  builder_.AddAddress(radius::kFramedIpNetmask, Address("255.255.255.255"));
  EXPECT_THAT(Read().ipv4_routes, IsEmpty());
  EXPECT_EQ(malformed_, 0u);
}

TEST_F(ServiceAttributes, InterimsComeNoCloserThanAMinute) {
  builder_.AddInteger(radius::kAcctInterimInterval, 5);
  EXPECT_EQ(Read().interim_interval, Duration::Seconds(60));
}

TEST_F(ServiceAttributes, MalformedOnesAreCountedAndSayNothing) {
  const ServiceProfile base{.ipv4_address = Address("100.64.0.1"), .mtu = 1300};
  builder_.AddText(radius::kFramedIpAddress, "192.0.2.1");  // text, not four bytes
  builder_.AddInteger(radius::kFramedIpAddress, 0);
  builder_.AddInteger(radius::kFramedMtu, 63);
  builder_.AddInteger(radius::kFramedMtu, 65536);
  builder_.AddText(radius::kFramedRoute, "everywhere");
  builder_.AddText(radius::kFramedRoute, "192.0.2.1/24");
  builder_.AddText(radius::kFramedRoute, "192.0.2.0/24 nowhere");
  builder_.AddText(radius::kFramedRoute, "192.0.2.0/24 192.0.2.1 many");
  builder_.AddText(radius::kFramedRoute, "2001:db8::/32");
  builder_.AddText(radius::kSessionTimeout, "an hour");
  builder_.AddText(radius::kDelegatedIpv6Prefix, "2001:db8::/56");
  builder_.AddAddress(radius::kFramedIpNetmask, Address("255.0.255.0"));
  const ServiceProfile profile = Read(base);
  EXPECT_EQ(malformed_, 12u);
  EXPECT_EQ(profile, base);
}

TEST_F(ServiceAttributes, OthersAreCountedWhereNobodyKnowsThem) {
  builder_.AddText(radius::kReplyMessage, "hello");
  builder_.AddText(radius::AttributeId{0, 200}, "x");
  builder_.AddText(radius::AttributeId{9, 2}, "x");
  EXPECT_EQ(Read(), ServiceProfile());
  EXPECT_EQ(ignored_, 2u);
}

// As a CoA-Request changes what there is: lists are replaced whole, the rest stays.
TEST_F(ServiceAttributes, WhatAPacketDoesNotSayStays) {
  builder_.AddText(radius::kFilterId, "silver");
  builder_.AddInteger(radius::kSessionTimeout, 60);
  const ServiceProfile base{.ipv4_address = Address("100.64.0.1"),
                            .session_timeout = Duration::Seconds(5),
                            .idle_timeout = Duration::Seconds(7),
                            .classes = {{1}},
                            .filters = {"gold", "clean"}};
  ServiceProfile expected = base;
  expected.filters = {"silver"};
  expected.session_timeout = Duration::Seconds(60);
  EXPECT_EQ(Read(base), expected);
}

TEST(FramedRoute, WithoutALengthHasThatOfItsClass) {
  EXPECT_EQ(ParseFramedRoute("10.0.0.0", net::Family::kIpv4)->prefix, Prefix("10.0.0.0/8"));
  EXPECT_EQ(ParseFramedRoute("172.16.0.0", net::Family::kIpv4)->prefix, Prefix("172.16.0.0/16"));
  EXPECT_EQ(ParseFramedRoute("192.0.2.0 192.0.2.1", net::Family::kIpv4)->prefix,
            Prefix("192.0.2.0/24"));
}

}  // namespace
}  // namespace lns::controlplane
