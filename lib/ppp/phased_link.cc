// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/phased_link.h"

#include <algorithm>
#include <optional>

#include "lib/base/check.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/proxied.h"

namespace lns::ppp {

void PhasedLink::Start(Instant now, LinkActions& out) {
  if (over_ || phase_ != LinkPhase::kDead) return;
  phase_ = LinkPhase::kEstablish;
  phase_deadline_ = EstablishDeadline(now);
  OptionOutputs outputs;
  lcp_fsm_.Open(now, outputs);
  lcp_fsm_.Up(now, outputs);
  Carry(outputs, LinkDownCause::kNone, now, out);
}

// RFC 2661 4.4.5: to negotiate is always allowed, to take over what the LAC negotiated only where
// it is what we would have agreed on.
void PhasedLink::StartProxied(const ProxiedLcp& proxied, Instant now, LinkActions& out) {
  LNS_CHECK(server());
  if (over_ || phase_ != LinkPhase::kDead) return;
  const Renegotiate policy = settings_.proxy.renegotiate;
  const bool absent = proxied.last_sent.empty() && proxied.last_received.empty();
  if (policy == Renegotiate::kAlways || (absent && policy == Renegotiate::kOnMismatch)) {
    return Start(now, out);
  }
  if (!absent && lcp_.Adopt(proxied.last_sent, proxied.last_received, IsTextLogin(proxied))) {
    Count(PppEvent::kProxyAdopted, out);
    OptionOutputs outputs;
    lcp_fsm_.Open(now, outputs);
    lcp_fsm_.Adopt(static_cast<uint8_t>(rng_.Next()));
    lcp_heard_ = true;
    return OnLcpUp(&proxied, now, out);
  }
  if (!absent) Count(PppEvent::kProxyRefused, out);
  if (policy == Renegotiate::kOnMismatch) return Start(now, out);
  Finish(LinkDownCause::kProxyRequired, out);
}

void PhasedLink::SetInterfaceOptions(ByteView want, ByteView allow) {
  if (!over_ && phase_ == LinkPhase::kDead) lcp_.SetInterfaceOptions(want, allow);
}

void PhasedLink::OnFrame(ByteView frame, Instant now, LinkActions& out) {
  if (phase_ == LinkPhase::kDead) return;
  const FrameHeader header = ParseFrameHeader(frame);
  if (!header.ok()) return Count(PppEvent::kFrameTruncated, out);
  const ByteView information = frame.subspan(header.length);
  if (header.protocol == kProtocolLcp) return OnLcpFrame(information, now, out);
  echo_.OnSignOfLife();
  if (IsNetworkData(header.protocol) &&
      (header.protocol == kProtocolIpv4 || header.protocol == kProtocolIpv6)) {
    return Count(PppEvent::kNetworkFrame, out);
  }
  const bool auth = header.protocol == kProtocolPap || header.protocol == kProtocolChap;
  // RFC 1661 3.4 to 3.7: what does not belong to the phase is silently discarded, so that the early
  // frames of a peer that is ahead of us harm nothing; it repeats them.
  if (phase_ == LinkPhase::kAuthenticate && auth) {
    return OnAuthFrame(header.protocol, information, now, out);
  }
  if (phase_ != LinkPhase::kNetwork) return Count(PppEvent::kOutOfPhase, out);
  if (auth) return OnAuthFrame(header.protocol, information, now, out);
  if (network_.Uses(header.protocol)) {
    return OnNcpFrame(header.protocol, information, now, out);
  }
  if (!MayReject(now)) return Count(PppEvent::kRejectSuppressed, out);
  RejectProtocol(header, frame, lcp_, lcp_fsm_, out);
}

bool PhasedLink::MayReject(Instant now) {
  if (now - second_ >= Duration::Seconds(1)) {
    second_ = now;
    rejects_ = 0;
  }
  if (rejects_ >= kMaxRejectsPerSecond) return false;
  ++rejects_;
  return true;
}

void PhasedLink::CountRenegotiation(Instant now) {
  if (now - minute_ >= Duration::Seconds(60)) {
    minute_ = now;
    renegotiations_ = 0;
  }
  ++renegotiations_;
}

void PhasedLink::OnLcpFrame(ByteView information, Instant now, LinkActions& out) {
  const auto parsed = ParseControlPacket(information);
  if (!parsed.ok()) return Count(PppEvent::kControlMalformed, out);
  const ControlPacket& packet = *parsed;
  lcp_heard_ = true;
  if (packet.code != kEchoReply) echo_.OnSignOfLife();
  switch (packet.code) {
    case kProtocolReject:
      return OnProtocolReject(packet, now, out);
    case kEchoRequest:
    case kEchoReply:
    case kDiscardRequest:
      return echo_.OnPacket(packet, lcp_, lcp_fsm_, now, out);
    case kIdentification:  // RFC 1570 2.1 and 2.2: for information only
    case kTimeRemaining:
      return;
    default:
      break;
  }
  LinkDownCause reason = LinkDownCause::kLcpRefused;
  if (packet.code == kTerminateRequest) {
    reason = LinkDownCause::kTerminatedByPeer;
    terminate_seen_ = true;
    if (phase_ != LinkPhase::kTerminate && !packet.data.empty()) {
      message_ = std::make_unique<std::string>(PrintableText(packet.data));
    }
  }
  if (packet.code == kConfigureRequest) terminate_seen_ = false;
  OptionOutputs outputs;
  lcp_fsm_.OnPacket(packet, now, outputs);
  Carry(outputs, reason, now, out);
  if (phase_ == LinkPhase::kEstablish && renegotiations_ > kMaxRenegotiationsPerMinute) {
    return CloseWith(LinkDownCause::kLcpRefused, "LCP renegotiated without end", now, out);
  }
  // Closed by the negotiation itself.
  if (lcp_.refusal() != LinkDownCause::kNone && phase_ == LinkPhase::kEstablish) {
    Blame(lcp_.refusal());
    phase_ = LinkPhase::kTerminate;
    phase_deadline_ = Instant::Never();
  }
}

// RFC 1661 5.7: counts only while LCP is Opened; the protocol named must not be sent any more.
void PhasedLink::OnProtocolReject(const ControlPacket& packet, Instant now, LinkActions& out) {
  if (!lcp_fsm_.opened()) return Count(PppEvent::kOutOfPhase, out);
  if (packet.data.size() < 2) return Count(PppEvent::kControlMalformed, out);
  Count(PppEvent::kProtocolRejected, out);
  const uint16_t protocol = LoadBe16(packet.data.data());
  switch (protocol) {
    case kProtocolLcp: {
      OptionOutputs outputs;
      lcp_fsm_.OnProtocolReject(now, outputs);
      return Carry(outputs, LinkDownCause::kLcpRefused, now, out);
    }
    case kProtocolPap:
    case kProtocolChap:
      // Agreed on, then refused: there is no other way to authenticate now.
      if (phase_ == LinkPhase::kAuthenticate) {
        CloseWith(LinkDownCause::kAuthRefused, {}, now, out);
      }
      return;
    default:
      return TakeNetworkStep(network_.OnProtocolReject(protocol, now, out), now, out);
  }
}

void PhasedLink::OnNcpFrame(uint16_t protocol, ByteView information, Instant now,
                            LinkActions& out) {
  const auto packet = ParseControlPacket(information);
  if (!packet.ok()) return Count(PppEvent::kControlMalformed, out);
  TakeNetworkStep(network_.OnPacket(protocol, *packet, now, out), now, out);
}

void PhasedLink::OnAuthFrame(uint16_t protocol, ByteView information, Instant now,
                             LinkActions& out) {
  const auto packet = ParseControlPacket(information);
  if (!packet.ok()) return Count(PppEvent::kAuthMalformed, out);
  const AuthProtocol agreed = lcp_.auth();
  const bool matches = (protocol == kProtocolPap && agreed == AuthProtocol::kPap) ||
                       (protocol == kProtocolChap && IsChap(agreed));
  if (!matches) return Count(PppEvent::kAuthUnexpected, out);
  TakeAuthStep(authentication_.OnPacket(*packet, now, out), now, out);
}

void PhasedLink::TakeAuthStep(const AuthStep& step, Instant now, LinkActions& out) {
  switch (step.outcome) {
    case AuthOutcome::kPending:
      return;
    case AuthOutcome::kAccepted:
      if (phase_ != LinkPhase::kAuthenticate) return;  // a re-challenge, passed
      Append(out, Authenticated{});
      return EnterNetwork(now, out);
    case AuthOutcome::kRejected:
      return CloseWith(LinkDownCause::kAuthFailed, step.message, now, out);
    case AuthOutcome::kTimedOut:
      return CloseWith(LinkDownCause::kAuthTimeout, {}, now, out);
    case AuthOutcome::kOtherUser:
      return CloseWith(LinkDownCause::kAuthNameChanged, {}, now, out);
  }
}

void PhasedLink::TakeNetworkStep(const NetworkStep& step, Instant now, LinkActions& out) {
  if (step.opened) phase_deadline_ = Instant::Never();
  if (step.ended_by == LinkDownCause::kNone || phase_ != LinkPhase::kNetwork) return;
  // RFC 1661 3.6: a link without any network protocol left serves nobody.
  CloseWith(step.ended_by, {}, now, out);
}

void PhasedLink::OnAuthentication(const AuthenticationVerdict& verdict, Instant now,
                                  LinkActions& out) {
  if (!authentication_.verdict_awaited()) return;
  if (!authentication_.OnVerdict(verdict, now, out)) {
    return CloseWith(LinkDownCause::kAuthFailed, verdict.message, now, out);
  }
  if (phase_ != LinkPhase::kAuthenticate) return;  // asked again while open: all stays as it is
  network_.Assign(verdict);
  EnterNetwork(now, out);
}

void PhasedLink::Carry(OptionOutputs& outputs, LinkDownCause reason, Instant now,
                       LinkActions& out) {
  using Kind = OptionOutput::Kind;
  for (OptionOutput& output : outputs) {
    switch (output.kind) {
      case Kind::kSend:
        Append(out, SendFrame{std::move(output.frame)});
        break;
      case Kind::kCount:
        Count(output.event, out);
        break;
      case Kind::kLayerUp:
        OnLcpUp(nullptr, now, out);
        break;
      case Kind::kLayerDown:
        OnLcpDown(reason, now, out);
        break;
      case Kind::kLayerFinished:
        Finish(reason, out);
        break;
      case Kind::kLayerStarted:
      case Kind::kEchoReply:
        break;
    }
  }
}

void PhasedLink::OnLcpUp(const ProxiedLcp* proxied, Instant now, LinkActions& out) {
  lcp_fsm_.set_peer_mru(lcp_.peer_mru());
  network_.set_peer_mru(lcp_.peer_mru());
  TellOpened(proxied != nullptr, out);
  if (!settings_.identification.empty()) Identify(settings_, lcp_, lcp_fsm_, out);
  echo_.Start(settings_, rng_, now);
  EnterAuthenticate(proxied, now, out);
}

void PhasedLink::TellOpened(bool proxied, LinkActions& out) {
  Append(out, LinkOpened{.peer_mru = lcp_.peer_mru(),
                         .magic = lcp_.magic(),
                         .send_pfc = lcp_.send_pfc(),
                         .send_acfc = lcp_.send_acfc(),
                         .auth = lcp_.auth(),
                         .proxied = proxied,
                         .send_accm = lcp_.send_accm(),
                         .receive_accm = lcp_.receive_accm(),
                         .sent_options = lcp_.SentOptions(),
                         .received_options = lcp_.ReceivedOptions()});
}

void PhasedLink::OnLcpDown(LinkDownCause reason, Instant now, LinkActions& out) {
  const bool closing =
      lcp_fsm_.state() == FsmState::kClosing || lcp_fsm_.state() == FsmState::kStopping;
  phase_ = closing ? LinkPhase::kTerminate : LinkPhase::kEstablish;
  network_.Stop(now, out);
  authentication_.Reset();
  echo_.Stop();
  if (closing) {
    Blame(reason);
    phase_deadline_ = Instant::Never();
    return;
  }
  Count(PppEvent::kRenegotiated, out);
  Append(out, LinkRenegotiating{});
  CountRenegotiation(now);
  phase_deadline_ = EstablishDeadline(now);
}

void PhasedLink::EnterAuthenticate(const ProxiedLcp* proxied, Instant now, LinkActions& out) {
  phase_ = LinkPhase::kAuthenticate;
  phase_deadline_ = now + settings_.auth_timeout;
  const AuthProtocol agreed = lcp_.auth();
  if (!server() && agreed == AuthProtocol::kNone) return EnterNetwork(now, out);
  if (proxied != nullptr && !settings_.proxy.rechallenge) {
    std::optional<AuthenticationNeeded> question = ProxiedAnswer(*proxied, agreed);
    if (question) {
      return authentication_.BeginProxied(agreed, std::move(*question), settings_, rng_, out);
    }
  }
  authentication_.Begin(agreed, settings_, rng_, now, out);
}

void PhasedLink::EnterNetwork(Instant now, LinkActions& out) {
  phase_ = LinkPhase::kNetwork;
  phase_deadline_ = now + settings_.network_timeout;
  if (network_.Begin(settings_, now, out)) return;
  CloseWith(LinkDownCause::kNoNetworkProtocol, {}, now, out);
}

// The first cause is the one that counts.
void PhasedLink::Blame(LinkDownCause cause, std::string_view message) {
  if (cause_ != LinkDownCause::kNone) return;
  cause_ = cause;
  if (!message.empty()) message_ = std::make_unique<std::string>(message);
}

void PhasedLink::CloseWith(LinkDownCause cause, std::string_view message, Instant now,
                           LinkActions& out) {
  if (phase_ == LinkPhase::kDead || phase_ == LinkPhase::kTerminate) return;
  Blame(cause, message);
  phase_ = LinkPhase::kTerminate;
  phase_deadline_ = Instant::Never();
  OptionOutputs outputs;
  lcp_fsm_.Close(now, outputs);
  Carry(outputs, cause, now, out);
}

void PhasedLink::Close(Instant now, LinkActions& out) {
  if (over_) return;
  if (phase_ == LinkPhase::kDead) return Finish(LinkDownCause::kClosedLocally, out);
  CloseWith(LinkDownCause::kClosedLocally, {}, now, out);
}

void PhasedLink::Finish(LinkDownCause reason, LinkActions& out) {
  Blame(reason);
  phase_ = LinkPhase::kDead;
  over_ = true;
  phase_deadline_ = Instant::Never();
  echo_.Stop();
  Append(out,
         LinkDown{.cause = cause_, .message = message_ ? std::move(*message_) : std::string()});
  message_.reset();
}

LinkDownCause PhasedLink::SilenceCause() const {
  if (terminate_seen_) return LinkDownCause::kTerminatedByPeer;
  return lcp_heard_ ? LinkDownCause::kLcpTimeout : LinkDownCause::kNoLcp;
}

void PhasedLink::OnTimer(Instant now, LinkActions& out) {
  OptionOutputs outputs;
  lcp_fsm_.OnTimer(now, outputs);
  Carry(outputs, SilenceCause(), now, out);
  TakeNetworkStep(network_.OnTimer(now, out), now, out);
  TakeAuthStep(authentication_.OnTimer(now, out), now, out);
  OnPhaseTimer(now, out);
  if (!echo_.OnTimer(settings_, lcp_, lcp_fsm_, now, out)) {
    CloseWith(LinkDownCause::kEchoTimeout, {}, now, out);
  }
}

void PhasedLink::OnPhaseTimer(Instant now, LinkActions& out) {
  if (phase_deadline_ > now) return;
  switch (phase_) {
    case LinkPhase::kEstablish:
      return CloseWith(SilenceCause(), {}, now, out);
    case LinkPhase::kAuthenticate:
      return CloseWith(LinkDownCause::kAuthTimeout, {}, now, out);
    case LinkPhase::kNetwork:
      return CloseWith(LinkDownCause::kNetworkTimeout, {}, now, out);
    case LinkPhase::kDead:
    case LinkPhase::kTerminate:
      phase_deadline_ = Instant::Never();
      return;
  }
}

void PhasedLink::SetEchoElsewhere(bool elsewhere, Instant now) {
  if (elsewhere) {
    echo_.Stop();
  } else if (lcp_fsm_.opened()) {
    echo_.Start(settings_, rng_, now);
  }
}

void PhasedLink::OnEchoTimeout(Instant now, LinkActions& out) {
  if (lcp_fsm_.opened()) CloseWith(LinkDownCause::kEchoTimeout, {}, now, out);
}

Instant PhasedLink::NextDeadline() const {
  return std::min({lcp_fsm_.NextDeadline(), network_.NextDeadline(), authentication_.NextDeadline(),
                   echo_.NextDeadline(), phase_deadline_});
}

}  // namespace lns::ppp
