// Several VRFs on one bench: the same addresses in each, for subscribers, LACs and routers, and
// nothing of one is seen in another. The main VRF is as the rig makes it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/stage/fixture.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::RouteConfig;
using dataplane::SessionConfig;
using dataplane::TunnelConfig;
using dataplane::VrfIndex;

constexpr uint16_t kIpv4 = 0x0021;
constexpr uint16_t kIpv6 = 0x0057;

// VRFs 1 and 2 have subscribers and a port to their core, VRF 3 a port to a LAC of its own.
constexpr VrfIndex kRed = 1;
constexpr VrfIndex kBlue = 2;
constexpr VrfIndex kCarrier = 3;
constexpr uint16_t kRedPort = kFirstMorePort;
constexpr uint16_t kBluePort = kFirstMorePort + 1;
constexpr uint16_t kCarrierPort = kFirstMorePort + 2;
constexpr std::string_view kRedMac = "02:00:00:00:00:04";
constexpr std::string_view kBlueMac = "02:00:00:00:00:05";
constexpr std::string_view kCarrierMac = "02:00:00:00:00:06";
constexpr std::string_view kRedRouter = "02:00:00:00:03:01";
constexpr std::string_view kBlueRouter = "02:00:00:00:03:02";
constexpr std::string_view kCarrierLac = "02:00:00:00:03:03";

// The same in both.
constexpr std::string_view kUs = "192.0.2.1";
constexpr std::string_view kRouter = "192.0.2.254";
constexpr std::string_view kSubscriber = "10.0.0.2";
constexpr std::string_view kNeighbour = "10.0.0.3";  // another subscriber; in the red VRF only
constexpr std::string_view kFarAway = "198.18.1.1";  // the main VRF has a route there, too
constexpr std::string_view kUs6 = "2001:db8:77::1";
constexpr std::string_view kRouter6 = "2001:db8:77::fe";
constexpr std::string_view kSubscriber6 = "2001:db8:5::2";

constexpr uint16_t kRedSession = 501;
constexpr uint16_t kBlueSession = 502;
constexpr uint16_t kRedNeighbour = 503;
constexpr uint16_t kCarrierTunnel = 20;
constexpr uint16_t kCarrierSession = 600;  // its subscriber is in the blue VRF

