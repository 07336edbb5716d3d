// What routers say of packets that are too long: read where it is about the beginning of a UDP
// packet, and nowhere else.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/net/icmp.h"
#include "lib/net/icmp_error.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/too_big.h"
#include "lib/net/udp.h"

namespace lns::net {
namespace {

constexpr uint32_t kOurs = 0xc6336401;    // 198.51.100.1
constexpr uint32_t kTheirs = 0xc633640b;  // 198.51.100.11
constexpr uint8_t kRouting = 43;

IpAddress Ipv6(uint8_t last) {
  std::array<uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
  bytes[15] = last;
  return IpAddress::V6(bytes);
}

Bytes UdpWith(ByteView payload, uint16_t length) {
  Bytes datagram(kUdpHeaderLength);
  WriteUdp({.source_port = 1701, .destination_port = 5000, .length = length}, datagram);
  datagram.insert(datagram.end(), payload.begin(), payload.end());
  return datagram;
}

// An ICMP message around what is quoted of a packet.
Bytes Error(Family family, ByteView quote, uint32_t value) {
  const size_t headers = IcmpErrorHeaders(family);
  Bytes message(headers + quote.size());
  std::copy(quote.begin(), quote.end(), message.begin() + static_cast<ptrdiff_t>(headers));
  const IpAddress router = family == Family::kIpv4 ? IpAddress::V4(0xcb007101) : Ipv6(9);
  WriteIcmpError({.problem = IcmpProblem::kTooBig, .source = router, .value = value}, message);
  return {message.begin() + static_cast<ptrdiff_t>(headers - kIcmpHeaderLength), message.end()};
}

Bytes Ipv4Quote(Ipv4Header header, ByteView behind) {
  header.source = kOurs;
  header.destination = kTheirs;
  Bytes quote(kIpv4HeaderLength);
  WriteIpv4(header, quote);
  quote.insert(quote.end(), behind.begin(), behind.end());
  return quote;
}

Bytes Ipv6Quote(uint8_t next_header, ByteView behind) {
  Ipv6Header header{.payload_length = 1400, .next_header = next_header};
  header.source = Ipv6(1).raw();
  header.destination = Ipv6(11).raw();
  Bytes quote(kIpv6HeaderLength);
  WriteIpv6(header, quote);
  quote.insert(quote.end(), behind.begin(), behind.end());
  return quote;
}

constexpr Ipv4Header kLong{
    .total_length = 1500, .fragment = kIpv4DontFragment, .protocol = kProtocolUdp};
const Bytes kPayload = {0x00, 0x02, 0x00, 0x46};

TEST(ReadTooBig, TellsWhichPacketAndWhatTheLinkTakes) {
  const Bytes quote = Ipv4Quote(kLong, UdpWith(kPayload, 1480));
  const Bytes message = Error(Family::kIpv4, quote, 1400);
  const auto said = ReadTooBig(Family::kIpv4, message);
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said->mtu, 1400u);
  EXPECT_EQ(said->ends.local, (Endpoint{IpAddress::V4(kOurs), 1701}));
  EXPECT_EQ(said->ends.peer, (Endpoint{IpAddress::V4(kTheirs), 5000}));
  EXPECT_TRUE(
      std::equal(kPayload.begin(), kPayload.end(), said->payload.begin(), said->payload.end()));
}

TEST(ReadTooBig, OfIpv6BehindExtensionHeadersToo) {
  const Bytes plain = Ipv6Quote(kProtocolUdp, UdpWith(kPayload, 1400));
  const Bytes message = Error(Family::kIpv6, plain, 1280);
  const auto said = ReadTooBig(Family::kIpv6, message);
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said->mtu, 1280u);
  EXPECT_EQ(said->ends.local, (Endpoint{Ipv6(1), 1701}));
  EXPECT_EQ(said->ends.peer, (Endpoint{Ipv6(11), 5000}));
  EXPECT_EQ(said->payload.size(), kPayload.size());

