// The phases of a link (RFC 1661 3) put around LCP, one authentication and the NCPs.
//
// Every engine below appends outputs; Carry() turns an OptionFsm's into frames and phase changes,
// in order. Whatever ends a link goes through CloseWith (we want it to end: Terminate-Request) or
// Finish (LCP is finished: the last action, LinkDown).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/link.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>

#include "lib/ppp/append_action.h"
#include "lib/ppp/auth_step.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/ipcp.h"
#include "lib/ppp/ipv6cp.h"
#include "lib/ppp/lcp.h"
#include "lib/ppp/option_fsm.h"
#include "lib/ppp/packet_builder.h"
#include "lib/ppp/pap.h"

namespace lns::ppp {
namespace {

using Authentication =
    std::variant<std::monostate, PapAuthenticator, PapPeer, ChapAuthenticator, ChapPeer>;

class PhasedLink final : public Link {
 public:
  PhasedLink(const LinkSettings& settings, std::unique_ptr<const Credentials> credentials, Rng& rng)
      : settings_(settings),
        credentials_(std::move(credentials)),
        rng_(rng),
        lcp_(settings, rng),
        ipcp_(settings.role),
        ipv6cp_(settings.role, rng),
        lcp_fsm_(lcp_, settings),
        ipcp_fsm_(ipcp_, settings),
        ipv6cp_fsm_(ipv6cp_, settings) {}

  void Start(Instant now, LinkActions& out) override;
  void OnFrame(ByteView frame, Instant now, LinkActions& out) override;
  void OnAuthentication(const AuthenticationVerdict& verdict, Instant now,
                        LinkActions& out) override;
  void Close(Instant now, LinkActions& out) override;
  void OnDataSeen() override { heard_ = true; }
  void OnTimer(Instant now, LinkActions& out) override;
  Instant NextDeadline() const override;
  LinkPhase phase() const override { return phase_; }

 private:
  bool server() const { return settings_.role == Role::kServer; }
  void Count(PppEvent event, LinkActions& out) { Append(out, CountEvent{event}); }

  // Frames, by protocol.
  void OnLcpFrame(ByteView information, Instant now, LinkActions& out);
  void OnAuthFrame(uint16_t protocol, ByteView information, Instant now, LinkActions& out);
  void OnNcpFrame(OptionFsm& ncp, ByteView information, Instant now, LinkActions& out);
  void OnProtocolReject(const ControlPacket& packet, Instant now, LinkActions& out);
  void OnEcho(const ControlPacket& packet, Instant now, LinkActions& out);
  void RejectProtocol(const FrameHeader& header, ByteView frame, LinkActions& out);

  // What the automata ask for. `reason`: the cause where a layer goes down or ends because of this
  // input and nothing better is known.
  void Carry(OptionFsm& fsm, OptionOutputs& outputs, LinkDownCause reason, Instant now,
             LinkActions& out);
  void OnLayerUp(const OptionFsm& fsm, Instant now, LinkActions& out);
  void OnLayerDown(const OptionFsm& fsm, LinkDownCause reason, Instant now, LinkActions& out);
  void OnLayerFinished(const OptionFsm& fsm, LinkDownCause reason, Instant now, LinkActions& out);

  // Phases.
  // The automaton has its own counters; this bounds even a peer that renews them for ever.
  Instant EstablishDeadline(Instant now) const {
    return now + settings_.restart * (2 * settings_.max_configure);
  }
  void EnterAuthenticate(Instant now, LinkActions& out);
  void EnterNetwork(Instant now, LinkActions& out);
  void StartNcp(OptionFsm& ncp, Instant now, LinkActions& out);
  void StopNcp(OptionFsm& ncp, Instant now, LinkActions& out);
  bool NcpAlive() const { return !ipcp_fsm_.idle() || !ipv6cp_fsm_.idle(); }
  void TakeAuthStep(AuthStep step, Instant now, LinkActions& out);
  void Blame(LinkDownCause cause, std::string_view message = {});
  void CloseWith(LinkDownCause cause, std::string_view message, Instant now, LinkActions& out);
  void Finish(LinkDownCause reason, LinkActions& out);

