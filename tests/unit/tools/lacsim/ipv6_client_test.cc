// An emulated subscriber's IPv6 against packets written by hand with the codecs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/nd/message.h"
#include "lib/net/icmpv6.h"
#include "lib/net/prefix.h"
#include "lib/net/udp.h"
#include "tools/lacsim/ipv6_client.h"

namespace lns::lacsim {
namespace {

using dhcpv6::Message;
using dhcpv6::MessageType;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kHost = 0xbeef;
constexpr uint64_t kRouter = 1;
net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

class Ipv6ClientTest : public testing::Test {
 protected:
  void Start(bool wants_prefix = true) {
    client_.emplace(
        Ipv6Client::Settings{.interface_id = kHost, .number = 7, .wants_prefix = wants_prefix});
    client_->Start(now_, sent_);
  }
  void Wait(Duration time) {
    now_ = now_ + time;
    client_->OnTimer(now_, sent_);
  }
  std::vector<Bytes> Take() { return std::exchange(sent_, {}); }
  // The DHCPv6 messages among what was sent.
  std::vector<Message> TakeDhcp() {
    std::vector<Message> messages;
    for (const Bytes& packet : Take()) {
      if (packet[6] != net::kProtocolUdp) continue;
      const auto parsed = dhcpv6::Parse(ByteView(packet).subspan(48));
      EXPECT_TRUE(parsed.ok());
      messages.push_back(*parsed);
    }
    return messages;
  }
  bool Receive(uint8_t protocol, ByteView body, size_t checksum_offset, uint8_t hop_limit = 255) {
    net::Ipv6Header header{.next_header = protocol, .hop_limit = hop_limit};
    header.source = net::LinkLocal(kRouter).raw();
    header.destination = net::LinkLocal(kHost).raw();
    return client_->OnPacket(net::MakeIpv6Packet(header, body, checksum_offset), now_, sent_);
  }
  void Advertise(uint16_t lifetime_s, uint8_t hop_limit = 255) {
    const Bytes message = nd::Write(nd::RouterAdvertisement{
        .router_lifetime_s = lifetime_s,
        .prefixes = {{.prefix = Prefix("2001:db8:0:5::/64"), .autonomous = true, .valid_s = 100}}});
    Receive(net::kProtocolIcmpv6, message, net::kIcmpv6ChecksumOffset, hop_limit);
  }
  void Answer(const Message& asked, MessageType type) {
    const Bytes message = dhcpv6::Write(
        {.type = type,
         .transaction_id = asked.transaction_id,
         .client_id = asked.client_id,
         .server_id = {0, 4, 1, 2},
         .associations = {
             {.iaid = 1, .leases = {{.prefix = Prefix("2001:db8:100::/56"), .valid_s = 100}}}}});
    Bytes datagram(net::kUdpHeaderLength + message.size());
    net::WriteUdp({547, 546, static_cast<uint16_t>(datagram.size()), 0}, datagram);
    std::copy(message.begin(), message.end(), datagram.begin() + net::kUdpHeaderLength);
    Receive(net::kProtocolUdp, datagram, net::kUdpChecksumOffset);
  }

  Instant now_ = Instant() + Duration::Seconds(100);
  std::optional<Ipv6Client> client_;
  std::vector<Bytes> sent_;
};

TEST_F(Ipv6ClientTest, MakesAnAddressUpFromTheAdvertisement) {
  Start(/*wants_prefix=*/false);
  const auto asked = Take();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(nd::Describe(ByteView(asked[0]).subspan(40)), "Router Solicitation");
  EXPECT_FALSE(client_->complete());
  Advertise(1800);
  EXPECT_EQ(client_->address()->ToString(), "2001:db8:0:5::beef");
  EXPECT_TRUE(client_->complete());
  EXPECT_EQ(client_->NextDeadline(), Instant::Never());
  Advertise(0);  // the router says goodbye
  EXPECT_FALSE(client_->address());
}

TEST_F(Ipv6ClientTest, AsksForARouterThreeTimes) {
  Start(/*wants_prefix=*/false);
  Take();
  Wait(Duration::Seconds(4));
  Wait(Duration::Seconds(4));
  EXPECT_THAT(Take(), SizeIs(2));
  EXPECT_EQ(client_->NextDeadline(), Instant::Never());
}

TEST_F(Ipv6ClientTest, AdvertisementThatPassedARouterIsNotTaken) {
  Start(/*wants_prefix=*/false);
  Advertise(1800, 254);
  EXPECT_FALSE(client_->address());
}

TEST_F(Ipv6ClientTest, GetsAPrefixAndGivesItBack) {
  Start();
  auto messages = TakeDhcp();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].type, MessageType::kSolicit);
  Answer(messages[0], MessageType::kAdvertise);
  messages = TakeDhcp();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].type, MessageType::kRequest);
  EXPECT_TRUE(dhcpv6::MayServerTake(messages[0], Bytes{0, 4, 1, 2}));
  Answer(messages[0], MessageType::kReply);
  EXPECT_EQ(client_->prefix(), Prefix("2001:db8:100::/56"));
  Take();
  client_->Release(sent_);
  messages = TakeDhcp();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].type, MessageType::kRelease);
  EXPECT_FALSE(client_->prefix());
  client_->Release(sent_);
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(Ipv6ClientTest, AsksAgainAfterTwiceAsLong) {
  Start();
  TakeDhcp();
  Advertise(1800);
  Wait(Duration::Seconds(1));
  EXPECT_THAT(TakeDhcp(), SizeIs(1));
  Wait(Duration::Seconds(1));
  EXPECT_THAT(TakeDhcp(), IsEmpty());
  Wait(Duration::Seconds(1));
  EXPECT_THAT(TakeDhcp(), SizeIs(1));
}

TEST_F(Ipv6ClientTest, AnswersToOtherQuestionsAreNotTaken) {
  Start();
  Message asked = TakeDhcp().at(0);
  asked.transaction_id ^= 1;
  Answer(asked, MessageType::kAdvertise);
  EXPECT_THAT(TakeDhcp(), IsEmpty());
  asked.transaction_id ^= 1;
  Answer(asked, MessageType::kReply);  // not to a Solicit without Rapid Commit
  EXPECT_FALSE(client_->prefix());
}

}  // namespace
}  // namespace lns::lacsim
