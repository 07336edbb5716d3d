// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/rng.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/describe.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {
namespace {

Bytes Packet(uint16_t protocol, uint8_t code, uint8_t id, ByteView data) {
  PacketBuilder packet(protocol, code, id);
  packet.Append(data);
  return std::move(packet).Finish();
}
Bytes Text(std::string_view text, const Bytes& before = {}) {
  Bytes bytes = before;
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

TEST(DescribeTest, EachKindOfFrameReadsLikeThis) {
  struct Row {
    Bytes frame;
    const char* line;
  };
  const std::vector<Row> rows = {
      {Packet(kProtocolLcp, kConfigureRequest, 1,
              Bytes{1,    4, 5, 0xd4, 2,    6,    0,    0x0a, 0, 0, 3, 5, 0xc2,
                    0x23, 5, 5, 6,    0x1a, 0x2b, 0x3c, 0x4d, 7, 2, 8, 2}),
       "LCP Configure-Request id 1: mru 1492, accm 0x000a0000, auth chap-md5, magic 0x1a2b3c4d, "
       "pfc, acfc"},
      {Packet(kProtocolLcp, kConfigureReject, 2, Bytes{13, 3, 6, 17, 4, 5, 0xdc, 18,   2,  19, 3,
                                                       0,  9, 3, 2,  4, 4, 0xc0, 0x25, 99, 3,  1}),
       "LCP Configure-Reject id 2: callback (1 bytes), mrru 1500, short-sequence, "
       "endpoint-discriminator (1 bytes), fcs 0x02, quality (2 bytes), option 99 (1 bytes)"},
      {Packet(kProtocolLcp, kConfigureNak, 3, Bytes{3, 4, 0xc0, 0x23, 3, 5, 0xc2, 0x23, 0x81}),
       "LCP Configure-Nak id 3: auth PAP, auth ms-chap-v2"},
      {Packet(kProtocolLcp, kConfigureNak, 3,
              Bytes{3, 5, 0xc2, 0x23, 0x7f, 3, 4, 0xc2, 0x27, 3, 2, 3, 4, 1, 2}),
       "LCP Configure-Nak id 3: auth CHAP algorithm 0x7f, auth EAP, auth of 0 bytes, "
       "auth protocol 0x0102"},
      {Packet(kProtocolLcp, kConfigureRequest, 1, {}), "LCP Configure-Request id 1"},
      {Packet(kProtocolLcp, kConfigureRequest, 1, Bytes{1, 3, 5, 7, 3, 1, 1, 1}),
       "LCP Configure-Request id 1: mru (1 bytes), pfc (1 bytes), unreadable options"},
      {Packet(kProtocolLcp, kConfigureRequest, 1, Bytes{1}),
       "LCP Configure-Request id 1: unreadable options"},
      {Packet(kProtocolLcp, kTerminateRequest, 4, Text("bye\n")),
       "LCP Terminate-Request id 4: \"bye.\""},
      {Packet(kProtocolLcp, kTerminateAck, 4, {}), "LCP Terminate-Ack id 4"},
      {Packet(kProtocolLcp, kCodeReject, 5, Bytes{12, 1, 0, 4}),
       "LCP Code-Reject id 5: Identification"},
      {Packet(kProtocolLcp, kCodeReject, 5, {}), "LCP Code-Reject id 5: nothing"},
      {Packet(kProtocolLcp, kProtocolReject, 6, Bytes{0x80, 0xfd, 1}),
       "LCP Protocol-Reject id 6: CCP"},
      {Packet(kProtocolLcp, kProtocolReject, 6, Bytes{0x80}), "LCP Protocol-Reject id 6: nothing"},
      {Packet(kProtocolLcp, kEchoRequest, 7, Bytes{0, 0, 0, 9}),
       "LCP Echo-Request id 7: magic 0x00000009"},
      {Packet(kProtocolLcp, kEchoReply, 7, Bytes{0, 0, 0, 9, 1, 2}),
       "LCP Echo-Reply id 7: magic 0x00000009, 2 bytes"},
      {Packet(kProtocolLcp, kDiscardRequest, 7, Bytes{1}), "LCP Discard-Request id 7: no magic"},
      {Packet(kProtocolLcp, kIdentification, 8, Text("MSRASV5.20", {0, 0, 0, 9})),
       "LCP Identification id 8: magic 0x00000009, \"MSRASV5.20\""},
      {Packet(kProtocolLcp, kTimeRemaining, 8, Text("soon", {0, 0, 0, 9, 0, 0, 0, 60})),
       "LCP Time-Remaining id 8: magic 0x00000009, 60 seconds, \"soon\""},
      {Packet(kProtocolLcp, kVendorSpecific, 8, Bytes{1, 2}), "LCP Vendor-Specific id 8, 2 bytes"},
      {Packet(kProtocolLcp, 77, 8, {}), "LCP code 77 id 8, 0 bytes"},
      {Packet(kProtocolIpcp, kConfigureNak, 1,
              Bytes{3, 6, 100, 64, 0, 7,   129, 6, 8, 8, 8, 8, 131, 6, 8,    8,  4, 4, 130,
                    6, 0, 0,   0,  0, 132, 6,   0, 0, 0, 0, 2, 6,   0, 0x2d, 15, 1, 1, 2}),
       "IPCP Configure-Nak id 1: address 100.64.0.7, dns1 8.8.8.8, dns2 8.8.4.4, nbns1 0.0.0.0, "
       "nbns2 0.0.0.0, compression (4 bytes), addresses (0 bytes)"},
      {Packet(kProtocolIpv6cp, kConfigureAck, 2, Bytes{1, 10, 0, 1, 0, 2, 0, 3, 0xab, 0xcd}),
       "IPV6CP Configure-Ack id 2: interface-id 1:2:3:abcd"},
      {Packet(kProtocolCcp, kConfigureRequest, 1, Bytes{18, 6, 1, 0, 0, 0x40}),
       "CCP Configure-Request id 1: mppe 0x01000040"},
      {Packet(0x8281, kConfigureRequest, 1, Bytes{5, 2}),
       "MPLSCP Configure-Request id 1: option 5 (0 bytes)"},
      {Packet(0x80ab, kConfigureRequest, 1, {}), "protocol 0x80ab Configure-Request id 1"},
      {Packet(kProtocolPap, 2, 3, Bytes{0}), "PAP Ack id 3"},
      {Packet(kProtocolPap, 3, 3, Text("no", {2})), "PAP Nak id 3: \"no\""},
      {Packet(kProtocolPap, 3, 3, Bytes{9}), "PAP Nak id 3: unreadable"},
      {Packet(kProtocolPap, 1, 3, Bytes{9}), "PAP Request id 3: unreadable"},
      {Packet(kProtocolPap, 9, 3, {}), "PAP code 9 id 3"},
      {Packet(kProtocolChap, kChapChallenge, 7, Text("lns", {2, 1, 2})),
       "CHAP Challenge id 7: value 2 bytes, name \"lns\""},
      {Packet(kProtocolChap, kChapResponse, 7, Bytes{2, 1, 2}),
       "CHAP Response id 7: value 2 bytes"},
      {Packet(kProtocolChap, kChapResponse, 7, Bytes{5, 1}), "CHAP Response id 7: unreadable"},
      {Packet(kProtocolChap, kChapSuccess, 7, Text("welcome")), "CHAP Success id 7: \"welcome\""},
      {Packet(kProtocolChap, kChapSuccess, 7, {}), "CHAP Success id 7"},
      {Packet(kProtocolChap, kChapSuccess, 7, Text("S=407A5589115FD0D6209F510FE9C04566932CDA56")),
       "CHAP Success id 7: with proof"},
      {Packet(kProtocolChap, kChapSuccess, 7, Text("S=407A M=hello")),
       "CHAP Success id 7: with proof, \"hello\""},
      {Packet(kProtocolChap, kChapFailure, 7, Text("E=691 R=1 C=00112233 V=3 M=no")),
       "CHAP Failure id 7: error 691, retry allowed, \"no\""},
      {Packet(kProtocolChap, kChapFailure, 7, Text("E=648 R=0")), "CHAP Failure id 7: error 648"},
      {Packet(kProtocolChap, 9, 7, {}), "CHAP code 9 id 7"},
      {Bytes{0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 1},
       "LCP Echo-Request id 1: magic 0x00000001"},
      {Bytes{0xc0, 0x21, 1, 1, 0, 99}, "LCP: malformed, 4 bytes"},
      {Bytes{0x21, 0x45, 0, 0, 20}, "IPv4, 4 bytes"},
      {Bytes{0x00, 0x57, 0x60}, "IPv6, 1 bytes"},
      {Bytes{0xc2, 0x27, 1, 2, 3}, "EAP, 3 bytes"},
      {Bytes{0xff, 0x03}, "truncated frame, 2 bytes"},
      {Bytes{}, "truncated frame, 0 bytes"},
  };
  for (const Row& row : rows) EXPECT_EQ(Describe(row.frame), row.line);
}

TEST(DescribeTest, SecretsAreNotShown) {
  const Bytes pap = Packet(kProtocolPap, 1, 1, Text("alice\x08hunter22", {5}));
  EXPECT_EQ(Describe(pap), "PAP Request id 1: name \"alice\"");
  const Bytes response =
      Packet(kProtocolChap, kChapResponse, 1, Text("0123456789abcdefalice", {16}));
  EXPECT_EQ(Describe(response), "CHAP Response id 1: value 16 bytes, name \"alice\"");
}

TEST(DescribeTest, AnyBytesMakeOnePrintableLineOfBoundedLength) {
  SeededRng rng(1);
  const uint16_t protocols[] = {kProtocolLcp,  kProtocolIpcp, kProtocolIpv6cp, kProtocolPap,
                                kProtocolChap, kProtocolCcp,  0x8281};
  for (int round = 0; round < 20000; ++round) {
    Bytes data(rng.Below(300));
    rng.Fill(data);
    const uint8_t code = static_cast<uint8_t>(rng.Below(16));
    const std::string line = Describe(
        round % 4 == 0 ? data : Packet(protocols[rng.Below(std::size(protocols))], code, 1, data));
    EXPECT_FALSE(line.empty());
    EXPECT_LE(line.size(), 400u);
    for (const char c : line) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << line;
  }
  // The longest lists and texts there are.
  Bytes options;
  for (int i = 0; i < 64; ++i) options.insert(options.end(), {5, 6, 1, 2, 3, 4});
  const std::string line = Describe(Packet(kProtocolLcp, kConfigureRequest, 1, options));
  EXPECT_EQ(line.size(), 400u);
  EXPECT_TRUE(line.ends_with("..."));
  const std::string quoted =
      Describe(Packet(kProtocolLcp, kTerminateRequest, 1, Text(std::string(500, 'x'))));
  EXPECT_TRUE(quoted.ends_with("xxx...\""));
}

}  // namespace
}  // namespace lns::ppp
