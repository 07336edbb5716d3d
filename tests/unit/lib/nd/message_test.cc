// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/nd/message.h"
#include "tests/unit/lib/hex.h"

namespace lns::nd {
namespace {

net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

RouterAdvertisement Usual() {
  return {.other = true,
          .router_lifetime_s = 1800,
          .prefixes = {{.prefix = Prefix("2001:db8:0:1::/64"),
                        .on_link = true,
                        .autonomous = true,
                        .valid_s = 86400,
                        .preferred_s = 14400}},
          .mtu = 1492,
          .dns = {Address("2001:db8::53")},
          .dns_lifetime_s = 1800,
          .search = {"example.net"},
          .search_lifetime_s = 1800};
}

// The same advertisement, built by scapy 2.5; hop limit and preference as below.
Bytes Captured() {
  Bytes message = test::FromHex(
      "8600f7d0404807080000000000000000030440c000015180000038400000000020010db800000001"
      "000000000000000005010000000005d4190300000000070820010db8000000000000000000000053"
      "1f03000000000708076578616d706c65036e657400000000");
  message[4] = 0;               // hop limit unspecified
  message[5] = 0x40;            // no router preference (RFC 4191), which is not ours to say
  message[2] = message[3] = 0;  // checksum
  return message;
}

TEST(RouterAdvertisementTest, IsWrittenAsOthersWriteIt) { EXPECT_EQ(Write(Usual()), Captured()); }

TEST(RouterAdvertisementTest, IsReadAsOthersWriteIt) {
  const auto parsed = ParseRouterAdvertisement(Captured());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, Usual());
}

TEST(RouterAdvertisementTest, EveryTruncationIsRefusedOrEndsBetweenOptions) {
  const Bytes whole = Captured();
  int accepted = 0;
  for (size_t length = 0; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    if (ParseRouterAdvertisement(cut).ok()) ++accepted;
  }
  EXPECT_EQ(accepted, 4);  // before each of the four options
}

TEST(RouterAdvertisementTest, LyingLengthsAreRefused) {
  Bytes message = Captured();
  message[17] = 0;
  EXPECT_EQ(ParseRouterAdvertisement(message).error(), NdError::kOption);
  message[17] = 255;
  EXPECT_EQ(ParseRouterAdvertisement(message).error(), NdError::kTruncated);
  message = Captured();
  message[18] = 129;  // prefix length
  EXPECT_EQ(ParseRouterAdvertisement(message).error(), NdError::kOption);
}

TEST(RouterAdvertisementTest, UnknownOptionsArePassedOver) {
  Bytes message = Captured();
  message.insert(message.begin() + 16, {200, 1, 1, 2, 3, 4, 5, 6});
  const auto parsed = ParseRouterAdvertisement(message);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, Usual());
}

// RFC 4191 2.3: as much of the prefix as its length needs.
TEST(RouterAdvertisementTest, RoutesAreToldInTheLengthTheyNeed) {
  RouterAdvertisement usual = Usual();
  usual.routes = {{.prefix = Prefix("::/0"), .lifetime_s = 9},
                  {.prefix = Prefix("2001:db8:f::/48"), .lifetime_s = 1800},
                  {.prefix = Prefix("2001:db8::1/128"), .lifetime_s = kInfinite}};
  const Bytes message = Write(usual);
  EXPECT_EQ(message.size(), Captured().size() + 8 + 16 + 24);
  const Bytes second = test::FromHex(
      "1802300000000708"
      "20010db8000f0000");
  EXPECT_NE(std::search(message.begin(), message.end(), second.begin(), second.end()),
            message.end());
  const auto parsed = ParseRouterAdvertisement(message);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, usual);
  Bytes lying = message;
  const auto at = std::search(lying.begin(), lying.end(), second.begin(), second.end());
  at[2] = 65;  // longer than what is there
  EXPECT_EQ(ParseRouterAdvertisement(lying).error(), NdError::kOption);
}

TEST(RouterAdvertisementTest, KeepsItsBounds) {
  RouterAdvertisement large = Usual();
  large.prefixes.resize(100, large.prefixes[0]);
  large.routes.resize(100, {.prefix = Prefix("2001:db8::1/128"), .lifetime_s = 1});
  large.dns.resize(100, large.dns[0]);
  large.search.resize(100, std::string(60, 'a') + "." + std::string(60, 'b'));
  const auto parsed = ParseRouterAdvertisement(Write(large));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->prefixes.size(), kMaxPrefixes);
  EXPECT_EQ(parsed->routes.size(), kMaxRoutes);
  EXPECT_EQ(parsed->dns.size(), kMaxServers);
  EXPECT_EQ(parsed->search.size(), kMaxDomains);
}

// A host's own message with its link-layer address (RFC 4861 4.1).
TEST(RouterSolicitationTest, IsCheckedWithItsOptions) {
  EXPECT_EQ(CheckRouterSolicitation(MakeRouterSolicitation()), NdError::kNone);
  Bytes message = MakeRouterSolicitation();
  message.insert(message.end(), {1, 1, 2, 0, 0, 0, 0, 1});
  EXPECT_EQ(CheckRouterSolicitation(message), NdError::kNone);
  message[9] = 0;
  EXPECT_EQ(CheckRouterSolicitation(message), NdError::kOption);
  message.resize(7);
  EXPECT_EQ(CheckRouterSolicitation(message), NdError::kTruncated);
  message = MakeRouterSolicitation();
  message[1] = 1;
  EXPECT_EQ(CheckRouterSolicitation(message), NdError::kType);
}

TEST(NeighbourTest, QuestionIsReadAndAnswerWritten) {
  const Bytes question = test::FromHex(
      "8700000000000000"
      "fe800000000000000000000000000001");
  const auto target = ParseNeighbourSolicitation(question);
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(*target, Address("fe80::1"));
  EXPECT_EQ(Write(NeighbourAdvertisement{.target = *target, .router = true, .solicited = true}),
            test::FromHex("88000000c0000000"
                          "fe800000000000000000000000000001"));
  EXPECT_EQ(ParseNeighbourSolicitation(ByteView(question).first(23)).error(), NdError::kTruncated);
}

TEST(DescribeNdTest, SaysWhatMatters) {
  EXPECT_EQ(Describe(Captured()),
            "Router Advertisement, router for 1800 s, other settings by DHCPv6, prefix "
            "2001:db8:0:1::/64 valid 86400 s autonomous on-link, mtu 1492, dns 2001:db8::53, "
            "search example.net");
  EXPECT_EQ(Describe(MakeRouterSolicitation()), "Router Solicitation");
  EXPECT_EQ(Describe(Bytes{134, 0, 0}), "Router Advertisement, truncated");
  EXPECT_EQ(Describe({}), "ICMPv6, empty");
}

}  // namespace
}  // namespace lns::nd
