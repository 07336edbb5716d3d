// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/dhcpv6/message.h"
#include "tests/unit/lib/hex.h"

namespace lns::dhcpv6 {
namespace {

net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

const Bytes kClient = test::FromHex("00030001020000000001");
const Bytes kServer = test::FromHex("0004000102030405060708090a0b0c0d0e0f");

// Built by scapy 2.5.
Bytes CapturedSolicit() {
  return test::FromHex(
      "011234560001000a00030001020000000001000800020005000e0000000600040017001800190029"
      "000000070000000000000000001a0019000000000000000038000000000000000000000000000000"
      "000003000c000000090000000000000000");
}
Bytes CapturedReply() {
  return test::FromHex(
      "071234560001000a00030001020000000001000200120004000102030405060708090a0b0c0d0e0f"
      "00190029000000070000070800000b40001a001900000e1000001c203820010db801000000000000"
      "000000000000030024000000090000070800000b40000d001400026e6f2061646472657373206973"
      "2066726565000d000200000017001020010db80000000000000000000000530018000d076578616d"
      "706c65036e657400");
}

Message Solicit() {
  return {.type = MessageType::kSolicit,
          .transaction_id = 0x123456,
          .client_id = kClient,
          .associations = {{.kind = IaKind::kPrefix,
                            .iaid = 7,
                            .leases = {{.prefix = Prefix("::/56")}}},
                           {.kind = IaKind::kAddress, .iaid = 9}},
          .requested_options = {kOptionDnsServers, kOptionDomainList},
          .rapid_commit = true,
          .elapsed_cs = 5};
}

Message Reply() {
  return {.type = MessageType::kReply,
          .transaction_id = 0x123456,
          .client_id = kClient,
          .server_id = kServer,
          .associations = {{.kind = IaKind::kPrefix,
                            .iaid = 7,
                            .t1_s = 1800,
                            .t2_s = 2880,
                            .leases = {{.prefix = Prefix("2001:db8:100::/56"),
                                        .preferred_s = 3600,
                                        .valid_s = 7200}}},
                           {.kind = IaKind::kAddress,
                            .iaid = 9,
                            .t1_s = 1800,
                            .t2_s = 2880,
                            .status = Status{StatusCode::kNoAddrsAvail, "no address is free"}}},
          .status = Status{},
          .dns = {Address("2001:db8::53")},
          .domains = {"example.net"}};
}

TEST(Dhcpv6MessageTest, IsReadAsOthersWriteIt) {
  const auto solicit = Parse(CapturedSolicit());
  ASSERT_TRUE(solicit.ok());
  EXPECT_EQ(*solicit, Solicit());
  const auto reply = Parse(CapturedReply());
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(*reply, Reply());
}

TEST(Dhcpv6MessageTest, IsWrittenAsOthersWriteIt) { EXPECT_EQ(Write(Reply()), CapturedReply()); }

TEST(Dhcpv6MessageTest, EveryTruncationIsRefusedOrEndsBetweenOptions) {
  for (const Bytes& whole : {CapturedSolicit(), CapturedReply()}) {
    const size_t options = Parse(whole)->type == MessageType::kSolicit ? 6 : 7;
    size_t accepted = 0;
    for (size_t length = 0; length < whole.size(); ++length) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      if (Parse(cut).ok()) ++accepted;
    }
    EXPECT_EQ(accepted, options);
  }
}

struct LyingRow {
  const char* what;
  const char* options;
  ParseError error;
};

TEST(Dhcpv6MessageTest, LyingLengthsAreRefused) {
  const LyingRow rows[] = {
      {"option beyond the message", "0006ffff", ParseError::kTruncated},
      {"half an option header", "000600", ParseError::kTruncated},
      {"DUID without anything behind its type", "000100020001", ParseError::kOption},
      {"odd list of requested options", "000600030017 00", ParseError::kOption},
      {"IA_PD that ends in its times", "0019000400000001", ParseError::kOption},
      {"IA prefix that ends in its prefix", "00190014000000010000000000000000001a000400000000",
       ParseError::kOption},
      {"IA prefix of 129 bits",
       "0019002900000001000000000000000000"
       "1a0019000000000000000081000000000000000000000000000000 00",
       ParseError::kOption},
      {"option in an IA beyond the IA", "00190010000000010000000000000000001a00ff",
       ParseError::kTruncated},
      {"DNS server of 15 bytes", "0017000f000000000000000000000000000000", ParseError::kOption},
      {"Rapid Commit with a value", "000e000101", ParseError::kOption},
      {"two clients", "0001000400030001 0001000400030001", ParseError::kTwice},
      {"status without a code", "000d000100", ParseError::kOption},
      {"compressed domain", "00180002c000", ParseError::kOption},
  };
  for (const LyingRow& row : rows) {
    const auto parsed = Parse(test::FromHex(std::string("01000001") + row.options));
    ASSERT_FALSE(parsed.ok()) << row.what;
    EXPECT_EQ(parsed.error(), row.error) << row.what;
  }
}

TEST(Dhcpv6MessageTest, OnlyClientsAndServersTalk) {
  EXPECT_EQ(Parse(test::FromHex("0c000000")).error(), ParseError::kType);  // Relay-forward
  EXPECT_EQ(Parse(test::FromHex("00000000")).error(), ParseError::kType);
  EXPECT_EQ(Parse(test::FromHex("010000")).error(), ParseError::kTruncated);
}

TEST(Dhcpv6MessageTest, KeepsItsBounds) {
  Message large = Solicit();
  large.associations.resize(20, large.associations[0]);
  const auto parsed = Parse(Write(large));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->associations.size(), kMaxAssociations);
  large.associations.resize(100, large.associations[0]);
  EXPECT_TRUE(Write(large).empty());
}