  // Timers.
  void OnPhaseTimer(Instant now, LinkActions& out);
  void OnEchoTimer(Instant now, LinkActions& out);
  void StartEcho(Instant now);
  void OnFsmTimer(OptionFsm& fsm, LinkDownCause reason, Instant now, LinkActions& out);

  const LinkSettings& settings_;
  std::unique_ptr<const Credentials> credentials_;  // client only
  Rng& rng_;
  Lcp lcp_;
  Ipcp ipcp_;
  Ipv6cp ipv6cp_;
  OptionFsm lcp_fsm_;
  OptionFsm ipcp_fsm_;
  OptionFsm ipv6cp_fsm_;
  Authentication authentication_;
  Instant phase_deadline_ = Instant::Never();
  Instant echo_deadline_ = Instant::Never();
  // For LinkDown; the text only when there is one.
  std::unique_ptr<std::string> message_;
  LinkDownCause cause_ = LinkDownCause::kNone;
  LinkPhase phase_ = LinkPhase::kDead;
  uint8_t echo_misses_ = 0;
  bool over_ = false;             // LinkDown was given
  bool verdict_awaited_ = false;  // AuthenticationNeeded is unanswered
  bool ipv4_wanted_ = false;
  bool ipv6_wanted_ = false;
  bool heard_ = false;           // since the last echo timer
  bool terminate_seen_ = false;  // the peer tried to end a link that was not open yet
};

void PhasedLink::Start(Instant now, LinkActions& out) {
  if (over_ || phase_ != LinkPhase::kDead) return;
  phase_ = LinkPhase::kEstablish;
  phase_deadline_ = EstablishDeadline(now);
  OptionOutputs outputs;
  lcp_fsm_.Open(now, outputs);
  lcp_fsm_.Up(now, outputs);
  Carry(lcp_fsm_, outputs, LinkDownCause::kNone, now, out);
}

void PhasedLink::OnFrame(ByteView frame, Instant now, LinkActions& out) {
  if (phase_ == LinkPhase::kDead) return;
  const FrameHeader header = ParseFrameHeader(frame);
  if (!header.ok()) return Count(PppEvent::kFrameTruncated, out);
  const ByteView information = frame.subspan(header.length);
  if (header.protocol == kProtocolLcp) return OnLcpFrame(information, now, out);
  heard_ = true;
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
  if (header.protocol == kProtocolIpcp && ipv4_wanted_) {
    return OnNcpFrame(ipcp_fsm_, information, now, out);
  }
  if (header.protocol == kProtocolIpv6cp && ipv6_wanted_) {
    return OnNcpFrame(ipv6cp_fsm_, information, now, out);
  }
  RejectProtocol(header, frame, out);
}

void PhasedLink::OnLcpFrame(ByteView information, Instant now, LinkActions& out) {
  const auto parsed = ParseControlPacket(information);
  if (!parsed.ok()) return Count(PppEvent::kControlMalformed, out);
  const ControlPacket& packet = *parsed;
  heard_ = heard_ || packet.code != kEchoReply;
  switch (packet.code) {
    case kProtocolReject:
      return OnProtocolReject(packet, now, out);
    case kEchoRequest:
    case kEchoReply:
    case kDiscardRequest:
      return OnEcho(packet, now, out);
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
  Carry(lcp_fsm_, outputs, reason, now, out);
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
  OptionOutputs outputs;
  switch (LoadBe16(packet.data.data())) {
    case kProtocolLcp:
      lcp_fsm_.OnProtocolReject(now, outputs);
      return Carry(lcp_fsm_, outputs, LinkDownCause::kLcpRefused, now, out);
    case kProtocolPap:
    case kProtocolChap:
      // Agreed on, then refused: there is no other way to authenticate now.
      if (phase_ == LinkPhase::kAuthenticate) {
        CloseWith(LinkDownCause::kAuthRefused, {}, now, out);
      }
      return;
    case kProtocolIpcp:
    case kProtocolIpv4:
      ipcp_fsm_.OnProtocolReject(now, outputs);
      return Carry(ipcp_fsm_, outputs, LinkDownCause::kNoNetworkProtocol, now, out);
    case kProtocolIpv6cp:
    case kProtocolIpv6:
      ipv6cp_fsm_.OnProtocolReject(now, outputs);
      return Carry(ipv6cp_fsm_, outputs, LinkDownCause::kNoNetworkProtocol, now, out);
    default:
      return;  // not something we send
  }
}

// RFC 1661 5.8 and 5.9: only in Opened, our own magic number in the reply, the data returned.
void PhasedLink::OnEcho(const ControlPacket& packet, Instant now, LinkActions& out) {
  const bool readable = packet.data.size() >= 4;
  if (!readable) return Count(PppEvent::kControlMalformed, out);
  const uint32_t magic = LoadBe32(packet.data.data());
  if (magic != 0 && magic == lcp_.magic()) return Count(PppEvent::kOwnMagic, out);
  OptionOutputs outputs;
  lcp_fsm_.OnEcho(now, outputs);
  const bool answered = !outputs.empty();  // ser: Opened
  if (!answered) return;
  if (packet.code == kEchoReply) echo_misses_ = 0;
  if (packet.code != kEchoRequest) return;
  PacketBuilder reply(kProtocolLcp, kEchoReply, packet.id);
  reply.AppendU32(lcp_.magic());
  const ByteView rest = packet.data.subspan(4);
  const size_t room = lcp_.peer_mru() - kControlHeaderLength - 4u;
  reply.Append(rest.first(std::min(rest.size(), room)));
  Append(out, SendFrame{std::move(reply).Finish()});
}

// RFC 1661 5.7: the rejected frame from its protocol field's information on, cut to the peer's MRU.
void PhasedLink::RejectProtocol(const FrameHeader& header, ByteView frame, LinkActions& out) {
  Count(PppEvent::kUnknownProtocol, out);
  const ByteView information = frame.subspan(header.length);
  const size_t room = lcp_.peer_mru() - kControlHeaderLength - 2u;
  PacketBuilder packet(kProtocolLcp, kProtocolReject, lcp_fsm_.TakeId());
  packet.AppendU16(header.protocol);
  packet.Append(information.first(std::min(information.size(), room)));
  Append(out, SendFrame{std::move(packet).Finish()});
}

void PhasedLink::OnNcpFrame(OptionFsm& ncp, ByteView information, Instant now, LinkActions& out) {
  const auto packet = ParseControlPacket(information);
  if (!packet.ok()) return Count(PppEvent::kControlMalformed, out);
  OptionOutputs outputs;
  ncp.OnPacket(*packet, now, outputs);
  Carry(ncp, outputs, LinkDownCause::kNoNetworkProtocol, now, out);
}

void PhasedLink::OnAuthFrame(uint16_t protocol, ByteView information, Instant now,
                             LinkActions& out) {
  const auto packet = ParseControlPacket(information);
  if (!packet.ok()) return Count(PppEvent::kAuthMalformed, out);
  const AuthProtocol agreed = lcp_.auth();
  const bool matches = (protocol == kProtocolPap && agreed == AuthProtocol::kPap) ||
                       (protocol == kProtocolChap && agreed == AuthProtocol::kChapMd5);
  if (!matches) return Count(PppEvent::kAuthUnexpected, out);
  const size_t before = out.size();
  AuthStep step = std::visit(
      [&](auto& engine) -> AuthStep {
        if constexpr (std::is_same_v<std::decay_t<decltype(engine)>, std::monostate>) {
          return {};
        } else {
          return engine.OnPacket(*packet, now, out);
        }
      },
      authentication_);
  verdict_awaited_ |= std::any_of(out.begin() + static_cast<ptrdiff_t>(before), out.end(),
                                  [](const LinkAction& action) {
                                    return std::holds_alternative<AuthenticationNeeded>(action);
                                  });
  TakeAuthStep(std::move(step), now, out);
}

void PhasedLink::TakeAuthStep(AuthStep step, Instant now, LinkActions& out) {
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
  }
}

void PhasedLink::OnAuthentication(const AuthenticationVerdict& verdict, Instant now,
                                  LinkActions& out) {
  if (!verdict_awaited_ || phase_ != LinkPhase::kAuthenticate) return;
  verdict_awaited_ = false;
  std::visit(
      [&](auto& engine) {
        using Engine = std::decay_t<decltype(engine)>;
        if constexpr (std::is_same_v<Engine, PapAuthenticator> ||
                      std::is_same_v<Engine, ChapAuthenticator>) {
          engine.OnVerdict(verdict.accepted, verdict.message, out);
        }
      },
      authentication_);
  if (!verdict.accepted) {
    return CloseWith(LinkDownCause::kAuthFailed, verdict.message, now, out);
  }
  ipcp_.Assign(verdict.ipv4);
  ipv6cp_.Suggest(verdict.ipv6_interface_id);
  EnterNetwork(now, out);
}

void PhasedLink::Carry(OptionFsm& fsm, OptionOutputs& outputs, LinkDownCause reason, Instant now,
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
        OnLayerUp(fsm, now, out);
        break;
      case Kind::kLayerDown:
        OnLayerDown(fsm, reason, now, out);
        break;
      case Kind::kLayerFinished:
        OnLayerFinished(fsm, reason, now, out);
        break;
      case Kind::kLayerStarted:
      case Kind::kEchoReply:
        break;
    }
  }
}

