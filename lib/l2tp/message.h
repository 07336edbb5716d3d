// Control messages as values (RFC 2661 6): decoded from the AVPs of a datagram, judged by
// avp_table.h and message_table.h, and encoded into one. A decoded message says what should become
// of it (accept, ignore, reject with which code); whether the state machine wants it is
// control_connection.cc's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/avp_table.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/ids.h"
#include "lib/l2tp/message_table.h"
#include "lib/l2tp/tolerance.h"

namespace lns::l2tp {

struct AccmMasks {
  uint32_t send = 0;
  uint32_t receive = 0;
};

// RFC 3573: the subscriber's modem went on hold, for at most `timeout` (a V.92 code), or came back.
struct ModemOnHold {
  bool on_hold = false;
  uint8_t timeout = 0;
};

// RFC 5515 6.1, one session of a CSUN; in a CSURQ both speeds are 0. The id is the receiver's.
struct SpeedUpdate {
  uint16_t session_id = 0;
  uint32_t tx_bps = 0;  // as the LAC sees it: to the subscriber
  uint32_t rx_bps = 0;

  bool operator==(const SpeedUpdate&) const = default;
};
inline constexpr size_t kMaxSpeedUpdates = 1024;  // of one message, what exceeds it is ignored

// Every field some message has. Which of them this one has is `present`; the others are defaults.
struct Message {
  MessageType type = MessageType::kHello;
  AvpSet present;

  uint16_t protocol_version = 0;
  uint32_t framing_capabilities = 0;
  uint32_t bearer_capabilities = 0;
  uint64_t tie_breaker = 0;
  uint16_t firmware_revision = 0;
  std::string host_name;
  std::string vendor_name;
  uint16_t assigned_tunnel_id = 0;
  uint16_t receive_window = 0;
  Bytes challenge;
  std::array<uint8_t, 16> challenge_response{};
  uint16_t assigned_session_id = 0;
  uint32_t minimum_bps = 0;
  uint32_t maximum_bps = 0;
  ResultCode result;
  Q931Cause q931_cause;
  PppDisconnectCause ppp_cause;
  CallErrors call_errors;
  AccmMasks accm;
  Bytes lns_last_sent_confreq;
  Bytes lns_last_received_confreq;
  std::optional<uint8_t> control_dscp;
  bool modem_on_hold_capable = false;
  ModemOnHold modem_on_hold;
  std::vector<SpeedUpdate> speed_updates;
  CallInfo call;

  bool Has(AvpType avp) const { return present.Has(avp); }
};

// Keeps an AVP this library does not know; false where the bounds of a call's are reached.
bool AddVendorAvp(VendorAvp avp, CallInfo& call);

// Adds to `present` each AVP a message of its type may have and whose field says something: is not
// empty, zero or false.
void AddWhatIsSet(Message& message);

inline constexpr uint16_t kProtocolVersion1 = 0x0100;  // version 1, revision 0

enum class Verdict : uint8_t {
  kAccept,
  kIgnore,  // an unknown message without the M bit: acknowledged, nothing else
  kReject,  // `rejection` says why; kTunnel scope: StopCCN, kSession scope: CDN
};

struct DecodedMessage {
  // Its type, and whatever could be read, also when rejected.
  Message message;
  bool type_known = false;
  Verdict verdict = Verdict::kAccept;
  MessageScope scope = MessageScope::kTunnel;
  ResultCode rejection;
  EventSet events;
};

// `avps` are those of one control message, at least one (a ZLB has none). `secret` unhides; empty:
// none is known.
DecodedMessage DecodeMessage(ByteView avps, std::string_view secret,
                             const Tolerance& tolerate = {});

// The secret to hide with, and where vectors and padding come from.
struct Hiding {
  std::string_view secret;
  Rng& rng;
};

// A whole control message for the peer's ids, Ns and Nr still zero (the reliable channel fills them
// in). `hiding` null: everything in the clear. Values longer than an AVP can carry are cut.
Bytes EncodeMessage(const Message& message, PeerTunnelId tunnel, PeerSessionId session,
                    const Hiding* hiding);
// The type of a message EncodeMessage made.
MessageType TypeOf(ByteView encoded);

}  // namespace lns::l2tp
