// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/tunnel.h"

#include "lib/l2tp/avp.h"
#include "lib/l2tp/control_connection.h"
#include "lib/l2tp/message.h"

namespace lns::l2tp {

const char* ToString(TunnelState state) {
  switch (state) {
    case TunnelState::kIdle:
      return "idle";
    case TunnelState::kWaitCtlReply:
      return "wait-ctl-reply";
    case TunnelState::kWaitCtlConn:
      return "wait-ctl-conn";
    case TunnelState::kEstablished:
      return "established";
    case TunnelState::kClosing:
      return "closing";
    case TunnelState::kRetained:
      return "retained";
  }
  return "?";
}

const char* ToString(TunnelEnd end) {
  switch (end) {
    case TunnelEnd::kLocal:
      return "closed here";
    case TunnelEnd::kPeer:
      return "closed by the peer";
    case TunnelEnd::kProtocol:
      return "protocol error";
    case TunnelEnd::kSetupTimeout:
      return "set-up timeout";
    case TunnelEnd::kUnreachable:
      return "peer unreachable";
    case TunnelEnd::kHelloUnanswered:
      return "HELLO unanswered";
    case TunnelEnd::kUnacknowledged:
      return "control message unacknowledged";
    case TunnelEnd::kTieLost:
      return "tie lost";
  }
  return "?";
}

TieVerdict BreakTie(std::optional<uint64_t> ours, std::optional<uint64_t> theirs) {
  if (!ours && !theirs) return TieVerdict::kKeepBoth;
  if (!theirs) return TieVerdict::kKeepOurs;
  if (!ours) return TieVerdict::kKeepTheirs;
  if (*ours == *theirs) return TieVerdict::kDropBoth;
  return *ours < *theirs ? TieVerdict::kKeepOurs : TieVerdict::kKeepTheirs;
}

const char* ToString(SessionState state) {
  switch (state) {
    case SessionState::kIdle:
      return "idle";
    case SessionState::kWaitAnswer:
      return "wait-answer";
    case SessionState::kWaitReply:
      return "wait-reply";
    case SessionState::kWaitConnect:
      return "wait-connect";
    case SessionState::kWaitCsAnswer:
      return "wait-cs-answer";
    case SessionState::kEstablished:
      return "established";
  }
  return "?";
}

namespace {
bool HasHiddenTunnelId(ByteView avps) {
  AvpReader reader(avps);
  Avp avp;
  while (reader.Next(avp)) {
    if (avp.vendor == kVendorIetf && avp.hidden &&
        avp.type == static_cast<uint16_t>(AvpType::kAssignedTunnelId)) {
      return true;
    }
  }
  return false;
}
}  // namespace

Result<SccrqInfo, SccrqError> PeekSccrq(ByteView datagram, std::string_view secret) {
  Header header;
  if (ParseHeader(datagram, header) != HeaderError::kNone || !header.control ||
      header.tunnel_id != 0 || header.payload_length() == 0) {
    return Failure(SccrqError::kNotSccrq);
  }
  const ByteView avps = datagram.subspan(header.payload_offset, header.payload_length());
  DecodedMessage decoded = DecodeMessage(avps, secret);
  Message& message = decoded.message;
  if (!decoded.type_known || message.type != MessageType::kSccrq) {
    return Failure(SccrqError::kNotSccrq);
  }
  const bool hidden_id = HasHiddenTunnelId(avps);
  const bool has_id =
      message.Has(AvpType::kAssignedTunnelId) ? message.assigned_tunnel_id != 0 : hidden_id;
  if (!message.Has(AvpType::kHostName) || !has_id) return Failure(SccrqError::kMalformed);
  SccrqInfo info{.peer_tunnel_id = PeerTunnelId(message.assigned_tunnel_id),
                 .host_name = std::move(message.host_name),
                 .vendor_name = std::move(message.vendor_name),
                 .hidden_tunnel_id = hidden_id};
  if (message.Has(AvpType::kTieBreaker)) info.tie_breaker = message.tie_breaker;
  return info;
}

std::unique_ptr<Tunnel> Tunnel::Accept(const TunnelSettings& settings, LocalTunnelId local_id,
                                       ByteView sccrq, Rng& rng, Instant now, Actions& out) {
  auto tunnel =
      std::make_unique<ControlConnection>(settings, local_id, /*opened_here=*/false, rng, now);
  tunnel->StartAccept(sccrq, nullptr, now, out);
  return tunnel;
}

std::unique_ptr<Tunnel> Tunnel::Refuse(const TunnelSettings& settings, LocalTunnelId local_id,
                                       ByteView sccrq, const ResultCode& result, Rng& rng,
                                       Instant now, Actions& out) {
  auto tunnel =
      std::make_unique<ControlConnection>(settings, local_id, /*opened_here=*/false, rng, now);
  tunnel->StartAccept(sccrq, &result, now, out);
  return tunnel;
}

std::unique_ptr<Tunnel> Tunnel::Open(const TunnelSettings& settings, LocalTunnelId local_id,
                                     Rng& rng, Instant now, Actions& out) {
  auto tunnel =
      std::make_unique<ControlConnection>(settings, local_id, /*opened_here=*/true, rng, now);
  tunnel->StartOpen(now, out);
  return tunnel;
}

}  // namespace lns::l2tp