void PhasedLink::OnLayerUp(const OptionFsm& fsm, Instant now, LinkActions& out) {
  if (&fsm == &lcp_fsm_) {
    for (OptionFsm* each : {&lcp_fsm_, &ipcp_fsm_, &ipv6cp_fsm_}) {
      each->set_peer_mru(lcp_.peer_mru());
    }
    Append(out, LinkOpened{.peer_mru = lcp_.peer_mru(),
                           .send_pfc = lcp_.send_pfc(),
                           .send_acfc = lcp_.send_acfc(),
                           .auth = lcp_.auth()});
    StartEcho(now);
    return EnterAuthenticate(now, out);
  }
  phase_deadline_ = Instant::Never();  // the first network protocol is open
  if (&fsm == &ipcp_fsm_) {
    Append(out, Ipv4Up{ipcp_.parameters()});
  } else {
    Append(out, Ipv6Up{.local_interface_id = ipv6cp_.local_interface_id(),
                       .peer_interface_id = ipv6cp_.peer_interface_id()});
  }
}

void PhasedLink::OnLayerDown(const OptionFsm& fsm, LinkDownCause reason, Instant now,
                             LinkActions& out) {
  if (&fsm == &ipcp_fsm_) {
    Append(out, Ipv4Down{});
    return;
  }
  if (&fsm == &ipv6cp_fsm_) {
    Append(out, Ipv6Down{});
    return;
  }
  const bool closing =
      lcp_fsm_.state() == FsmState::kClosing || lcp_fsm_.state() == FsmState::kStopping;
  phase_ = closing ? LinkPhase::kTerminate : LinkPhase::kEstablish;
  StopNcp(ipcp_fsm_, now, out);
  StopNcp(ipv6cp_fsm_, now, out);
  ipv4_wanted_ = false;
  ipv6_wanted_ = false;
  verdict_awaited_ = false;
  authentication_.emplace<std::monostate>();
  echo_deadline_ = Instant::Never();
  if (closing) {
    Blame(reason);
    phase_deadline_ = Instant::Never();
    return;
  }
  Count(PppEvent::kRenegotiated, out);
  Append(out, LinkRenegotiating{});
  phase_deadline_ = EstablishDeadline(now);
}

