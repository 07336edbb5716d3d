// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/core/mirrored_frame.h"

namespace lns::dataplane {
namespace {

using punt::PuntReason;

constexpr uint8_t kOurs[] = {2, 0, 0, 0, 0, 1};
constexpr uint8_t kEverybody[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr uint8_t kGroup[] = {0x33, 0x33, 0, 0, 0, 1};
constexpr uint8_t kSender[] = {2, 0, 0, 0, 9, 9};

Bytes Frame(const uint8_t (&to)[6], uint16_t type, const Bytes& payload) {
  Bytes frame(14);
  std::copy_n(to, 6, frame.begin());
  std::copy_n(kSender, 6, frame.begin() + 6);
  StoreBe16(frame.data() + 12, type);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

Bytes Ipv4(uint8_t protocol, Bytes payload, uint16_t fragment = 0, uint8_t header_words = 5) {
  Bytes packet(size_t{header_words} * 4);
  packet[0] = static_cast<uint8_t>(0x40 | header_words);
  packet[6] = static_cast<uint8_t>(fragment >> 8);
  packet[7] = static_cast<uint8_t>(fragment);
  packet[9] = protocol;
  packet[12] = 192;
  packet[15] = 7;
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

Bytes Ipv6(uint8_t next_header, Bytes payload, uint8_t hop_limit = 255) {
  Bytes packet(40);
  packet[0] = 0x60;
  packet[6] = next_header;
  packet[7] = hop_limit;
  packet[8] = 0x20;
  packet[23] = 5;  // of the interface, which is not looked at
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

Bytes Ports(uint16_t source, uint16_t destination) {
  return {static_cast<uint8_t>(source >> 8), static_cast<uint8_t>(source),
          static_cast<uint8_t>(destination >> 8), static_cast<uint8_t>(destination)};
}

Bytes Tagged(Bytes frame, uint16_t type) {
  const Bytes tag = {static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type), 0, 5};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  return frame;
}

TEST(MirroredFrameTest, EachKindHasItsReason) {
  struct Row {
    const char* what;
    Bytes frame;
    PuntReason reason;
  };
  const Row rows[] = {
      {"ARP, asked", Frame(kEverybody, 0x0806, Bytes(28)), PuntReason::kLinuxNeighbour},
      {"ARP, answered", Frame(kOurs, 0x0806, Bytes(28)), PuntReason::kLinuxNeighbour},
      {"ARP of a VLAN", Tagged(Frame(kEverybody, 0x0806, Bytes(28)), 0x8100),
       PuntReason::kLinuxNeighbour},
      {"a solicitation", Frame(kGroup, 0x86dd, Ipv6(58, {135, 0, 0, 0})),
       PuntReason::kLinuxNeighbour},
      {"an advertisement to us", Frame(kOurs, 0x86dd, Ipv6(58, {136, 0, 0, 0})),
       PuntReason::kLinuxNeighbour},
      {"one that a router has forwarded", Frame(kOurs, 0x86dd, Ipv6(58, {136, 0, 0, 0}, 254)),
       PuntReason::kLinuxHost},
      {"a ping by IPv6", Frame(kOurs, 0x86dd, Ipv6(58, {128, 0, 0, 0})), PuntReason::kLinuxHost},
      {"an ICMPv6 header that is not there", Frame(kOurs, 0x86dd, Ipv6(58, {})),
       PuntReason::kLinuxHost},
      {"BGP to us", Frame(kOurs, 0x0800, Ipv4(6, Ports(40000, 179))), PuntReason::kLinuxRouting},
      {"BGP that we opened", Frame(kOurs, 0x0800, Ipv4(6, Ports(179, 40000))),
       PuntReason::kLinuxRouting},
      {"BGP by IPv6", Frame(kOurs, 0x86dd, Ipv6(6, Ports(40000, 179))), PuntReason::kLinuxRouting},
      {"BGP behind IP options", Frame(kOurs, 0x0800, Ipv4(6, Ports(40000, 179), 0, 6)),
       PuntReason::kLinuxRouting},
      {"what only looks like BGP in a later fragment",
       Frame(kOurs, 0x0800, Ipv4(6, Ports(40000, 179), 100)), PuntReason::kLinuxHost},
      {"a header longer than its packet", Frame(kOurs, 0x0800, Ipv4(6, {}, 0, 15)),
       PuntReason::kLinuxHost},
      {"BFD", Frame(kOurs, 0x0800, Ipv4(17, Ports(49152, 3784))), PuntReason::kLinuxRouting},
      {"from BFD's port", Frame(kOurs, 0x0800, Ipv4(17, Ports(3784, 49152))),
       PuntReason::kLinuxHost},
      {"OSPF", Frame(kGroup, 0x0800, Ipv4(89, Bytes(24))), PuntReason::kLinuxRouting},
      {"VRRP", Frame(kGroup, 0x86dd, Ipv6(112, Bytes(8))), PuntReason::kLinuxRouting},
      {"IS-IS", Frame(kGroup, 100, {0xfe, 0xfe, 3}), PuntReason::kLinuxRouting},
      {"spanning tree", Frame(kGroup, 38, {0x42, 0x42, 3}), PuntReason::kLinuxGroup},
      {"SSH", Frame(kOurs, 0x0800, Ipv4(6, Ports(40000, 22))), PuntReason::kLinuxHost},
      {"DHCP to all", Frame(kEverybody, 0x0800, Ipv4(17, Ports(68, 67))), PuntReason::kLinuxGroup},
      {"LLDP", Frame(kGroup, 0x88cc, Bytes(10)), PuntReason::kLinuxGroup},
      {"PPPoE", Frame(kOurs, 0x8863, Bytes(10)), PuntReason::kLinuxHost},
      {"two tags", Tagged(Tagged(Frame(kOurs, 0x0800, Ipv4(89, {})), 0x8100), 0x88a8),
       PuntReason::kLinuxRouting},
      {"nothing", {}, PuntReason::kLinuxHost},
  };
  for (const Row& row : rows) EXPECT_EQ(DescribeMirrored(row.frame).reason, row.reason) << row.what;
}

TEST(MirroredFrameTest, SendersAreToldApart) {
  const uint64_t arp = DescribeMirrored(Frame(kOurs, 0x0806, Bytes(28))).source;
  EXPECT_EQ(arp, 0x090900000002u) << "the MAC address";
  EXPECT_EQ(DescribeMirrored(Frame(kOurs, 0x0800, Ipv4(1, {}))).source, 0xc0000007u);
  EXPECT_EQ(DescribeMirrored(Frame(kOurs, 0x86dd, Ipv6(58, {}))).source, 0x20u) << "the /64";
}

TEST(MirroredFrameTest, EveryTruncationIsSomething) {
  const Bytes frames[] = {
      Tagged(Tagged(Frame(kOurs, 0x0800, Ipv4(6, Ports(1, 179), 0, 6)), 0x8100), 0x8100),
      Frame(kOurs, 0x86dd, Ipv6(58, {135, 0, 0, 0})), Frame(kGroup, 100, {0xfe})};
  for (const Bytes& frame : frames) {
    for (size_t length = 0; length <= frame.size(); ++length) {
      const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(punt::Describe(DescribeMirrored(cut).reason).punt_class, punt::PuntClass::kLinux);
    }
  }
}

}  // namespace
}  // namespace lns::dataplane
