// avp_table.h and message_table.h against RFC 2661's own words: the M bit, whether an AVP may be
// hidden, its length (4.4.1 to 4.4.6), and what each message must have (6.1 to 6.14).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>

#include "lib/l2tp/avp_table.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/message_table.h"
#include "tests/unit/lib/l2tp/tunnel_pair.h"

namespace lns::l2tp {
namespace {

struct RfcAvp {
  uint16_t type;
  const char* name;
  bool mandatory;
  bool may_hide;
  // "The Length of this AVP is": the shortest, header included; and whether it is fixed.
  uint16_t length;
  bool fixed;
};

// RFC 2661 4.4, in its words.
constexpr auto kRfc2661 = std::to_array<RfcAvp>({
    {0, "Message Type", true, false, 8, true},
    {1, "Result Code", true, false, 8, false},
    {2, "Protocol Version", true, false, 8, true},
    {3, "Framing Capabilities", true, true, 10, true},
    {4, "Bearer Capabilities", true, true, 10, true},
    {5, "Tie Breaker", false, false, 14, true},
    {6, "Firmware Revision", false, true, 8, true},
    {7, "Host Name", true, false, 7, false},
    {8, "Vendor Name", false, true, 6, false},
    {9, "Assigned Tunnel ID", true, true, 8, true},
    {10, "Receive Window Size", true, false, 8, true},
    {11, "Challenge", true, true, 7, false},
    {12, "Q.931 Cause Code", true, false, 9, false},
    {13, "Challenge Response", true, true, 22, true},
    {14, "Assigned Session ID", true, true, 8, true},
    {15, "Call Serial Number", true, true, 10, true},
    {16, "Minimum BPS", true, true, 10, true},
    {17, "Maximum BPS", true, true, 10, true},
    {18, "Bearer Type", true, true, 10, true},
    {19, "Framing Type", true, true, 10, true},
    {21, "Called Number", true, true, 6, false},
    {22, "Calling Number", true, true, 6, false},
    {23, "Sub-Address", true, true, 6, false},
    {24, "(Tx) Connect Speed", true, true, 10, true},
    {25, "Physical Channel ID", false, true, 10, true},
    {26, "Initial Received LCP CONFREQ", false, true, 6, false},
    {27, "Last Sent LCP CONFREQ", false, true, 6, false},
    {28, "Last Received LCP CONFREQ", false, true, 6, false},
    {29, "Proxy Authen Type", false, true, 8, true},
    {30, "Proxy Authen Name", false, true, 6, false},
    {31, "Proxy Authen Challenge", false, true, 6, false},
    {32, "Proxy Authen ID", false, true, 8, true},
    {33, "Proxy Authen Response", false, true, 6, false},
    {34, "Call Errors", true, true, 32, true},
    {35, "ACCM", true, true, 16, true},
    {36, "Random Vector", true, false, 7, false},
    {37, "Private Group ID", false, true, 6, false},
    {38, "Rx Connect Speed", false, true, 10, true},
    {39, "Sequencing Required", true, false, 6, true},
});

TEST(AvpTable, MatchesRfc2661Section44) {
  for (const RfcAvp& rfc : kRfc2661) {
    SCOPED_TRACE(rfc.name);
    const AvpRow* row = FindAvp(rfc.type);
    ASSERT_NE(row, nullptr);
    EXPECT_STREQ(row->name, rfc.name);
    EXPECT_EQ(row->mandatory, rfc.mandatory);
    EXPECT_EQ(row->may_hide, rfc.may_hide);
    EXPECT_EQ(row->min_length + kAvpHeaderLength, rfc.length);
    EXPECT_EQ(row->min_length == row->max_length, rfc.fixed);
  }
}

// And on the wire: each AVP, in a message that may have it, in the clear and hidden.
TEST(AvpTable, BitsOnTheWireMatchRfc2661InEveryMessage) {
  SeededRng rng(3);
  const Hiding hiding{.secret = "secret", .rng = rng};
  for (const MessageRow& message_row : kMessageTable) {
    if (message_row.type > MessageType::kSli) continue;  // another RFC's
    Message message{.type = message_row.type, .present = message_row.must | message_row.may};
    message.host_name = "h";
    message.challenge = {1};
    for (const Hiding* with : {static_cast<const Hiding*>(nullptr), &hiding}) {
      const Bytes datagram = EncodeMessage(message, PeerTunnelId(1), PeerSessionId(2), with);
      bool vector_seen = false;
      for (const Avp& avp : AvpsOf(datagram)) {
        if (avp.vendor != kVendorIetf || avp.type >= 40) continue;
        SCOPED_TRACE(testing::Message() << message_row.name << " AVP " << avp.type);
        const auto rfc = std::find_if(kRfc2661.begin(), kRfc2661.end(),
                                      [&](const RfcAvp& row) { return row.type == avp.type; });
        ASSERT_NE(rfc, kRfc2661.end());
        EXPECT_EQ(avp.mandatory, rfc->mandatory);
        EXPECT_FALSE(avp.reserved_bits);
        if (avp.hidden) {
          EXPECT_TRUE(rfc->may_hide);
          EXPECT_TRUE(vector_seen);  // 4.3: it precedes what it hides
          EXPECT_NE(with, nullptr);
        }
        vector_seen |= avp.type == 36;
      }
    }
  }
}

struct RfcMessage {
  MessageType type;
  AvpSet must;
};

TEST(MessageTable, MatchesRfc2661Section6) {
  using enum AvpType;
  const auto rows = std::to_array<RfcMessage>({
      {MessageType::kSccrq,
       AvpSet::Of(kProtocolVersion, kHostName, kFramingCapabilities, kAssignedTunnelId)},
      {MessageType::kSccrp,
       AvpSet::Of(kProtocolVersion, kFramingCapabilities, kHostName, kAssignedTunnelId)},
      {MessageType::kScccn, AvpSet()},
      {MessageType::kStopCcn, AvpSet::Of(kAssignedTunnelId, kResultCode)},
      {MessageType::kHello, AvpSet()},
      {MessageType::kIcrq, AvpSet::Of(kAssignedSessionId, kCallSerialNumber)},
      {MessageType::kIcrp, AvpSet::Of(kAssignedSessionId)},
      {MessageType::kIccn, AvpSet::Of(kTxConnectSpeed, kFramingType)},
      {MessageType::kOcrq, AvpSet::Of(kAssignedSessionId, kCallSerialNumber, kMinimumBps,
                                      kMaximumBps, kBearerType, kFramingType, kCalledNumber)},
      {MessageType::kOcrp, AvpSet::Of(kAssignedSessionId)},
      {MessageType::kOccn, AvpSet::Of(kTxConnectSpeed, kFramingType)},
      {MessageType::kCdn, AvpSet::Of(kResultCode, kAssignedSessionId)},
      {MessageType::kWen, AvpSet::Of(kCallErrors)},
      {MessageType::kSli, AvpSet::Of(kAccm)},
  });
  for (const RfcMessage& row : rows) {
    EXPECT_EQ(RowOf(row.type).must, row.must) << ToString(row.type);
    const bool tunnels = row.type <= MessageType::kHello;
    EXPECT_EQ(RowOf(row.type).scope, tunnels ? MessageScope::kTunnel : MessageScope::kSession);
  }
}

// Android sends nothing more before the ZLB of SCCCN, bngblaster no PPP before that of ICCN.
TEST(MessageTable, ScccnAndIccnAreAcknowledgedByAZlbOfTheirOwn) {
  for (const MessageRow& row : kMessageTable) {
    const bool awaited = row.type == MessageType::kScccn || row.type == MessageType::kIccn;
    EXPECT_EQ(row.ack == AckUrgency::kExplicit, awaited) << row.name;
  }
}

}  // namespace
}  // namespace lns::l2tp
