// Which packets go before others in a session's queue.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/stages/urgent.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kAck = 0x10;

Packet V4() { return Packet().Ipv4(kHost, "100.64.0.2"); }
Packet V6() { return Packet().Ipv6(kHost6, "2001:db8:100::5"); }

// A TCP segment without options.
Bytes Segment(uint8_t flags, size_t data = 0) {
  Bytes segment(20 + data, 0);
  segment[12] = 5 << 4;
  segment[13] = flags;
  return segment;
}
// An acknowledgement with timestamps.
Bytes Acknowledgement() {
  Bytes segment(32, 1);
  segment[12] = 8 << 4;
  segment[13] = kAck;
  return segment;
}

struct Case {
  std::string what;
  Packet packet;
  bool urgent = false;
};

TEST(Urgent, IsWhatIsSmallAndWaitedFor) {
  const std::vector<Case> cases = {
      {"a ping", V4().Protocol(1).Payload(64), true},
      {"a long ping", V4().Protocol(1).Payload(600)},
      {"a fragment of a ping", V4().Protocol(1).Fragment(0x2000).Payload(64)},
      {"a later fragment of a ping", V4().Protocol(1).Fragment(0x0010).Payload(64)},
      {"an answer of a name server", V4().Udp(53, 40000).Payload(120), true},
      {"a question to a name server", V4().Udp(40000, 53).Payload(40), true},
      {"a long answer of a name server", V4().Udp(53, 40000).Payload(1200)},
      {"any other UDP", V4().Udp(443, 40000).Payload(40)},
      {"an acknowledgement", V4().Protocol(kTcp).Bytes(Segment(kAck)), true},
      {"an acknowledgement with options", V4().Protocol(kTcp).Bytes(Acknowledgement()), true},
      {"data with an acknowledgement", V4().Protocol(kTcp).Bytes(Segment(kAck, 1))},
      {"the end of a connection", V4().Protocol(kTcp).Bytes(Segment(kAck | 1))},
      {"a reset", V4().Protocol(kTcp).Bytes(Segment(kAck | 4))},
      {"the answer to a SYN", V4().Protocol(kTcp).Bytes(Segment(kAck | 2))},
      {"a TCP header that is not all there", V4().Protocol(kTcp).Bytes(Bytes(10, 0x50))},
      {"voice", V4().Dscp(46).Udp(4000, 4002).Payload(160), true},
      {"admitted voice", V4().Dscp(44).Udp(4000, 4002).Payload(160), true},
      {"a routing protocol", V4().Dscp(48).Protocol(89).Payload(60), true},
      {"video", V4().Dscp(34).Udp(4000, 4002).Payload(160)},
      {"IPv6: a ping", V6().Protocol(58).Payload(64), true},
      {"IPv6: an answer of a name server", V6().Udp(53, 40000).Payload(120), true},
      {"IPv6: an acknowledgement", V6().Protocol(kTcp).Bytes(Segment(kAck)), true},
      {"IPv6: data", V6().Protocol(kTcp).Bytes(Segment(kAck, 100))},
      {"IPv6: voice", V6().Dscp(46).Udp(4000, 4002).Payload(160), true},
      {"IPv6: what is behind an extension header", V6().Protocol(44).Payload(64)},
  };
  for (const Case& one : cases) {
    Packet packet = one.packet;
    const Bytes bytes = packet.BuildIp();
    const net::Family family = bytes[0] >> 4 == 4 ? net::Family::kIpv4 : net::Family::kIpv6;
    EXPECT_EQ(dataplane::IsUrgent(family, bytes), one.urgent) << one.what;
  }
}

}  // namespace
}  // namespace lns::test
