// The DHCPv6 server of a session (RFC 8415 18.3).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/controlplane/ipv6/subscriber.h"

namespace lns::test {
namespace {

using controlplane::Ipv6Event;
using dhcpv6::Association;
using dhcpv6::IaKind;
using dhcpv6::Message;
using dhcpv6::MessageType;
using dhcpv6::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Bytes kClient = {0, 3, 0, 1, 2, 0, 0, 0, 0, 1};

Message Ask(MessageType type, std::vector<Association> associations) {
  return {.type = type,
          .transaction_id = 0x1234,
          .client_id = kClient,
          .associations = std::move(associations)};
}
Message AskServer(MessageType type, std::vector<Association> associations) {
  Message message = Ask(type, std::move(associations));
  message.server_id = {0, 4, 1, 2, 3};
  return message;
}
Association Pd(uint32_t iaid) { return {.kind = IaKind::kPrefix, .iaid = iaid}; }
Association Na(uint32_t iaid) { return {.kind = IaKind::kAddress, .iaid = iaid}; }

class Dhcpv6ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    subscriber_.Up();
    subscriber_.Take();
    subscriber_.out = {};
  }
  // The answer to `message`, which there must be.
  Message Exchange(const Message& message) {
    subscriber_.SendDhcp(message);
    const auto reply = subscriber_.TakeDhcp();
    EXPECT_TRUE(reply.has_value());
    return reply.value_or(Message{});
  }
  static StatusCode StatusOf(const Association& association) {
    return association.status ? association.status->code : StatusCode::kSuccess;
  }

  Ipv6Subscriber subscriber_;
};

TEST_F(Dhcpv6ServerTest, FourMessagesDelegateAPrefix) {
  const Message advertise = Exchange(Ask(MessageType::kSolicit, {Pd(1)}));
  EXPECT_EQ(advertise.type, MessageType::kAdvertise);
  EXPECT_EQ(advertise.transaction_id, 0x1234u);
  EXPECT_EQ(advertise.client_id, kClient);
  EXPECT_EQ(advertise.server_id, subscriber_.settings.server_duid);
  ASSERT_THAT(advertise.associations, SizeIs(1));
  ASSERT_THAT(advertise.associations[0].leases, SizeIs(1));
  EXPECT_EQ(advertise.associations[0].leases[0].prefix, Prefix("2001:db8:1000::/56"));
  EXPECT_FALSE(subscriber_.out.prefixes_added);  // offered is not delegated
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(1));

  const Message reply = Exchange(AskServer(MessageType::kRequest, advertise.associations));
  EXPECT_EQ(reply.type, MessageType::kReply);
  EXPECT_EQ(reply.associations, advertise.associations);
  EXPECT_EQ(reply.associations[0].t1_s, 1800u);
  EXPECT_EQ(reply.associations[0].t2_s, 2880u);
  EXPECT_EQ(reply.associations[0].leases[0].preferred_s, 3600u);
  EXPECT_EQ(reply.associations[0].leases[0].valid_s, 7200u);
  EXPECT_TRUE(subscriber_.out.prefixes_added);
  EXPECT_THAT(subscriber_.Prefixes(),
              ElementsAre(Prefix("2001:db8::/64"), Prefix("2001:db8:1000::/56")));
}

TEST_F(Dhcpv6ServerTest, RapidCommitNeedsTwo) {
  Message solicit = Ask(MessageType::kSolicit, {Pd(1)});
  solicit.rapid_commit = true;
  const Message reply = Exchange(solicit);
  EXPECT_EQ(reply.type, MessageType::kReply);
  EXPECT_TRUE(reply.rapid_commit);
  EXPECT_TRUE(subscriber_.out.prefixes_added);
  subscriber_.settings.rapid_commit = false;
  EXPECT_EQ(Exchange(solicit).type, MessageType::kAdvertise);
}

TEST_F(Dhcpv6ServerTest, PrefixesAndAddressesInOneExchange) {
  const Message reply = Exchange(AskServer(MessageType::kRequest, {Pd(1), Na(1), Pd(2)}));
  ASSERT_THAT(reply.associations, SizeIs(3));
  EXPECT_EQ(reply.associations[0].leases[0].prefix, Prefix("2001:db8:1000::/56"));
  EXPECT_EQ(reply.associations[1].leases[0].prefix, Prefix("2001:db8::1000/128"));
  EXPECT_EQ(reply.associations[2].leases[0].prefix, Prefix("2001:db8:1000:100::/56"));
  // The address lies in the link's prefix and needs no route.
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(3));
  const auto holdings = subscriber_.service.Holdings();
  EXPECT_THAT(holdings.delegated, SizeIs(2));
  EXPECT_THAT(holdings.addresses, ElementsAre(Address("2001:db8::1000")));
}

