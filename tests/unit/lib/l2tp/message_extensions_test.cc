// The AVPs and messages of L2TP's extensions: RFC 3145, 3301, 3308, 3437, 3573
// and 5515, and what a peer without RFC 3817, 4045 and 4951 does with theirs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "lib/l2tp/access_line_table.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/avp_hiding.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"
#include "tests/unit/lib/l2tp/avps.h"

namespace lns::l2tp {
namespace {

constexpr char kSecret[] = "secret";
constexpr uint16_t kOtherVendor = 311;

// The AVPs of what we send, found again by a reader that knows nothing of
// messages.
std::optional<Bytes> SentValue(const Message &message, uint16_t vendor, uint16_t type,
                               bool *mandatory = nullptr) {
  const Bytes datagram = EncodeMessage(message, PeerTunnelId(1), PeerSessionId(2), nullptr);
  AvpReader reader(ByteView(datagram).subspan(kControlHeaderLength));
  Avp avp;
  while (reader.Next(avp)) {
    if (avp.vendor != vendor || avp.type != type) continue;
    if (mandatory != nullptr) *mandatory = avp.mandatory;
    return Bytes(avp.value.begin(), avp.value.end());
  }
  return std::nullopt;
}

Bytes Number(uint64_t number, size_t length) { return access_line::WriteNumber(number, length); }

// --- RFC 3145

TEST(DisconnectCause, IsReadFromACdn) {
  const DecodedMessage decoded =
      GoodCdn().Optional(46, {0, 16, 0xc2, 0x23, 2, 'b', 'a', 'd'}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  ASSERT_TRUE(decoded.message.Has(AvpType::kPppDisconnectCause));
  EXPECT_EQ(decoded.message.ppp_cause,
            (PppDisconnectCause{.code = 16, .protocol = 0xc223, .direction = 2, .message = "bad"}));
}

TEST(DisconnectCause, IsWrittenWithoutTheMandatoryBit) {
  const Message cdn{.type = MessageType::kCdn,
                    .present = AvpSet::Of(AvpType::kResultCode, AvpType::kAssignedSessionId,
                                          AvpType::kPppDisconnectCause),
                    .result = {.result = 3},
                    .ppp_cause = {.code = 3, .protocol = 0, .direction = 1, .message = "bye"}};
  bool mandatory = true;
  EXPECT_EQ(SentValue(cdn, 0, 46, &mandatory), (Bytes{0, 3, 0, 0, 1, 'b', 'y', 'e'}));
  EXPECT_FALSE(mandatory);
}

TEST(DisconnectCause, TooShortIsIgnoredAndTheCdnObeyed) {
  const DecodedMessage decoded = GoodCdn().Optional(46, {0, 16, 0xc2, 0x23}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_FALSE(decoded.message.Has(AvpType::kPppDisconnectCause));
  EXPECT_TRUE(decoded.events.Has(L2tpEvent::kAvpBadLengthIgnored));
}

TEST(DisconnectCause, OutsideACdnIsIgnored) {
  const DecodedMessage decoded = GoodIccn().Optional(46, {0, 1, 0, 0, 0}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_TRUE(decoded.events.Has(L2tpEvent::kAvpOutOfPlace));
}

// --- RFC 3301

TEST(AtmAccess, ACallSaysItsServiceAndCircuit) {
  const Bytes nsap(20, 0x47);
  const CallInfo call = GoodIcrq()
                            .Optional(42, {0, 1})
                            .Optional(43, {'p', 'v', 'c'})
                            .Optional(44, nsap)
                            .Optional(45, {0, 8, 0, 32})
                            .Call();
  EXPECT_EQ(call.service_category, 1);
  EXPECT_EQ(call.service_name, "pvc");
  EXPECT_EQ(call.calling_sub_address, nsap);
  EXPECT_EQ(call.vpi_vci, 0x00080020u);
}

TEST(AtmAccess, AnOutgoingCallSaysItsReceiveSpeeds) {
  const CallInfo call = Avps(7)
                            .Add(14, {0, 5})
                            .Add(15, Bytes(4))
                            .Add(16, Bytes(4))
                            .Add(17, Bytes(4))
                            .Add(18, {0, 0, 0, 4})
                            .Add(19, {0, 0, 0, 1})
                            .Add(21, {'1'})
                            .Optional(40, {0, 0, 1, 0})
                            .Optional(41, {0, 0, 2, 0})
                            .Call();
  EXPECT_EQ(call.rx_minimum_bps, 0x100u);
  EXPECT_EQ(call.rx_maximum_bps, 0x200u);
  EXPECT_EQ(call.bearer_type, 4u);
}

TEST(AtmAccess, WrongLengthsAreIgnored) {
  for (const uint16_t type : {uint16_t{42}, uint16_t{43}, uint16_t{44}, uint16_t{45}}) {
    const DecodedMessage decoded = GoodIcrq().Optional(type, {}).Decode();
    EXPECT_EQ(decoded.verdict, Verdict::kAccept) << type;
    EXPECT_TRUE(decoded.events.Has(L2tpEvent::kAvpBadLengthIgnored)) << type;
  }
}

// --- RFC 3308

TEST(DiffServ, TheBehaviourOfTheControlConnectionIsReadAsItsDscp) {
  const DecodedMessage decoded = GoodSccrq().Optional(47, {0xc0, 0}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.message.control_dscp, 48);
}

TEST(DiffServ, TheBehaviourOfASessionIsReadAsItsDscp) {
  EXPECT_EQ(GoodIcrq().Optional(48, {0xb8, 0}).Call().session_dscp, 46);
  EXPECT_EQ(GoodIcrq().Call().session_dscp, std::nullopt);
}

TEST(DiffServ, ABehaviourWithoutADscpIsAsIfAbsent) {
  const DecodedMessage decoded = GoodIcrq().Optional(48, {0x12, 0x31}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.message.call.session_dscp, std::nullopt);
}

TEST(DiffServ, TheAnswerCarriesTheBehaviourAccepted) {
  const Message icrp{.type = MessageType::kIcrp,
                     .present = AvpSet::Of(AvpType::kAssignedSessionId, AvpType::kSessionDs),
                     .assigned_session_id = 7,
                     .call = {.session_dscp = 46}};
  bool mandatory = true;
  EXPECT_EQ(SentValue(icrp, 0, 48, &mandatory), (Bytes{0xb8, 0}));
  EXPECT_FALSE(mandatory);
}

// --- RFC 3437

TEST(LcpOptions, WantedAndAllowedOnesComeWithTheCall) {
  const CallInfo call = GoodIccn().Optional(49, {1, 4, 5, 0xd4}).Optional(50, {7, 2, 8, 2}).Call();
  EXPECT_EQ(call.lcp_want_options, (Bytes{1, 4, 5, 0xd4}));
  EXPECT_EQ(call.lcp_allow_options, (Bytes{7, 2, 8, 2}));
}

TEST(LcpOptions, AMandatoryOneIsUnderstood) {
  EXPECT_EQ(GoodIccn().Add(49, {1, 4, 5, 0xd4}).Call().lcp_want_options.size(), 4u);
}

TEST(LcpOptions, WhatTheLnsAgreedOnGoesBackInASetLinkInfo) {
  const Message sli{.type = MessageType::kSli,
                    .present = AvpSet::Of(AvpType::kAccm, AvpType::kLnsLastSentConfReq,
                                          AvpType::kLnsLastReceivedConfReq),
                    .accm = {.send = 0, .receive = 0xffffffff},
                    .lns_last_sent_confreq = {1, 4, 5, 0xd4},
                    .lns_last_received_confreq = {5, 6, 1, 2, 3, 4}};
  EXPECT_EQ(SentValue(sli, 0, 51), (Bytes{1, 4, 5, 0xd4}));
  EXPECT_EQ(SentValue(sli, 0, 52), (Bytes{5, 6, 1, 2, 3, 4}));
  EXPECT_EQ(SentValue(sli, 0, 35), (Bytes{0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}));
}

// --- RFC 3573

TEST(ModemOnHold, AStatusMessageIsUnderstood) {
  const DecodedMessage decoded = Avps(17, false).Optional(54, {0x80, 0x0d}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.scope, MessageScope::kSession);
  EXPECT_TRUE(decoded.message.modem_on_hold.on_hold);
  EXPECT_EQ(decoded.message.modem_on_hold.timeout, 13);
}

TEST(ModemOnHold, ReservedBitsAreIgnored) {
  const DecodedMessage decoded = Avps(17, false).Optional(54, {0x7f, 0xf3}).Decode();
  EXPECT_FALSE(decoded.message.modem_on_hold.on_hold);
  EXPECT_EQ(decoded.message.modem_on_hold.timeout, 3);
}

TEST(ModemOnHold, ACapablePeerIsAccepted) {
  const DecodedMessage decoded = GoodSccrq().Optional(53, {}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_TRUE(decoded.message.modem_on_hold_capable);
}

TEST(ModemOnHold, AStatusWithoutItsAvpIsTolerated) {
  EXPECT_EQ(Avps(17, false).Decode().verdict, Verdict::kAccept);
}

// --- RFC 5515

TEST(AccessLineAvps, EachIsReadIntoItsField) {
  const AccessLine line = GoodIcrq()
                              .Vendor(kVendorBroadbandForum, 1, {'c', '1'})
                              .Vendor(kVendorBroadbandForum, 2, {'r', '1'})
                              .Vendor(kVendorBroadbandForum, 129, Number(1001, 8))
                              .Vendor(kVendorBroadbandForum, 130, Number(uint64_t{10} << 32, 8))
                              .Vendor(kVendorBroadbandForum, 131, Number(1003, 8))
                              .Vendor(kVendorBroadbandForum, 132, Number(1004, 8))
                              .Vendor(kVendorBroadbandForum, 133, Number(1005, 8))
                              .Vendor(kVendorBroadbandForum, 134, Number(1006, 8))
                              .Vendor(kVendorBroadbandForum, 135, Number(1007, 8))
                              .Vendor(kVendorBroadbandForum, 136, Number(1008, 8))
                              .Vendor(kVendorBroadbandForum, 137, Number(1009, 8))
                              .Vendor(kVendorBroadbandForum, 138, Number(1010, 8))
                              .Vendor(kVendorBroadbandForum, 139, Number(11, 4))
                              .Vendor(kVendorBroadbandForum, 140, Number(12, 4))
                              .Vendor(kVendorBroadbandForum, 141, Number(13, 4))
                              .Vendor(kVendorBroadbandForum, 142, Number(14, 4))
                              .Vendor(kVendorBroadbandForum, 144, {1, 2, 3})
                              .Vendor(kVendorBroadbandForum, 145, {5, 0, 0, 0})
                              .Vendor(kVendorBroadbandForum, 254, Number(1, 4))
                              .Call()
                              .access_line;
  EXPECT_EQ(line, (AccessLine{.circuit_id = "c1",
                              .remote_id = "r1",
                              .actual_rate_up_bps = 1001,
                              .actual_rate_down_bps = uint64_t{10} << 32,
                              .minimum_rate_up_bps = 1003,
                              .minimum_rate_down_bps = 1004,
                              .attainable_rate_up_bps = 1005,
                              .attainable_rate_down_bps = 1006,
                              .maximum_rate_up_bps = 1007,
                              .maximum_rate_down_bps = 1008,
                              .minimum_low_power_rate_up_bps = 1009,
                              .minimum_low_power_rate_down_bps = 1010,
                              .maximum_interleaving_delay_up_ms = 11,
                              .actual_interleaving_delay_up_ms = 12,
                              .maximum_interleaving_delay_down_ms = 13,
                              .actual_interleaving_delay_down_ms = 14,
                              .loop_encapsulation = 0x010203,
                              .line_type = 0x05000000,
                              .iwf_session = true}));
}

TEST(AccessLineAvps, WhatIsWrittenIsReadBack) {
  Message icrq{.type = MessageType::kIcrq,
               .present = AvpSet::Of(AvpType::kAssignedSessionId, AvpType::kCallSerialNumber),
               .assigned_session_id = 3};
  AccessLine &line = icrq.call.access_line;
  for (const AccessLineRow &row : kAccessLineTable) {
    ASSERT_TRUE(row.read(Number(row.type, row.max_length == 255 ? 2 : row.max_length), line))
        << row.name;
  }
  const Bytes datagram = EncodeMessage(icrq, PeerTunnelId(1), PeerSessionId(), nullptr);
  const DecodedMessage decoded =
      DecodeMessage(ByteView(datagram).subspan(kControlHeaderLength), {});
  EXPECT_EQ(decoded.message.call.access_line, line);
  EXPECT_TRUE(decoded.events.empty());
  // RFC 5515 5: rates are eight bytes, and M is clear.
  bool mandatory = true;
  EXPECT_EQ(SentValue(icrq, kVendorBroadbandForum, 130, &mandatory), Number(130, 8));
  EXPECT_FALSE(mandatory);
  // Nothing is said of a line about which nothing is known.
  icrq.call.access_line = {};
  EXPECT_EQ(SentValue(icrq, kVendorBroadbandForum, 1), std::nullopt);
}

TEST(AccessLineAvps, FourByteRatesAreRead) {
  EXPECT_EQ(GoodIcrq()
                .Vendor(kVendorBroadbandForum, 130, Number(1600000, 4))
                .Call()
                .access_line.actual_rate_down_bps,
            1600000u);
}

TEST(AccessLineAvps, NoLengthNorMandatoryBitRefusesACall) {
  for (const AccessLineRow &row : kAccessLineTable) {
    for (size_t length = 0; length <= row.max_length + 1; ++length) {
      const DecodedMessage decoded =
          GoodIcrq().Vendor(kVendorBroadbandForum, row.type, Bytes(length), true).Decode();
      EXPECT_EQ(decoded.verdict, Verdict::kAccept) << row.name << " of " << length;
      const bool fits = row.unit == AccessLineUnit::kText
                            ? length >= row.min_length && length <= row.max_length
                            : length == row.min_length || length == row.max_length;
      EXPECT_EQ(decoded.events.Has(L2tpEvent::kAvpBadLengthIgnored), !fits)
          << row.name << " of " << length;
    }
  }
}

TEST(AccessLineAvps, HiddenOnesAreReadWithTheSecretAndOtherwiseIgnored) {
  const Bytes vector = {1, 2, 3, 4};
  const Avps avps = GoodIcrq()
                        .Add(36, vector)
                        .Hidden(1, HideValue(1, kSecret, vector, Bytes{'c', '9'}, {}), false,
                                kVendorBroadbandForum);
  EXPECT_EQ(avps.Call(kSecret).access_line.circuit_id, "c9");
  EXPECT_EQ(avps.Call().access_line.circuit_id, "");
  EXPECT_TRUE(avps.Decode().events.Has(L2tpEvent::kAvpHiddenUnreadable));
}

TEST(AccessLineAvps, OurOwnAreHiddenWhereAvpsAre) {
  SeededRng rng(5);
  const Hiding hiding{.secret = kSecret, .rng = rng};
  Message icrq{.type = MessageType::kIcrq,
               .present = AvpSet::Of(AvpType::kAssignedSessionId, AvpType::kCallSerialNumber),
               .assigned_session_id = 3};
  icrq.call.access_line.remote_id = "+49 30 1234";
  const Bytes datagram = EncodeMessage(icrq, PeerTunnelId(1), PeerSessionId(), &hiding);
  EXPECT_EQ(std::string(datagram.begin(), datagram.end()).find("1234"), std::string::npos);
  EXPECT_EQ(DecodeMessage(ByteView(datagram).subspan(kControlHeaderLength), kSecret)
                .message.call.access_line.remote_id,
            "+49 30 1234");
}

TEST(ConnectSpeed, AnAnnouncementOfUpdatesIsHandedUp) {
  EXPECT_TRUE(GoodIcrq().Optional(98, {}).Call().connect_speed_updates);
  EXPECT_FALSE(GoodIcrq().Call().connect_speed_updates);
  EXPECT_TRUE(GoodIcrq().Add(98, {}).Call().connect_speed_updates);
}

TEST(ConnectSpeed, AnUpdateNamesEverySessionThatChanged) {
  const DecodedMessage decoded = Avps(28, false)
                                     .Optional(97, {0, 0, 0, 5, 0, 1, 0, 0, 0, 2, 0, 0})
                                     .Optional(97, {0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2})
                                     .Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.scope, MessageScope::kTunnel);
  EXPECT_FALSE(decoded.events.Has(L2tpEvent::kAvpDuplicate));
  EXPECT_EQ(decoded.message.speed_updates,
            (std::vector<SpeedUpdate>{{.session_id = 5, .tx_bps = 0x10000, .rx_bps = 0x20000},
                                      {.session_id = 6, .tx_bps = 1, .rx_bps = 2}}));
}

TEST(ConnectSpeed, ARequestAsksWithZeroSpeedsAndNoMandatoryBit) {
  const Message csurq{.type = MessageType::kCsurq,
                      .present = AvpSet::Of(AvpType::kConnectSpeedUpdate),
                      .speed_updates = {{.session_id = 9}}};
  bool mandatory = true;
  EXPECT_EQ(SentValue(csurq, 0, 97, &mandatory), (Bytes{0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(mandatory);
  EXPECT_EQ(SentValue(csurq, 0, 0, &mandatory), (Bytes{0, 29}));
  EXPECT_FALSE(mandatory);  // RFC 5515 4: a peer without the extension must not
                            // end the tunnel
}

TEST(ConnectSpeed, UpdatesBeyondTheBoundAreIgnored) {
  Avps avps(28, false);
  for (size_t i = 0; i < kMaxSpeedUpdates + 3; ++i) avps.Optional(97, Bytes(12));
  const DecodedMessage decoded = avps.Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.message.speed_updates.size(), kMaxSpeedUpdates);
}

TEST(ConnectSpeed, AnUpdateOfTheWrongLengthIsIgnored) {
  const DecodedMessage decoded =
      Avps(28, false).Optional(97, Bytes(11)).Optional(97, Bytes(12)).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.message.speed_updates.size(), 1u);
}

// --- AVPs of other vendors

TEST(VendorAvps, UnknownOnesAreHandedOnAsTheyCame) {
  const CallInfo call = GoodIcrq()
                            .Vendor(kOtherVendor, 1, Bytes(16, 9))
                            .Vendor(kVendorBroadbandForum, 151, {1, 2}, true)
                            .Call();
  EXPECT_EQ(
      call.vendor_avps,
      (std::vector<VendorAvp>{{.vendor = kOtherVendor, .type = 1, .value = Bytes(16, 9)},
                              {.vendor = kVendorBroadbandForum, .type = 151, .value = {1, 2}}}));
}

TEST(VendorAvps, AMandatoryOneOfAnUnknownVendorRefusesTheCall) {
  const DecodedMessage decoded = GoodIcrq().Vendor(kOtherVendor, 1, {}, true).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kReject);
  EXPECT_EQ(decoded.rejection.error, 8);
  EXPECT_NE(decoded.rejection.message.find("vendor 311 AVP 1"), std::string::npos);
}

TEST(VendorAvps, TheirNumberAndSizeAreBounded) {
  Avps many = GoodIcrq();
  for (size_t i = 0; i < kMaxVendorAvps + 1; ++i) many.Vendor(kOtherVendor, 1, {});
  EXPECT_EQ(many.Call().vendor_avps.size(), kMaxVendorAvps);
  EXPECT_TRUE(many.Decode().events.Has(L2tpEvent::kVendorAvpsDropped));

  const Avps large = GoodIcrq()
                         .Vendor(kOtherVendor, 1, Bytes(kMaxVendorAvpBytes - 10))
                         .Vendor(kOtherVendor, 2, Bytes(11))
                         .Vendor(kOtherVendor, 3, Bytes(10));
  const CallInfo call = large.Call();
  ASSERT_EQ(call.vendor_avps.size(), 2u);
  EXPECT_EQ(call.vendor_avps[1].type, 3);
  EXPECT_TRUE(large.Decode().events.Has(L2tpEvent::kVendorAvpsDropped));
}

TEST(VendorAvps, HiddenOnesAreHandedOnInTheClear) {
  const Bytes vector = {1, 2, 3, 4};
  const Avps avps =
      GoodIccn()
          .Add(36, vector)
          .Hidden(7, HideValue(7, kSecret, vector, Bytes{'x'}, {}), false, kOtherVendor);
  ASSERT_EQ(avps.Call(kSecret).vendor_avps.size(), 1u);
  EXPECT_EQ(avps.Call(kSecret).vendor_avps[0].value, Bytes{'x'});
  EXPECT_TRUE(avps.Call().vendor_avps.empty());
}

TEST(VendorAvps, ThoseOfATunnelsMessageAreIgnored) {
  const DecodedMessage decoded =
      GoodSccrq().Vendor(kOtherVendor, 1, {1}).Vendor(kVendorBroadbandForum, 1, {1, 2}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kAccept);
  EXPECT_TRUE(decoded.message.call.vendor_avps.empty());
  EXPECT_TRUE(decoded.message.call.access_line.circuit_id.empty());
}

TEST(VendorAvps, WhatIsWrittenIsReadBack) {
  const Message icrq{.type = MessageType::kIcrq,
                     .present = AvpSet::Of(AvpType::kAssignedSessionId, AvpType::kCallSerialNumber),
                     .assigned_session_id = 3,
                     .call = {.vendor_avps = {{.vendor = 9, .type = 4, .value = {1, 2, 3}}}}};
  bool mandatory = true;
  EXPECT_EQ(SentValue(icrq, 9, 4, &mandatory), (Bytes{1, 2, 3}));
  EXPECT_FALSE(mandatory);
}

// --- What is set

TEST(WhatIsSet, OnlyAvpsTheMessageMayHaveAndThatSaySomethingAreAdded) {
  Message icrq{.type = MessageType::kIcrq, .present = AvpSet::Of(AvpType::kAssignedSessionId)};
  icrq.call.calling_number = "030";
  icrq.call.physical_channel_id = 0;
  icrq.call.session_dscp = 0;
  icrq.call.connect_speed_updates = true;
  icrq.call.tx_connect_speed_bps = 1000;  // an ICCN's
  AddWhatIsSet(icrq);
  EXPECT_EQ(icrq.present, AvpSet::Of(AvpType::kAssignedSessionId, AvpType::kCallingNumber,
                                     AvpType::kPhysicalChannelId, AvpType::kSessionDs,
                                     AvpType::kConnectSpeedUpdateEnable));
  Message scccn{.type = MessageType::kScccn};
  AddWhatIsSet(scccn);
  EXPECT_TRUE(scccn.present.empty());
  scccn.challenge_response[0] = 1;
  AddWhatIsSet(scccn);
  EXPECT_TRUE(scccn.Has(AvpType::kChallengeResponse));
}

// --- RFC 3817, 4045, 4951: as a peer without the capability

TEST(WithoutCapability, MessagesThatMayBeIgnoredAreAndOthersEndTheTunnel) {
  // SRRQ, SRRP (RFC 3817); FSQ, FSR (RFC 4951); MSRQ to MSEN (RFC 4045); 20 is nobody's.
  for (uint8_t type = 18; type <= 27; ++type) {
    EXPECT_EQ(Avps(type, false).Optional(80, {1}).Decode().verdict, Verdict::kIgnore) << int{type};
    const DecodedMessage decoded = Avps(type).Decode();
    EXPECT_EQ(decoded.verdict, Verdict::kReject) << int{type};
    EXPECT_EQ(decoded.scope, MessageScope::kTunnel);
  }
}

TEST(WithoutCapability, CapabilitiesOfferedAreIgnored) {
  // PPPoE relay (RFC 3817), failover (RFC 4951), multicast (RFC 4045).
  EXPECT_EQ(GoodSccrq()
                .Optional(56, {0, 0})
                .Optional(57, {0, 0})
                .Optional(76, {0, 3, 0, 0, 0, 1})
                .Optional(80, {0})
                .Decode()
                .verdict,
            Verdict::kAccept);
}

TEST(WithoutCapability, ATunnelRecoveryIsRefused) {
  // RFC 4951 5.2: mandatory, so that a peer without failover does not take it
  // for a new tunnel.
  const DecodedMessage decoded = GoodSccrq().Add(77, {0, 0, 0, 5, 0, 0, 0, 6}).Decode();
  EXPECT_EQ(decoded.verdict, Verdict::kReject);
  EXPECT_EQ(decoded.rejection.error, 8);
}

}  // namespace
}  // namespace lns::l2tp
