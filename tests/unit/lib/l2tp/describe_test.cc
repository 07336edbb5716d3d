// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "lib/l2tp/access_line_table.h"
#include "lib/l2tp/describe.h"
#include "lib/l2tp/message_table.h"
#include "tests/unit/lib/l2tp/avps.h"

namespace lns::l2tp {
namespace {

std::string TextOf(const Avps &avps) { return Describe(avps.Datagram()); }

bool Contains(const std::string &text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Describe, NamesTheMessageItsIdsAndItsNumbers) {
  EXPECT_EQ(Describe(Avps(6).Datagram(7, 8, 9, 10)), "HELLO tunnel 7 session 8 Ns 9 Nr 10");
  Bytes zlb(kControlHeaderLength);
  WriteHeader(ControlHeader(1, 2, 3, 4), 0, zlb);
  EXPECT_EQ(Describe(zlb), "ZLB tunnel 1 session 2 Ns 3 Nr 4");
}

TEST(Describe, EveryMessageByItsName) {
  for (const MessageRow &row : kMessageTable) {
    EXPECT_EQ(TextOf(Avps(static_cast<uint8_t>(row.type))),
              std::string(row.name) + " tunnel 7 session 0 Ns 2 Nr 1");
  }
  EXPECT_TRUE(TextOf(Avps(18)).starts_with("SRRQ "));
  EXPECT_TRUE(TextOf(Avps(21)).starts_with("FSQ "));
  EXPECT_TRUE(TextOf(Avps(27)).starts_with("MSEN "));
  EXPECT_TRUE(TextOf(Avps(20)).starts_with("message 20 "));
  EXPECT_TRUE(TextOf(Avps(99)).starts_with("message 99 "));
}

TEST(Describe, AnSccrqAsAnOperatorReadsIt) {
  EXPECT_EQ(TextOf(Avps(1)
                       .Add(2, {1, 0})
                       .Add(3, {0, 0, 0, 3})
                       .Add(4, {0, 0, 0, 5})
                       .Optional(5, {1, 2, 3, 4, 5, 6, 7, 8})
                       .Optional(6, {6, 0x90})
                       .Add(7, {'l', 'a', 'c'})
                       .Optional(8, {'V', '"', 1})
                       .Add(9, {0x12, 0x34})
                       .Add(10, {0, 8})
                       .Optional(47, {0xc0, 0})
                       .Optional(53, {})),
            "SCCRQ tunnel 7 session 0 Ns 2 Nr 1: Protocol Version 1.0, Framing "
            "Capabilities "
            "0x00000003 sync async, Bearer Capabilities 0x00000005 digital "
            "broadband, Tie Breaker "
            "0x0102030405060708, Firmware Revision 0x0690, Host Name \"lac\", "
            "Vendor Name "
            "\"V\\x22\\x01\", Assigned Tunnel ID 4660, Receive Window Size 8, "
            "Control Connection "
            "DS DSCP 48, Modem On-Hold Capable");
}

TEST(Describe, ACallAsAnOperatorReadsIt) {
  EXPECT_EQ(TextOf(GoodIcrq()
                       .Add(18, {0, 0, 0, 2})
                       .Add(21, {'1', '0', '0'})
                       .Add(22, {'0', '3', '0'})
                       .Add(23, {'s'})
                       .Optional(25, {0, 0, 1, 2})
                       .Optional(42, {0, 1})
                       .Optional(43, {'p'})
                       .Optional(44, {0x47, 1})
                       .Optional(45, {0, 8, 0, 32})
                       .Optional(48, {0x12, 0x31})
                       .Optional(98, {})),
            "ICRQ tunnel 7 session 0 Ns 2 Nr 1: Assigned Session ID 5, Call "
            "Serial Number 77, "
            "Bearer Type 0x00000002 analog, Called Number \"100\", Calling "
            "Number \"030\", "
            "Sub-Address \"s\", Physical Channel ID 0x00000102, Service "
            "Category real time, "
            "Service Name \"p\", Calling Sub-Address 0x4701, VPI/VCI "
            "Identifier 8/32, Session DS "
            "PHB 0x1231, Connect Speed Update Enable");
}

// RFC 3301 5.3.
TEST(Describe, NsapAddressesAreWrittenInHexadecimal) {
  EXPECT_TRUE(Contains(TextOf(GoodIcrq().Add(21, {0x47, 0x00, 0x91}).Add(22, {0x39, 0x0f})),
                       "Called Number 0x470091, Calling Number 0x390f"));
  const std::string nsap("\x47\x00\x91", 3);
  EXPECT_EQ(NumberText(nsap, 4), "470091");
  EXPECT_EQ(NumberText("0301234", 4), "0301234");
  EXPECT_EQ(NumberText(nsap, 1), nsap);
}

TEST(Describe, AConnectedCallAsAnOperatorReadsIt) {
  EXPECT_EQ(TextOf(GoodIccn()
                       .Optional(26, {1, 4, 5, 0xd4})
                       .Optional(27, {})
                       .Optional(29, {0, 2})
                       .Optional(30, {'j', 'o', 'e'})
                       .Optional(32, {0, 9})
                       .Optional(37, {'g'})
                       .Optional(38, {0, 0, 0, 100})
                       .Add(39, {})
                       .Optional(49, {7, 2})),
            "ICCN tunnel 7 session 0 Ns 2 Nr 1: (Tx) Connect Speed 1024 bps, "
            "Framing Type "
            "0x00000001 sync, Initial Received LCP CONFREQ 0x010405d4, Last "
            "Sent LCP CONFREQ "
            "empty, Proxy Authen Type 2 CHAP, Proxy Authen Name \"joe\", Proxy "
            "Authen ID 9, "
            "Private Group ID \"g\", Rx Connect Speed 100 bps, Sequencing "
            "Required, LCP Want "
            "Options 0x0702");
}

TEST(Describe, ResultsByTheirMeaning) {
  EXPECT_EQ(TextOf(Avps(4).Add(9, {0, 1}).Add(1, {0, 2, 0, 8, 'A', 'V', 'P'})),
            "StopCCN tunnel 7 session 0 Ns 2 Nr 1: Assigned Tunnel ID 1, "
            "Result Code general "
            "error: unknown mandatory AVP (2/8) \"AVP\"");
  EXPECT_TRUE(Contains(TextOf(Avps(14).Add(1, {0, 8})), "busy (8)"));
  EXPECT_TRUE(
      Contains(TextOf(Avps(14).Add(1, {3, 0})), "administrative reasons (3), bytes swapped"));
}

TEST(Describe, CausesByTheirMeaning) {
  const std::string text = TextOf(
      GoodCdn().Add(12, {0, 16, 3, 'b', 'y', 'e'}).Optional(46, {0, 16, 0xc2, 0x23, 2, 'n', 'o'}));
  EXPECT_TRUE(Contains(text, "Q.931 Cause Code 16 message 3 \"bye\"")) << text;
  EXPECT_TRUE(Contains(text,
                       "PPP Disconnect Cause Code authentication failed "
                       "(16, protocol 0xc223, at "
                       "local): \"no\""))
      << text;
}

TEST(Describe, WhatIsSaidOfALinkInBetween) {
  Bytes errors(26);
  for (uint8_t i = 0; i < 6; ++i) errors[5u + 4u * i] = static_cast<uint8_t>(i + 1);
  EXPECT_TRUE(Contains(TextOf(Avps(15).Add(34, errors)),
                       "CRC 1 framing 2 hardware overruns 3 buffer overruns 4 "
                       "timeouts 5 alignment "
                       "6"));
  EXPECT_TRUE(Contains(TextOf(Avps(16).Add(35, {0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0})),
                       "ACCM send 0x00000001 receive 0xff000000"));
  EXPECT_TRUE(Contains(TextOf(Avps(17, false).Optional(54, {0x80, 1})), "on hold at most 10 s"));
  EXPECT_TRUE(Contains(TextOf(Avps(17, false).Optional(54, {0x80, 15})), "Status on hold"));
  EXPECT_TRUE(Contains(TextOf(Avps(17, false).Optional(54, {0, 1})), "Status online"));
  EXPECT_TRUE(Contains(TextOf(Avps(28, false).Optional(97, {0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 8})),
                       "Connect Speed Update session 5 tx 7 rx 8 bps"));
}

TEST(Describe, TheAccessLineWithItsUnits) {
  const std::string text = TextOf(GoodIcrq()
                                      .Vendor(3561, 1, {'c', '1'})
                                      .Vendor(3561, 130, {0, 0, 0, 0, 0, 1, 0, 0})
                                      .Vendor(3561, 140, {0, 0, 0, 9})
                                      .Vendor(3561, 144, {1, 2, 3})
                                      .Vendor(3561, 129, {1}));
  EXPECT_TRUE(Contains(text,
                       "Agent-Circuit-Id \"c1\", Actual-Data-Rate-Downstream 65536 bps, "
                       "Actual-Interleaving-Delay-Upstream 9 ms, Access-Loop-Encapsulation "
                       "0x010203, Actual-Data-Rate-Upstream of 1 bytes, malformed"))
      << text;
}

TEST(Describe, SecretsAreShownAsLengthsOnly) {
  const Bytes secret = {'s', 'e', 's', 'a', 'm', 'e'};
  Bytes response(16, 's');
  std::copy(secret.begin(), secret.end(), response.begin());
  const std::string text = TextOf(GoodIccn()
                                      .Add(11, secret)
                                      .Add(13, response)
                                      .Optional(31, secret)
                                      .Optional(33, secret)
                                      .Add(36, secret)
                                      .Vendor(311, 1, secret)
                                      .Optional(200, secret)
                                      .Optional(77, secret)
                                      .Hidden(30, secret));
  EXPECT_TRUE(Contains(text,
                       "Challenge 6 bytes, Challenge Response 16 bytes, Proxy "
                       "Authen Challenge 6 bytes, Proxy "
                       "Authen Response 6 bytes, Random Vector 6 bytes, vendor "
                       "311 AVP 1 6 bytes, AVP 200 6 bytes, "
                       "Tunnel Recovery 6 bytes, Proxy Authen Name hidden"))
      << text;
  EXPECT_FALSE(Contains(text, "sesame"));
  EXPECT_FALSE(Contains(text, "736573"));
}

TEST(Describe, ValuesOfImpossibleLengthAreSaidSo) {
  for (const AvpRow &row : kAvpTable) {
    if (row.type == 0 || row.min_length == 0) continue;
    SCOPED_TRACE(row.name);
    for (size_t length = 0; length < row.min_length; ++length) {
      const std::string text = TextOf(Avps(10).Add(row.type, Bytes(length, 'x')));
      EXPECT_TRUE(Contains(text, row.name)) << text;
    }
  }
  EXPECT_TRUE(Contains(TextOf(Avps(10).Add(14, {5})), "Assigned Session ID of 1 bytes, malformed"));
  EXPECT_TRUE(Contains(TextOf(Avps(14).Add(1, {5})), "Result Code of 1 bytes, malformed"));
}

TEST(Describe, AvpsWithReservedBitsAreMarked) {
  Avps avps(10);
  const size_t at = avps.bytes.size();
  avps.Add(14, {0, 5});
  avps.bytes[at] |= 0x04;
  EXPECT_TRUE(Contains(TextOf(avps), "Assigned Session ID (reserved bits) 5"));
}

TEST(Describe, LinesAreBounded) {
  Avps avps(10);
  for (int i = 0; i < 100; ++i) avps.Add(21, Bytes(500, 0xff));
  const std::string text = TextOf(avps);
  EXPECT_TRUE(text.ends_with(", and 36 more"));
  EXPECT_LT(text.size(), 64u * (64 * 4 + 40) + 100);
}

TEST(Describe, WhatIsNotAControlMessageIsSaid) {
  EXPECT_EQ(Describe({}), "not L2TP: header-truncated");
  EXPECT_EQ(Describe(Bytes{0xc8, 0x03, 0, 12}), "not L2TP: header-version-unknown");
  EXPECT_EQ(Describe(Bytes{0x00, 0x02, 0, 7, 0, 8, 1, 2, 3}), "data tunnel 7 session 8: 3 bytes");
  Bytes no_type = Avps(10).Datagram();
  no_type[17] = 7;  // Host Name first
  EXPECT_TRUE(Describe(no_type).starts_with("no Message Type tunnel 7"));
}

TEST(Describe, AMalformedAvpEndsTheLine) {
  Bytes datagram = GoodIcrq().Datagram();
  datagram[21] = 200;  // the second AVP's length
  EXPECT_EQ(Describe(datagram), "ICRQ tunnel 7 session 0 Ns 2 Nr 1: malformed AVP");
}

TEST(Describe, EveryTruncationAndEveryByteGivesAPrintableLine) {
  const Bytes datagram = GoodIccn().Optional(30, {'j', 'o', 'e'}).Optional(200, {1}).Datagram();
  const auto printable = [](const std::string &text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  };
  for (size_t length = 0; length <= datagram.size(); ++length) {
    EXPECT_TRUE(printable(Describe(ByteView(datagram).first(length)))) << length;
  }
  for (size_t at = 0; at < datagram.size(); ++at) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      Bytes changed = datagram;
      changed[at] = static_cast<uint8_t>(byte);
      ASSERT_TRUE(printable(Describe(changed))) << at << " " << byte;
    }
  }
}

}  // namespace
}  // namespace lns::l2tp