TEST_F(Dhcpv6ServerTest, ASessionHasSoManyPrefixesAndNoMore) {
  std::vector<Association> many;
  for (uint32_t iaid = 1; iaid <= 6; ++iaid) many.push_back(Pd(iaid));
  const Message reply = Exchange(AskServer(MessageType::kRequest, many));
  ASSERT_THAT(reply.associations, SizeIs(6));
  EXPECT_THAT(reply.associations[3].leases, SizeIs(1));
  for (const size_t i : {4u, 5u}) {
    EXPECT_THAT(reply.associations[i].leases, IsEmpty());
    EXPECT_EQ(StatusOf(reply.associations[i]), StatusCode::kNoPrefixAvail);
  }
  EXPECT_EQ(subscriber_.Counted(Ipv6Event::kNoPrefix), 2u);
}

TEST_F(Dhcpv6ServerTest, ExhaustedPoolSaysSo) {
  subscriber_.book = controlplane::AddressBook(
      {{.name = "pd", .prefix = Prefix("2001:db8:1000::/56"), .delegated_length = 56}}, {});
  ASSERT_TRUE(subscriber_.book.Allocate(controlplane::PoolUse::kDelegation, {}, 99).ok());
  const Message advertise = Exchange(Ask(MessageType::kSolicit, {Pd(1)}));
  EXPECT_EQ(StatusOf(advertise.associations[0]), StatusCode::kNoPrefixAvail);
  EXPECT_EQ(subscriber_.book.pool(0).exhausted(), 1u);
}

TEST_F(Dhcpv6ServerTest, RenewAndRebindKeepThePrefixAlive) {
  Exchange(AskServer(MessageType::kRequest, {Pd(1)}));
  for (int i = 0; i < 10; ++i) {
    subscriber_.Wait(Duration::Seconds(3600));
    const Message reply = Exchange(i % 2 == 0 ? AskServer(MessageType::kRenew, {Pd(1)})
                                              : Ask(MessageType::kRebind, {Pd(1)}));
    ASSERT_THAT(reply.associations[0].leases, SizeIs(1));
    EXPECT_EQ(reply.associations[0].leases[0].valid_s, 7200u);
  }
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(2));
}

TEST_F(Dhcpv6ServerTest, PrefixThatIsNotRenewedEnds) {
  Exchange(AskServer(MessageType::kRequest, {Pd(1)}));
  subscriber_.Wait(Duration::Seconds(7199));
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(2));
  EXPECT_FALSE(subscriber_.out.prefixes_removed);
  subscriber_.Wait(Duration::Seconds(1));
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(1));
  EXPECT_TRUE(subscriber_.out.prefixes_removed);
  EXPECT_EQ(subscriber_.book.used(), 1u);  // the link's
}

TEST_F(Dhcpv6ServerTest, OfferThatNobodyTakesEnds) {
  Exchange(Ask(MessageType::kSolicit, {Pd(1)}));
  EXPECT_EQ(subscriber_.book.used(), 2u);
  subscriber_.Wait(controlplane::Dhcpv6Server::kOfferTime);
  EXPECT_EQ(subscriber_.book.used(), 1u);
  EXPECT_FALSE(subscriber_.out.prefixes_removed);  // the data plane never had it
}

TEST_F(Dhcpv6ServerTest, UnknownBindingsAreSaidToBe) {
  for (const MessageType type : {MessageType::kRenew, MessageType::kRelease}) {
    const Message reply = Exchange(AskServer(type, {Pd(9)}));
    ASSERT_THAT(reply.associations, SizeIs(1));
    EXPECT_EQ(StatusOf(reply.associations[0]), StatusCode::kNoBinding);
  }
  EXPECT_EQ(subscriber_.Counted(Ipv6Event::kNoBinding), 2u);
}

TEST_F(Dhcpv6ServerTest, WhatTheClientBelievesToHaveAndDoesNotEndsAtOnce) {
  Exchange(AskServer(MessageType::kRequest, {Pd(1)}));
  Association renewed = Pd(1);
  renewed.leases = {{.prefix = Prefix("2001:db8:dead::/56"), .valid_s = 100}};
  const Message reply = Exchange(AskServer(MessageType::kRenew, {renewed}));
  ASSERT_THAT(reply.associations[0].leases, SizeIs(2));
  EXPECT_EQ(reply.associations[0].leases[0].prefix, Prefix("2001:db8:1000::/56"));
  EXPECT_EQ(reply.associations[0].leases[1].prefix, Prefix("2001:db8:dead::/56"));
  EXPECT_EQ(reply.associations[0].leases[1].valid_s, 0u);
}

