// The control messages of RFC 2661 section 6 and of its extensions, one row each: name, whether
// they concern the tunnel or a session, the AVPs they must and may have, and how soon they are
// acknowledged.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>

#include "lib/l2tp/avp_table.h"

namespace lns::l2tp {

enum class MessageType : uint16_t {
  kSccrq = 1,
  kSccrp = 2,
  kScccn = 3,
  kStopCcn = 4,
  kHello = 6,
  kOcrq = 7,
  kOcrp = 8,
  kOccn = 9,
  kIcrq = 10,
  kIcrp = 11,
  kIccn = 12,
  kCdn = 14,
  kWen = 15,
  kSli = 16,
  kMdmst = 17,  // RFC 3573
  kCsun = 28,   // RFC 5515
  kCsurq = 29,  // RFC 5515
};

enum class MessageScope : uint8_t { kTunnel, kSession };

enum class AckUrgency : uint8_t {
  kDelayed,    // an answer follows and carries the acknowledgement
  kImmediate,  // nothing will follow: a ZLB at the end of the call, unless something was sent
  kExplicit,   // a ZLB of its own: Android sends nothing more, bngblaster no PPP, until it sees one
};

struct MessageRow {
  MessageType type;
  const char* name;
  MessageScope scope;
  AckUrgency ack;
  AvpSet must;
  AvpSet may;
  // Of `must`: left out by known peers, and a default serves (RFC 2661 asks for them).
  AvpSet tolerated;
  const char* section;  // of RFC 2661 where no other is named
  // The M bit of its Message Type: clear where a peer without the extension must not mind.
  bool mandatory = true;
};

// Of what is tolerated, these only where the peer's profile says so (Tolerance::missing_framing);
// the others are never fatal, missing or unreadable: what ends something ends it without a reason,
// what only informs informs less.
inline constexpr AvpSet kFramingAvps =
    AvpSet::Of(AvpType::kFramingCapabilities, AvpType::kFramingType);

inline constexpr auto kMessageTable = [] {
  using enum AvpType;
  using enum MessageScope;
  using enum AckUrgency;
  return std::to_array<MessageRow>({
      {.type = MessageType::kSccrq,
       .name = "SCCRQ",
       .scope = kTunnel,
       .ack = kDelayed,
       .must = AvpSet::Of(kProtocolVersion, kHostName, kFramingCapabilities, kAssignedTunnelId),
       .may = AvpSet::Of(kBearerCapabilities, kReceiveWindowSize, kChallenge, kTieBreaker,
                         kFirmwareRevision, kVendorName, kControlConnectionDs, kModemOnHoldCapable),
       .tolerated = AvpSet::Of(kFramingCapabilities),
       .section = "6.1"},
      {.type = MessageType::kSccrp,
       .name = "SCCRP",
       .scope = kTunnel,
       .ack = kDelayed,
       .must = AvpSet::Of(kProtocolVersion, kFramingCapabilities, kHostName, kAssignedTunnelId),
       .may = AvpSet::Of(kBearerCapabilities, kFirmwareRevision, kVendorName, kReceiveWindowSize,
                         kChallenge, kChallengeResponse, kControlConnectionDs, kModemOnHoldCapable),
       .tolerated = AvpSet::Of(kFramingCapabilities),
       .section = "6.2"},
      {.type = MessageType::kScccn,
       .name = "SCCCN",
       .scope = kTunnel,
       .ack = kExplicit,
       .must = AvpSet(),
       .may = AvpSet::Of(kChallengeResponse),
       .tolerated = AvpSet(),
       .section = "6.3"},
      {.type = MessageType::kStopCcn,
       .name = "StopCCN",
       .scope = kTunnel,
       .ack = kImmediate,
       .must = AvpSet::Of(kAssignedTunnelId, kResultCode),
       .may = AvpSet(),
       .tolerated = AvpSet::Of(kAssignedTunnelId, kResultCode),
       .section = "6.4"},
      {.type = MessageType::kHello,
       .name = "HELLO",
       .scope = kTunnel,
       .ack = kImmediate,
       .must = AvpSet(),
       .may = AvpSet(),
       .tolerated = AvpSet(),
       .section = "6.5"},
      {.type = MessageType::kIcrq,
       .name = "ICRQ",
       .scope = kSession,
       .ack = kDelayed,
       .must = AvpSet::Of(kAssignedSessionId, kCallSerialNumber),
       .may = AvpSet::Of(kBearerType, kPhysicalChannelId, kCallingNumber, kCalledNumber,
                         kSubAddress, kServiceCategory, kServiceName, kCallingSubAddress, kVpiVci,
                         kSessionDs, kConnectSpeedUpdateEnable),
       .tolerated = AvpSet(),
       .section = "6.6"},
      {.type = MessageType::kIcrp,
       .name = "ICRP",
       .scope = kSession,
       .ack = kDelayed,
       .must = AvpSet::Of(kAssignedSessionId),
       .may = AvpSet::Of(kSessionDs),
       .tolerated = AvpSet(),
       .section = "6.7"},
      {.type = MessageType::kIccn,
       .name = "ICCN",
       .scope = kSession,
       .ack = kExplicit,
       .must = AvpSet::Of(kTxConnectSpeed, kFramingType),
       .may = AvpSet::Of(kInitialReceivedConfReq, kLastSentConfReq, kLastReceivedConfReq,
                         kProxyAuthenType, kProxyAuthenName, kProxyAuthenChallenge, kProxyAuthenId,
                         kProxyAuthenResponse, kPrivateGroupId, kRxConnectSpeed,
                         kSequencingRequired, kLcpWantOptions, kLcpAllowOptions),
       .tolerated = AvpSet::Of(kFramingType),
       .section = "6.8"},
      {.type = MessageType::kOcrq,
       .name = "OCRQ",
       .scope = kSession,
       .ack = kDelayed,
       .must = AvpSet::Of(kAssignedSessionId, kCallSerialNumber, kMinimumBps, kMaximumBps,
                          kBearerType, kFramingType, kCalledNumber),
       .may = AvpSet::Of(kSubAddress, kRxMinimumBps, kRxMaximumBps, kServiceCategory, kServiceName,
                         kSessionDs),
       .tolerated = AvpSet(),
       .section = "6.9"},
      {.type = MessageType::kOcrp,
       .name = "OCRP",
       .scope = kSession,
       .ack = kImmediate,
       .must = AvpSet::Of(kAssignedSessionId),
       .may = AvpSet::Of(kPhysicalChannelId, kVpiVci, kSessionDs),
       .tolerated = AvpSet(),
       .section = "6.10"},
      {.type = MessageType::kOccn,
       .name = "OCCN",
       .scope = kSession,
       .ack = kImmediate,
       .must = AvpSet::Of(kTxConnectSpeed, kFramingType),
       .may = AvpSet::Of(kRxConnectSpeed, kSequencingRequired, kLcpWantOptions, kLcpAllowOptions),
       .tolerated = AvpSet::Of(kFramingType),
       .section = "6.11"},
      {.type = MessageType::kCdn,
       .name = "CDN",
       .scope = kSession,
       .ack = kImmediate,
       .must = AvpSet::Of(kResultCode, kAssignedSessionId),
       .may = AvpSet::Of(kQ931CauseCode, kPppDisconnectCause),
       .tolerated = AvpSet::Of(kResultCode, kAssignedSessionId),
       .section = "6.12"},
      {.type = MessageType::kWen,
       .name = "WEN",
       .scope = kSession,
       .ack = kImmediate,
       .must = AvpSet::Of(kCallErrors),
       .may = AvpSet(),
       .tolerated = AvpSet::Of(kCallErrors),
       .section = "6.13"},
      {.type = MessageType::kSli,
       .name = "SLI",
       .scope = kSession,
       .ack = kImmediate,
       .must = AvpSet::Of(kAccm),
       .may = AvpSet::Of(kLnsLastSentConfReq, kLnsLastReceivedConfReq),
       .tolerated = AvpSet::Of(kAccm),
       .section = "6.14"},
      {.type = MessageType::kMdmst,
       .name = "MDMST",
       .scope = kSession,
       .ack = kImmediate,
       .must = AvpSet::Of(kModemOnHoldStatus),
       .may = AvpSet(),
       .tolerated = AvpSet::Of(kModemOnHoldStatus),
       .section = "RFC 3573 3.1",
       .mandatory = false},
      {.type = MessageType::kCsun,
       .name = "CSUN",
       .scope = kTunnel,
       .ack = kImmediate,
       .must = AvpSet::Of(kConnectSpeedUpdate),
       .may = AvpSet(),
       .tolerated = AvpSet::Of(kConnectSpeedUpdate),
       .section = "RFC 5515 4.1",
       .mandatory = false},
      {.type = MessageType::kCsurq,
       .name = "CSURQ",
       .scope = kTunnel,
       .ack = kImmediate,
       .must = AvpSet::Of(kConnectSpeedUpdate),
       .may = AvpSet(),
       .tolerated = AvpSet::Of(kConnectSpeedUpdate),
       .section = "RFC 5515 4.2",
       .mandatory = false},
  });
}();

constexpr const MessageRow* FindMessage(uint16_t type) {
  for (const MessageRow& row : kMessageTable) {
    if (static_cast<uint16_t>(row.type) == type) return &row;
  }
  return nullptr;
}
constexpr const MessageRow& RowOf(MessageType type) {
  return *FindMessage(static_cast<uint16_t>(type));
}
constexpr const char* ToString(MessageType type) { return RowOf(type).name; }

}  // namespace lns::l2tp