void PhasedLink::OnLayerFinished(const OptionFsm& fsm, LinkDownCause reason, Instant now,
                                 LinkActions& out) {
  if (&fsm == &lcp_fsm_) return Finish(reason, out);
  if (phase_ != LinkPhase::kNetwork || NcpAlive()) return;
  // RFC 1661 3.6: a link without any network protocol left serves nobody.
  const LinkDownCause refusal =
      ipcp_.refusal() != LinkDownCause::kNone ? ipcp_.refusal() : ipv6cp_.refusal();
  CloseWith(refusal != LinkDownCause::kNone ? refusal : reason, {}, now, out);
}

void PhasedLink::EnterAuthenticate(Instant now, LinkActions& out) {
  phase_ = LinkPhase::kAuthenticate;
  phase_deadline_ = now + settings_.auth_timeout;
  switch (lcp_.auth()) {
    case AuthProtocol::kNone:
      if (!server()) return EnterNetwork(now, out);
      authentication_.emplace<std::monostate>();
      verdict_awaited_ = true;
      Append(out, AuthenticationNeeded{.protocol = AuthProtocol::kNone});
      return;
    case AuthProtocol::kPap:
      if (server()) {
        authentication_.emplace<PapAuthenticator>();
      } else {
        authentication_.emplace<PapPeer>(settings_, *credentials_).Start(now, out);
      }
      return;
    case AuthProtocol::kChapMd5:
      if (server()) {
        authentication_.emplace<ChapAuthenticator>(settings_, rng_).Start(now, out);
      } else {
        authentication_.emplace<ChapPeer>(settings_, *credentials_).Start(now, out);
      }
      return;
  }
}