TEST_F(Dhcpv6ServerTest, ReleasedPrefixGoesAndComesBackToTheSameUser) {
  Exchange(AskServer(MessageType::kRequest, {Pd(1)}));
  const Message reply = Exchange(AskServer(MessageType::kRelease, {Pd(1)}));
  EXPECT_EQ(reply.status->code, StatusCode::kSuccess);
  EXPECT_THAT(reply.associations, IsEmpty());
  EXPECT_TRUE(subscriber_.out.prefixes_removed);
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(1));
  // Another user does not get it while there are others.
  ASSERT_EQ(subscriber_.book.Allocate(controlplane::PoolUse::kDelegation, {}, 99)->prefix,
            Prefix("2001:db8:1000:100::/56"));
  const Message again = Exchange(AskServer(MessageType::kRequest, {Pd(1)}));
  EXPECT_EQ(again.associations[0].leases[0].prefix, Prefix("2001:db8:1000::/56"));
}

TEST_F(Dhcpv6ServerTest, DeclinedAddressIsNotGivenAgain) {
  Exchange(AskServer(MessageType::kRequest, {Na(1)}));
  const Message reply = Exchange(AskServer(MessageType::kDecline, {Na(1)}));
  EXPECT_EQ(reply.status->code, StatusCode::kSuccess);
  const Message again = Exchange(AskServer(MessageType::kRequest, {Na(1)}));
  EXPECT_EQ(again.associations[0].leases[0].prefix, Prefix("2001:db8::1001/128"));
}

TEST_F(Dhcpv6ServerTest, ConfirmIsAboutTheLink) {
  Association here = Na(1);
  here.leases = {{.prefix = Prefix("2001:db8::77/128")}};
  Association elsewhere = Na(2);
  elsewhere.leases = {{.prefix = Prefix("2001:db8:5::1/128")}};
  EXPECT_EQ(Exchange(Ask(MessageType::kConfirm, {here})).status->code, StatusCode::kSuccess);
  EXPECT_EQ(Exchange(Ask(MessageType::kConfirm, {here, elsewhere})).status->code,
            StatusCode::kNotOnLink);
  subscriber_.SendDhcp(Ask(MessageType::kConfirm, {Na(1)}));
  EXPECT_FALSE(subscriber_.TakeDhcp());  // nothing to confirm
}

TEST_F(Dhcpv6ServerTest, SettingsAreGivenToWhoAsksForThem) {
  Message message{.type = MessageType::kInformationRequest, .transaction_id = 5};
  EXPECT_THAT(Exchange(message).dns, IsEmpty());
  message.requested_options = {dhcpv6::kOptionDnsServers, dhcpv6::kOptionDomainList,
                               dhcpv6::kOptionInformationRefresh};
  const Message reply = Exchange(message);
  EXPECT_THAT(reply.dns, ElementsAre(Address("2001:db8::53")));
  EXPECT_THAT(reply.domains, ElementsAre("example.net"));
  EXPECT_EQ(reply.refresh_s, 86400u);
  const std::vector<net::IpAddress> own = {Address("2001:db8::99")};
  subscriber_.terms.dns = own;
  EXPECT_EQ(Exchange(message).dns, own);
}

TEST_F(Dhcpv6ServerTest, FixedPrefixesAndAddressesAreGivenInOrder) {
  const std::vector<net::IpPrefix> prefixes = {Prefix("2001:db8:aaaa::/48")};
  const std::vector<net::IpAddress> addresses = {Address("2001:db8:bbbb::1")};
  subscriber_.terms.delegated_prefixes = prefixes;
  subscriber_.terms.addresses = addresses;
  const Message reply = Exchange(AskServer(MessageType::kRequest, {Pd(1), Pd(2), Na(1)}));
  EXPECT_EQ(reply.associations[0].leases[0].prefix, prefixes[0]);
  EXPECT_EQ(StatusOf(reply.associations[1]), StatusCode::kNoPrefixAvail);  // that was all
  EXPECT_EQ(reply.associations[2].leases[0].prefix.address, addresses[0]);
  EXPECT_THAT(subscriber_.Prefixes(),
              ElementsAre(Prefix("2001:db8::/64"), prefixes[0], Prefix("2001:db8:bbbb::1/128")));
}

