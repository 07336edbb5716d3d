// Probes and the subscribers' packets: what is written is read back, what is damaged is noticed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "tools/lacsim/inner_packet.h"
#include "tools/lacsim/probe.h"

namespace lns::lacsim {
namespace {

constexpr Ipv4Addresses kAddresses{0x64400001, 0xcb00710a};

Bytes UdpPacket(size_t payload) {
  Bytes packet(kIpv4HeaderSize + kUdpHeaderSize + payload);
  for (size_t i = 28; i < packet.size(); ++i) packet[i] = static_cast<uint8_t>(i);
  WriteIpv4Udp(kAddresses, {7000, 7001}, 0x1234, packet);
  return packet;
}

TEST(InnerPacket, UdpHeadersAreThoseOfTheRfcs) {
  // Checksums worked out by hand from RFC 791 and RFC 768.
  Bytes packet(28 + 2);
  packet[28] = 0xab;
  packet[29] = 0xcd;
  WriteIpv4Udp({0x0a000001, 0x0a000002}, {1, 2}, 3, packet);
  const Bytes expected = {0x45, 0,  0, 30, 0, 3, 0, 0, 64, 17, 0x66, 0xca, 10,   0,    0,
                          1,    10, 0, 0,  2, 0, 1, 0, 2,  0,  10,   0x40, 0x07, 0xab, 0xcd};
  EXPECT_EQ(packet, expected);
}

TEST(InnerPacket, UdpIsReadBack) {
  for (const size_t payload : {0u, 1u, 64u, 1431u, 1432u}) {
    const Bytes packet = UdpPacket(payload);
    const auto ip = ReadIpv4(packet);
    ASSERT_TRUE(ip);
    EXPECT_EQ(ip->addresses.source, kAddresses.source);
    EXPECT_EQ(ip->addresses.destination, kAddresses.destination);
    const auto udp = ReadUdp(*ip);
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->ports.source, 7000);
    EXPECT_EQ(udp->ports.destination, 7001);
    EXPECT_TRUE(udp->checksum_ok);
    EXPECT_EQ(udp->payload.size(), payload);
  }
}

TEST(InnerPacket, EveryFlippedBitIsNoticed) {
  const Bytes good = UdpPacket(32);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    const auto ip = ReadIpv4(bad);
    if (!ip) continue;
    const auto udp = ReadUdp(*ip);
    EXPECT_TRUE(!udp || !udp->checksum_ok) << "bit " << bit;
  }
}

TEST(InnerPacket, TruncationsAreRefusedWithoutReadingPastTheEnd) {
  const Bytes good = UdpPacket(8);
  for (size_t length = 0; length < good.size(); ++length) {
    const Bytes cut(good.begin(), good.begin() + static_cast<ptrdiff_t>(length));
    EXPECT_FALSE(ReadIpv4(cut)) << length;
  }
}

TEST(InnerPacket, PaddingAfterThePacketIsNotPayload) {
  Bytes packet = UdpPacket(8);
  packet.resize(packet.size() + 20, 0xee);
  const auto ip = ReadIpv4(packet);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ReadUdp(*ip)->payload.size(), 8u);
}

TEST(InnerPacket, EchoIsReadBack) {
  Bytes packet(28 + 5, 0x55);
  WriteIpv4Echo(kAddresses, {.request = false, .identifier = 77, .sequence = 9}, packet);
  const auto ip = ReadIpv4(packet);
  ASSERT_TRUE(ip);
  const auto echo = ReadEcho(*ip);
  ASSERT_TRUE(echo);
  EXPECT_FALSE(echo->request);
  EXPECT_EQ(echo->identifier, 77);
  EXPECT_EQ(echo->sequence, 9);
  EXPECT_EQ(echo->data.size(), 5u);
  packet.back() ^= 1;
  EXPECT_FALSE(ReadEcho(*ReadIpv4(packet)));
}

TEST(Probe, IsReadBack) {
  Bytes payload(100);
  const Probe probe{.flow = 0xfedcba98,
                    .direction = Direction::kDown,
                    .sequence = 0x123456789abcdef0,
                    .sent = Instant::FromNanoseconds(0x7eadbeef12345678)};
  WriteProbe(probe, payload);
  const auto received = ReadProbe(payload);
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->intact);
  EXPECT_EQ(received->probe.flow, probe.flow);
  EXPECT_EQ(received->probe.direction, probe.direction);
  EXPECT_EQ(received->probe.sequence, probe.sequence);
  EXPECT_EQ(received->probe.sent, probe.sent);
}

TEST(Probe, DamagedPatternIsNotIntactAndOtherTrafficIsNotOurs) {
  Bytes payload(64);
  WriteProbe({.flow = 1}, payload);
  for (size_t i = kProbeSize; i < payload.size(); ++i) {
    Bytes bad = payload;
    bad[i] ^= 0x10;
    EXPECT_FALSE(ReadProbe(bad)->intact);
  }
  EXPECT_FALSE(ReadProbe(Bytes(64, 0)));
  for (size_t length = 0; length < kProbeSize; ++length) {
    EXPECT_FALSE(ReadProbe(ByteView(payload).first(length)));
  }
}

}  // namespace
}  // namespace lns::lacsim