net::IpAddress Address(std::string_view text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(std::string_view text) { return *net::IpPrefix::Parse(text); }

// What one party says to the other over Ethernet.
struct Ends {
  std::string_view to;
  std::string_view from;
};

Bytes Uplink(uint16_t tunnel, uint16_t session, std::string_view from, std::string_view to,
             Ends ends = {kAccessMac, kLacMac}, uint8_t ttl = 64) {
  return Packet()
      .Ethernet(ends.to, ends.from)
      .Ipv4(kLac, kLns)
      .Udp(1701, 1701)
      .L2tp(tunnel, session)
      .Ppp(kIpv4)
      .Ipv4(from, to)
      .Ttl(ttl)
      .Payload(40)
      .Build();
}

Bytes Downlink(Ends ends, std::string_view to, size_t length = 40) {
  return Packet().Ethernet(ends.to, ends.from).Ipv4(kFarAway, to).Payload(length).Build();
}

class Vrfs : public testing::TestWithParam<uint32_t> {
 protected:
  // Parameter: workers.
  static Rig::Options Options() {
    Rig::Options options;
    options.workers = GetParam();
    options.answers = true;
    options.vrfs = {{kRed}, {.index = kBlue, .lpm = true}, {kCarrier}};
    options.more_ports = {kRed, kBlue, kCarrier};
    return options;
  }

  Vrfs() {
    AddCore(kRed, kRedPort, kRedRouter);
    AddCore(kBlue, kBluePort, kBlueRouter);
    AddRoute(kCarrier, "198.51.100.0/24", kCarrierPort);
    AddNeighbour(kLac, kCarrierPort, kCarrierLac);
    Must(writer().AddLocalAddress({kCarrier, Address(kLns)}));
    TunnelConfig tunnel;
    tunnel.local_id = l2tp::LocalTunnelId(kCarrierTunnel);
    tunnel.peer_id = l2tp::PeerTunnelId(200);
    // The addresses of tunnel 7, in another VRF.
    tunnel.endpoints = {
        .local = {Address(kLns), 1701}, .peer = {Address(kLac), 1701}, .vrf = kCarrier};
    Must(writer().UpsertTunnel(tunnel));

    AddSession(7, kRedSession, kRed, {"10.0.0.2/32", "10.9.0.0/24", "2001:db8:5::/64"});
    AddSession(7, kBlueSession, kBlue, {"10.0.0.2/32", "2001:db8:5::/64"});
    AddSession(7, kRedNeighbour, kRed, {"10.0.0.3/32"});
    AddSession(kCarrierTunnel, kCarrierSession, kBlue, {"10.0.0.7/32"});
  }

  void AddRoute(VrfIndex vrf, std::string_view prefix, uint16_t port, std::string_view via = "") {
    RouteConfig route{
        .prefix = Prefix(prefix), .port = port, .origin = dataplane::Origin::kKernel, .vrf = vrf};
    if (!via.empty()) route.next_hop = Address(via);
    Must(writer().UpsertRoute(route));
  }
  void AddNeighbour(std::string_view address, uint16_t port, std::string_view mac) {
    Must(writer().UpsertNeighbour({.address = Address(address),
                                   .port = port,
                                   .mac = *net::ParseMac(mac),
                                   .origin = dataplane::Origin::kKernel}));
  }
  // Pools, a connected network and a default route of both families.
  void AddCore(VrfIndex vrf, uint16_t port, std::string_view router_mac) {
    Must(writer().AddSubscriberPrefix({vrf, Prefix("10.0.0.0/24")}));
    Must(writer().AddSubscriberPrefix({vrf, Prefix("2001:db8:5::/48")}));
    AddRoute(vrf, "192.0.2.0/24", port);
    AddRoute(vrf, "0.0.0.0/0", port, kRouter);
    AddRoute(vrf, "2001:db8:77::/64", port);
    AddRoute(vrf, "::/0", port, kRouter6);
    AddNeighbour(kRouter, port, router_mac);
    AddNeighbour(kRouter6, port, router_mac);
    Must(writer().SetPortAddresses(port, {Address(kUs), Address(kUs6)}));
  }
  SessionConfig AddSession(uint16_t tunnel, uint16_t id, VrfIndex vrf,
                           std::vector<std::string_view> prefixes) {
    SessionConfig session;
    session.key = {l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(id)};
    session.peer_id = l2tp::PeerSessionId(static_cast<uint16_t>(id * 10));
    session.ipv4_open = session.ipv6_open = true;
    session.vrf = vrf;
    for (const std::string_view prefix : prefixes) session.prefixes.push_back(Prefix(prefix));
    Must(writer().UpsertSession(session));
    return session;
  }

  dataplane::TableWriter& writer() { return rig_.writer(); }
  void Send(uint16_t port, const Bytes& frame) {
    rig_.Receive(port, frame);
    rig_.Poll();
  }
  // The one frame that was sent, on any port; empty: none, or several.
  struct Sent {
    uint16_t port = 0;
    Bytes frame;
  };
  Sent TakeOne() {
    std::vector<Sent> all;
    for (const uint16_t port : {kAccess, kCore, kRedPort, kBluePort, kCarrierPort}) {
      for (Bytes& frame : rig_.TakeSent(port)) all.push_back({port, std::move(frame)});
    }
    return all.size() == 1 ? all[0] : Sent{};
  }
  // The peer's session id in what is sent to a LAC over IPv4.
  static uint16_t PeerSession(const Bytes& frame) { return LoadBe16(frame.data() + 14 + 28 + 4); }
  static std::string Destination(const Bytes& frame) {
    return net::FormatMac({frame[0], frame[1], frame[2], frame[3], frame[4], frame[5]});
  }

  Rig rig_{Options()};
};

TEST_P(Vrfs, WhatASubscriberSendsIsRoutedInTheirVrf) {
  Send(kAccess, Uplink(7, kRedSession, kSubscriber, kFarAway));
  Sent sent = TakeOne();
  ASSERT_EQ(sent.port, kRedPort);
  EXPECT_EQ(Destination(sent.frame), kRedRouter);
  Send(kAccess, Uplink(7, kBlueSession, kSubscriber, kFarAway));
  sent = TakeOne();
  ASSERT_EQ(sent.port, kBluePort);
  EXPECT_EQ(Destination(sent.frame), kBlueRouter);
  Send(kAccess, Uplink(7, 100, "100.64.0.2", kFarAway));
  EXPECT_EQ(TakeOne().port, kCore);
}

TEST_P(Vrfs, TheSameOfIpv6) {
  for (const auto& [session, port] :
       {std::pair(kRedSession, kRedPort), std::pair(kBlueSession, kBluePort)}) {
    Send(kAccess, Packet()
                      .Ethernet(kAccessMac, kLacMac)
                      .Ipv4(kLac, kLns)
                      .Udp(1701, 1701)
                      .L2tp(7, session)
                      .Ppp(kIpv6)
                      .Ipv6(kSubscriber6, "2001:db8:ffff::1")
                      .Payload(40)
                      .Build());
    EXPECT_EQ(TakeOne().port, port);
    Send(port, Packet()
                   .Ethernet(port == kRedPort ? kRedMac : kBlueMac, kRedRouter)
                   .Ipv6("2001:db8:ffff::1", kSubscriber6)
                   .Payload(40)
                   .Build());
    const Sent down = TakeOne();
    ASSERT_EQ(down.port, kAccess);
    EXPECT_EQ(PeerSession(down.frame), session * 10);
  }
}

TEST_P(Vrfs, ADestinationIsTheSubscribersOfThePortsVrf) {
  Send(kRedPort, Downlink({kRedMac, kRedRouter}, kSubscriber));
  Sent sent = TakeOne();
  ASSERT_EQ(sent.port, kAccess);
  EXPECT_EQ(PeerSession(sent.frame), kRedSession * 10);
  Send(kBluePort, Downlink({kBlueMac, kBlueRouter}, kSubscriber));
  sent = TakeOne();
  ASSERT_EQ(sent.port, kAccess);
  EXPECT_EQ(PeerSession(sent.frame), kBlueSession * 10);
  // The red neighbour is nobody in the blue VRF, and nobody of both is in the main one.
  Send(kBluePort, Downlink({kBlueMac, kBlueRouter}, kNeighbour));
  EXPECT_EQ(rig_.Drops(DropReason::kNoSubscriber), 1u);
  Send(kCore, Downlink({kCoreMac, kHostMac}, kSubscriber));
  EXPECT_EQ(rig_.Drops(DropReason::kNotOurs), 1u);
}

TEST_P(Vrfs, ABurstOfAllVrfsIsSortedOut) {
  constexpr size_t kEach = 40;
  for (size_t i = 0; i < kEach; ++i) {
    rig_.Receive(kAccess, Uplink(7, kRedSession, kSubscriber, kFarAway));
    rig_.Receive(kAccess, Uplink(7, 100, "100.64.0.2", kFarAway));
    rig_.Receive(kAccess, Uplink(7, kBlueSession, kSubscriber, kFarAway));
  }
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kRedPort).size(), kEach);
  EXPECT_EQ(rig_.TakeSent(kBluePort).size(), kEach);
  EXPECT_EQ(rig_.TakeSent(kCore).size(), kEach);
}

