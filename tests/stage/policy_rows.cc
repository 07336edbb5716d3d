// Rows of sessions that have filters or a DSCP policy, both families and both directions.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using net::FilterVerdict;

constexpr uint16_t kIpv4 = 0x0021;
constexpr uint16_t kIpv6 = 0x0057;
constexpr std::string_view kSubscriber = "100.64.0.2";
constexpr std::string_view kSubscriber6 = "2001:db8:100::5";
constexpr std::string_view kPortal = "203.0.113.20";
constexpr std::string_view kPortalMac = "02:00:00:00:02:20";
constexpr std::string_view kWeb = "198.18.0.1";  // by kHost
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint16_t kMoreFragments = 0x2000;
constexpr size_t kUplinkBytes = 40;  // of IP packets with a TCP header

net::IpPrefix Prefix(std::string_view text) { return *net::IpPrefix::Parse(text); }

Packet Up(uint16_t protocol = kIpv4) {
  return Packet().Ipv4(kLac, kLns).Udp(1701, 1701).L2tp(7, 100).Ppp(protocol);
}
Packet Down() {
  return Packet()
      .Ethernet(kLacMac, kAccessMac)
      .Ipv4(kLns, kLac)
      .Udp(1701, 1701)
      .L2tp(70, 1000)
      .Ppp(kIpv4);
}
Packet ToCore() { return Packet().Ethernet(kHostMac, kCoreMac); }
// 20 octets; of UDP, ICMP and others the first ones mean what they mean there.
Bytes Transport(uint16_t source, uint16_t destination, uint8_t tcp_flags = 0x02) {
  Bytes header(20, 0);
  StoreBe16(header.data(), source);
  StoreBe16(header.data() + 2, destination);
  header[12] = 0x50;
  header[13] = tcp_flags;
  return header;
}

using Names = std::vector<std::string>;

// Session 7/100 with these filters.
std::function<void(Rig&)> With(std::vector<net::Filter> filters, Names uplink,
                               Names downlink = {}) {
  return [=](Rig& rig) {
    Must(rig.writer().UpsertNeighbour({.address = *net::IpAddress::Parse(kPortal),
                                       .port = kCore,
                                       .mac = *net::ParseMac(kPortalMac),
                                       .origin = dataplane::Origin::kKernel}));
    for (const net::Filter& filter : filters) Must(rig.writer().UpsertFilter(filter));
    const dataplane::SessionKey key{l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)};
    dataplane::SessionConfig session = rig.writer().Sessions({{key}}).at(0);
    session.uplink_filters = uplink;
    session.downlink_filters = downlink;
    Must(rig.writer().UpsertSession(session));
  };
}

std::function<void(Rig&)> Marked(const net::DscpPolicy& policy, uint16_t tunnel = 7,
                                 uint16_t id = 100) {
  return [=](Rig& rig) {
    const dataplane::SessionKey key{l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(id)};
    dataplane::SessionConfig session = rig.writer().Sessions({{key}}).at(0);
    session.dscp_policy = policy;
    Must(rig.writer().UpsertSession(session));
  };
}

net::DscpMap Identity() {
  net::DscpMap map;
  for (size_t i = 0; i < map.size(); ++i) map[i] = static_cast<uint8_t>(i);
  return map;
}
net::DscpMap Rewrite(uint8_t from, uint8_t to) {
  net::DscpMap map = Identity();
  map[from] = to;
  return map;
}
net::DscpMap All(uint8_t to) {
  net::DscpMap map;
  map.fill(to);
  return map;
}

