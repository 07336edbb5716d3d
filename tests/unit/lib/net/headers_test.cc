// Ethernet, IPv4, IPv6, UDP and ICMP: read, build, parse, write, and every truncation.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "lib/net/ethernet.h"
#include "lib/net/icmp.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"

namespace lns::net {
namespace {

// An echo request as Linux sends it: Ethernet, IPv4, ICMP with 8 bytes.
const std::vector<uint8_t> kPing = {0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00,
                                    0x00, 0x02, 0x08, 0x00, 0x45, 0x00, 0x00, 0x24, 0x1c, 0x46,
                                    0x40, 0x00, 0x40, 0x01, 0x9a, 0x50, 0xc0, 0xa8, 0x00, 0x68,
                                    0xc0, 0xa8, 0x00, 0x01, 0x08, 0x00, 0xf7, 0xf5, 0x00, 0x02,
                                    0x00, 0x03, 0x00, 0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x01};

TEST(Ethernet, ReadsAndWritesTheSameBytes) {
  EthernetHeader header;
  ASSERT_TRUE(ParseEthernet(kPing, header));
  EXPECT_EQ(FormatMac(header.destination), "02:00:00:00:00:01");
  EXPECT_EQ(FormatMac(header.source), "02:00:00:00:00:02");
  EXPECT_EQ(header.type, kEtherTypeIpv4);
  std::array<uint8_t, kEthernetHeaderLength> out{};
  ASSERT_EQ(WriteEthernet(header, out), kEthernetHeaderLength);
  EXPECT_TRUE(std::equal(out.begin(), out.end(), kPing.begin()));
}

TEST(Ethernet, RefusesEveryTruncation) {
  EthernetHeader header;
  std::array<uint8_t, kEthernetHeaderLength> out{};
  for (size_t size = 0; size < kEthernetHeaderLength; ++size) {
    EXPECT_FALSE(ParseEthernet(ByteView(kPing).first(size), header));
    EXPECT_EQ(WriteEthernet(header, MutableByteView(out).first(size)), 0u);
  }
}

ByteView PingIp() { return ByteView(kPing).subspan(kEthernetHeaderLength); }

TEST(Ipv4, ReadsACapturedHeader) {
  std::vector<uint8_t> packet(PingIp().begin(), PingIp().end());
  packet[10] = packet[11] = 0;
  StoreChecksum(packet.data() + 10, Checksum(ByteView(packet).first(20)));
  Ipv4Header header;
  ASSERT_EQ(ParseIpv4(packet, header), IpError::kNone);
  EXPECT_EQ(header, (Ipv4Header{.total_length = 36,
                                .id = 0x1c46,
                                .fragment = kIpv4DontFragment,
                                .ttl = 64,
                                .protocol = kProtocolIcmp,
                                .source = 0xc0a80068,
                                .destination = 0xc0a80001}));
  std::array<uint8_t, 20> out{};
  ASSERT_EQ(WriteIpv4(header, out), 20u);
  EXPECT_TRUE(std::equal(out.begin(), out.end(), packet.begin()));
}

// The checksum example that textbooks use: 45 00 00 73 ... b8 61.
TEST(Ipv4, ChecksumOfAKnownHeader) {
  std::vector<uint8_t> packet = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                                 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
  packet.resize(0x73);
  EXPECT_EQ(CheckIpv4(packet), IpError::kNone);
  packet[11] ^= 1;
  EXPECT_EQ(CheckIpv4(packet), IpError::kBadChecksum);
}

TEST(Ipv4, RefusesEveryTruncationAndEveryImpossibleLength) {
  std::array<uint8_t, 40> packet{};
  ASSERT_EQ(WriteIpv4({.total_length = 40, .protocol = kProtocolUdp}, packet), 20u);
  for (size_t size = 0; size < 40; ++size) {
    EXPECT_EQ(CheckIpv4(ByteView(packet).first(size)), IpError::kTruncated) << size;
  }
  EXPECT_EQ(CheckIpv4(packet), IpError::kNone);
  for (int ihl = 0; ihl < 5; ++ihl) {
    packet[0] = static_cast<uint8_t>(0x40 | ihl);
    EXPECT_EQ(CheckIpv4(packet), IpError::kBadHeader) << ihl;
  }
  packet[0] = 0x4f;  // 60 bytes of header in 40
  EXPECT_EQ(CheckIpv4(packet), IpError::kBadHeader);
  packet[0] = 0x65;
  EXPECT_EQ(CheckIpv4(packet), IpError::kBadHeader);
}

TEST(Ipv4, DecrementKeepsTheChecksumRightForEveryTtl) {
  std::array<uint8_t, 20> packet{};
  for (int ttl = 255; ttl > 0; --ttl) {
    ASSERT_EQ(WriteIpv4({.total_length = 20,
                         .id = static_cast<uint16_t>(ttl * 257),
                         .ttl = static_cast<uint8_t>(ttl),
                         .source = 0x64400002,
                         .destination = 0xcb00710a},
                        packet),
              20u);
    DecrementTtl(packet.data());
    EXPECT_EQ(packet[8], ttl - 1);
    EXPECT_EQ(CheckIpv4(packet), IpError::kNone) << ttl;
  }
}

// With the checksums at which adding one carries.
TEST(Ipv4, DecrementIsTheSameAsComputingTheChecksumAnew) {
  std::array<uint8_t, 20> packet{};
  for (uint32_t id = 0; id <= 0xffff; ++id) {
    Ipv4Header header{.total_length = 20, .id = static_cast<uint16_t>(id), .ttl = 64};
    ASSERT_EQ(WriteIpv4(header, packet), 20u);
    DecrementTtl(packet.data());
    std::array<uint8_t, 20> anew{};
    --header.ttl;
    WriteIpv4(header, anew);
    ASSERT_EQ(packet, anew) << id;
  }
}

TEST(Ipv4, FindsEveryWrongChecksum) {
  std::array<uint8_t, 20> packet{};
  WriteIpv4({.total_length = 20, .id = 0x1234, .source = 0x64400002, .destination = 0xcb00710a},
            packet);
  const uint16_t right = LoadBe16(packet.data() + 10);
  for (uint32_t checksum = 0; checksum <= 0xffff; ++checksum) {
    StoreBe16(packet.data() + 10, static_cast<uint16_t>(checksum));
    const IpError expected = checksum == right ? IpError::kNone : IpError::kBadChecksum;
    ASSERT_EQ(CheckIpv4(packet), expected) << checksum;
  }
}

TEST(Ipv4, TellsFragments) {
  std::array<uint8_t, 20> packet{};
  WriteIpv4({.total_length = 20, .fragment = kIpv4DontFragment}, packet);
  EXPECT_FALSE(IsIpv4Fragment(packet.data()));
  WriteIpv4({.total_length = 20, .fragment = kIpv4MoreFragments}, packet);
  EXPECT_TRUE(IsIpv4Fragment(packet.data()));
  WriteIpv4({.total_length = 20, .fragment = 1}, packet);
  EXPECT_TRUE(IsIpv4Fragment(packet.data()));
}

TEST(Ipv6, WritesAndReadsTheSameHeader) {
  Ipv6Header header{.traffic_class = 0xb8,
                    .flow_label = 0xabcde,
                    .payload_length = 4,
                    .next_header = kProtocolUdp,
                    .hop_limit = 3};
  header.source[15] = 1;
  header.destination[0] = 0xfe;
  std::array<uint8_t, 44> packet{};
  ASSERT_EQ(WriteIpv6(header, packet), kIpv6HeaderLength);
  EXPECT_EQ(packet[0], 0x6b);
  EXPECT_EQ(packet[1], 0x8a);
  Ipv6Header read;
  ASSERT_EQ(ParseIpv6(packet, read), IpError::kNone);
  EXPECT_EQ(read, header);
  for (size_t size = 0; size < packet.size(); ++size) {
    EXPECT_EQ(CheckIpv6(ByteView(packet).first(size)), IpError::kTruncated);
  }
  packet[0] = 0x4b;
  EXPECT_EQ(CheckIpv6(packet), IpError::kBadHeader);
}

TEST(Udp, WritesAndReadsTheSameHeader) {
  std::array<uint8_t, 12> datagram{};
  const UdpHeader header{
      .source_port = 1701, .destination_port = 40000, .length = 12, .checksum = 0xbeef};
  ASSERT_EQ(WriteUdp(header, datagram), kUdpHeaderLength);
  UdpHeader read;
  ASSERT_TRUE(ParseUdp(datagram, read));
  EXPECT_EQ(read, header);
  for (size_t size = 0; size < datagram.size(); ++size) {
    EXPECT_FALSE(ParseUdp(ByteView(datagram).first(size), read)) << size;
  }
  for (const uint16_t length : std::array<uint16_t, 3>{0, 7, 13}) {
    StoreBe16(datagram.data() + 4, length);
    EXPECT_FALSE(ParseUdp(datagram, read)) << length;
  }
}

TEST(Udp, ChecksumCoversAddressesAndOddPayload) {
  const std::vector<uint8_t> addresses = {192, 0, 2, 1, 192, 0, 2, 2};
  // Ports 1 and 2, length 9, one byte: 1 + 2 + 9 + 0x4100 and the pseudo-header, by hand 0x3ae4.
  std::vector<uint8_t> datagram = {0, 1, 0, 2, 0, 9, 0, 0, 0x41};
  const uint16_t checksum = UdpChecksum(addresses, datagram);
  StoreChecksum(datagram.data() + 6, checksum);
  EXPECT_EQ(UdpChecksum(addresses, datagram), 0);
  uint32_t sum = 0xc000 + 0x0201 + 0xc000 + 0x0202 + 17 + 9 + 1 + 2 + 9 + 0x4100;
  sum = (sum & 0xffff) + (sum >> 16);
  EXPECT_EQ(LoadBe16(datagram.data() + 6), static_cast<uint16_t>(~sum));
  datagram[8] ^= 1;
  EXPECT_NE(UdpChecksum(addresses, datagram), 0);
  EXPECT_EQ(NonZeroUdpChecksum(0), 0xffff);
  EXPECT_EQ(NonZeroUdpChecksum(0x1234), 0x1234);
}

TEST(Icmp, ReadsACapturedEchoAndWritesItAgain) {
  const ByteView message = PingIp().subspan(20);
  IcmpHeader header;
  ASSERT_TRUE(ParseIcmp(message, header));
  EXPECT_EQ(header, (IcmpHeader{.type = kIcmpEchoRequest, .identifier = 2, .sequence = 3}));
  std::vector<uint8_t> out(message.begin(), message.end());
  ASSERT_EQ(WriteIcmp(header, out), kIcmpHeaderLength);
  EXPECT_TRUE(IcmpChecksumIsRight(out));
  out[9] ^= 1;
  EXPECT_FALSE(IcmpChecksumIsRight(out));
  for (size_t size = 0; size < kIcmpHeaderLength; ++size) {
    EXPECT_FALSE(ParseIcmp(message.first(size), header));
    EXPECT_EQ(WriteIcmp(header, MutableByteView(out).first(size)), 0u);
  }
}

}  // namespace
}  // namespace lns::net