TEST_P(Vrfs, ASourceOfAnotherVrfsSessionIsForged) {
  Send(kAccess, Uplink(7, kRedSession, "10.9.0.5", kFarAway));
  EXPECT_EQ(TakeOne().port, kRedPort);
  Send(kAccess, Uplink(7, kBlueSession, "10.9.0.5", kFarAway));
  EXPECT_EQ(rig_.Drops(DropReason::kSpoofedSource), 1u);
}

TEST_P(Vrfs, SubscribersReachEachOtherWithinTheirVrf) {
  Send(kAccess, Uplink(7, kRedSession, kSubscriber, kNeighbour));
  const Sent sent = TakeOne();
  ASSERT_EQ(sent.port, kAccess);
  EXPECT_EQ(PeerSession(sent.frame), static_cast<uint16_t>(kRedNeighbour * 10));
  Send(kAccess, Uplink(7, kBlueSession, kSubscriber, kNeighbour));
  EXPECT_EQ(rig_.Drops(DropReason::kNoSubscriber), 1u);
}

TEST_P(Vrfs, ATunnelIsOfTheVrfOfItsPort) {
  // In the tunnel's VRF: the subscriber's is another.
  const Ends carrier{kCarrierMac, kCarrierLac};
  Send(kCarrierPort, Uplink(kCarrierTunnel, kCarrierSession, "10.0.0.7", kFarAway, carrier));
  EXPECT_EQ(TakeOne().port, kBluePort);
  // The same addresses on a port of the main VRF, and of tunnel 7 on the carrier's port.
  Send(kAccess, Uplink(kCarrierTunnel, kCarrierSession, "10.0.0.7", kFarAway));
  EXPECT_EQ(rig_.Drops(DropReason::kWrongPeer), 1u);
  Send(kCarrierPort, Uplink(7, 100, "100.64.0.2", kFarAway, carrier));
  EXPECT_EQ(rig_.Drops(DropReason::kWrongPeer), 2u);
  // And back by the tunnel's VRF.
  Send(kBluePort, Downlink({kBlueMac, kBlueRouter}, "10.0.0.7"));
  const Sent sent = TakeOne();
  ASSERT_EQ(sent.port, kCarrierPort);
  EXPECT_EQ(Destination(sent.frame), kCarrierLac);
}