const net::Filter& NoMail() {
  static const net::Filter filter{.name = "no-mail",
                                  .rules = {{.verdict = FilterVerdict::kDeny,
                                             .protocol = kTcp,
                                             .destination_ports = {{25, 25}, {465, 465}}}},
                                  .rest = FilterVerdict::kPermit};
  return filter;
}
const net::Filter& NoMailIn() {
  static const net::Filter filter{
      .name = "no-mail-in",
      .rules = {{.verdict = FilterVerdict::kDeny, .protocol = kTcp, .source_ports = {{25, 25}}}},
      .rest = FilterVerdict::kPermit};
  return filter;
}
const net::Filter& WebOnly() {
  static const net::Filter filter{
      .name = "web-only",
      .rules = {
          {.verdict = FilterVerdict::kPermit, .protocol = kTcp, .destination_ports = {{80, 80}}}}};
  return filter;
}
// Of one who has not paid.
const net::Filter& Garden() {
  static const net::Filter filter{
      .name = "garden",
      .rules = {
          {.verdict = FilterVerdict::kPermit, .protocol = kUdp, .destination_ports = {{53, 53}}},
          {.verdict = FilterVerdict::kPermit,
           .destinations = {Prefix("203.0.113.20/32"), Prefix("2001:db8:2::20/128")}},
          {.verdict = FilterVerdict::kRedirect,
           .protocol = kTcp,
           .destination_ports = {{80, 80}},
           .next_hops = {*net::IpAddress::Parse(kPortal)}}}};
  return filter;
}
net::Filter GardenBy(std::string_view next_hop) {
  net::Filter filter = Garden();
  filter.rules[2].next_hops = {*net::IpAddress::Parse(next_hop)};
  return filter;
}

const Row kFiltered[] = {
    {.what = "a filter denies what a subscriber sends",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kTcp).Bytes(Transport(40000, 25)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "so of IPv6",
     .in = Up(kIpv6).Ipv6(kSubscriber6, kHost6).Protocol(kTcp).Bytes(Transport(40000, 465)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "so of what is sent to the subscriber",
     .port = kCore,
     .in = Packet().Ipv4(kHost, kSubscriber).Protocol(kTcp).Bytes(Transport(25, 40000)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMailIn()}, {}, {"no-mail-in"})},
    {.what = "and of IPv6",
     .port = kCore,
     .in = Packet().Ipv6(kHost6, kSubscriber6).Protocol(kTcp).Bytes(Transport(25, 40000)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMailIn()}, {}, {"no-mail-in"})},
    {.what = "a filter of one direction says nothing of the other",
     .port = kCore,
     .in = Packet().Ipv4(kHost, kSubscriber).Protocol(kTcp).Bytes(Transport(40000, 25)),
     .verdict = Send(kAccess),
     .out = Down().Ipv4(kHost, kSubscriber).Ttl(63).Protocol(kTcp).Bytes(Transport(40000, 25)),
     .counted = {{7, 100, false, kUplinkBytes}},
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "behind an IPv6 extension header ports are found",
     .in = Up(kIpv6).Ipv6(kSubscriber6, kHost6).Protocol(60).Bytes([] {
       Bytes bytes = {kTcp, 0, 1, 4, 0, 0, 0, 0};
       const Bytes tcp = Transport(40000, 25);
       bytes.insert(bytes.end(), tcp.begin(), tcp.end());
       return bytes;
     }()),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "a first fragment is judged by its ports",
     .in = Up().Ipv4(kSubscriber, kHost)
               .Protocol(kTcp)
               .Fragment(kMoreFragments)
               .Bytes(Transport(40000, 25)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "a later fragment is never denied for ports",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kTcp).Fragment(3).Bytes(Transport(40000, 25)),
     .verdict = Send(kCore),
     .out = ToCore()
                .Ipv4(kSubscriber, kHost)
                .Ttl(63)
                .Protocol(kTcp)
                .Fragment(3)
                .Bytes(Transport(40000, 25)),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "a later fragment is permitted by a rule whose ports it does not have",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kTcp).Fragment(3).Bytes(Transport(1, 2)),
     .verdict = Send(kCore),
     .out = ToCore()
                .Ipv4(kSubscriber, kHost)
                .Ttl(63)
                .Protocol(kTcp)
                .Fragment(3)
                .Bytes(Transport(1, 2)),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({WebOnly()}, {"web-only"})},
    {.what = "of another protocol it is not",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kUdp).Fragment(3).Bytes(Transport(1, 2)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({WebOnly()}, {"web-only"})},
    {.what = "a later fragment that would lie over TCP's flags has nothing to be judged by",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kTcp).Fragment(1).Bytes(Transport(1, 2)),
     .verdict = Drop(DropReason::kFilterNoHeader),
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "nor has a first fragment that ends before them",
     .in = Up().Ipv4(kSubscriber, kHost)
               .Protocol(kTcp)
               .Fragment(kMoreFragments)
               .Bytes({0x9c, 0x40, 0, 80, 0, 0, 0, 0}),
     .verdict = Drop(DropReason::kFilterNoHeader),
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "what no rule permits is denied where the rest is",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kUdp).Bytes(Transport(40000, 80)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({WebOnly()}, {"web-only"})},
    {.what = "each of several filters must let a packet pass",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kTcp).Bytes(Transport(40000, 443)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMail(), WebOnly()}, {"no-mail", "web-only"})},
    {.what = "what all of them permit passes as it is",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kTcp).Bytes(Transport(40000, 80)),
     .verdict = Send(kCore),
     .out = ToCore().Ipv4(kSubscriber, kHost).Ttl(63).Protocol(kTcp).Bytes(Transport(40000, 80)),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({NoMail(), WebOnly()}, {"no-mail", "web-only"})},
    {.what = "a packet for another subscriber is filtered on its way up",
     .in = Up().Ipv4(kSubscriber, "100.64.0.9").Protocol(kTcp).Bytes(Transport(40000, 25)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({NoMail()}, {"no-mail"})},
    {.what = "and on its way down",
     .in = Packet()
               .Ipv4("198.51.100.12", kLns)
               .Udp(40000, 1701)
               .L2tp(9, 300)
               .Ppp(kIpv4)
               .Ipv4("100.64.0.9", kSubscriber)
               .Protocol(kTcp)
               .Bytes(Transport(25, 40000)),
     .verdict = Drop(DropReason::kFilterDenied),
     .counted = {{9, 300, true, kUplinkBytes}},
     .prepare = With({NoMailIn()}, {}, {"no-mail-in"})},
};

