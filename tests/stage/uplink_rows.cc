// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::Hold;
using punt::PuntReason;

constexpr uint16_t kIpv4 = 0x0021;
constexpr uint16_t kIpv6 = 0x0057;
constexpr uint16_t kLcp = 0xc021;
constexpr uint16_t kIpcp = 0x8021;

// The outside of what the LAC of tunnel 7 sends.
Packet FromLac() { return Packet().Ipv4(kLac, kLns).Udp(1701, 1701); }
// Data of session 100 up to the PPP header.
Packet Data(uint16_t protocol = kIpv4, PppOptions ppp = {}) {
  return FromLac().L2tp(7, 100).Ppp(protocol, ppp);
}

Packet Solicitation() {
  return Data(kIpv6).Ipv6("fe80::5", "ff02::2").Protocol(58).Bytes({133, 0, 0, 0, 0, 0, 0, 0});
}

void AskAllThatASecondAllows(Rig& rig) {
  for (uint32_t i = 0; i < dataplane::PuntBudget::kBurst; ++i) {
    rig.Receive(kAccess, Solicitation().Ethernet(kAccessMac, kLacMac).Build());
  }
  rig.Poll();
  rig.TakePunted();
}

// The neighbour on the core port answers, with the host's MAC address.
void Resolve(Rig& rig, const char* address) {
  Must(rig.writer().UpsertNeighbour({.address = *net::IpAddress::Parse(address),
                                     .port = kCore,
                                     .mac = *net::ParseMac(kHostMac),
                                     .origin = dataplane::Origin::kKernel}));
}
// So many fragments, each of another packet.
void BringFragments(Rig& rig, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    rig.Receive(kAccess, Packet()
                             .Ethernet(kAccessMac, kLacMac)
                             .Ipv4(kLac, kLns)
                             .Fragment(0x0010)
                             .Id(static_cast<uint16_t>(i))
                             .Protocol(17)
                             .Payload(20)
                             .Build());
    rig.Poll();
  }
}
// Data of a session of tunnel 7 with the numbers given; what leaves is taken away.
void Bring(Rig& rig, uint16_t session, std::string_view subscriber,
           const std::vector<uint16_t>& numbers) {
  for (const uint16_t ns : numbers) {
    rig.Receive(kAccess, Packet()
                             .Ethernet(kAccessMac, kLacMac)
                             .Ipv4(kLac, kLns)
                             .Udp(1701, 1701)
                             .L2tp(7, session, {.sequence = true, .ns = ns})
                             .Ppp(kIpv4)
                             .Ipv4(subscriber, kHost)
                             .Payload(8)
                             .Build());
  }
  rig.Poll();
  (void)rig.TakeSent(kCore);
}
// As many packets behind gaps as a worker keeps, of several sessions.
void FillReorder(Rig& rig) {
  constexpr uint16_t kEach = dataplane::Reorder::kMaxPerSession;
  for (uint16_t i = 0; i < dataplane::Reorder::kMaxPackets / kEach; ++i) {
    const auto id = static_cast<uint16_t>(104 + i);
    const std::string subscriber = "100.64.0." + std::to_string(40 + i);
    if (i != 0) {
      Must(rig.writer().UpsertSession({.key = {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(id)},
                                       .peer_id = l2tp::PeerSessionId(id),
                                       .ipv4_open = true,
                                       .prefixes = {*net::IpPrefix::Parse(subscriber + "/32")},
                                       .sequence_numbers = true,
                                       .reorder_ms = kReorderMs}));
    }
    std::vector<uint16_t> numbers = {0};
    for (uint16_t n = 0; n < kEach; ++n) numbers.push_back(static_cast<uint16_t>(n + 2));
    Bring(rig, id, i == 0 ? "100.64.0.6" : subscriber, numbers);
  }
}
// As it leaves for the host behind the core port.
Packet ToHost() { return Packet().Ethernet(kHostMac, kCoreMac); }

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      // Forwarding.
      {.what = "a subscriber's IPv4 packet is unwrapped and sent to the core, one hop spent",
       .in = Data().Ipv4("100.64.0.2", kHost).Ttl(64).Payload(40),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(40),
       .counted = {{7, 100, true, 60}}},
      {.what = "FF 03 may be left out whatever was negotiated",
       .in = Data(kIpv4, {.address_and_control = false}).Ipv4("100.64.0.2", kHost).Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}}},
      {.what = "the protocol field may be one byte",
       .in = Data(kIpv4, {.address_and_control = false, .short_protocol = true})
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}}},
      {.what = "length, sequence numbers and offset of the L2TP header are stepped over",
       .in = FromLac()
                 .L2tp(7, 100, {.length = true, .sequence = true, .offset_size = 5})
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}}},
      {.what = "numbers of a session without data sequencing mean nothing",
       .in = FromLac()
                 .L2tp(7, 100, {.sequence = true, .ns = 4})
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}},
       .prepare =
           [](Rig& rig) {
             Bring(rig, 100, "100.64.0.2", {4, 3});
           }},
      {.what = "a number that is past is dropped",
       .in = FromLac()
                 .L2tp(7, 103, {.length = true, .sequence = true, .ns = 4})
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.5", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kLatePacket),
       .prepare = [](Rig& rig) { Bring(rig, 103, "100.64.0.5", {4}); }},
      {.what = "a worker keeps so many early packets and no more",
       .in = FromLac()
                 .L2tp(7, 104, {.sequence = true, .ns = 700})
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.6", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kReorderFull),
       .prepare = [](Rig& rig) { FillReorder(rig); }},
      {.what = "bytes beyond the L2TP length and beyond the inner packet are cut off",
       .in = FromLac()
                 .L2tp(7, 100, {.length = true, .length_error = -3})
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .TotalLengthError(-5)
                 .Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).TotalLengthError(0).Payload(3),
       .counted = {{7, 100, true, 23}}},
      {.what = "a zero UDP checksum is accepted over IPv4",
       .in = Packet()
                 .Ipv4(kLac, kLns)
                 .Udp(1701, 1701)
                 .NoUdpChecksum()
                 .L2tp(7, 100)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}}},
      {.what = "an address of the session's other prefix is a good source",
       .in = Data().Ipv4("192.0.2.70", kHost).Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("192.0.2.70", kHost).Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}}},
      {.what = "inner IPv6 goes the same way",
       .in = Data(kIpv6).Ipv6("2001:db8:100::5", kHost6).Payload(24),
       .verdict = Send(kCore),
       .out = ToHost().Ipv6("2001:db8:100::5", kHost6).Ttl(63).Payload(24),
       .counted = {{7, 100, true, 64}}},
      {.what = "a tunnel may run over IPv6",
       .in = Packet()
                 .Ipv6(kLac6, kLns6)
                 .Udp(1701, 1701)
                 .L2tp(8, 200)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.8", kHost)
                 .Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.8", kHost).Ttl(63).Payload(8),
       .counted = {{8, 200, true, 28}}},
      {.what = "a route via a neighbour leads to the neighbour",
       .in = Data().Ipv4("100.64.0.2", "198.18.1.1").Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", "198.18.1.1").Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}}},
      {.what = "a packet for another subscriber turns to the downlink and spends one hop only",
       .in = Data().Ipv4("100.64.0.2", "100.64.0.9").Ttl(10).Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, "198.51.100.12")
                  .Dscp(10)
                  .Udp(1701, 40000)
                  .NoUdpChecksum()
                  .L2tp(90, 3000)
                  .Ppp(kIpv4)
                  .Ipv4("100.64.0.2", "100.64.0.9")
                  .Ttl(9)
                  .Payload(8),
       .counted = {{7, 100, true, 28}, {9, 300, false, 28}}},
      {.what = "ethernet padding is not part of the packet",
       .in = FromLac().L2tp(7, 100).Ppp(kIpv4).Ipv4("100.64.0.2", kHost).Payload(1).Padding(9),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(1),
       .counted = {{7, 100, true, 21}}},

      // Not ours.
      {.what = "a ping to our own address is Linux's",
       .in = Packet().Ipv4(kLac, kLns).Protocol(1).Payload(16),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "UDP to another port of ours is Linux's",
       .in = Packet().Ipv4(kLac, kLns).Udp(1701, 53).Payload(16),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "transit traffic is Linux's",
       .in = Packet().Ipv4(kLac, kHost).Payload(16),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "ARP is Linux's",
       .in = Packet().EtherType(0x0806).Payload(28),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "a tagged frame belongs to a VLAN interface",
       .in = Packet().EtherType(0x8100).Payload(60),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "a frame to another MAC address is not ours to forward",
       .in = FromLac()
                 .Ethernet("02:00:00:00:00:99", kLacMac)
                 .L2tp(7, 100)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "L2TP is not taken from a core port",
       .port = kCore,
       .in = Data().Ipv4("100.64.0.2", kHost).Payload(8),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what =
           "a subscriber's packet to an address of ours is dropped by name, unless it is a ping",
       .in = Data().Ipv4("100.64.0.2", kLns).Payload(8),
       .verdict = Drop(DropReason::kToOwnAddress),
       .counted = {{7, 100, true, 28}}},

      // Outer headers.
      {.what = "a frame that ends inside its Ethernet header is dropped",
       .in = FromLac().Truncate(13),
       .verdict = Drop(DropReason::kTruncated)},
      {.what = "a frame that ends inside its IPv4 header is dropped",
       .in = FromLac().Truncate(33),
       .verdict = Drop(DropReason::kTruncated)},
      {.what = "a frame shorter than its IPv4 total length is dropped",
       .in = FromLac().L2tp(7, 100).Payload(20).Truncate(50),
       .verdict = Drop(DropReason::kTruncated)},
      {.what = "a frame that ends inside its IPv6 header is dropped",
       .in = Packet().Ipv6(kLac6, kLns6).Payload(8).Truncate(53),
       .verdict = Drop(DropReason::kTruncated)},
      {.what = "an IPv4 header shorter than 20 bytes is dropped",
       .in = Packet().Ipv4(kLac, kLns).HeaderWords(4).Udp(1701, 1701).L2tp(7, 100).Payload(20),
       .verdict = Drop(DropReason::kBadIpHeader)},
      {.what = "an IPv6 packet that says version 4 is dropped",
       .in = Packet().EtherType(0x86dd).Ipv4(kLac, kLns).Payload(40),
       .verdict = Drop(DropReason::kBadIpHeader)},
      {.what = "a wrong IPv4 header checksum is dropped",
       .in = Packet().Ipv4(kLac, kLns).BadIpChecksum().Udp(1701, 1701).L2tp(7, 100).Payload(20),
       .verdict = Drop(DropReason::kBadIpChecksum)},
      {.what = "a first fragment of an odd length is no part of any packet",
       .in = Packet().Ipv4(kLac, kLns).Fragment(0x2000).Udp(1701, 1701).L2tp(7, 100).Payload(20),
       .verdict = Drop(DropReason::kOuterFragment)},
      {.what = "a fragment whose packet does not become whole in time is dropped",
       .in = Packet().Ipv4(kLac, kLns).Fragment(0x0010).Protocol(17).Payload(20),
       .verdict = Drop(DropReason::kReassemblyTime),
       .wait_ms = dataplane::Reassembly::kTimeLimitMs},
      {.what = "a fragment too many of one sender is dropped",
       .in = Packet().Ipv4(kLac, kLns).Fragment(0x0010).Id(9999).Protocol(17).Payload(20),
       .verdict = Drop(DropReason::kReassemblyFull),
       .prepare = [](Rig& rig) { BringFragments(rig, dataplane::Reassembly::kMaxPerSender); }},
      {.what = "a fragment over IPv6 of something else than UDP is not ours",
       .in = Packet().Ipv6(kLac6, kLns6).Protocol(44).Payload(20),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "a UDP length beyond the packet is dropped",
       .in = Packet().Ipv4(kLac, kLns).Udp(1701, 1701).UdpLengthError(1).L2tp(7, 100).Payload(20),
       .verdict = Drop(DropReason::kBadUdpLength)},
      {.what = "a packet that ends inside its UDP header is dropped",
       .in = Packet().Ipv4(kLac, kLns).Protocol(17).Payload(7),
       .verdict = Drop(DropReason::kBadUdpLength)},
      {.what = "a datagram too short for an L2TP header is dropped",
       .in = FromLac().Payload(5),
       .verdict = Drop(DropReason::kBadUdpLength)},
      {.what = "a datagram too short for the length field its flags announce is dropped",
       .in = FromLac().Bytes({0x40, 0x02, 0x00, 0x06, 0x00, 0x07}),
       .verdict = Drop(DropReason::kBadUdpLength)},

      // L2TP.
      {.what = "L2F is dropped without an answer",
       .in = FromLac().L2tp(7, 100, {.version = 1}).Payload(20),
       .verdict = Drop(DropReason::kL2tpVersion)},
      {.what = "L2TPv3 is dropped without an answer",
       .in = FromLac().L2tp(7, 100, {.version = 3, .extra_flags = 0x8000}).Payload(20),
       .verdict = Drop(DropReason::kL2tpVersion)},
      {.what = "control of a known tunnel from its peer is punted from its first byte",
       .in = FromLac().L2tpControl(7, 0, 3, 4).Payload(20),
       .verdict = Punt(PuntReason::kTunnelControl),
       .out = Packet().L2tpControl(7, 0, 3, 4).Payload(20)},
      {.what = "control over IPv6 is punted",
       .in = Packet().Ipv6(kLac6, kLns6).Udp(1701, 1701).L2tpControl(8, 0).Payload(20),
       .verdict = Punt(PuntReason::kTunnelControl),
       .out = Packet().L2tpControl(8, 0).Payload(20)},
      {.what = "the first SCCRQ is punted as unproven",
       .in = Packet().Ipv4("198.51.100.99", kLns).Udp(5000, 1701).L2tpControl(0, 0).Payload(20),
       .verdict = Punt(PuntReason::kNewTunnel),
       .out = Packet().L2tpControl(0, 0).Payload(20)},
      {.what = "control of an unknown tunnel is punted as unproven",
       .in = FromLac().L2tpControl(99, 0).Payload(20),
       .verdict = Punt(PuntReason::kUnknownTunnel),
       .out = Packet().L2tpControl(99, 0).Payload(20)},
      {.what = "control of a known tunnel from another port is punted as unproven",
       .in = Packet().Ipv4(kLac, kLns).Udp(1702, 1701).L2tpControl(7, 0).Payload(20),
       .verdict = Punt(PuntReason::kForeignControl),
       .out = Packet().L2tpControl(7, 0).Payload(20)},
      {.what = "control with a wrong UDP checksum is dropped",
       .in =
           Packet().Ipv4(kLac, kLns).Udp(1701, 1701).BadUdpChecksum().L2tpControl(7, 0).Payload(20),
       .verdict = Drop(DropReason::kBadUdpChecksum)},
      {.what = "data over IPv6 without a UDP checksum is dropped",
       .in = Packet()
                 .Ipv6(kLac6, kLns6)
                 .Udp(1701, 1701)
                 .NoUdpChecksum()
                 .L2tp(8, 200)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.8", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kBadUdpChecksum)},
      {.what = "control over IPv6 without a UDP checksum is dropped",
       .in =
           Packet().Ipv6(kLac6, kLns6).Udp(1701, 1701).NoUdpChecksum().L2tpControl(8, 0).Payload(8),
       .verdict = Drop(DropReason::kBadUdpChecksum)},
      {.what = "control without a length is dropped",
       .in = FromLac().Bytes({0x88, 0x02, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}),
       .verdict = Drop(DropReason::kBadControlHeader)},
      {.what = "control whose length goes past the datagram is dropped",
       .in = FromLac().Bytes(
           {0xc8, 0x02, 0x00, 0x0d, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}),
       .verdict = Drop(DropReason::kBadControlHeader)},
      {.what = "control longer than a punt slot is dropped",
       .in = FromLac().L2tpControl(7, 0).Payload(2000),
       .verdict = Drop(DropReason::kPuntTooLong)},
      {.what = "control that finds its punt ring full is dropped, and no worker waits",
       .in = FromLac().L2tpControl(7, 0).Payload(20),
       .verdict = Drop(DropReason::kPuntRingFull),
       .rig = {.punt_rings = false}},
      {.what = "control of a sender that is over its limit is dropped",
       .in = Packet().Ipv4("198.51.100.77", kLns).Udp(1701, 1701).L2tpControl(0, 0).Payload(20),
       .verdict = Drop(DropReason::kPuntSourceRate),
       .prepare =
           [](Rig& rig) {
             rig.punt_policy().Set(kAccessGroup, PuntReason::kNewTunnel,
                                   {.group = {}, .source = {.per_second = 0}});
           }},
      {.what = "control of an interface group that is over its limit is dropped",
       .in = Packet().Ipv6("2001:db8:1::77", kLns6).Udp(1701, 1701).L2tpControl(0, 0).Payload(20),
       .verdict = Drop(DropReason::kPuntGroupRate),
       .prepare =
           [](Rig& rig) {
             rig.punt_policy().Set(kAccessGroup, PuntReason::kNewTunnel,
                                   {.group = {.per_second = 0}, .source = {}});
           }},
      {.what = "control of known tunnels is not limited with what is unproven",
       .in = FromLac().L2tpControl(7, 0).Payload(20),
       .verdict = Punt(PuntReason::kTunnelControl),
       .out = Packet().L2tpControl(7, 0).Payload(20),
       .prepare =
           [](Rig& rig) {
             for (const dataplane::PuntRow& row :
                  dataplane::PuntPolicy::Rows(rig.punt_policy().groups(), "", "")) {
               rig.punt_policy().Set(row.group, row.reason, {.group = {.per_second = 0}});
             }
           }},
      {.what = "data of an unknown session is dropped",
       .in = FromLac().L2tp(7, 999).Ppp(kIpv4).Ipv4("100.64.0.2", kHost).Payload(8),
       .verdict = Drop(DropReason::kNoSession)},
      {.what = "data of a session under another tunnel's id is dropped",
       .in = FromLac().L2tp(8, 100).Ppp(kIpv4).Ipv4("100.64.0.2", kHost).Payload(8),
       .verdict = Drop(DropReason::kNoSession)},
      {.what = "data from an address that is not the tunnel's peer is dropped and counted",
       .in = Packet()
                 .Ipv4("198.51.100.99", kLns)
                 .Udp(1701, 1701)
                 .L2tp(7, 100)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kWrongPeer)},
      {.what = "data from another port of the peer is dropped and counted",
       .in = Packet()
                 .Ipv4(kLac, kLns)
                 .Udp(1700, 1701)
                 .L2tp(7, 100)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kWrongPeer)},
      {.what = "data that comes over the other family is dropped and counted",
       .in = Packet()
                 .Ipv6(kLac6, kLns6)
                 .Udp(1701, 1701)
                 .L2tp(7, 100)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kWrongPeer)},
      {.what = "an L2TP length past the datagram is dropped",
       .in = FromLac()
                 .L2tp(7, 100, {.length = true, .length_error = 1})
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.2", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kBadL2tpLength)},
      {.what = "an L2TP offset past the datagram is dropped",
       .in = FromLac().Bytes(
           {0x02, 0x02, 0x00, 0x07, 0x00, 0x64, 0x00, 0x20, 0xff, 0x03, 0x00, 0x21, 0x45}),
       .verdict = Drop(DropReason::kBadL2tpLength)},

      // PPP.
      {.what = "LCP is punted as it stood, with FF 03",
       .in = Data(kLcp).Bytes({1, 1, 0, 4}),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes({1, 1, 0, 4})},
      {.what = "an NCP of a session that carries nothing yet is punted",
       .in = FromLac().L2tp(7, 101).Ppp(kIpcp, {.address_and_control = false}).Bytes({1, 1, 0, 4}),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kIpcp, {.address_and_control = false}).Bytes({1, 1, 0, 4})},
      {.what = "a network protocol we do not carry is punted, for a Protocol-Reject",
       .in = Data(0x002b).Payload(8),
       .verdict = Punt(PuntReason::kPppUnknownProtocol),
       .out = Packet().Ppp(0x002b).Payload(8)},
      {.what = "the same before any network protocol is open is discarded",
       .in = FromLac().L2tp(7, 101).Ppp(0x002b).Payload(8),
       .verdict = Drop(DropReason::kProtocolNotOpen)},
      {.what = "IPv4 before IPCP opened is discarded",
       .in = FromLac().L2tp(7, 101).Ppp(kIpv4).Ipv4("100.64.0.3", kHost).Payload(8),
       .verdict = Drop(DropReason::kProtocolNotOpen)},
      {.what = "IPv6 where only IPCP opened is discarded",
       .in = FromLac().L2tp(7, 102).Ppp(kIpv6).Ipv6("2001:db8:100::5", kHost6).Payload(8),
       .verdict = Drop(DropReason::kProtocolNotOpen)},
      {.what = "a PPP frame of FF 03 and nothing else is dropped",
       .in = FromLac().L2tp(7, 100).Bytes({0xff, 0x03}),
       .verdict = Drop(DropReason::kBadPppFrame)},
      {.what = "an empty PPP frame is dropped",
       .in = FromLac().L2tp(7, 100),
       .verdict = Drop(DropReason::kBadPppFrame)},

      // The subscriber's packet.
      {.what = "an inner packet shorter than its total length is dropped",
       .in = Data().Ipv4("100.64.0.2", kHost).TotalLengthError(1).Payload(8),
       .verdict = Drop(DropReason::kBadInnerHeader)},
      {.what = "an inner packet of half a header is dropped",
       .in = Data().Bytes({0x45, 0, 0, 20}),
       .verdict = Drop(DropReason::kBadInnerHeader)},
      {.what = "IPv6 in a frame that says IPv4 is dropped",
       .in = Data(kIpv4).Ipv6("2001:db8:100::5", kHost6).Payload(8),
       .verdict = Drop(DropReason::kBadInnerHeader)},
      {.what = "a wrong inner header checksum is dropped",
       .in = Data().Ipv4("100.64.0.2", kHost).BadIpChecksum().Payload(8),
       .verdict = Drop(DropReason::kBadInnerChecksum)},
      {.what = "a source that is another session's is dropped",
       .in = Data().Ipv4("100.64.0.4", kHost).Payload(8),
       .verdict = Drop(DropReason::kSpoofedSource)},
      {.what = "a source that is nobody's is dropped",
       .in = Data().Ipv4("8.8.8.8", kHost).Payload(8),
       .verdict = Drop(DropReason::kSpoofedSource)},
      {.what = "a source beside the one address of a session is dropped",
       .in = FromLac().L2tp(7, 102).Ppp(kIpv4).Ipv4("100.64.0.2", kHost).Payload(8),
       .verdict = Drop(DropReason::kSpoofedSource)},
      {.what = "source 0.0.0.0 is nobody's, also where a session has no IPv4 address",
       .in = Data().Ipv4("0.0.0.0", kHost).Payload(8),
       .verdict = Drop(DropReason::kSpoofedSource),
       .prepare =
           [](Rig& rig) {
             dataplane::SessionConfig session;
             session.key = {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)};
             session.peer_id = l2tp::PeerSessionId(1000);
             session.ipv4_open = true;
             Must(rig.writer().UpsertSession(session));
           }},
      {.what = "an IPv6 source outside the delegated prefix is dropped",
       .in = Data(kIpv6).Ipv6("2001:db8:100:100::5", kHost6).Payload(8),
       .verdict = Drop(DropReason::kSpoofedSource)},
      {.what = "a Router Solicitation is the control plane's",
       .in = Solicitation(),
       .verdict = Punt(PuntReason::kLinkControl),
       .out = Packet()
                  .Ppp(kIpv6)
                  .Ipv6("fe80::5", "ff02::2")
                  .Protocol(58)
                  .Bytes({133, 0, 0, 0, 0, 0, 0, 0})},
      {.what = "so is one from a host without an address",
       .in = Data(kIpv6).Ipv6("::", "ff02::2").Protocol(58).Bytes({133, 0, 0, 0, 0, 0, 0, 0}),
       .verdict = Punt(PuntReason::kLinkControl),
       .out = Packet()
                  .Ppp(kIpv6)
                  .Ipv6("::", "ff02::2")
                  .Protocol(58)
                  .Bytes({133, 0, 0, 0, 0, 0, 0, 0})},
      {.what = "DHCPv6 to all servers is the control plane's",
       .in = Data(kIpv6)
                 .Ipv6("fe80::5", "ff02::1:2")
                 .Protocol(17)
                 .Bytes({0x02, 0x22, 0x02, 0x23, 0, 12, 0, 0, 1, 0, 0, 1}),
       .verdict = Punt(PuntReason::kLinkControl),
       .out = Packet()
                  .Ppp(kIpv6)
                  .Ipv6("fe80::5", "ff02::1:2")
                  .Protocol(17)
                  .Bytes({0x02, 0x22, 0x02, 0x23, 0, 12, 0, 0, 1, 0, 0, 1})},
      {.what = "a ping of the link's other end is the control plane's",
       .in = Data(kIpv6).Ipv6("fe80::5", "fe80::1").Protocol(58).Bytes({128, 0, 0, 0, 0, 1, 0, 1}),
       .verdict = Punt(PuntReason::kLinkControl),
       .out = Packet()
                  .Ppp(kIpv6)
                  .Ipv6("fe80::5", "fe80::1")
                  .Protocol(58)
                  .Bytes({128, 0, 0, 0, 0, 1, 0, 1})},
      {.what = "who asks more than a session may in a second is not heard",
       .in = Solicitation(),
       .verdict = Drop(DropReason::kPuntBudget),
       .prepare = AskAllThatASecondAllows},
      {.what = "and is heard again a second later",
       .in = Solicitation(),
       .verdict = Punt(PuntReason::kLinkControl),
       .out = Packet()
                  .Ppp(kIpv6)
                  .Ipv6("fe80::5", "ff02::2")
                  .Protocol(58)
                  .Bytes({133, 0, 0, 0, 0, 0, 0, 0}),
       .prepare =
           [](Rig& rig) {
             AskAllThatASecondAllows(rig);
             Rig::Advance(1000);
           }},
      {.what = "other UDP on the link is nobody's",
       .in = Data(kIpv6)
                 .Ipv6("fe80::5", "ff02::fb")
                 .Protocol(17)
                 .Bytes({0x14, 0xe9, 0x14, 0xe9, 0, 8, 0, 0}),
       .verdict = Drop(DropReason::kLinkScope)},
      {.what = "a multicast listener's report, behind an extension header, is nobody's",
       .in = Data(kIpv6).Ipv6("fe80::5", "ff02::16").Protocol(0).Payload(36),
       .verdict = Drop(DropReason::kLinkScope)},
      {.what = "half an ICMPv6 message on the link is nobody's",
       .in = Data(kIpv6).Ipv6("fe80::5", "ff02::2").Protocol(58).Bytes({133, 0, 0}),
       .verdict = Drop(DropReason::kLinkScope)},
      {.what = "a link-local source does not get beyond the link",
       .in = Data(kIpv6).Ipv6("fe80::5", kHost6).Protocol(58).Bytes({128, 0, 0, 0, 0, 1, 0, 1}),
       .verdict = Drop(DropReason::kSpoofedSource)},
      {.what = "a destination without a route is dropped",
       .in = Data().Ipv4("100.64.0.2", "10.9.9.9").Payload(8),
       .verdict = Drop(DropReason::kNoRoute),
       .counted = {{7, 100, true, 28}}},
      {.what = "a packet on its last hop is dropped",
       .in = Data().Ipv4("100.64.0.2", kHost).Ttl(1).Payload(8),
       .verdict = Drop(DropReason::kHopLimit),
       .counted = {{7, 100, true, 28}}},
      {.what = "an IPv6 packet on its last hop is dropped",
       .in = Data(kIpv6).Ipv6("2001:db8:100::5", kHost6).Ttl(1).Payload(8),
       .verdict = Drop(DropReason::kHopLimit),
       .counted = {{7, 100, true, 48}}},
      // A next hop without a MAC address.
      {.what = "a packet for a connected host whose MAC is not known waits",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.77").Payload(8),
       .verdict = Held(),
       .counted = {{7, 100, true, 28}}},
      {.what = "a packet for a gateway whose MAC is not known waits",
       .in = Data().Ipv4("100.64.0.2", "198.18.9.9").Payload(8),
       .verdict = Held(),
       .counted = {{7, 100, true, 28}}},
      {.what = "it goes out when the connected host answers",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.77").Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", "203.0.113.77").Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}},
       .meanwhile = [](Rig& rig) { Resolve(rig, "203.0.113.77"); }},
      {.what = "it goes out when the gateway answers",
       .in = Data(kIpv4).Ipv4("100.64.0.2", "198.18.9.9").Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", "198.18.9.9").Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}},
       .meanwhile = [](Rig& rig) { Resolve(rig, "203.0.113.66"); }},
      {.what = "an IPv6 packet waits for its neighbour alike",
       .in = Data(kIpv6).Ipv6("2001:db8:100::5", "2001:db8:2::77").Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv6("2001:db8:100::5", "2001:db8:2::77").Ttl(63).Payload(8),
       .counted = {{7, 100, true, 48}},
       .meanwhile = [](Rig& rig) { Resolve(rig, "2001:db8:2::77"); }},
      {.what = "a packet waits as long as the limit says",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.77").Payload(8),
       .verdict = Held(),
       .counted = {{7, 100, true, 28}},
       .meanwhile = [](Rig& rig) { rig.Advance(Hold::kTimeLimitMs - 1); }},
      {.what = "a next hop that never answers costs the packet",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.77").Payload(8),
       .verdict = Drop(DropReason::kNoNeighbour),
       .counted = {{7, 100, true, 28}},
       .meanwhile = [](Rig& rig) { rig.Advance(Hold::kTimeLimitMs); }},
      {.what = "one more than may wait for one next hop is dropped by name",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.77").Payload(8),
       .verdict = Drop(DropReason::kHoldNextHopFull),
       .counted = {{7, 100, true, 28}},
       .prepare = [](Rig& rig) { FillHold(rig, "203.0.113.77", 1, Hold::kMaxPerNextHop); }},
      {.what = "one more than may wait in the worker is dropped by name",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.99").Payload(8),
       .verdict = Drop(DropReason::kHoldFull),
       .counted = {{7, 100, true, 28}},
       .prepare = [](Rig& rig) { FillHold(rig, "203.0.113.32", 64, Hold::kMaxPackets / 64); }},
      {.what = "a packet whose route changes while it waits takes the new one",
       .in = Data().Ipv4("100.64.0.2", "198.18.9.9").Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", "198.18.9.9").Ttl(63).Payload(8),
       .counted = {{7, 100, true, 28}},
       .meanwhile =
           [](Rig& rig) {
             Must(rig.writer().RemoveRoute(*net::IpPrefix::Parse("198.18.9.0/24"),
                                           dataplane::Origin::kKernel));
           }},
      {.what = "a packet whose route goes away while it waits is dropped by name",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.77").Payload(8),
       .verdict = Drop(DropReason::kNoRoute),
       .counted = {{7, 100, true, 28}},
       .meanwhile =
           [](Rig& rig) {
             Must(rig.writer().RemoveRoute(*net::IpPrefix::Parse("203.0.113.0/24"),
                                           dataplane::Origin::kKernel));
           }},
      {.what = "a packet whose destination becomes a subscriber while it waits is dropped by name",
       .in = Data().Ipv4("100.64.0.2", "203.0.113.77").Payload(8),
       .verdict = Drop(DropReason::kHoldRouteGone),
       .counted = {{7, 100, true, 28}},
       .meanwhile =
           [](Rig& rig) {
             Must(rig.writer().AddSubscriberPrefix(*net::IpPrefix::Parse("203.0.113.77/32")));
           }},
      {.what = "a packet longer than the port's MTU is dropped",
       .in = Data().Ipv4("100.64.0.2", kHost).Payload(1381),
       .verdict = Drop(DropReason::kTooBigForPort),
       .counted = {{7, 100, true, 1401}},
       .rig = {.core_mtu = 1400}},
      {.what = "a packet that is to be cut into fragments needs buffers for them",
       .in = Data().Ipv4("100.64.0.2", kHost).Payload(1381),
       .verdict = Drop(DropReason::kNoFragmentBuffer),
       .counted = {{7, 100, true, 1401}},
       .rig = {.inject_buffers = false, .core_mtu = 1400, .answers = true}},
      {.what = "what is beyond the session's rate is dropped by name",
       .in = Data().Ipv4("100.64.0.2", kHost).Payload(1381),
       .verdict = Drop(DropReason::kPoliced),
       .prepare =
           [](Rig& rig) {
             const dataplane::SessionKey key{l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)};
             dataplane::SessionConfig session = rig.writer().Sessions({{key}}).at(0);
             session.uplink_meter = {.rate_bps = 8, .burst_bytes = 1400};
             Must(rig.writer().UpsertSession(session));
           }},
      {.what = "a packet as long as the port's MTU is sent",
       .in = Data().Ipv4("100.64.0.2", kHost).Payload(1380),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.2", kHost).Ttl(63).Payload(1380),
       .counted = {{7, 100, true, 1400}},
       .rig = {.core_mtu = 1400}},
      {.what = "a port that no worker transmits on is named in the drop",
       .in = Data().Ipv4("100.64.0.2", "198.19.1.1").Payload(8),
       .verdict = Drop(DropReason::kNoTxQueue),
       .counted = {{7, 100, true, 28}}},
      {.what = "a port that takes no more packets costs them",
       .in = Data().Ipv4("100.64.0.2", kHost).Payload(8),
       .verdict = Drop(DropReason::kTxQueueFull),
       .counted = {{7, 100, true, 28}},
       .rig = {.ring_slots = 64},
       .prepare = [](Rig& rig) { FillRing(rig, rig.tx_ring(kCore)); }},
      {.what = "an owner that does not keep up costs what it would have got",
       .in = Packet()
                 .Ipv4("198.51.100.12", kLns)
                 .Udp(40000, 1701)
                 .L2tp(9, 300)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.9", kHost)
                 .Payload(8),
       .verdict = Drop(DropReason::kHandoffRingFull),
       .rig = {.workers = 2},
       .prepare = [](Rig& rig) { FillHandoff(rig, 0, 1); },
       .polled_workers = 1},
      {.what = "with two workers the owner of the session forwards, and the port's worker sends",
       .in = Packet()
                 .Ipv4("198.51.100.12", kLns)
                 .Udp(40000, 1701)
                 .L2tp(9, 300)
                 .Ppp(kIpv4)
                 .Ipv4("100.64.0.9", kHost)
                 .Payload(8),
       .verdict = Send(kCore),
       .out = ToHost().Ipv4("100.64.0.9", kHost).Ttl(63).Payload(8),
       .counted = {{9, 300, true, 28}},
       .rig = {.workers = 2}},
      {.what = "with two workers PPP control is punted by the owner",
       .in = FromLac().L2tp(7, 101).Ppp(kLcp).Bytes({9, 1, 0, 8, 0, 0, 0, 0}),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes({9, 1, 0, 8, 0, 0, 0, 0}),
       .rig = {.workers = 2}},
      {.what = "with two workers a packet between subscribers of both goes through both",
       .in = Data().Ipv4("100.64.0.2", "100.64.0.9").Ttl(10).Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, "198.51.100.12")
                  .Id(0x8000)  // the second worker's share of ids
                  .Dscp(10)
                  .Udp(1701, 40000)
                  .NoUdpChecksum()
                  .L2tp(90, 3000)
                  .Ppp(kIpv4)
                  .Ipv4("100.64.0.2", "100.64.0.9")
                  .Ttl(9)
                  .Payload(8),
       .counted = {{7, 100, true, 28}, {9, 300, false, 28}},
       .rig = {.workers = 2}},
  };
  return rows;
}

}  // namespace

std::span<const Row> UplinkRows() { return Rows(); }

}  // namespace lns::test
