// What an L2TP engine asks its owner to do. Engines append, in order; the owner carries the actions
// out in that order after the call returns and never calls back into the engine while it runs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

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
};

// A whole control message (header first) for the tunnel's peer: one UDP payload.
struct SendDatagram {
  Bytes bytes;
};

// The control connection reached `established` (RFC 2661 7.2.1).
struct TunnelEstablished {};

// The control connection left `established` or never reached it: no session of it exists any more
// (a SessionClosed precedes this for each). The tunnel object must be kept, and fed, until
// TunnelReleased: it acknowledges retransmissions (RFC 2661 5.7).
struct TunnelClosed {
  ResultCode result;
  bool by_peer = false;    // a StopCCN arrived
  bool timed_out = false;  // retransmissions were exhausted
};

// The retention time after the close is over: destroy the object, the id may rest and be reused.
struct TunnelReleased {};

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
};

// LNS: an ICRQ arrived. The owner must answer, now or later, with Tunnel::AcceptCall or
// Tunnel::RejectCall for this peer session id.
struct IncomingCall {
  PeerSessionId peer_session_id;
  CallInfo info;
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
};

// Something to count: names for people are in lib/l2tp/event.def, one row each.
enum class L2tpEvent : uint8_t;
struct CountEvent {
  L2tpEvent event;
};

using Action = std::variant<SendDatagram, TunnelEstablished, TunnelClosed, TunnelReleased,
                            IncomingCall, SessionEstablished, SessionClosed, CountEvent>;
using Actions = std::vector<Action>;

}  // namespace lns::l2tp
