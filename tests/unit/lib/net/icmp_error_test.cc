// What ICMP errors may be about, how much they quote, and that no length of a packet is read past.
// Messages as a whole are compared with scapy's in tests/stage/conformance.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lib/net/icmp_error.h"
#include "lib/net/icmpv6.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/mss.h"

namespace lns::net {
namespace {

std::vector<uint8_t> Ipv4Packet(uint8_t protocol, std::vector<uint8_t> payload) {
  std::vector<uint8_t> packet(kIpv4HeaderLength);
  WriteIpv4({.total_length = static_cast<uint16_t>(kIpv4HeaderLength + payload.size()),
             .protocol = protocol,
             .source = 0xcb00710a,
             .destination = 0x64400002},
            packet);
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

std::vector<uint8_t> Ipv6Packet(uint8_t next_header, std::vector<uint8_t> payload) {
  Ipv6Header header{.payload_length = static_cast<uint16_t>(payload.size()),
                    .next_header = next_header};
  header.source[0] = header.destination[0] = 0x20;
  std::vector<uint8_t> packet(kIpv6HeaderLength);
  WriteIpv6(header, packet);
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

TEST(MayBeAnswered, OnlyInformationOfAllIcmpTypes) {
  for (int type = 0; type < 256; ++type) {
    const auto byte = static_cast<uint8_t>(type);
    const bool information = type == 0 || (type >= 8 && type <= 10) || (type >= 13 && type <= 18) ||
                             type == 42 || type == 43;
    EXPECT_EQ(
        MayBeAnswered(Family::kIpv4, Ipv4Packet(kProtocolIcmp, {byte}), IcmpProblem::kHopLimit),
        information)
        << type;
    EXPECT_EQ(
        MayBeAnswered(Family::kIpv6, Ipv6Packet(kProtocolIcmpv6, {byte}), IcmpProblem::kHopLimit),
        type >= 128 && type != 137)
        << type;
  }
}

TEST(MayBeAnswered, ToAGroupOnlyOfItsLength) {
  std::vector<uint8_t> packet = Ipv6Packet(17, {1, 2, 3, 4});
  packet[24] = 0xff;
  EXPECT_FALSE(MayBeAnswered(Family::kIpv6, packet, IcmpProblem::kHopLimit));
  EXPECT_TRUE(MayBeAnswered(Family::kIpv6, packet, IcmpProblem::kTooBig));  // RFC 4443 2.4 (e.3)
  packet = Ipv4Packet(17, {1, 2, 3, 4});
  packet[16] = 239;
  EXPECT_FALSE(MayBeAnswered(Family::kIpv4, packet, IcmpProblem::kTooBig));
  packet[16] = 255;
  EXPECT_FALSE(MayBeAnswered(Family::kIpv4, packet, IcmpProblem::kTooBig));
}

TEST(FindIpv6Upper, StepsOverEveryKindOfHeader) {
  // Hop-by-hop, routing, fragment, authentication (RFC 4302: length in words less two), destination
  // options, then UDP.
  std::vector<uint8_t> payload = {43, 0, 1, 4, 0, 0, 0, 0};
  payload.insert(payload.end(), {44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  payload.insert(payload.end(), {51, 0, 0, 1, 0, 0, 0, 9});
  payload.insert(payload.end(), {60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const size_t last = payload.size();
  payload.insert(payload.end(), {17, 0, 1, 4, 0, 0, 0, 0});
  payload.insert(payload.end(), 8, 0);
  const std::vector<uint8_t> packet = Ipv6Packet(0, payload);
  const Ipv6Upper upper = FindIpv6Upper(packet);
  EXPECT_TRUE(upper.complete);
  EXPECT_EQ(upper.protocol, 17);
  EXPECT_EQ(upper.offset, kIpv6HeaderLength + last + 8);
  EXPECT_EQ(upper.named_at, kIpv6HeaderLength + last);
  for (size_t length = kIpv6HeaderLength; length < kIpv6HeaderLength + last + 8; ++length) {
    EXPECT_FALSE(FindIpv6Upper(ByteView(packet).first(length)).complete) << length;
  }
}

TEST(FindIpv6Upper, GivesUpOnChainsWithoutEnd) {
  std::vector<uint8_t> payload;
  for (int i = 0; i < 64; ++i) payload.insert(payload.end(), {60, 0, 1, 4, 0, 0, 0, 0});
  EXPECT_FALSE(FindIpv6Upper(Ipv6Packet(60, payload)).complete);
}

TEST(WriteIcmpError, SumsAreRight) {
  for (const size_t quoted : {size_t{20}, size_t{21}, size_t{548}}) {
    std::vector<uint8_t> message(IcmpErrorHeaders(Family::kIpv4) + quoted, 0x5a);
    WriteIcmpError({.problem = IcmpProblem::kTooBig,
                    .source = IpAddress::V4(0xc6336401),
                    .value = 1400,
                    .ip_id = 7},
                   message);
    EXPECT_EQ(CheckIpv4(message), IpError::kNone);
    const ByteView icmp = ByteView(message).subspan(kIpv4HeaderLength);
    EXPECT_EQ(Checksum(icmp), 0);
    EXPECT_EQ(LoadBe16(icmp.data() + 6), 1400);
    EXPECT_EQ(LoadBe32(message.data() + 16), 0x5a5a5a5au) << "to the sender of what is quoted";
  }
  for (const size_t quoted : {size_t{40}, size_t{41}, size_t{1232}}) {
    std::vector<uint8_t> message(IcmpErrorHeaders(Family::kIpv6) + quoted, 0x5a);
    WriteIcmpError({.problem = IcmpProblem::kProtocolUnknown,
                    .source = *IpAddress::Parse("2001:db8::1"),
                    .value = 40},
                   message);
    EXPECT_EQ(CheckIpv6(message), IpError::kNone);
    const ByteView icmp = ByteView(message).subspan(kIpv6HeaderLength);
    EXPECT_EQ(TransportChecksum(AddressesOfIpv6(message), kProtocolIcmpv6, icmp), 0);
    EXPECT_EQ(LoadBe32(icmp.data() + 4), 40u);
  }
}

TEST(ClampMss, ReadsNoOptionPastTheHeader) {
  const std::vector<uint8_t> options = {1, 3, 3, 7, 2, 4, 5, 0xb4};
  std::vector<uint8_t> segment(kTcpHeaderLength);
  segment[12] = 0x70;
  segment[13] = kTcpSyn;
  segment.insert(segment.end(), options.begin(), options.end());
  for (size_t length = 0; length < segment.size(); ++length) {
    std::vector<uint8_t> cut(segment.begin(), segment.begin() + static_cast<ptrdiff_t>(length));
    EXPECT_FALSE(ClampMss(cut, 1000)) << length;
  }
  EXPECT_TRUE(ClampMss(segment, 1000));
  EXPECT_EQ(LoadBe16(segment.data() + 26), 1000);
  EXPECT_FALSE(ClampMss(segment, 1000)) << "never raised, nor written twice";
}

}  // namespace
}  // namespace lns::net
