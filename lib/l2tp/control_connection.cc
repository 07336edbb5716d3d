// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/control_connection.h"

#include <algorithm>
#include <utility>

#include "lib/l2tp/event.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/result_code.h"

namespace lns::l2tp {
namespace {

// A call has at most this many messages of ours at a time: to ask for or answer it, to tell of it,
// to end it.
constexpr size_t kMessagesPerCall = 3;
// The tunnel's own, and refusals: a peer with a small window may ask faster than it can be refused.
constexpr size_t kSpareMessages = 16'384;

ChannelSettings ChannelSettingsOf(const TunnelSettings& settings) {
  return {.initial_ns = settings.initial_ns,
          .initial_nr = settings.initial_nr,
          .receive_window = settings.receive_window,
          .retransmit_initial = settings.retransmit_initial,
          .retransmit_cap = settings.retransmit_cap,
          .max_retransmits = settings.max_retransmits,
          .ack_delay = settings.ack_delay,
          .max_queued = kMessagesPerCall * settings.max_sessions + kSpareMessages};
}

}  // namespace

ControlConnection::ControlConnection(const TunnelSettings& settings, LocalTunnelId local_id,
                                     bool opened_here, Rng& rng, Instant now)
    : settings_(settings),
      local_id_(local_id),
      opened_here_(opened_here),
      rng_(rng),
      channel_(ChannelSettingsOf(settings)),
      last_heard_(now) {}

void ControlConnection::OnDatagram(ByteView datagram, Instant now, Actions& out) {
  Header header;
  const HeaderError error = ParseHeader(datagram, header);
  if (error != HeaderError::kNone) {
    out.emplace_back(CountEvent{EventOf(error)});
    return;
  }
  if (!header.control) {
    out.emplace_back(CountEvent{L2tpEvent::kNotControl});
    return;
  }
  if (state_ == TunnelState::kIdle || !IsForThisTunnel(header)) {
    out.emplace_back(CountEvent{L2tpEvent::kWrongTunnelId});
    return;
  }
  last_heard_ = now;
  datagram = datagram.first(header.end);
  switch (channel_.OnReceive(header, datagram, out)) {
    case ReliableChannel::Arrival::kDeliver:
      OnMessage(datagram, now, out);
      while (const std::optional<Bytes> kept = channel_.TakeNextInOrder()) {
        OnMessage(*kept, now, out);
      }
      break;
    case ReliableChannel::Arrival::kDuplicate:
      // The peer asks again because it has not heard our SCCRP.
      if (state_ == TunnelState::kWaitCtlConn) channel_.ResendOldest(out);
      break;
    case ReliableChannel::Arrival::kAck:
    case ReliableChannel::Arrival::kQueued:
    case ReliableChannel::Arrival::kOutOfWindow:
      break;
  }
  Finish(now, out);
}

// Tunnel id 0 is right for one message only: an SCCRQ sent again before the peer heard of our id.
bool ControlConnection::IsForThisTunnel(const Header& header) const {
  if (header.tunnel_id == local_id_.value()) return true;
  return header.tunnel_id == 0 &&
         (channel_.IsDuplicate(header.ns) || settings_.tolerate.zero_tunnel_id);
}

// `datagram` has passed ParseHeader, and is the next in order.
void ControlConnection::OnMessage(ByteView datagram, Instant now, Actions& out) {
  Header header;
  if (ParseHeader(datagram, header) != HeaderError::kNone) return;
  const DecodedMessage decoded =
      DecodeMessage(datagram.subspan(header.payload_offset, header.payload_length()),
                    settings_.secret, settings_.tolerate);
  decoded.events.Count(out);
  channel_.RequestAck(decoded.type_known ? RowOf(decoded.message.type).ack : AckUrgency::kImmediate,
                      now);
  if (decoded.verdict != Verdict::kIgnore) Dispatch(header, decoded, now, out);
}

void ControlConnection::Dispatch(const Header& header, const DecodedMessage& decoded, Instant now,
                                 Actions& out) {
  const bool closed = state_ == TunnelState::kClosing || state_ == TunnelState::kRetained;
  const bool obeyed_when_closed =
      decoded.type_known && (decoded.message.type == MessageType::kStopCcn ||
                             decoded.message.type == MessageType::kSccrp);
  if (closed && !obeyed_when_closed) {
    out.emplace_back(CountEvent{L2tpEvent::kTunnelClosedMessage});
  } else if (!decoded.type_known) {
    StepTunnel(TunnelEvent::kLocalClose, {.result = decoded.rejection}, now, out);
  } else if (decoded.scope == MessageScope::kTunnel) {
    OnTunnelMessage(decoded, now, out);
  } else if (state_ == TunnelState::kEstablished) {
    OnSessionMessage(header, decoded, now, out);
  } else {
    out.emplace_back(CountEvent{L2tpEvent::kTunnelNotReady});
  }
}

void ControlConnection::OnTimer(Instant now, Actions& out) {
  if (!channel_.OnTimer(now, out)) {
    StepTunnel(TunnelEvent::kChannelDead, NoAnswer(), now, out);
  }
  if (state_deadline_ <= now) {
    const bool setting_up =
        state_ == TunnelState::kWaitCtlReply || state_ == TunnelState::kWaitCtlConn;
    if (setting_up) out.emplace_back(CountEvent{L2tpEvent::kTunnelSetupTimeout});
    StepTunnel(setting_up ? TunnelEvent::kSetupTimeout : TunnelEvent::kRetentionOver,
               {.result = MakeResult(StopCcnResult::kGeneralRequest,
                                     "the control connection was not completed in time"),
                .end = TunnelEnd::kSetupTimeout},
               now, out);
  }
  while (const std::optional<Slot> slot = sessions_.TakeExpired(now)) {
    out.emplace_back(CountEvent{L2tpEvent::kSessionSetupTimeout});
    StepSession(*slot, SessionEvent::kTimeout,
                {.result = MakeResult(CdnResult::kTimeout, "the call was not completed in time")},
                now, out);
  }
  if (ShouldSendHello() && last_heard_ + settings_.hello_interval <= now) {
    Send({.type = MessageType::kHello}, PeerSessionId(), ReliableChannel::Place::kNext);
  }
  Finish(now, out);
}

Instant ControlConnection::NextDeadline() const {
  if (state_ == TunnelState::kIdle) return Instant::Never();
  Instant next = std::min({channel_.NextDeadline(), state_deadline_, sessions_.NextDeadline()});
  if (ShouldSendHello()) next = std::min(next, last_heard_ + settings_.hello_interval);
  return next;
}

// Never while a message is unacknowledged: its retransmissions ask the same question.
bool ControlConnection::ShouldSendHello() const {
  return state_ == TunnelState::kEstablished && settings_.hello_interval > Duration() &&
         channel_.idle();
}

void ControlConnection::Close(const ResultCode& result, Instant now, Actions& out) {
  StepTunnel(TunnelEvent::kLocalClose, {.result = result, .end = TunnelEnd::kLocal}, now, out);
  Finish(now, out);
}

void ControlConnection::Discard(Instant now, Actions& out) {
  StepTunnel(TunnelEvent::kTieLost,
             {.result = MakeResult(StopCcnResult::kAlreadyExists,
                                   "the peer's tunnel of a simultaneous open is kept"),
              .end = TunnelEnd::kTieLost},
             now, out);
}

// The peer did not acknowledge our oldest message, however often it was sent.
ControlConnection::TunnelInput ControlConnection::NoAnswer() const {
  const MessageType type = TypeOf(channel_.oldest());
  return {.result = MakeResult(StopCcnResult::kGeneralRequest,
                               std::string("the peer does not answer: ") + ToString(type) +
                                   " was never acknowledged"),
          .end = state_ != TunnelState::kEstablished ? TunnelEnd::kUnreachable
                 : type == MessageType::kHello       ? TunnelEnd::kHelloUnanswered
                                                     : TunnelEnd::kUnacknowledged};
}

void ControlConnection::Finish(Instant now, Actions& out) {
  if (channel_.overflowed()) {
    out.emplace_back(CountEvent{L2tpEvent::kSendQueueFull});
    StepTunnel(TunnelEvent::kLocalClose,
               {.result = MakeError(GeneralError::kResources, "too many unacknowledged messages"),
                .end = TunnelEnd::kUnacknowledged},
               now, out);
  }
  if (state_ == TunnelState::kClosing && channel_.idle()) {
    StepTunnel(TunnelEvent::kStopCcnAcked, {}, now, out);
  }
  if (state_ != TunnelState::kIdle) channel_.Flush(now, out);
  ReportOpened(out);
}

void ControlConnection::Send(const Message& message, PeerSessionId session,
                             ReliableChannel::Place place) {
  const Hiding hiding{.secret = settings_.secret, .rng = rng_};
  const bool hide = settings_.hide_avps && !settings_.secret.empty();
  channel_.Enqueue(EncodeMessage(message, peer_id_, session, hide ? &hiding : nullptr), place);
}

// How long a message is sent again before the peer is given up (RFC 2661 5.7, 5.8).
Duration ControlConnection::RetransmissionCycle() const {
  Duration cycle;
  Duration interval = settings_.retransmit_initial;
  for (int i = 0; i <= settings_.max_retransmits; ++i) {
    cycle = cycle + interval;
    interval = std::min(interval * 2, settings_.retransmit_cap);
  }
  return cycle;
}

std::optional<SessionState> ControlConnection::session_state(LocalSessionId session) const {
  const std::optional<Slot> slot = sessions_.Find(session);
  if (!slot) return std::nullopt;
  return sessions_.at(*slot).state;
}

}  // namespace lns::l2tp