TEST_P(Vrfs, ControlGoesUpAndDownWithItsVrf) {
  const Bytes sccrq = Packet()
                          .Ethernet(kCarrierMac, kCarrierLac)
                          .Ipv4(kLac, kLns)
                          .Udp(1701, 1701)
                          .L2tpControl(0, 0)
                          .Payload(8)
                          .Build();
  Send(kCarrierPort, sccrq);
  const auto punted = rig_.TakePunted();
  ASSERT_EQ(punted.size(), 1u);
  EXPECT_EQ(punted[0].header.vrf, kCarrier);
  punt::FrameHeader header = punted[0].header;
  header.kind = punt::FrameKind::kL2tpControl;
  rig_.InjectFrame(0, header, Bytes(20, 0));
  rig_.Poll();
  EXPECT_EQ(TakeOne().port, kCarrierPort);
  header.vrf = dataplane::kMaxVrfs;
  rig_.InjectFrame(0, header, Bytes(20, 0));
  rig_.Poll();
  EXPECT_EQ(rig_.Drops(DropReason::kInjectBadFrame), 1u);
}

TEST_P(Vrfs, SendersHearOfItInTheirVrf) {
  // Hops used up: the subscriber hears of it from an address of the VRF.
  Send(kAccess, Uplink(7, kBlueSession, kSubscriber, kFarAway, {kAccessMac, kLacMac}, 1));
  Sent sent = TakeOne();
  ASSERT_EQ(sent.port, kAccess);
  EXPECT_EQ(PeerSession(sent.frame), static_cast<uint16_t>(kBlueSession * 10));
  constexpr size_t kInner = 14 + 28 + 6 + 4;  // IP, UDP, L2TP, PPP
  EXPECT_EQ(net::IpAddress::V4(LoadBe32(sent.frame.data() + kInner + 12)), Address(kUs));
  // Nobody there: the far end hears of it by the router of the VRF.
  Send(kBluePort, Downlink({kBlueMac, kBlueRouter}, kNeighbour));
  sent = TakeOne();
  ASSERT_EQ(sent.port, kBluePort);
  EXPECT_EQ(Destination(sent.frame), kBlueRouter);
}

