// The UDP checksum of what goes to an LAC, of every length and with every PPP header: the path adds
// it up by parts and with vectors, the packet builder byte by byte. And IPv4 options, which the
// common cases of several stages leave to others.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

constexpr uint16_t kIpv4 = 0x0021;
constexpr uint16_t kIpv6 = 0x0057;

dataplane::SessionConfig Subscriber(bool pfc, bool acfc) {
  dataplane::SessionConfig config;
  config.key = {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(102)};
  config.peer_id = l2tp::PeerSessionId(1002);
  config.ipv4_open = config.ipv6_open = true;
  config.send_pfc = pfc;
  config.send_acfc = acfc;
  config.prefixes = {*net::IpPrefix::Parse("100.64.0.4/32"),
                     *net::IpPrefix::Parse("2001:db8:104::/56")};
  return config;
}

Packet Inner(bool is_v4, size_t payload, uint8_t hops) {
  Packet packet;
  if (is_v4) {
    packet.Ipv4(kHost, "100.64.0.4");
  } else {
    packet.Ipv6(kHost6, "2001:db8:104::5");
  }
  return packet.Ttl(hops).Payload(payload, static_cast<uint8_t>(payload));
}

class OuterChecksum : public testing::TestWithParam<int> {};

TEST_P(OuterChecksum, IsRightForEveryLength) {
  const bool is_v4 = (GetParam() & 4) == 0;
  const bool pfc = (GetParam() & 1) != 0;
  const bool acfc = (GetParam() & 2) != 0;
  Rig rig({});
  Must(rig.writer().UpsertSession(Subscriber(pfc, acfc)));
  uint16_t id = 0;
  for (size_t payload = 0; payload <= 1400; payload += payload < 300 ? 1 : 37) {
    const Bytes in = Inner(is_v4, payload, 64).BuildIp();
    Packet frame;
    frame.Ethernet(kCoreMac, kHostMac).EtherType(is_v4 ? 0x0800 : 0x86dd).Bytes(in);
    // At every place in a word.
    rig.Receive(kCore, frame.Build(), static_cast<uint16_t>(128 + payload % 8));
    rig.Poll();
    const std::vector<Bytes> sent = rig.TakeSent(kAccess);
    ASSERT_EQ(sent.size(), 1u) << payload;
    const Bytes expected =
        Packet()
            .Ethernet(kLacMac, kAccessMac)
            .Ipv4(kLns, kLac)
            .Id(id++)
            .Udp(1701, 1701)
            .L2tp(70, 1002)
            .Ppp(is_v4 ? kIpv4 : kIpv6, {.address_and_control = !acfc, .short_protocol = pfc})
            .Bytes(Inner(is_v4, payload, 63).BuildIp())
            .Build();
    ASSERT_EQ(sent[0], expected) << payload;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPppHeader, OuterChecksum, testing::Range(0, 8));

TEST(Ipv4Options, GoToTheSubscriberWithTheRightChecksum) {
  Rig rig({});
  const auto inner = [](uint8_t hops) {
    // Four bytes of options that add nothing to the header's checksum, then data.
    Bytes rest(4, 0);
    rest.insert(rest.end(), {1, 2, 3, 4, 5});
    return Packet().Ipv4(kHost, "100.64.0.2").HeaderWords(6).Ttl(hops).Bytes(rest).BuildIp();
  };
  rig.Receive(kCore,
              Packet().Ethernet(kCoreMac, kHostMac).EtherType(0x0800).Bytes(inner(64)).Build());
  rig.Poll();
  const std::vector<Bytes> sent = rig.TakeSent(kAccess);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0], Packet()
                         .Ethernet(kLacMac, kAccessMac)
                         .Ipv4(kLns, kLac)
                         .Udp(1701, 1701)
                         .L2tp(70, 1000)
                         .Ppp(kIpv4)
                         .Bytes(inner(63))
                         .Build());
}

// Options of the outer header, in front of UDP: such a packet takes the long way through parse and
// classify.
TEST(Ipv4Options, OfTheOuterHeaderAreSteppedOver) {
  Rig rig({});
  const Bytes data = Packet().Ipv4("100.64.0.2", kHost).Ttl(64).Payload(9).BuildIp();
  Bytes rest(4, 0);
  const size_t udp_length = 8 + 6 + 4 + data.size();
  const Bytes headers = {0x06, 0xa5, 0x06, 0xa5, 0,    static_cast<uint8_t>(udp_length),
                         0,    0,    0x00, 0x02, 0,    7,
                         0,    100,  0xff, 0x03, 0x00, 0x21};
  rest.insert(rest.end(), headers.begin(), headers.end());
  rest.insert(rest.end(), data.begin(), data.end());
  rig.Receive(kAccess, Packet()
                           .Ethernet(kAccessMac, kLacMac)
                           .Ipv4(kLac, kLns)
                           .HeaderWords(6)
                           .Protocol(17)
                           .Bytes(rest)
                           .Build());
  rig.Poll();
  const std::vector<Bytes> sent = rig.TakeSent(kCore);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(
      sent[0],
      Packet().Ethernet(kHostMac, kCoreMac).Ipv4("100.64.0.2", kHost).Ttl(63).Payload(9).Build());
}

}  // namespace
}  // namespace lns::test