void PhasedLink::EnterNetwork(Instant now, LinkActions& out) {
  phase_ = LinkPhase::kNetwork;
  phase_deadline_ = now + settings_.network_timeout;
  ipv4_wanted_ = settings_.ipv4 && (!server() || ipcp_.parameters().peer != 0);
  ipv6_wanted_ = settings_.ipv6;
  if (!ipv4_wanted_ && !ipv6_wanted_) {
    return CloseWith(LinkDownCause::kNoNetworkProtocol, {}, now, out);
  }
  if (ipv4_wanted_) StartNcp(ipcp_fsm_, now, out);
  if (ipv6_wanted_) StartNcp(ipv6cp_fsm_, now, out);
}

void PhasedLink::StartNcp(OptionFsm& ncp, Instant now, LinkActions& out) {
  OptionOutputs outputs;
  ncp.Open(now, outputs);
  ncp.Up(now, outputs);
  Carry(ncp, outputs, LinkDownCause::kNoNetworkProtocol, now, out);
}

// Back to Initial from wherever it is.
void PhasedLink::StopNcp(OptionFsm& ncp, Instant now, LinkActions& out) {
  OptionOutputs outputs;
  ncp.Down(now, outputs);
  ncp.Close(now, outputs);
  Carry(ncp, outputs, LinkDownCause::kNone, now, out);
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
  Carry(lcp_fsm_, outputs, cause, now, out);
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
  echo_deadline_ = Instant::Never();
  Append(out,
         LinkDown{.cause = cause_, .message = message_ ? std::move(*message_) : std::string()});
  message_.reset();
}

void PhasedLink::OnTimer(Instant now, LinkActions& out) {
  OnFsmTimer(lcp_fsm_,
             terminate_seen_ ? LinkDownCause::kTerminatedByPeer : LinkDownCause::kLcpTimeout, now,
             out);
  OnFsmTimer(ipcp_fsm_, LinkDownCause::kNetworkTimeout, now, out);
  OnFsmTimer(ipv6cp_fsm_, LinkDownCause::kNetworkTimeout, now, out);
  AuthStep step = std::visit(
      [&](auto& engine) -> AuthStep {
        if constexpr (std::is_same_v<std::decay_t<decltype(engine)>, std::monostate>) {
          return {};
        } else {
          return engine.NextDeadline() <= now ? engine.OnTimer(now, out) : AuthStep{};
        }
      },
      authentication_);
  TakeAuthStep(std::move(step), now, out);
  OnPhaseTimer(now, out);
  OnEchoTimer(now, out);
}

void PhasedLink::OnFsmTimer(OptionFsm& fsm, LinkDownCause reason, Instant now, LinkActions& out) {
  OptionOutputs outputs;
  fsm.OnTimer(now, outputs);
  Carry(fsm, outputs, reason, now, out);
}