// What is refused when it is encapsulated already was the subscriber's, not the tunnel's.
TEST_P(Vrfs, AnAnswerAboutWhatIsEncapsulatedIsTheSubscribers) {
  AddSession(10, 700, kRed, {"10.0.0.9/32"});  // tunnel 10 leads nowhere
  Must(writer().RemoveSubscriberPrefix(Prefix("100.64.0.0/24")));
  Send(kRedPort, Downlink({kRedMac, kRedRouter}, "10.0.0.9"));
  const Sent sent = TakeOne();
  ASSERT_EQ(sent.port, kRedPort);
  EXPECT_EQ(Destination(sent.frame), kRedRouter);
  EXPECT_EQ(rig_.Drops(DropReason::kNoRoute), 1u);
}

TEST_P(Vrfs, FragmentsOfTwoVrfsAreNotOnePacket) {
  const auto outer = [](Ends ends, uint16_t tunnel, uint16_t session, std::string_view from) {
    return Packet()
        .Ethernet(ends.to, ends.from)
        .Ipv4(kLac, kLns)
        .Id(77)
        .Udp(1701, 1701)
        .L2tp(tunnel, session)
        .Ppp(kIpv4)
        .Ipv4(from, kFarAway)
        .Payload(100)
        .Build();
  };
  const auto piece = [](const Bytes& whole, size_t from, size_t length, bool more) {
    constexpr size_t kHeaders = 34;
    Bytes frame(kHeaders + length);
    std::copy_n(whole.data(), kHeaders, frame.data());
    std::copy_n(whole.data() + kHeaders + from, length, frame.data() + kHeaders);
    uint8_t* ip = frame.data() + 14;
    StoreBe16(ip + 2, static_cast<uint16_t>(20 + length));
    StoreBe16(ip + 6, static_cast<uint16_t>((more ? 0x2000 : 0) | from / 8));
    StoreBe16(ip + 10, 0);
    uint32_t sum = 0;
    for (size_t i = 0; i < 20; i += 2) sum += LoadBe16(ip + i);
    sum = (sum & 0xffff) + (sum >> 16);
    StoreBe16(ip + 10, static_cast<uint16_t>(~(sum + (sum >> 16))));
    return frame;
  };
  const Bytes main = outer({kAccessMac, kLacMac}, 7, 100, "100.64.0.2");
  const Bytes carrier =
      outer({kCarrierMac, kCarrierLac}, kCarrierTunnel, kCarrierSession, "10.0.0.7");
  const size_t rest = main.size() - 34 - 64;
  // The first half of one, the second of the other, and so again: without the VRF they would fit.
  Send(kAccess, piece(main, 0, 64, true));
  Send(kCarrierPort, piece(carrier, 64, rest, false));
  EXPECT_EQ(TakeOne().frame.size(), 0u);
  Send(kCarrierPort, piece(carrier, 0, 64, true));
  EXPECT_EQ(TakeOne().port, kBluePort);
  Send(kAccess, piece(main, 64, rest, false));
  EXPECT_EQ(TakeOne().port, kCore);
}