struct RuleRow {
  MessageType type;
  bool client_id;
  const Bytes* server_id;
  bool taken;
};

// RFC 8415 16.
TEST(Dhcpv6RulesTest, IdentifiersMustBeThereOrNot) {
  const Bytes none;
  const Bytes other = test::FromHex("00040000");
  const RuleRow rows[] = {
      {MessageType::kSolicit, true, &none, true},
      {MessageType::kSolicit, false, &none, false},
      {MessageType::kSolicit, true, &kServer, false},
      {MessageType::kRequest, true, &kServer, true},
      {MessageType::kRequest, true, &none, false},
      {MessageType::kRequest, true, &other, false},
      {MessageType::kConfirm, true, &none, true},
      {MessageType::kConfirm, true, &kServer, false},
      {MessageType::kRenew, true, &kServer, true},
      {MessageType::kRenew, true, &none, false},
      {MessageType::kRebind, true, &none, true},
      {MessageType::kRebind, true, &kServer, false},
      {MessageType::kRelease, true, &kServer, true},
      {MessageType::kRelease, false, &kServer, false},
      {MessageType::kDecline, true, &kServer, true},
      {MessageType::kDecline, true, &other, false},
      {MessageType::kReply, true, &kServer, false},
      {MessageType::kAdvertise, true, &kServer, false},
      {MessageType::kReconfigure, true, &kServer, false},
  };
  for (const RuleRow& row : rows) {
    Message message = Solicit();
    message.type = row.type;
    message.server_id = *row.server_id;
    if (!row.client_id) message.client_id.clear();
    EXPECT_EQ(MayServerTake(message, kServer), row.taken)
        << ToString(row.type) << " client " << row.client_id << " server " << row.server_id->size();
  }
  Message asking{.type = MessageType::kInformationRequest};
  EXPECT_TRUE(MayServerTake(asking, kServer));
  asking.server_id = kServer;
  EXPECT_TRUE(MayServerTake(asking, kServer));
  asking.server_id = other;
  EXPECT_FALSE(MayServerTake(asking, kServer));
  asking = Solicit();
  asking.type = MessageType::kInformationRequest;
  EXPECT_FALSE(MayServerTake(asking, kServer));  // it asks for no leases
}

TEST(DescribeDhcpv6Test, SaysWhatMatters) {
  EXPECT_EQ(Describe(CapturedReply()),
            "DHCPv6 Reply 0x123456, client 00030001020000000001, IA_PD 7 2001:db8:100::/56 valid "
            "7200 s, IA_NA 9 NoAddrsAvail \"no address is free\", Success, dns 2001:db8::53, "
            "search example.net");
  EXPECT_EQ(Describe(test::FromHex("01")), "DHCPv6, truncated, 1 bytes");
}

}  // namespace
}  // namespace lns::dhcpv6