  Bytes behind = {kProtocolUdp, 0, 0, 1, 0, 0, 0, 7};  // the first fragment
  const Bytes udp = UdpWith(kPayload, 1400);
  behind.insert(behind.end(), udp.begin(), udp.end());
  EXPECT_TRUE(ReadTooBig(Family::kIpv6,
                         Error(Family::kIpv6, Ipv6Quote(kNextHeaderFragment, behind), 1280)));
  behind[3] = 8;  // a later one
  EXPECT_FALSE(ReadTooBig(Family::kIpv6,
                          Error(Family::kIpv6, Ipv6Quote(kNextHeaderFragment, behind), 1280)));
  const Bytes past_end = {kProtocolUdp, 200, 0, 0, 0, 0, 0, 0};
  EXPECT_FALSE(
      ReadTooBig(Family::kIpv6, Error(Family::kIpv6, Ipv6Quote(kRouting, past_end), 1280)));
}

TEST(ReadTooBig, OldRoutersNameNoLength) {
  const auto guess = [](uint16_t length) {
    Ipv4Header header = kLong;
    header.total_length = length;
    const Bytes quote = Ipv4Quote(header, UdpWith({}, 8));
    return ReadTooBig(Family::kIpv4, Error(Family::kIpv4, quote, 0)).value_or(TooBig{}).mtu;
  };
  EXPECT_EQ(guess(1500), 1492u);
  EXPECT_EQ(guess(1492), 1006u);
  EXPECT_EQ(guess(9000), 8166u);
  EXPECT_EQ(guess(69), 68u);
  EXPECT_EQ(guess(28), 68u);
}

TEST(ReadTooBig, NothingElseIsSuchAMessage) {
  const Bytes quote = Ipv4Quote(kLong, UdpWith(kPayload, 1480));
  const Bytes right = Error(Family::kIpv4, quote, 1400);
  const auto with = [&](size_t at, uint8_t value) {
    Bytes message = right;
    message[at] = value;
    StoreBe16(message.data() + 2, 0);
    StoreChecksum(message.data() + 2, Checksum(message));
    return ReadTooBig(Family::kIpv4, message).has_value();
  };
  constexpr size_t kQuote = kIcmpHeaderLength;
  EXPECT_TRUE(with(0, 3));
  EXPECT_FALSE(with(0, 11)) << "type";
  EXPECT_FALSE(with(1, 3)) << "code";
  EXPECT_FALSE(with(kQuote, 0x65)) << "version";
  EXPECT_FALSE(with(kQuote, 0x44)) << "header length";
  EXPECT_FALSE(with(kQuote, 0x4f)) << "header longer than the quote";
  EXPECT_FALSE(with(kQuote + 7, 1)) << "a later fragment";
  EXPECT_FALSE(with(kQuote + 9, kProtocolTcp)) << "protocol";
  Bytes damaged = right;
  damaged[6] ^= 1;
  EXPECT_FALSE(ReadTooBig(Family::kIpv4, damaged)) << "checksum";
  EXPECT_FALSE(ReadTooBig(Family::kIpv6, right)) << "family";
}

TEST(ReadTooBig, EveryLengthOfAQuote) {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const Bytes quote = family == Family::kIpv4 ? Ipv4Quote(kLong, UdpWith(kPayload, 1480))
                                                : Ipv6Quote(kProtocolUdp, UdpWith(kPayload, 1400));
    const size_t needed = quote.size() - kPayload.size();
    for (size_t length = 0; length <= quote.size(); ++length) {
      // Of the error's headers some are made of what is quoted, so it is cut afterwards.
      Bytes message = Error(family, quote, 1400);
      message.resize(kIcmpHeaderLength + length);
      if (family == Family::kIpv4) {
        StoreBe16(message.data() + 2, 0);
        StoreChecksum(message.data() + 2, Checksum(message));
      }
      EXPECT_EQ(ReadTooBig(family, message).has_value(), length >= needed) << length;
    }
  }
  EXPECT_FALSE(ReadTooBig(Family::kIpv4, {}));
  EXPECT_FALSE(ReadTooBig(Family::kIpv6, {}));
}

}  // namespace
}  // namespace lns::net