// RFC 6911 3.6.
TEST_F(Dhcpv6ServerTest, AddressesAreOfThePoolThatAaaNames) {
  const std::vector<std::string> pools = {"nowhere", "hosts"};
  subscriber_.terms.address_pools = pools;
  const Message reply = Exchange(AskServer(MessageType::kRequest, {Na(1), Na(2), Na(3), Na(4)}));
  const net::IpPrefix first = Prefix("2001:db8:2000::1/128");
  EXPECT_EQ(reply.associations[0].leases[0].prefix, first);
  EXPECT_EQ(reply.associations[2].leases[0].prefix, Prefix("2001:db8:2000::3/128"));
  EXPECT_EQ(StatusOf(reply.associations[3]), StatusCode::kNoAddrsAvail);  // and none of the link
  EXPECT_EQ(subscriber_.Counted(Ipv6Event::kNoAddress), 1u);
  // Each is routed by itself.
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(4));
  Association confirmed = Na(1);
  confirmed.leases = {{.prefix = first}};
  EXPECT_EQ(Exchange(Ask(MessageType::kConfirm, {confirmed})).status->code, StatusCode::kSuccess);
  // Released, it is kept for this user; declined, it goes last.
  Exchange(AskServer(MessageType::kRelease, {Na(1)}));
  EXPECT_THAT(subscriber_.Prefixes(), SizeIs(3));
  EXPECT_TRUE(subscriber_.out.prefixes_removed);
  Exchange(AskServer(MessageType::kRelease, {Na(2)}));
  const Message again = Exchange(AskServer(MessageType::kRequest, {Na(1)}));
  EXPECT_EQ(again.associations[0].leases[0].prefix, first);
  Exchange(AskServer(MessageType::kDecline, {Na(1)}));
  const Message other = Exchange(AskServer(MessageType::kRequest, {Na(1)}));
  EXPECT_EQ(other.associations[0].leases[0].prefix, Prefix("2001:db8:2000::2/128"));
}

TEST_F(Dhcpv6ServerTest, AddressesAreOfTheFirstPoolWhereTheLinkHasNoPrefix) {
  subscriber_.book = controlplane::AddressBook(
      {{.name = "hosts", .prefix = Prefix("2001:db8:2000::/64"), .addresses = true}}, {});
  subscriber_.service = {};
  subscriber_.Up();
  subscriber_.Take();
  const Message reply = Exchange(AskServer(MessageType::kRequest, {Na(1), Pd(1)}));
  EXPECT_EQ(reply.associations[0].leases[0].prefix, Prefix("2001:db8:2000::1/128"));
  EXPECT_EQ(StatusOf(reply.associations[1]), StatusCode::kNoPrefixAvail);
}

// One that is free again is the next to be given, not one that somebody has.
TEST_F(Dhcpv6ServerTest, AFixedAddressThatWasReleasedIsGivenAgain) {
  const std::vector<net::IpAddress> addresses = {Address("2001:db8:bbbb::1"),
                                                 Address("2001:db8:bbbb::2")};
  subscriber_.terms.addresses = addresses;
  Exchange(AskServer(MessageType::kRequest, {Na(1), Na(2)}));
  Exchange(AskServer(MessageType::kRelease, {Na(1)}));
  const Message again = Exchange(AskServer(MessageType::kRequest, {Na(3)}));
  EXPECT_EQ(again.associations[0].leases[0].prefix.address, addresses[0]);
}

TEST_F(Dhcpv6ServerTest, OnlyTheSessionsOwnAddressIsServed) {
  subscriber_.SendDhcp(Ask(MessageType::kSolicit, {Pd(1)}), Address("fe80::1234"));
  EXPECT_FALSE(subscriber_.TakeDhcp());
  EXPECT_EQ(subscriber_.Counted(Ipv6Event::kWrongSource), 1u);
}

// RFC 8415 18.4.
TEST_F(Dhcpv6ServerTest, UnicastIsToldToUseMulticast) {
  subscriber_.SendDhcp(AskServer(MessageType::kRequest, {Pd(1)}), {}, subscriber_.kRouter);
  const auto reply = subscriber_.TakeDhcp();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status->code, StatusCode::kUseMulticast);
  EXPECT_FALSE(subscriber_.out.prefixes_added);
  subscriber_.SendDhcp(Ask(MessageType::kSolicit, {Pd(1)}), {}, subscriber_.kRouter);
  EXPECT_FALSE(subscriber_.TakeDhcp());
}

TEST_F(Dhcpv6ServerTest, MessagesForAnotherServerAreNotAnswered) {
  Message message = AskServer(MessageType::kRequest, {Pd(1)});
  message.server_id = {0, 4, 9, 9, 9};
  subscriber_.SendDhcp(message);
  EXPECT_FALSE(subscriber_.TakeDhcp());
  EXPECT_EQ(subscriber_.Counted(Ipv6Event::kDhcpUnfit), 1u);
}

TEST_F(Dhcpv6ServerTest, EverythingGoesBackWithTheSession) {
  Exchange(AskServer(MessageType::kRequest, {Pd(1), Pd(2), Na(1)}));
  Exchange(Ask(MessageType::kSolicit, {Pd(3)}));
  EXPECT_EQ(subscriber_.book.used(), 4u);
  subscriber_.service.Release(subscriber_.Around());
  EXPECT_EQ(subscriber_.book.used(), 0u);
  EXPECT_THAT(subscriber_.Prefixes(), IsEmpty());
  EXPECT_EQ(subscriber_.service.NextDeadline(), Instant::Never());
}

}  // namespace
}  // namespace lns::test