TEST_P(Vrfs, ASessionThatMovesTakesItsAddressesAlong) {
  // Where the blue session has the address already it may not.
  SessionConfig red = AddSession(7, kRedSession, kRed, {"10.0.0.2/32"});
  red.vrf = kBlue;
  EXPECT_EQ(writer().UpsertSession(red).code(), absl::StatusCode::kAlreadyExists);
  Send(kAccess, Uplink(7, kRedSession, kSubscriber, kFarAway));
  EXPECT_EQ(TakeOne().port, kRedPort);
  Must(writer().RemoveSession({l2tp::LocalTunnelId(7), l2tp::LocalSessionId(kBlueSession)}));
  Must(writer().UpsertSession(red));
  Send(kAccess, Uplink(7, kRedSession, kSubscriber, kFarAway));
  EXPECT_EQ(TakeOne().port, kBluePort);
  Send(kBluePort, Downlink({kBlueMac, kBlueRouter}, kSubscriber));
  EXPECT_EQ(TakeOne().port, kAccess);
  Send(kRedPort, Downlink({kRedMac, kRedRouter}, kSubscriber));
  EXPECT_EQ(rig_.Drops(DropReason::kNoSubscriber), 1u);
  EXPECT_EQ(writer().SessionsPerVrf()[kRed], 1u);
  EXPECT_EQ(writer().SessionsPerVrf()[kBlue], 2u);
}

// A gateway in one VRF by a port of another, as `ip route add vrf red ... dev blue0` makes it.
TEST_P(Vrfs, ARouteMayLeaveByAnotherVrfsPort) {
  AddRoute(kRed, "198.18.0.0/15", kBluePort, kRouter);
  Send(kAccess, Uplink(7, kRedSession, kSubscriber, kFarAway));
  const Sent sent = TakeOne();
  ASSERT_EQ(sent.port, kBluePort);
  EXPECT_EQ(Destination(sent.frame), kBlueRouter);
  Must(writer().RemoveRoute({kRed, Prefix("198.18.0.0/15")}, dataplane::Origin::kKernel));
  Send(kAccess, Uplink(7, kRedSession, kSubscriber, kFarAway));
  EXPECT_EQ(TakeOne().port, kRedPort);
}

TEST_P(Vrfs, OneThatIsNotConfiguredIsRefused) {
  constexpr VrfIndex kUnknown = 9;
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  SessionConfig session = AddSession(7, 510, kRed, {"10.0.0.10/32"});
  session.vrf = kUnknown;
  EXPECT_EQ(writer().UpsertSession(session).code(), kInvalid);
  EXPECT_EQ(writer().AddLocalAddress({kUnknown, Address(kLns)}).code(), kInvalid);
  EXPECT_EQ(writer().AddSubscriberPrefix({kUnknown, Prefix("10.0.0.0/24")}).code(), kInvalid);
  EXPECT_EQ(writer().UpsertRoute({.prefix = Prefix("10.0.0.0/8"), .vrf = kUnknown}).code(),
            kInvalid);
  TunnelConfig tunnel = writer().Tunnels().at(0);
  tunnel.local_id = l2tp::LocalTunnelId(99);
  tunnel.endpoints.vrf = kUnknown;
  EXPECT_EQ(writer().UpsertTunnel(tunnel).code(), kInvalid);
  // A tunnel that is there stays in its VRF.
  tunnel = writer().Tunnels().at(0);
  tunnel.endpoints.vrf = kRed;
  EXPECT_EQ(writer().UpsertTunnel(tunnel).code(), kInvalid);
}

TEST_P(Vrfs, AreListedWithWhatIsInThem) {
  const auto sessions = writer().Sessions(writer().SessionKeys());
  const auto red = std::find_if(sessions.begin(), sessions.end(), [](const SessionConfig& session) {
    return session.key.session.value() == kRedSession;
  });
  ASSERT_NE(red, sessions.end());
  EXPECT_EQ(red->vrf, kRed);
  EXPECT_EQ(red->prefixes.size(), 3u);
  const auto addresses = writer().LocalAddresses();
  EXPECT_NE(
      std::find(addresses.begin(), addresses.end(), dataplane::VrfAddress(kCarrier, Address(kLns))),
      addresses.end());
  EXPECT_EQ(writer().SessionsPerVrf()[kRed], 2u);
  EXPECT_EQ(writer().SessionsPerVrf()[kBlue], 2u);
}

INSTANTIATE_TEST_SUITE_P(OneAndTwoWorkers, Vrfs, testing::Values(1, 2));

}  // namespace
}  // namespace lns::test
