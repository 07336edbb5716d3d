// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/avp.h"
#include "lib/l2tp/avp_hiding.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/message_fields.h"
#include "tests/unit/lib/l2tp/avps.h"

namespace lns::l2tp {
namespace {

constexpr char kSecret[] = "secret";

void ExpectRejected(const DecodedMessage& decoded, L2tpEvent event, uint16_t error,
                    std::string_view text) {
  EXPECT_EQ(decoded.verdict, Verdict::kReject);
  EXPECT_TRUE(decoded.events.Has(event));
  EXPECT_EQ(decoded.rejection.result, 2);
  EXPECT_EQ(decoded.rejection.error, error);
  EXPECT_NE(decoded.rejection.message.find(text), std::string::npos) << decoded.rejection.message;
}

// Every AVP of the message table, with a value of its own kind, through all messages.
Message FullMessage(const MessageRow& row) {
  Message message{.type = row.type, .present = row.must | row.may};
  message.protocol_version = 0x0100;
  message.framing_capabilities = 3;
  message.bearer_capabilities = 1;
  message.tie_breaker = 0x0123456789abcdef;
  message.firmware_revision = 0x0102;
  message.host_name = "host";
  message.vendor_name = "vendor";
  message.assigned_tunnel_id = 0x1234;
  message.receive_window = 8;
  message.challenge = {1, 2, 3};
  message.challenge_response[3] = 9;
  message.assigned_session_id = 0x4321;
  message.minimum_bps = 1200;
  message.maximum_bps = 9600;
  message.result = {.result = 2, .error = 6, .message = "why"};
  message.q931_cause = {.cause = 16, .message = 3, .advisory = "bye"};
  message.call_errors = {.crc_errors = 1, .timeout_errors = 5, .alignment_errors = 6};
  message.accm = {.send = 7, .receive = 8};
  message.ppp_cause = {.code = 16, .protocol = 0xc223, .direction = 2, .message = "bad"};
  message.lns_last_sent_confreq = {1, 4, 5, 0xd4};
  message.lns_last_received_confreq = {7, 2};
  message.control_dscp = 48;
  message.modem_on_hold_capable = true;
  message.modem_on_hold = {.on_hold = true, .timeout = 13};
  message.speed_updates = {{.session_id = 5, .tx_bps = 1000, .rx_bps = 2000}, {.session_id = 6}};
  message.call = {.call_serial_number = 99,
                  .called_number = "1",
                  .calling_number = "2",
                  .sub_address = "3",
                  .bearer_type = 1,
                  .framing_type = 2,
                  .tx_connect_speed_bps = 1000,
                  .rx_connect_speed_bps = 2000,
                  .physical_channel_id = 4,
                  .private_group_id = {5},
                  .sequencing_required = true,
                  .initial_received_confreq = {6},
                  .last_sent_confreq = {7},
                  .last_received_confreq = {8},
                  .proxy_authen_type = 2,
                  .proxy_authen_name = "joe",
                  .proxy_authen_challenge = {9, 9},
                  .proxy_authen_id = 10,
                  .proxy_authen_response = Bytes(16, 11),
                  .connect_speed_updates = true,
                  .lcp_want_options = {1, 4, 5, 0xdc},
                  .lcp_allow_options = {8, 2},
                  .session_dscp = 46,
                  .rx_minimum_bps = 100,
                  .rx_maximum_bps = 200,
                  .service_category = 1,
                  .service_name = "pvc",
                  .calling_sub_address = Bytes(20, 0x47),
                  .vpi_vci = 0x00080020};
  return message;
}

// Encoding what was decoded gives the same bytes, so every present field went both ways.
TEST(Message, EveryMessageWithAllItsAvpsSurvivesTheRoundTrip) {
  for (const MessageRow& row : kMessageTable) {
    SCOPED_TRACE(row.name);
    const Message message = FullMessage(row);
    const Bytes datagram = EncodeMessage(message, PeerTunnelId(7), PeerSessionId(8), nullptr);
    Header header;
    ASSERT_EQ(ParseHeader(datagram, header), HeaderError::kNone);
    EXPECT_EQ(header.tunnel_id, 7);
    EXPECT_EQ(header.session_id, 8);
    const DecodedMessage decoded =
        DecodeMessage(ByteView(datagram).subspan(header.payload_offset), {});
    EXPECT_EQ(decoded.verdict, Verdict::kAccept) << decoded.rejection.message;
    EXPECT_TRUE(decoded.events.empty());
    EXPECT_EQ(decoded.message.type, row.type);
    EXPECT_EQ(decoded.message.present, row.must | row.may);
    EXPECT_EQ(EncodeMessage(decoded.message, PeerTunnelId(7), PeerSessionId(8), nullptr), datagram);
  }
}

TEST(Message, HiddenMessagesAreReadWithTheSecretAndOnlyWithIt) {
  SeededRng rng(3);
  const Hiding hiding{.secret = kSecret, .rng = rng};
  for (const MessageRow& row : kMessageTable) {
    SCOPED_TRACE(row.name);
    const Message message = FullMessage(row);
    const Bytes datagram = EncodeMessage(message, PeerTunnelId(7), PeerSessionId(8), &hiding);
    const ByteView avps = ByteView(datagram).subspan(kControlHeaderLength);
    const DecodedMessage decoded = DecodeMessage(avps, kSecret);
    EXPECT_EQ(decoded.verdict, Verdict::kAccept) << decoded.rejection.message;
    EXPECT_EQ(EncodeMessage(decoded.message, PeerTunnelId(7), PeerSessionId(8), nullptr),
              EncodeMessage(message, PeerTunnelId(7), PeerSessionId(8), nullptr));
    bool any_hidden = false;
    for (const AvpRow& avp : kAvpTable) {
      any_hidden |=
          avp.may_hide && avp.mandatory && (row.must | row.may).Has(static_cast<AvpType>(avp.type));
    }
    if (any_hidden) {
      EXPECT_TRUE(DecodeMessage(avps, {}).events.Has(L2tpEvent::kAvpHiddenUnreadable));
      EXPECT_EQ(DecodeMessage(avps, {}).verdict, Verdict::kReject);
    }
  }
}

TEST(Message, TheFirstAvpIsMessageTypeWithMandatoryBitInEightBytes) {
  const Bytes datagram =
      EncodeMessage({.type = MessageType::kHello}, PeerTunnelId(1), PeerSessionId(), nullptr);
  EXPECT_EQ(Bytes(datagram.begin() + 12, datagram.end()), (Bytes{0x80, 8, 0, 0, 0, 0, 0, 6}));
}

TEST(Message, MBitsOnTheWireFollowTheTable) {
  const Bytes datagram = EncodeMessage(FullMessage(RowOf(MessageType::kIccn)), PeerTunnelId(1),
                                       PeerSessionId(2), nullptr);
  AvpReader reader(ByteView(datagram).subspan(kControlHeaderLength));
  Avp avp;
  while (reader.Next(avp)) {
    // RFC 2661 6.8: of these, Connect Speed, Framing Type, Sequencing Required (and 0); none of an
    // extension.
    const bool mandatory = avp.type == 0 || avp.type == 24 || avp.type == 19 || avp.type == 39;
    EXPECT_EQ(avp.mandatory, mandatory) << avp.type;
  }
}

TEST(Message, EveryTruncationIsRefused) {
  const Bytes datagram = EncodeMessage(FullMessage(RowOf(MessageType::kSccrq)), PeerTunnelId(0),
                                       PeerSessionId(0), nullptr);
  const ByteView avps = ByteView(datagram).subspan(kControlHeaderLength);
  for (size_t length = 0; length < avps.size(); ++length) {
    const Bytes cut(avps.begin(), avps.begin() + static_cast<ptrdiff_t>(length));
    const DecodedMessage decoded = DecodeMessage(cut, {});
    if (decoded.verdict == Verdict::kAccept) {
      // Cut at an AVP boundary after the last AVP it must have.
      EXPECT_TRUE(RowOf(MessageType::kSccrq).must.Without(decoded.message.present).empty());
    }
  }
}

TEST(Message, MessageTypeMustComeFirst) {
  Bytes avps;
  AppendAvp(avps, {.mandatory = true, .type = 7, .value = AsBytes("a")});
  AppendAvp(avps, {.mandatory = true, .type = 0, .value = Bytes{0, 1}});
  ExpectRejected(DecodeMessage(avps, {}), L2tpEvent::kMessageTypeMissing, 3, "Message Type");
  EXPECT_FALSE(DecodeMessage(avps, {}).type_known);
}

TEST(Message, UnknownMessageTypeIsRefusedWithMAndIgnoredWithout) {
  ExpectRejected(Avps(99).Decode(), L2tpEvent::kMessageUnknownMandatory, 8, "99");
  EXPECT_EQ(Avps(99).Decode().scope, MessageScope::kTunnel);
  const DecodedMessage ignored = Avps(99, false).Decode();
  EXPECT_EQ(ignored.verdict, Verdict::kIgnore);
  EXPECT_TRUE(ignored.events.Has(L2tpEvent::kMessageUnknownIgnored));
}

TEST(Message, UnknownAvpIsRefusedWithMAndIgnoredWithout) {
  ExpectRejected(GoodIcrq().Add(200, {}).Decode(), L2tpEvent::kAvpUnknownMandatory, 8, "AVP 200");
  ExpectRejected(GoodIcrq().Vendor(9, 1, {}, true).Decode(), L2tpEvent::kAvpUnknownMandatory, 8,
                 "vendor 9 AVP 1");
  for (const Avps& avps : {GoodIcrq().Add(200, {}, false), GoodIcrq().Vendor(9, 1, {}, false)}) {
    EXPECT_EQ(avps.Decode().verdict, Verdict::kAccept);
    EXPECT_TRUE(avps.Decode().events.Has(L2tpEvent::kAvpUnknownIgnored));
  }
}

TEST(Message, ARejectionNamesTheFirstFaultAndKeepsTheSessionId) {
  const DecodedMessage decoded = Avps(10).Add(200, {}).Add(14, {0, 5}).Decode();
  ExpectRejected(decoded, L2tpEvent::kAvpUnknownMandatory, 8, "AVP 200");
  EXPECT_EQ(decoded.scope, MessageScope::kSession);
  EXPECT_EQ(decoded.message.assigned_session_id, 5);
}

TEST(Message, ReservedAvpBitsMakeAnAvpUnknown) {
  Avps avps = GoodIcrq();
  const size_t at = avps.bytes.size();
  avps.Add(18, WriteValue(uint32_t{1}));
  avps.bytes[at] |= 0x04;
  ExpectRejected(avps.Decode(), L2tpEvent::kAvpUnknownMandatory, 8, "AVP 18");
  avps.bytes[at] &= 0x7f;
  EXPECT_EQ(avps.Decode().verdict, Verdict::kAccept);
}

TEST(Message, AccessLineAvpsNeverRefuseACall) {
  EXPECT_EQ(GoodIcrq().Vendor(3561, 1, {}, true).Vendor(3561, 151, {}, true).Decode().verdict,
            Verdict::kAccept);
}

TEST(Message, KnownAvpsOutOfPlaceAreIgnoredEvenWithM) {
  const DecodedMessage decoded = GoodIcrq().Add(34, Bytes(26)).Add(46, Bytes(5)).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_TRUE(decoded.events.Has(L2tpEvent::kAvpOutOfPlace));
}

TEST(Message, TheFirstOfADuplicatedAvpCounts) {
  const DecodedMessage decoded = GoodIcrq().Add(15, WriteValue(uint32_t{88})).Decode();
  EXPECT_EQ(decoded.message.call.call_serial_number, 77u);
  EXPECT_TRUE(decoded.events.Has(L2tpEvent::kAvpDuplicate));
}

TEST(Message, AWrongLengthIsRefusedWithMAndIgnoredWithout) {
  ExpectRejected(GoodIcrq().Add(18, {1, 2}).Decode(), L2tpEvent::kAvpBadLength, 2, "AVP 18");
  const DecodedMessage decoded = GoodIcrq().Add(25, {1}, false).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_FALSE(decoded.message.Has(AvpType::kPhysicalChannelId));
  EXPECT_TRUE(decoded.events.Has(L2tpEvent::kAvpBadLengthIgnored));
}

TEST(Message, EachMandatoryAvpIsMissedByName) {
  ExpectRejected(Avps(10).Add(15, Bytes(4)).Decode(), L2tpEvent::kAvpMissing, 6,
                 "Assigned Session ID");
  ExpectRejected(Avps(10).Add(14, {0, 5}).Decode(), L2tpEvent::kAvpMissing, 6,
                 "Call Serial Number");
  ExpectRejected(Avps(1).Add(2, {1, 0}).Add(9, {0, 5}).Decode(), L2tpEvent::kAvpMissing, 6,
                 "Host Name");
}

TEST(Message, FramingAvpsMayBeMissing) {
  const DecodedMessage iccn = Avps(12).Add(24, Bytes(4)).Decode();
  EXPECT_EQ(iccn.verdict, Verdict::kAccept);
  EXPECT_TRUE(iccn.events.Has(L2tpEvent::kAvpMissingTolerated));
  EXPECT_EQ(Avps(1).Add(2, {1, 0}).Add(7, {'a'}).Add(9, {0, 5}).Decode().verdict, Verdict::kAccept);
}

TEST(Message, ZeroIdsAndWindowsAreRefused) {
  ExpectRejected(Avps(10).Add(14, {0, 0}).Add(15, Bytes(4)).Decode(), L2tpEvent::kAvpBadValue, 3,
                 "Assigned Session ID");
  ExpectRejected(GoodSccrq().Add(10, {0, 0}).Decode(), L2tpEvent::kAvpBadValue, 3,
                 "Receive Window Size");
  EXPECT_EQ(GoodSccrq().Add(10, {0, 1}).Decode().verdict, Verdict::kAccept);
  // A CDN whose sender never assigned an id says 0.
  EXPECT_EQ(Avps(14).Add(1, {0, 3}).Add(14, {0, 0}).Decode().verdict, Verdict::kAccept);
}

TEST(Message, SeveralRandomVectorsEachHideWhatFollows) {
  const Bytes first = {1, 1, 1, 1};
  const Bytes second = {2, 2, 2, 2, 2};
  const Avps avps =
      Avps(10)
          .Add(36, first)
          .Hidden(14, HideValue(14, kSecret, first, Bytes{0, 5}, {}))
          .Add(36, second)
          .Hidden(15, HideValue(15, kSecret, second, Bytes{0, 0, 0, 9}, Bytes{7, 7, 7}))
          .Hidden(22, HideValue(22, kSecret, second, Bytes{'0', '1'}, {}));
  const DecodedMessage decoded = avps.Decode(kSecret);
  EXPECT_EQ(decoded.verdict, Verdict::kAccept) << decoded.rejection.message;
  EXPECT_EQ(decoded.message.assigned_session_id, 5);
  EXPECT_EQ(decoded.message.call.call_serial_number, 9u);
  EXPECT_EQ(decoded.message.call.calling_number, "01");
}

TEST(Message, AHiddenAvpBeforeAnyRandomVectorIsUnreadable) {
  const Bytes vector = {1, 1, 1, 1};
  const Bytes hidden = HideValue(18, kSecret, vector, Bytes{0, 0, 0, 1}, {});
  ExpectRejected(GoodIcrq().Hidden(18, hidden).Add(36, vector).Decode(kSecret),
                 L2tpEvent::kAvpHiddenUnreadable, 8, "Random Vector");
  ExpectRejected(GoodIcrq().Add(36, vector).Hidden(18, hidden).Decode(),
                 L2tpEvent::kAvpHiddenUnreadable, 8, "secret");
  EXPECT_EQ(GoodIcrq().Add(36, vector).Hidden(25, hidden, false).Decode().verdict,
            Verdict::kAccept);
}

TEST(Message, AnotherSecretIsHinted) {
  const Bytes vector = {1, 1, 1, 1};
  // Long hidden text under another secret: a random length above its room, whatever it is.
  Bytes hidden = HideValue(18, kSecret, vector, Bytes{0, 0, 0, 1}, {});
  hidden[0] ^= 0x80;
  ExpectRejected(GoodIcrq().Add(36, vector).Hidden(18, hidden).Decode(kSecret),
                 L2tpEvent::kAvpHiddenUnreadable, 2, "another secret");
}

TEST(Message, TooLongValuesAreCutToWhatAnAvpHolds) {
  Message message = FullMessage(RowOf(MessageType::kIcrq));
  message.call.called_number.assign(3000, '7');
  const Bytes datagram = EncodeMessage(message, PeerTunnelId(1), PeerSessionId(), nullptr);
  const DecodedMessage decoded =
      DecodeMessage(ByteView(datagram).subspan(kControlHeaderLength), {});
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.message.call.called_number.size(), kMaxAvpValue);
}

}  // namespace
}  // namespace lns::l2tp
