// What an L2TP engine asks its owner to do. Engines append, in order; the owner carries the actions
// out in that order after the call returns and never calls back into the engine while it runs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/l2tp/ids.h"

namespace lns::l2tp {

// Result Code AVP (RFC 2661 4.4.2), in a StopCCN or CDN. error is 0 when absent.
struct ResultCode {
  uint16_t result = 0;
  uint16_t error = 0;
  std::string message;
  // As received: other than `result` and `error` where a peer wrote them in the wrong byte order.
  uint16_t raw_result = 0;
  uint16_t raw_error = 0;
};

// PPP Disconnect Cause Code AVP (RFC 3145), in a CDN.
struct PppDisconnectCause {
  uint16_t code = 0;
  uint16_t protocol = 0;  // the PPP protocol it concerns, 0: none in particular
  uint8_t direction = 0;  // 0 global, 1 at the peer, 2 local
  std::string message;

  bool operator==(const PppDisconnectCause&) const = default;
};

// Q.931 Cause Code AVP (RFC 2661 4.4.4), in a CDN of a call over ISDN.
struct Q931Cause {
  uint16_t cause = 0;
  uint8_t message = 0;
  std::string advisory;

  bool operator==(const Q931Cause&) const = default;
};

// A whole control message (header first) for the tunnel's peer: one UDP payload.
struct SendDatagram {
  Bytes bytes;
};

// The control connection reached `established` (RFC 2661 7.2.1).
struct TunnelEstablished {};

// Why a control connection ended.
enum class TunnelEnd : uint8_t {
  kLocal,            // the owner closed it
  kPeer,             // a StopCCN arrived
  kProtocol,         // the peer sent what ends a tunnel, or was not let in; `result` says which
  kSetupTimeout,     // the peer acknowledges but does not complete the set-up
  kUnreachable,      // a message of the set-up was never acknowledged: nobody is there
  kHelloUnanswered,  // it was up, fell silent, and did not acknowledge a HELLO
  kUnacknowledged,   // it was up, and did not acknowledge another message
  kTieLost,          // the peer's tunnel of a simultaneous open is kept instead
};
const char* ToString(TunnelEnd end);

// The control connection left `established` or never reached it: no session of it exists any more
// (a SessionClosed precedes this for each). The tunnel object must be kept, and fed, until
// TunnelReleased: it acknowledges retransmissions (RFC 2661 5.7).
struct TunnelClosed {
  ResultCode result;
  bool by_peer = false;    // a StopCCN arrived
  bool timed_out = false;  // retransmissions were exhausted
  TunnelEnd end = TunnelEnd::kLocal;
};

// The retention time after the close is over: destroy the object, the id may rest and be reused.
struct TunnelReleased {};

// The subscriber's line as its access node described it to the LAC (RFC 5515, AVPs of the Broadband
// Forum's vendor id). Each value is there only if the LAC gave it.
struct AccessLine {
  std::string circuit_id;
  std::string remote_id;
  std::optional<uint64_t> actual_rate_up_bps;
  std::optional<uint64_t> actual_rate_down_bps;
  std::optional<uint64_t> minimum_rate_up_bps;
  std::optional<uint64_t> minimum_rate_down_bps;
  std::optional<uint64_t> attainable_rate_up_bps;
  std::optional<uint64_t> attainable_rate_down_bps;
  std::optional<uint64_t> maximum_rate_up_bps;
  std::optional<uint64_t> maximum_rate_down_bps;
  std::optional<uint64_t> minimum_low_power_rate_up_bps;
  std::optional<uint64_t> minimum_low_power_rate_down_bps;
  std::optional<uint32_t> maximum_interleaving_delay_up_ms;
  std::optional<uint32_t> actual_interleaving_delay_up_ms;
  std::optional<uint32_t> maximum_interleaving_delay_down_ms;
  std::optional<uint32_t> actual_interleaving_delay_down_ms;
  std::optional<uint32_t> loop_encapsulation;  // three bytes: data link, encapsulations 1 and 2
  std::optional<uint32_t> line_type;           // DSL transmission system
  std::optional<bool> iwf_session;             // PPPoA turned into PPPoE on the way

  bool operator==(const AccessLine&) const = default;
};

// An AVP this library does not know, as it came (unhidden where it was hidden).
struct VendorAvp {
  uint16_t vendor = 0;
  uint16_t type = 0;
  Bytes value;

  bool operator==(const VendorAvp&) const = default;
};
// Of one message; what is beyond either bound is ignored and counted.
inline constexpr size_t kMaxVendorAvps = 16;
inline constexpr size_t kMaxVendorAvpBytes = 1024;

// What an incoming call says of itself (ICRQ and ICCN AVPs, RFC 2661 6.6 and 6.8).
struct CallInfo {
  uint32_t call_serial_number = 0;
  std::string called_number;
  std::string calling_number;
  std::string sub_address;
  uint32_t bearer_type = 0;
  uint32_t framing_type = 0;
  uint32_t tx_connect_speed_bps = 0;
  uint32_t rx_connect_speed_bps = 0;
  std::optional<uint32_t> physical_channel_id;
  Bytes private_group_id;
  bool sequencing_required = false;
  // Proxy LCP and proxy authentication (RFC 2661 4.4.5); empty where absent.
  Bytes initial_received_confreq;
  Bytes last_sent_confreq;
  Bytes last_received_confreq;
  std::optional<uint16_t> proxy_authen_type;
  std::string proxy_authen_name;
  Bytes proxy_authen_challenge;
  std::optional<uint16_t> proxy_authen_id;
  Bytes proxy_authen_response;

