// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/sim/l2tp/tunnel_sim.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "lib/l2tp/event.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/result_code.h"
#include "tests/sim/l2tp/sent_message.h"

namespace lns::l2tp {
namespace {

constexpr LocalTunnelId kLacTunnel{0x1001};
constexpr uint64_t kMaxSteps = 200'000;  // of one phase: more is a busy loop
constexpr Duration kUserTime = Duration::Seconds(40);
// One side may take a whole cycle of retransmissions (79 s at most here) to give up, the other a
// HELLO interval (54 s) and another cycle to find out; a close adds the retention.
constexpr Duration kSettleTime = Duration::Seconds(220);
constexpr Duration kCloseTime = Duration::Seconds(260);

// What two correct ends never do to each other, however bad the link.
constexpr L2tpEvent kNever[] = {
    L2tpEvent::kHeaderTruncated,
    L2tpEvent::kHeaderControlFlags,
    L2tpEvent::kHeaderLength,
    L2tpEvent::kAckOfUnsent,
    L2tpEvent::kSendQueueFull,
    L2tpEvent::kAvpMalformed,
    L2tpEvent::kAvpBadLength,
    L2tpEvent::kAvpBadValue,
    L2tpEvent::kAvpUnknownMandatory,
    L2tpEvent::kAvpUnknownIgnored,
    L2tpEvent::kAvpOutOfPlace,
    L2tpEvent::kAvpDuplicate,
    L2tpEvent::kAvpHiddenUnreadable,
    L2tpEvent::kAvpMissing,
    L2tpEvent::kAvpMissingTolerated,
    L2tpEvent::kMessageTypeMissing,
    L2tpEvent::kMessageUnknownMandatory,
    L2tpEvent::kMessageUnknownIgnored,
    L2tpEvent::kTunnelUnexpectedMessage,
    L2tpEvent::kTunnelNotReady,
    L2tpEvent::kAuthResponseWrong,
    L2tpEvent::kAuthResponseMissing,
    L2tpEvent::kSessionUnexpectedMessage,
    L2tpEvent::kSessionIdReused,
    L2tpEvent::kOutgoingCallRefused,
    L2tpEvent::kOutgoingCallImpossible,
    L2tpEvent::kFramingUnsupported,
    L2tpEvent::kBearerUnsupported,
};

SessionState ExpectedState(const SimEnd::Call& call) {
  switch (call.phase) {
    case SimEnd::Phase::kOffered:
      break;
    case SimEnd::Phase::kPlaced:
      return SessionState::kWaitReply;
    case SimEnd::Phase::kAnswered:
      return call.outgoing ? SessionState::kWaitCsAnswer : SessionState::kWaitConnect;
    case SimEnd::Phase::kUp:
      return SessionState::kEstablished;
  }
  return SessionState::kWaitAnswer;
}

}  // namespace

TunnelSim::TunnelSim(uint64_t seed)
    : seed_(seed), rng_(seed), link_(test::LossyLinkSettings{}, rng_) {
  lac_.name = "LAC";
  lac_.number = kLac;
  lns_.name = "LNS";
  lns_.number = kLns;
  // Half the runs cross the wrap early, on both sides.
  const auto StartNumber = [&] {
    return static_cast<uint16_t>(rng_.Below(2) == 0 ? 65536 - 1 - rng_.Below(12)
                                                    : rng_.Below(65536));
  };
  const auto Settings = [&](const char* name) {
    TunnelSettings settings{.host_name = name};
    settings.receive_window = static_cast<uint16_t>(1 + rng_.Below(16));
    settings.hello_interval = Duration::Seconds(5 + rng_.Below(50));
    settings.max_retransmits = static_cast<int>(4 + rng_.Below(8));
    settings.max_retransmits_established = static_cast<int>(4 + rng_.Below(8));
    settings.data_is_life = rng_.Below(2) == 0;
    settings.call_setup_timeout = Duration::Seconds(10 + rng_.Below(30));
    return settings;
  };
  lac_settings_ = Settings("lac");
  lns_settings_ = Settings("lns");
  lac_settings_.initial_ns = lns_settings_.initial_nr = StartNumber();
  lns_settings_.initial_ns = lac_settings_.initial_nr = StartNumber();
  if (rng_.Below(2) == 0) {
    lac_settings_.secret = lns_settings_.secret = "secret";
    lac_settings_.hide_avps = rng_.Below(2) == 0;
    lns_settings_.hide_avps = rng_.Below(2) == 0;
  }
  lac_settings_.accept_outgoing_calls = true;
  lac_.acked = lac_settings_.initial_ns;
  lns_.acked = lns_settings_.initial_ns;
}

std::optional<std::string> TunnelSim::Run() {
  Actions actions;
  lac_.was_open = true;
  lac_.tunnel = Tunnel::Open(lac_settings_, kLacTunnel, rng_, now_, actions);
  Take(lac_, actions);
  next_user_act_ = now_;
  if (rng_.Below(5) == 0) {
    blackout_from_ = now_ + Duration::Milliseconds(rng_.Below(30'000));
    blackout_until_ = blackout_from_ + Duration::Seconds(10 + rng_.Below(60));
  }
  Phase(now_ + kUserTime, /*with_users=*/true);

  // A better link, on which both must come to agree.
  link_.set_settings({.loss_percent = 0, .duplicate_percent = 10, .reorder_percent = 0});
  Phase(now_ + kSettleTime, /*with_users=*/false);
  if (!failure_) CheckSettled();

  link_.set_settings(test::LossyLinkSettings{});
  CloseAtRandom();
  Phase(now_ + kCloseTime, /*with_users=*/false);
  if (!failure_) CheckNothingLeft();
  return failure_;
}

void TunnelSim::Phase(Instant until, bool with_users) {
  uint64_t steps = 0;
  while (!failure_ && StepOnce(until, with_users)) {
    Check(++steps < kMaxSteps, "too many steps: a timer that does not move on");
  }
  now_ = until;
}

bool TunnelSim::StepOnce(Instant until, bool with_users) {
  const auto DeadlineOf = [](const SimEnd& end) {
    return end.tunnel == nullptr ? Instant::Never() : end.tunnel->NextDeadline();
  };
  const Instant user = with_users ? next_user_act_ : Instant::Never();
  const Instant next = std::min({link_.NextDelivery(), DeadlineOf(lac_), DeadlineOf(lns_), user,
                                 NextAct(lac_), NextAct(lns_)});
  if (next > until) return false;
  now_ = std::max(now_, next);
  if (std::optional<test::LossyLink::Delivery> delivery = link_.Take(now_)) {
    Deliver(*delivery);
  } else if (DeadlineOf(lac_) <= now_) {
    RunTimer(lac_);
  } else if (DeadlineOf(lns_) <= now_) {
    RunTimer(lns_);
  } else if (NextAct(lac_) <= now_) {
    ActOnDueCalls(lac_);
  } else if (NextAct(lns_) <= now_) {
    ActOnDueCalls(lns_);
  } else {
    UserAct();
    next_user_act_ = now_ + Duration::Milliseconds(rng_.Below(3000));
  }
  CheckEnd(lac_);
  CheckEnd(lns_);
  return true;
}

void TunnelSim::Deliver(const test::LossyLink::Delivery& delivery) {
  SimEnd& end = delivery.to == kLac ? lac_ : lns_;
  Header header;
  Check(ParseHeader(delivery.datagram, header) == HeaderError::kNone, "unreadable header");
  Actions actions;
  if (end.tunnel == nullptr) {
    // As an engine does: an SCCRQ makes a tunnel, anything else is nobody's.
    if (end.number != kLns || !PeekSccrq(delivery.datagram).ok()) return;
    lns_.closed = lns_.up = false;
    lns_.acked = lns_settings_.initial_ns;
    lns_.was_open = true;
    end.tunnel = Tunnel::Accept(lns_settings_, LocalTunnelId(next_lns_tunnel_++), delivery.datagram,
                                rng_, now_, actions);
  } else if (header.tunnel_id == end.tunnel->local_id().value() ||
             (header.tunnel_id == 0 && PeekSccrq(delivery.datagram).ok())) {
    if (SequenceDistance(end.acked, header.nr) > 0) end.acked = header.nr;
    end.tunnel->OnDatagram(delivery.datagram, now_, actions);
  }
  Take(end, actions);
}

void TunnelSim::RunTimer(SimEnd& end) {
  Actions actions;
  end.tunnel->OnTimer(now_, actions);
  Check(end.tunnel->NextDeadline() > now_, std::string(end.name) + ": a timer that stays due");
  Take(end, actions);
}

void TunnelSim::UserAct() {
  if (!lac_.up) return;
  switch (rng_.Below(14)) {
    case 0:
      return CloseSomeCall(lac_);
    case 1:
      return CloseSomeCall(lns_);
    case 2:
      if (lac_.tunnel != nullptr) lac_.tunnel->OnDataSeen(now_);
      return;
    case 3:
      if (rng_.Below(40) == 0) CloseAtRandom();
      return;
    case 4:
    case 5:
      return SendNews();
    case 6:
    case 7:
    case 8:
      return PlaceOutgoingCall();
    default:
      return PlaceCalls();
  }
}

// Bursts, so that windows fill.
void TunnelSim::PlaceCalls() {
  const uint32_t burst = 1 + rng_.Below(4);
  for (uint32_t i = 0; i < burst && lac_.up; ++i) {
    const LocalSessionId local(next_lac_id_++);
    lac_.calls[local.value()] = {.phase = SimEnd::Phase::kPlaced, .local = local};
    Actions actions;
    lac_.tunnel->PlaceCall(local, {.call_serial_number = local.value(), .framing_type = 1}, now_,
                           actions);
    Take(lac_, actions);
  }
}

void TunnelSim::PlaceOutgoingCall() {
  if (!lns_.up) return;
  const LocalSessionId local(next_lns_id_++);
  lns_.calls[local.value()] = {.phase = SimEnd::Phase::kPlaced, .outgoing = true, .local = local};
  Actions actions;
  lns_.tunnel->PlaceOutgoingCall(local, {.call_serial_number = local.value(), .called_number = "1"},
                                 now_, actions);
  Take(lns_, actions);
}

// A WEN from the LAC, or an SLI from the LNS, about some session that is up.
void TunnelSim::SendNews() {
  SimEnd& end = rng_.Below(2) == 0 ? lac_ : lns_;
  for (const auto& [key, call] : end.calls) {
    if (call.phase != SimEnd::Phase::kUp) continue;
    Actions actions;
    const bool sent =
        &end == &lac_ ? end.tunnel->SendWanErrors(
                            {.local_session_id = call.local, .counts = {.crc_errors = ++next_wen_}},
                            now_, actions)
                      : end.tunnel->SendLinkInfo({.local_session_id = call.local}, now_, actions);
    Check(sent, "no news of a session that is up");
    return Take(end, actions);
  }
}

Instant TunnelSim::NextAct(const SimEnd& end) const {
  Instant next = Instant::Never();
  for (const auto& [id, call] : end.calls) {
    const bool dials = &end == &lac_ && call.phase == SimEnd::Phase::kAnswered;
    if (call.phase == SimEnd::Phase::kOffered || dials) next = std::min(next, call.act_at);
  }
  return next;
}

void TunnelSim::ActOnDueCalls(SimEnd& end) {
  for (const auto& [key, call] : std::map(end.calls)) {
    if (call.act_at > now_) continue;
    if (call.phase == SimEnd::Phase::kOffered) return Answer(end, call);
    if (&end != &lac_ || call.phase != SimEnd::Phase::kAnswered) continue;
    // The bearer answers, or fails.
    end.calls[key].act_at = Instant::Never();
    Actions actions;
    if (rng_.Below(5) == 0) {
      Check(end.tunnel->CloseSession(call.local, MakeResult(CdnResult::kBusy), now_, actions),
            "CloseSession refused for a call that is dialled");
    } else {
      Check(end.tunnel->ConnectOutgoingCall(call.local, {.framing_type = 1}, now_, actions),
            "ConnectOutgoingCall refused for a call that is dialled");
    }
    return Take(end, actions);  // the actions may have changed the map
  }
}

void TunnelSim::Answer(SimEnd& end, const SimEnd::Call& call) {
  Actions actions;
  if (rng_.Below(10) == 0) {
    Check(end.tunnel->RejectCall(call.peer, MakeResult(CdnResult::kBusy), now_, actions),
          "RejectCall refused for an offered call");
  } else {
    const LocalSessionId local(call.outgoing ? next_lac_id_++ : next_lns_id_++);
    Check(call.outgoing ? end.tunnel->AcceptOutgoingCall(call.peer, local, now_, actions)
                        : end.tunnel->AcceptCall(call.peer, local, now_, actions),
          "an offered call was not there to be accepted");
    SimEnd::Call answered = call;
    answered.phase = SimEnd::Phase::kAnswered;
    answered.local = local;
    answered.act_at = now_ + Duration::Milliseconds(rng_.Below(5000));
    end.calls.erase(call.peer.value());
    end.calls[local.value()] = answered;
  }
  Take(end, actions);
}

void TunnelSim::CloseAtRandom() {
  for (SimEnd* end : {&lac_, &lns_}) {
    if (end->tunnel == nullptr || (end == &lns_ && rng_.Below(2) == 0)) continue;
    Actions actions;
    end->tunnel->Close(MakeResult(StopCcnResult::kGeneralRequest), now_, actions);
    Take(*end, actions);
  }
}

void TunnelSim::CloseSomeCall(SimEnd& end) {
  if (end.calls.empty()) return;
  auto call = end.calls.begin();
  std::advance(call, rng_.Below(static_cast<uint32_t>(end.calls.size())));
  if (call->second.phase == SimEnd::Phase::kOffered) return;
  Actions actions;
  Check(end.tunnel->CloseSession(call->second.local, MakeResult(CdnResult::kAdministrative), now_,
                                 actions),
        "CloseSession refused for a session of ours");
  Take(end, actions);
}

void TunnelSim::Take(SimEnd& end, Actions& actions) {
  for (const Action& action : actions) TakeOne(end, action);
  actions.clear();
  if (end.released > 0 && end.tunnel != nullptr) {
    Check(end.released == 1, "released twice");
    Check(end.tunnel->NextDeadline() == Instant::Never(), "a timer after the release");
    Check(end.closed && end.calls.empty(), "released before everything was reported closed");
    end.released = 0;
    end.tunnel.reset();
  }
}

void TunnelSim::TakeOne(SimEnd& end, const Action& action) {
  const std::string name = end.name;
  if (const auto* send = std::get_if<SendDatagram>(&action)) {
    CheckSent(end, send->bytes);
    const bool dead = blackout_from_ <= now_ && now_ < blackout_until_;
    if (!dead) link_.Send(Other(end).number, send->bytes, now_);
  } else if (const auto* count = std::get_if<CountEvent>(&action)) {
    Check(std::find(std::begin(kNever), std::end(kNever), count->event) == std::end(kNever),
          name + " counted " + ToString(count->event));
  } else if (std::holds_alternative<TunnelEstablished>(action)) {
    Check(!end.up && !end.closed, name + ": established twice or after the close");
    end.up = true;
    if (&end == &lns_) established_ = true;
  } else if (const auto* down = std::get_if<TunnelClosed>(&action)) {
    timed_out_ = timed_out_ || down->timed_out;
    Check(!end.closed, name + ": closed twice");
    Check(end.calls.empty(), name + ": closed with a call not reported closed");
    end.closed = true;
    end.up = false;
  } else if (std::holds_alternative<TunnelReleased>(action)) {
    ++end.released;
  } else if (const auto* offer = std::get_if<IncomingCall>(&action)) {
    Check(&end == &lns_, name + ": an incoming call at the LAC");
    OnOffered(end, offer->peer_session_id, /*outgoing=*/false);
  } else if (const auto* request = std::get_if<OutgoingCallRequested>(&action)) {
    Check(&end == &lac_, name + ": an outgoing call asked of the LNS");
    OnOffered(end, request->peer_session_id, /*outgoing=*/true);
  } else if (const auto* open = std::get_if<SessionEstablished>(&action)) {
    OnUp(end, *open);
  } else if (const auto* errors = std::get_if<WanErrors>(&action)) {
    Check(end.calls.contains(errors->local_session_id.value()), name + ": errors of no session");
    // Their counter only grows: one processed twice, or out of turn, would show.
    Check(errors->counts.crc_errors > end.wen_crc_errors, name + ": a WEN processed twice");
    end.wen_crc_errors = errors->counts.crc_errors;
  } else if (const auto* info = std::get_if<LinkInfo>(&action)) {
    Check(end.calls.contains(info->local_session_id.value()), name + ": news of no session");
  } else if (const auto* close = std::get_if<SessionClosed>(&action)) {
    const uint16_t key = close->local_session_id.value() != 0 ? close->local_session_id.value()
                                                              : close->peer_session_id.value();
    Check(end.calls.erase(key) == 1, name + ": a session closed that was not there");
  }
}

void TunnelSim::OnOffered(SimEnd& end, PeerSessionId peer, bool outgoing) {
  ++end.offered;
  const std::string name = end.name;
  Check(end.up, name + ": a call offered out of place");
  Check(end.seen.insert(peer.value()).second, name + ": a request processed twice");
  Check(!end.calls.contains(peer.value()), name + ": the same call offered twice");
  // At once, or as late as the data plane may take.
  end.calls[peer.value()] = {
      .phase = SimEnd::Phase::kOffered,
      .outgoing = outgoing,
      .peer = peer,
      .act_at = rng_.Below(2) == 0 ? now_ : now_ + Duration::Milliseconds(rng_.Below(5000))};
}

void TunnelSim::OnUp(SimEnd& end, const SessionEstablished& open) {
  ++end.answered_up;
  const std::string name = end.name;
  const auto call = end.calls.find(open.local_session_id.value());
  Check(call != end.calls.end() && call->second.phase != SimEnd::Phase::kUp,
        name + ": a session up that was not set up");
  if (failure_) return;
  call->second.phase = SimEnd::Phase::kUp;
  call->second.peer = open.peer_session_id;
  if (call->second.outgoing && &end == &lns_) ++outgoing_up_;
  Check(&end == &lns_ || end.connected.erase(open.peer_session_id.value()) == 1,
        name + ": a session up before its ICCN or OCCN left");
  const bool asked_here = call->second.outgoing == (&end == &lns_);
  Check(open.info.call_serial_number ==
            (asked_here ? open.local_session_id.value() : open.peer_session_id.value()),
        name + ": a session with another call's information");
}

// What leaves must be well formed, and within the window the peer gave.
void TunnelSim::CheckSent(SimEnd& end, const Bytes& datagram) {
  Header header;
  const std::optional<DecodedMessage> sent = ReadSent(datagram, lac_settings_.secret, header);
  Check(sent.has_value(), "sent a bad message");
  if (failure_ || !sent->type_known) return;
  const MessageType type = sent->message.type;
  if (type == MessageType::kIccn || type == MessageType::kOccn) {
    end.connected.insert(header.session_id);
  }
  const uint16_t peer_window =
      &end == &lac_ ? lns_settings_.receive_window : lac_settings_.receive_window;
  // A side that has not heard from its peer yet assumes the default of four.
  const int window = std::max<int>(peer_window, 4);
  const int ahead = SequenceDistance(end.acked, header.ns);
  Check(ahead >= 0 && ahead < window, std::string(end.name) + ": sent beyond the peer's window");
}

void TunnelSim::CheckEnd(SimEnd& end) {
  if (failure_ || end.tunnel == nullptr) return;
  const std::string name = end.name;
  Check(end.tunnel->session_count() == end.calls.size(),
        name + ": sessions do not match what was reported");
  Check(end.up == (end.tunnel->state() == TunnelState::kEstablished),
        name + ": state does not match what was reported");
  Check(end.up || end.calls.empty(), name + ": sessions without a tunnel");
  for (const auto& [key, call] : end.calls) {
    if (call.phase == SimEnd::Phase::kOffered) continue;
    const auto state = end.tunnel->session_state(call.local);
    // A call of the LAC's is up when its ICCN leaves, which the window may put off.
    const bool connected_waits =
        &end == &lac_ && call.phase != SimEnd::Phase::kUp && state == SessionState::kEstablished;
    // The LNS's request is answered without a word to its owner.
    const bool dialled = &end == &lns_ && call.phase == SimEnd::Phase::kPlaced &&
                         state == SessionState::kWaitConnect;
    Check(state == ExpectedState(call) || connected_waits || dialled,
          name + ": a session's state does not match what was reported");
  }
}

// On a good link, with nobody acting: both up with the same sessions, or both gone.
void TunnelSim::CheckSettled() {
  Check(lac_.up == lns_.up, "one side up, the other not");
  if (!lac_.up) return;
  Check(lac_.calls.size() == lns_.calls.size(), "the sides disagree on the sessions");
  for (const auto& [key, call] : lac_.calls) {
    Check(call.phase == SimEnd::Phase::kUp, "a call neither up nor gone");
    const auto other = lns_.calls.find(call.peer.value());
    Check(other != lns_.calls.end() && other->second.phase == SimEnd::Phase::kUp &&
              other->second.peer.value() == call.local.value(),
          "a session the other side does not have");
  }
}

void TunnelSim::CheckNothingLeft() {
  for (const SimEnd* end : {&lac_, &lns_}) {
    Check(end->tunnel == nullptr, std::string(end->name) + ": not released");
    Check(end->calls.empty(), std::string(end->name) + ": calls left");
  }
  Check(link_.in_flight() == 0, "datagrams still on the way");
}

void TunnelSim::Check(bool holds, const std::string& what) {
  if (holds || failure_) return;
  failure_ = "at " + std::to_string(now_.nanoseconds() / 1'000'000) + " ms: " + what;
}

std::string TunnelSim::Summary() const {
  return "calls offered " + std::to_string(lns_.offered) + ", up at the LAC " +
         std::to_string(lac_.answered_up) + ", at the LNS " + std::to_string(lns_.answered_up) +
         ", outgoing " + std::to_string(outgoing_up_);
}

}  // namespace lns::l2tp