const Row kRedirected[] = {
    {.what = "a redirect leads to its next hop and leaves the packet as it is",
     .in = Up().Ipv4(kSubscriber, kWeb).Protocol(kTcp).Bytes(Transport(40000, 80)),
     .verdict = Send(kCore),
     .out = Packet()
                .Ethernet(kPortalMac, kCoreMac)
                .Ipv4(kSubscriber, kWeb)
                .Ttl(63)
                .Protocol(kTcp)
                .Bytes(Transport(40000, 80)),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({Garden()}, {"garden"})},
    {.what = "what the garden permits goes where it is for",
     .in = Up().Ipv4(kSubscriber, kHost).Protocol(kUdp).Bytes(Transport(40000, 53)),
     .verdict = Send(kCore),
     .out = ToCore().Ipv4(kSubscriber, kHost).Ttl(63).Protocol(kUdp).Bytes(Transport(40000, 53)),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({Garden()}, {"garden"})},
    {.what = "and nothing else leaves it",
     .in = Up().Ipv4(kSubscriber, kWeb).Protocol(kTcp).Bytes(Transport(40000, 443)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({Garden()}, {"garden"})},
    {.what = "a redirect to another family's next hop says nothing",
     .in = Up(kIpv6).Ipv6(kSubscriber6, kHost6).Protocol(kTcp).Bytes(Transport(40000, 80)),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare = With({Garden()}, {"garden"})},
    {.what = "a redirect of IPv6",
     .in = Up(kIpv6).Ipv6(kSubscriber6, "2001:db8:99::1").Protocol(kTcp).Bytes(Transport(9, 80)),
     .verdict = Send(kCore),
     .out = ToCore()
                .Ipv6(kSubscriber6, "2001:db8:99::1")
                .Ttl(63)
                .Protocol(kTcp)
                .Bytes(Transport(9, 80)),
     .counted = {{7, 100, true, 60}},
     .prepare = With({GardenBy(kHost6)}, {"garden"})},
    {.what = "a redirect by a router leads to the router",
     .in = Up().Ipv4(kSubscriber, "198.18.9.1").Protocol(kTcp).Bytes(Transport(40000, 80)),
     .verdict = Send(kCore),
     .out = ToCore()
                .Ipv4(kSubscriber, "198.18.9.1")
                .Ttl(63)
                .Protocol(kTcp)
                .Bytes(Transport(40000, 80)),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({GardenBy("198.18.0.80")}, {"garden"})},
    {.what = "a redirect never falls back on the destination: no MAC address",
     .in = Up().Ipv4(kSubscriber, kWeb).Protocol(kTcp).Bytes(Transport(40000, 80)),
     .verdict = Drop(DropReason::kNoRedirect),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({GardenBy("203.0.113.77")}, {"garden"})},
    {.what = "a redirect never falls back on the destination: no route",
     .in = Up().Ipv4(kSubscriber, kWeb).Protocol(kTcp).Bytes(Transport(40000, 80)),
     .verdict = Drop(DropReason::kNoRedirect),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({GardenBy("192.0.2.200")}, {"garden"})},
    {.what = "a redirect never falls back on the destination: a subscriber",
     .in = Up().Ipv4(kSubscriber, kWeb).Protocol(kTcp).Bytes(Transport(40000, 80)),
     .verdict = Drop(DropReason::kNoRedirect),
     .counted = {{7, 100, true, kUplinkBytes}},
     .prepare = With({GardenBy("100.64.0.9")}, {"garden"})},
    {.what = "a redirect never falls back on the destination: longer than the port takes",
     .in = Up().Ipv4(kSubscriber, kWeb).Protocol(kTcp).Bytes([] {
       Bytes bytes = Transport(40000, 80);
       bytes.resize(1400);
       return bytes;
     }()),
     .verdict = Drop(DropReason::kNoRedirect),
     .counted = {{7, 100, true, 1420}},
     .rig = {.core_mtu = 1400, .answers = true},
     .prepare = With({Garden()}, {"garden"})},
    {.what = "in the downlink a redirect permits",
     .port = kCore,
     .in = Packet().Ipv4(kHost, kSubscriber).Protocol(kTcp).Bytes(Transport(9, 80)),
     .verdict = Send(kAccess),
     .out = Down().Ipv4(kHost, kSubscriber).Ttl(63).Protocol(kTcp).Bytes(Transport(9, 80)),
     .counted = {{7, 100, false, kUplinkBytes}},
     .prepare = With({Garden()}, {}, {"garden"})},
};

// The outer header follows the one inside.
net::DscpPolicy CopyOut() { return {.outer = Identity()}; }

const Row kMarkings[] = {
    {.what = "what a subscriber sends is marked anew",
     .in = Up().Ipv4(kSubscriber, kHost).Dscp(46).Payload(8),
     .verdict = Send(kCore),
     .out = ToCore().Ipv4(kSubscriber, kHost).Dscp(0).Ttl(63).Payload(8),
     .counted = {{7, 100, true, 28}},
     .prepare = Marked({.uplink = All(0)})},
    {.what = "so of IPv6",
     .in = Up(kIpv6).Ipv6(kSubscriber6, kHost6).Dscp(46).Payload(8),
     .verdict = Send(kCore),
     .out = ToCore().Ipv6(kSubscriber6, kHost6).Dscp(10).Ttl(63).Payload(8),
     .counted = {{7, 100, true, 48}},
     .prepare = Marked({.uplink = All(10)})},
    {.what = "what a policy does not name stays",
     .in = Up().Ipv4(kSubscriber, kHost).Dscp(34).Payload(8),
     .verdict = Send(kCore),
     .out = ToCore().Ipv4(kSubscriber, kHost).Dscp(34).Ttl(63).Payload(8),
     .counted = {{7, 100, true, 28}},
     .prepare = Marked({.uplink = Rewrite(46, 0)})},
    {.what = "a policy of the downlink says nothing of the uplink",
     .in = Up().Ipv4(kSubscriber, kHost).Dscp(34).Payload(8),
     .verdict = Send(kCore),
     .out = ToCore().Ipv4(kSubscriber, kHost).Dscp(34).Ttl(63).Payload(8),
     .counted = {{7, 100, true, 28}},
     .prepare = Marked({.downlink = All(0), .outer = Identity()})},
    {.what = "what is sent to the subscriber is marked inside, and outside as the tunnel says",
     .port = kCore,
     .in = Packet().Ipv4(kHost, kSubscriber).Dscp(46).Payload(8),
     .verdict = Send(kAccess),
     .out = Down().Ipv4(kHost, kSubscriber).Dscp(26).Ttl(63).Payload(8),
     .counted = {{7, 100, false, 28}},
     .prepare = Marked({.downlink = Rewrite(46, 26)})},
    {.what = "the outer mark is that of the packet inside",
     .port = kCore,
     .in = Packet().Ipv4(kHost, kSubscriber).Dscp(46).Payload(8),
     .verdict = Send(kAccess),
     .out = Packet()
                .Ethernet(kLacMac, kAccessMac)
                .Ipv4(kLns, kLac)
                .Dscp(46)
                .Udp(1701, 1701)
                .L2tp(70, 1000)
                .Ppp(kIpv4)
                .Ipv4(kHost, kSubscriber)
                .Dscp(46)
                .Ttl(63)
                .Payload(8),
     .counted = {{7, 100, false, 28}},
     .prepare = Marked(CopyOut())},
    {.what = "after it was marked anew, and by a map of its own",
     .port = kCore,
     .in = Packet().Ipv6(kHost6, kSubscriber6).Dscp(46).Payload(8),
     .verdict = Send(kAccess),
     .out = Packet()
                .Ethernet(kLacMac, kAccessMac)
                .Ipv4(kLns, kLac)
                .Dscp(12)
                .Udp(1701, 1701)
                .L2tp(70, 1000)
                .Ppp(kIpv6)
                .Ipv6(kHost6, kSubscriber6)
                .Dscp(26)
                .Ttl(63)
                .Payload(8),
     .counted = {{7, 100, false, 48}},
     .prepare = Marked({.downlink = Rewrite(46, 26), .outer = Rewrite(26, 12)})},
    {.what = "before the session's own DSCP, whatever headers there are",
     .port = kCore,
     .in = Packet().Ipv4(kHost, "100.64.0.6").Dscp(18).Payload(8),
     .verdict = Send(kAccess),
     .out = Packet()
                .Ethernet(kLacMac, kAccessMac)
                .Ipv4(kLns, kLac)
                .Dscp(18)
                .Udp(1701, 1701)
                .L2tp(70, 1004, {.sequence = true, .ns = 0})
                .Ppp(kIpv4)
                .Ipv4(kHost, "100.64.0.6")
                .Dscp(18)
                .Ttl(63)
                .Payload(8),
     .counted = {{7, 104, false, 28}},
     .prepare = Marked(CopyOut(), 7, 104)},
    {.what = "with a short PPP header too",
     .port = kCore,
     .in = Packet().Ipv4(kHost, "100.64.0.4").Dscp(18).Payload(8),
     .verdict = Send(kAccess),
     .out = Packet()
                .Ethernet(kLacMac, kAccessMac)
                .Ipv4(kLns, kLac)
                .Dscp(18)
                .Udp(1701, 1701)
                .L2tp(70, 1002)
                .Ppp(kIpv4, {.address_and_control = false, .short_protocol = true})
                .Ipv4(kHost, "100.64.0.4")
                .Dscp(18)
                .Ttl(63)
                .Payload(8),
     .counted = {{7, 102, false, 28}},
     .prepare = Marked(CopyOut(), 7, 102)},
    {.what = "and over IPv6",
     .port = kCore,
     .in = Packet().Ipv4(kHost, "100.64.0.8").Dscp(18).Payload(8),
     .verdict = Send(kAccess),
     .out = Packet()
                .Ethernet(kLacMac, kAccessMac)
                .Ipv6(kLns6, kLac6)
                .Dscp(18)
                .Udp(1701, 1701)
                .L2tp(80, 2000)
                .Ppp(kIpv4)
                .Ipv4(kHost, "100.64.0.8")
                .Dscp(18)
                .Ttl(63)
                .Payload(8),
     .counted = {{8, 200, false, 28}},
     .prepare = Marked(CopyOut(), 8, 200)},
    {.what = "a filter looks at the DSCP that came, not at what it becomes",
     .in = Up().Ipv4(kSubscriber, kHost).Dscp(46).Payload(8),
     .verdict = Drop(DropReason::kFilterDenied),
     .prepare =
         [](Rig& rig) {
           const net::Filter filter{.name = "no-ef",
                                    .rules = {{.verdict = FilterVerdict::kDeny, .dscps = {46}}},
                                    .rest = FilterVerdict::kPermit};
           With({filter}, {"no-ef"})(rig);
           Marked({.uplink = All(0)})(rig);
         }},
};

}  // namespace

std::span<const Row> FilterRows() { return kFiltered; }
std::span<const Row> RedirectRows() { return kRedirected; }
std::span<const Row> DscpRows() { return kMarkings; }

}  // namespace lns::test
