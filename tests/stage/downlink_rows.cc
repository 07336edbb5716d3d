// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/base/check.h"
#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;

constexpr uint16_t kIpv4 = 0x0021;
constexpr uint16_t kIpv6 = 0x0057;

Packet ToLac() { return Packet().Ethernet(kLacMac, kAccessMac).Ipv4(kLns, kLac).Udp(1701, 1701); }

// `count` packets to the subscriber, so that the next has number `count`.
void SendNumbered(Rig& rig, std::string_view subscriber, uint32_t count) {
  const Bytes frame =
      Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, subscriber).Payload(8).Build();
  for (uint32_t sent = 0; sent < count; sent += 256) {
    for (int i = 0; i < 256; ++i) rig.Receive(kCore, frame);
    rig.Poll();
    (void)rig.TakeSent(kAccess);
  }
}

dataplane::SessionConfig SessionOf(Rig& rig, uint16_t tunnel, uint16_t session) {
  const dataplane::SessionKey key{l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(session)};
  return rig.writer().Sessions({{key}}).at(0);
}

// The session 7/100 gets `waiting` packets more than its rate lets through.
void FillQueue(Rig& rig, const dataplane::ShaperConfig& shaper, int waiting) {
  dataplane::SessionConfig session = SessionOf(rig, 7, 100);
  session.downlink_shaper = shaper;
  Must(rig.writer().UpsertSession(session));
  const Bytes frame =
      Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, "100.64.0.2").Payload(80).Build();
  for (int i = 0; i <= waiting; ++i) rig.Receive(kCore, frame);
  rig.Poll();
  LNS_CHECK(rig.TakeSent(kAccess).size() == 1 && rig.Held() == static_cast<uint32_t>(waiting));
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {.what = "a packet to a subscriber is wrapped for its tunnel, one hop spent",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Ttl(64).Payload(40),
       .verdict = Send(kAccess),
       .out = ToLac().L2tp(70, 1000).Ppp(kIpv4).Ipv4(kHost, "100.64.0.2").Ttl(63).Payload(40),
       .counted = {{7, 100, false, 60}}},
      {.what = "an odd length has the right UDP checksum",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(41, 200),
       .verdict = Send(kAccess),
       .out = ToLac().L2tp(70, 1000).Ppp(kIpv4).Ipv4(kHost, "100.64.0.2").Ttl(63).Payload(41, 200),
       .counted = {{7, 100, false, 61}}},
      {.what = "any address of a session's framed route leads to it",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "192.0.2.90").Payload(8),
       .verdict = Send(kAccess),
       .out = ToLac().L2tp(70, 1000).Ppp(kIpv4).Ipv4(kHost, "192.0.2.90").Ttl(63).Payload(8),
       .counted = {{7, 100, false, 28}}},
      {.what = "IPv6 to a delegated prefix goes the same way",
       .port = kCore,
       .in = Packet().Ipv6(kHost6, "2001:db8:100::5").Payload(8),
       .verdict = Send(kAccess),
       .out = ToLac().L2tp(70, 1000).Ppp(kIpv6).Ipv6(kHost6, "2001:db8:100::5").Ttl(63).Payload(8),
       .counted = {{7, 100, false, 48}}},
      {.what = "where the peer's LCP allows it, FF 03 and the protocol's first byte are left out",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.4").Payload(8),
       .verdict = Send(kAccess),
       .out = ToLac()
                  .L2tp(70, 1002)
                  .Ppp(kIpv4, {.address_and_control = false, .short_protocol = true})
                  .Ipv4(kHost, "100.64.0.4")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{7, 102, false, 28}}},
      {.what = "a session with data sequencing is numbered",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.5").Payload(9),
       .verdict = Send(kAccess),
       .out = ToLac()
                  .L2tp(70, 1003, {.sequence = true, .ns = 0})
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.5")
                  .Ttl(63)
                  .Payload(9),
       .counted = {{7, 103, false, 29}}},
      {.what = "numbers go on from 65535 with 0",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.5").Payload(8),
       .verdict = Send(kAccess),
       .out = ToLac()
                  .L2tp(70, 1003, {.sequence = true, .ns = 0})
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.5")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{7, 103, false, 28}},
       .prepare = [](Rig& rig) { SendNumbered(rig, "100.64.0.5", 65536); }},
      {.what = "a session's own DSCP goes before its tunnel's",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.6").Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Dscp(46)
                  .Udp(1701, 1701)
                  .L2tp(70, 1004, {.sequence = true, .ns = 0})
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.6")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{7, 104, false, 28}}},
      {.what = "so over IPv6, without data sequencing too",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.8").Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv6(kLns6, kLac6)
                  .Dscp(10)
                  .Udp(1701, 1701)
                  .L2tp(80, 2000)
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.8")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{8, 200, false, 28}},
       .prepare =
           [](Rig& rig) {
             dataplane::SessionConfig session = SessionOf(rig, 8, 200);
             session.dscp = 10;
             Must(rig.writer().UpsertSession(session));
           }},
      {.what = "a tunnel over IPv6 has its own outer header",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.8").Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv6(kLns6, kLac6)
                  .Udp(1701, 1701)
                  .L2tp(80, 2000)
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.8")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{8, 200, false, 28}}},
      {.what = "DSCP, ports and the absent UDP checksum are the tunnel's",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.9").Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, "198.51.100.12")
                  .Dscp(10)
                  .Udp(1701, 40000)
                  .NoUdpChecksum()
                  .L2tp(90, 3000)
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.9")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{9, 300, false, 28}}},
      {.what = "fragments to a subscriber are forwarded as they are",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Fragment(0x2001).Payload(8),
       .verdict = Send(kAccess),
       .out = ToLac()
                  .L2tp(70, 1000)
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.2")
                  .Fragment(0x2001)
                  .Ttl(63)
                  .Payload(8),
       .counted = {{7, 100, false, 28}}},
      {.what = "padding of a short frame is not sent on",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(1).Padding(25),
       .verdict = Send(kAccess),
       .out = ToLac().L2tp(70, 1000).Ppp(kIpv4).Ipv4(kHost, "100.64.0.2").Ttl(63).Payload(1),
       .counted = {{7, 100, false, 21}}},
      {.what = "a packet as long as the peer's MRU passes",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.4").Payload(980),
       .verdict = Send(kAccess),
       .out =
           ToLac()
               .L2tp(70, 1002)
               .Ppp(kIpv4, {.address_and_control = false, .short_protocol = true})
               .Ipv4(kHost, "100.64.0.4")
               .Ttl(63)
               .Payload(980),
       .counted = {{7, 102, false, 1000}}},
      {.what = "with two workers the owner of the session wraps, the port's worker sends",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.9").Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, "198.51.100.12")
                  .Id(0x8000)
                  .Dscp(10)
                  .Udp(1701, 40000)
                  .NoUdpChecksum()
                  .L2tp(90, 3000)
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.9")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{9, 300, false, 28}},
       .rig = {.workers = 2}},

      {.what = "a subscriber's address on an access port is not ours to take",
       .port = kAccess,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(8),
       .verdict = Drop(DropReason::kNotOurs)},
      {.what = "an address of the pool that no session has is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.77").Payload(8),
       .verdict = Drop(DropReason::kNoSubscriber)},
      {.what = "an IPv6 address of the pool that no session has is dropped by name",
       .port = kCore,
       .in = Packet().Ipv6(kHost6, "2001:db8:100:100::5").Payload(8),
       .verdict = Drop(DropReason::kNoSubscriber)},
      {.what = "nothing is sent to a subscriber whose IPCP is not open",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.3").Payload(8),
       .verdict = Drop(DropReason::kSubscriberNotOpen)},
      {.what = "a packet longer than the peer's MRU is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.4").Payload(981),
       .verdict = Drop(DropReason::kTooBigForPeer)},
      {.what = "a packet to a subscriber on its last hop is dropped",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Ttl(1).Payload(8),
       .verdict = Drop(DropReason::kHopLimit)},
      {.what = "a wrong header checksum is not carried to a subscriber",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").BadIpChecksum().Payload(8),
       .verdict = Drop(DropReason::kBadIpChecksum)},
      {.what = "a tunnel that leads through itself is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.10").Payload(8),
       .verdict = Drop(DropReason::kTunnelLoop),
       .counted = {{10, 400, false, 28}}},
      {.what = "a packet to an LAC that went away waits, and leaves when it is back",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Ttl(64).Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Udp(1701, 1701)
                  .L2tp(70, 1000)
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.2")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{7, 100, false, 28}},
       .prepare =
           [](Rig& rig) {
             Must(rig.writer().RemoveNeighbour(*net::IpAddress::Parse(kLac), kAccess));
           },
       .meanwhile =
           [](Rig& rig) {
             Must(rig.writer().UpsertNeighbour({.address = *net::IpAddress::Parse(kLac),
                                                .port = kAccess,
                                                .mac = *net::ParseMac(kLacMac),
                                                .origin = dataplane::Origin::kKernel}));
           }},
      {.what = "an LAC whose MAC is not known makes the packet wait",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(8),
       .verdict = Held(),
       .counted = {{7, 100, false, 28}},
       .prepare =
           [](Rig& rig) {
             Must(rig.writer().RemoveNeighbour(*net::IpAddress::Parse(kLac), kAccess));
           }},
      {.what = "a buffer without room for the outer headers is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(8),
       .verdict = Drop(DropReason::kNoHeadroom),
       .headroom = 0},
      {.what = "what its outer headers make too long for the path to the LAC is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(1560),
       .verdict = Drop(DropReason::kTooBigForPeer),
       .prepare =
           [](Rig& rig) {
             dataplane::SessionConfig session;
             session.key = {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)};
             session.peer_id = l2tp::PeerSessionId(1000);
             session.ipv4_open = true;
             session.prefixes = {*net::IpPrefix::Parse("100.64.0.2")};
             session.peer_mru = 1600;
             Must(rig.writer().UpsertSession(session));
           }},
      {.what = "a packet to a session at its rate leaves when it is due",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(8),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Id(1)
                  .Udp(1701, 1701)
                  .L2tp(70, 1000)
                  .Ppp(kIpv4)
                  .Ipv4(kHost, "100.64.0.2")
                  .Ttl(63)
                  .Payload(8),
       .counted = {{7, 100, false, 28}},
       .prepare = [](Rig& rig) { FillQueue(rig, {.rate_bps = 8000, .queue_bytes = 1000}, 0); },
       .wait_ms = 101},
      {.what = "what a session's queue has no room for is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(80),
       .verdict = Drop(DropReason::kShaperQueueFull),
       .prepare = [](Rig& rig) { FillQueue(rig, {.rate_bps = 8000, .queue_bytes = 350}, 3); }},
      {.what = "a worker keeps so many packets of sessions at their rates and no more",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(80),
       .verdict = Drop(DropReason::kShaperFull),
       .rig = {.backlog_packets = 16},
       .prepare = [](Rig& rig) { FillQueue(rig, {.rate_bps = 8000, .queue_bytes = 10'000}, 15); }},
      {.what = "a packet whose session closes while it waits is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(80),
       .verdict = Drop(DropReason::kShaperSessionGone),
       .prepare = [](Rig& rig) { FillQueue(rig, {.rate_bps = 8000, .queue_bytes = 1000}, 0); },
       .meanwhile =
           [](Rig& rig) {
             dataplane::SessionConfig session = SessionOf(rig, 7, 100);
             session.ipv4_open = false;
             Must(rig.writer().UpsertSession(session));
             Rig::Advance(1000);
           }},
      {.what = "what is beyond the limit of the session's tunnel is dropped by name",
       .port = kCore,
       .in = Packet().Ipv4(kHost, "100.64.0.2").Payload(1480),
       .verdict = Drop(DropReason::kAggregatePoliced),
       .prepare =
           [](Rig& rig) {
             dataplane::TunnelConfig tunnel = rig.writer().Tunnels().at(0);
             tunnel.aggregate = {.name = "lac",
                                 .downlink = dataplane::MeterConfig{.rate_bps = 8000}};
             Must(rig.writer().UpsertTunnel(tunnel));
             rig.Receive(kCore, Packet()
                                    .Ethernet(kCoreMac, kHostMac)
                                    .Ipv4(kHost, "100.64.0.2")
                                    .Payload(1480)
                                    .Build());
             rig.Poll();
             LNS_CHECK(rig.TakeSent(kAccess).size() == 1);
           }},
  };
  return rows;
}

}  // namespace

std::span<const Row> DownlinkRows() { return Rows(); }

}  // namespace lns::test