  // RFC 5515. `connect_speed_updates`: the LAC will send CSUN when the line's speed changes.
  AccessLine access_line;
  bool connect_speed_updates = false;
  // RFC 3437: LCP options as in a Configure-Request; empty where absent.
  Bytes lcp_want_options;
  Bytes lcp_allow_options;
  // RFC 3308: the DSCP of the per-hop behaviour asked for the session's data packets.
  std::optional<uint8_t> session_dscp;
  // RFC 3301, of calls from ATM access networks.
  std::optional<uint32_t> rx_minimum_bps;
  std::optional<uint32_t> rx_maximum_bps;
  std::optional<uint16_t> service_category;  // bit 0: real time
  std::string service_name;
  Bytes calling_sub_address;        // NSAP
  std::optional<uint32_t> vpi_vci;  // VPI in bits 16 to 27, VCI in 0 to 15
  // Unknown AVPs without the M bit, for those who know the vendor.
  std::vector<VendorAvp> vendor_avps;
};

// LNS: an ICRQ arrived. The owner must answer, now or later, with Tunnel::AcceptCall or
// Tunnel::RejectCall for this peer session id.
struct IncomingCall {
  PeerSessionId peer_session_id;
  CallInfo info;
};

// LAC: an OCRQ arrived, and TunnelSettings::accept_outgoing_calls is set. The owner must answer,
// now or later, with Tunnel::AcceptOutgoingCall or Tunnel::RejectCall for this peer session id.
struct OutgoingCallInfo {
  uint32_t call_serial_number = 0;
  uint32_t minimum_bps = 0;
  uint32_t maximum_bps = 0;
  uint32_t bearer_type = 0;
  uint32_t framing_type = 0;
  std::string called_number;
  std::string sub_address;
};
struct OutgoingCallRequested {
  PeerSessionId peer_session_id;
  OutgoingCallInfo info;
};

// The call reached `established`: LNS when the ICCN arrives (info carries both messages), before
// the SendDatagram that acknowledges it; LAC when the ICCN is sent for the first time, which a full
// window can put off, after its SendDatagram.
struct SessionEstablished {
  LocalSessionId local_session_id;
  PeerSessionId peer_session_id;
  CallInfo info;
};

// The session is gone, from whatever state it was in (also one whose IncomingCall was not answered
// yet: local_session_id is then 0).
struct SessionClosed {
  LocalSessionId local_session_id;
  PeerSessionId peer_session_id;
  ResultCode result;
  bool by_peer = false;
  // Of the peer's CDN, where it says.
  std::optional<PppDisconnectCause> ppp_cause = {};
  std::optional<Q931Cause> q931_cause = {};
};

// LNS: a WEN, the LAC's counts of errors on the subscriber's line since the call began (RFC 2661
// 6.13). Only ever informs.
struct CallErrors {
  uint32_t crc_errors = 0;
  uint32_t framing_errors = 0;
  uint32_t hardware_overruns = 0;
  uint32_t buffer_overruns = 0;
  uint32_t timeout_errors = 0;
  uint32_t alignment_errors = 0;

  bool operator==(const CallErrors&) const = default;
};
struct WanErrors {
  LocalSessionId local_session_id;
  CallErrors counts;
};

// What LCP agreed on, for the LAC to know: an SLI (RFC 2661 6.14), received by a LAC or, by
// Tunnel::SendLinkInfo, sent by an LNS. The options are RFC 3437's; empty where absent.
struct LinkInfo {
  LocalSessionId local_session_id;
  uint32_t send_accm = 0xffffffff;
  uint32_t receive_accm = 0xffffffff;
  Bytes last_sent_confreq = {};
  Bytes last_received_confreq = {};
};

// LNS: the LAC tells new speeds of a subscriber's line (CSUN, RFC 5515).
struct AccessLineUpdate {
  LocalSessionId local_session_id;
  uint64_t tx_bps = 0;
  uint64_t rx_bps = 0;
};

// Something to count: names for people are in lib/l2tp/event.def, one row each.
enum class L2tpEvent : uint8_t;
struct CountEvent {
  L2tpEvent event;
};

using Action = std::variant<SendDatagram, TunnelEstablished, TunnelClosed, TunnelReleased,
                            IncomingCall, OutgoingCallRequested, SessionEstablished, SessionClosed,
                            WanErrors, LinkInfo, AccessLineUpdate, CountEvent>;
using Actions = std::vector<Action>;

}  // namespace lns::l2tp