void PhasedLink::OnPhaseTimer(Instant now, LinkActions& out) {
  if (phase_deadline_ > now) return;
  switch (phase_) {
    case LinkPhase::kEstablish:
      return CloseWith(LinkDownCause::kLcpTimeout, {}, now, out);
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

// The first echo comes at a random part of the interval, so that links that opened together do not
// echo together.
void PhasedLink::StartEcho(Instant now) {
  echo_misses_ = 0;
  heard_ = false;
  if (settings_.echo_interval <= Duration()) return;
  const int64_t percent = 75 + static_cast<int64_t>(rng_.Below(26));
  echo_deadline_ = now + settings_.echo_interval * percent / 100;
}

// An Echo-Request only where nothing else was heard for an interval.
void PhasedLink::OnEchoTimer(Instant now, LinkActions& out) {
  if (echo_deadline_ > now) return;
  echo_deadline_ = now + settings_.echo_interval;
  if (heard_) {
    heard_ = false;
    echo_misses_ = 0;
    return;
  }
  if (echo_misses_ >= settings_.echo_max_misses) {
    return CloseWith(LinkDownCause::kEchoTimeout, {}, now, out);
  }
  ++echo_misses_;
  Count(PppEvent::kEchoSent, out);
  PacketBuilder request(kProtocolLcp, kEchoRequest, lcp_fsm_.TakeId());
  request.AppendU32(lcp_.magic());
  Append(out, SendFrame{std::move(request).Finish()});
}

Instant PhasedLink::NextDeadline() const {
  const Instant auth = std::visit(
      [](const auto& engine) {
        if constexpr (std::is_same_v<std::decay_t<decltype(engine)>, std::monostate>) {
          return Instant::Never();
        } else {
          return engine.NextDeadline();
        }
      },
      authentication_);
  return std::min({lcp_fsm_.NextDeadline(), ipcp_fsm_.NextDeadline(), ipv6cp_fsm_.NextDeadline(),
                   auth, phase_deadline_, echo_deadline_});
}

}  // namespace

std::unique_ptr<Link> Link::MakeServer(const LinkSettings& settings, Rng& rng) {
  LNS_CHECK(settings.role == Role::kServer);
  return std::make_unique<PhasedLink>(settings, nullptr, rng);
}

std::unique_ptr<Link> Link::MakeClient(const LinkSettings& settings, const Credentials& credentials,
                                       Rng& rng) {
  LNS_CHECK(settings.role == Role::kClient);
  return std::make_unique<PhasedLink>(settings, std::make_unique<const Credentials>(credentials),
                                      rng);
}

std::vector<AuthProtocol> DefaultAuthProtocols() {
  return {AuthProtocol::kChapMd5, AuthProtocol::kPap};
}

const char* ToString(AuthProtocol protocol) {
  switch (protocol) {
    case AuthProtocol::kNone:
      return "none";
    case AuthProtocol::kPap:
      return "pap";
    case AuthProtocol::kChapMd5:
      return "chap-md5";
  }
  return "unknown";
}

const char* ToString(LinkPhase phase) {
  switch (phase) {
    case LinkPhase::kDead:
      return "dead";
    case LinkPhase::kEstablish:
      return "establish";
    case LinkPhase::kAuthenticate:
      return "authenticate";
    case LinkPhase::kNetwork:
      return "network";
    case LinkPhase::kTerminate:
      return "terminate";
  }
  return "unknown";
}

const char* ToString(LinkDownCause cause) {
  switch (cause) {
    case LinkDownCause::kNone:
      return "none";
    case LinkDownCause::kClosedLocally:
      return "closed-locally";
    case LinkDownCause::kTerminatedByPeer:
      return "terminated-by-peer";
    case LinkDownCause::kLcpTimeout:
      return "lcp-timeout";
    case LinkDownCause::kLcpRefused:
      return "lcp-refused";
    case LinkDownCause::kLoopback:
      return "loopback";
    case LinkDownCause::kEchoTimeout:
      return "echo-timeout";
    case LinkDownCause::kAuthTimeout:
      return "auth-timeout";
    case LinkDownCause::kAuthRefused:
      return "auth-refused";
    case LinkDownCause::kAuthFailed:
      return "auth-failed";
    case LinkDownCause::kNetworkTimeout:
      return "network-timeout";
    case LinkDownCause::kNoNetworkProtocol:
      return "no-network-protocol";
    case LinkDownCause::kAddressRefused:
      return "address-refused";
  }
  return "unknown";
}

}  // namespace lns::ppp
