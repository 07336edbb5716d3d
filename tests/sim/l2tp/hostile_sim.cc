// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/sim/l2tp/hostile_sim.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "lib/l2tp/avp.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/result_code.h"
#include "lib/l2tp/tunnel_auth.h"
#include "tests/sim/l2tp/sent_message.h"

namespace lns::l2tp {
namespace {

constexpr LocalTunnelId kOurTunnel{0x1001};
constexpr uint16_t kPeerTunnel = 0x2002;
constexpr int kSteps = 250;
constexpr uint32_t kMaxSessions = 20;
constexpr size_t kMaxHistory = 40;
constexpr size_t kControlTunnelIdOffset = 4;
// A session that ends tells its owner, its peer, and is counted.
constexpr size_t kMaxActionsPerStep = 6 * kMaxSessions + 100;
// When the peer is silent: a HELLO interval, the longest cycle of retransmissions of what is
// unacknowledged, another for the StopCCN of a set-up that stopped halfway, and the retention.
constexpr Duration kUntilGone = Duration::Seconds(60 + 40 + 40 + 31 + 30);
constexpr char kSecret[] = "secret";

}  // namespace

HostileSim::HostileSim(uint64_t seed)
    : rng_(seed), peer_opens_(rng_.Below(2) == 0), misdeed_percent_(2 + rng_.Below(40)) {
  settings_.host_name = "us";
  settings_.max_sessions = kMaxSessions;
  settings_.receive_window = static_cast<uint16_t>(1 + rng_.Below(8));
  settings_.hello_interval = Duration::Seconds(10 + rng_.Below(50));
  settings_.accept_outgoing_calls = rng_.Below(2) == 0;
  settings_.tolerate = {.unknown_mandatory_avps = rng_.Below(4) == 0,
                        .misplaced_mandatory_avps = rng_.Below(2) == 0,
                        .missing_framing = rng_.Below(2) == 0,
                        .zero_tunnel_id = rng_.Below(4) == 0};
  if (rng_.Below(2) == 0) {
    settings_.secret = kSecret;
    settings_.hide_avps = rng_.Below(2) == 0;
  }
  peer_window_ = static_cast<uint16_t>(1 + rng_.Below(4));
}

std::optional<std::string> HostileSim::Run() {
  Actions actions;
  if (peer_opens_) {
    const Bytes sccrq = Good(SetUpMessage(), 0);
    tunnel_ = Tunnel::Accept(settings_, kOurTunnel, sccrq, rng_, now_, actions);
  } else {
    tunnel_ = Tunnel::Open(settings_, kOurTunnel, rng_, now_, actions);
  }
  Take(actions);
  for (int step = 0; step < kSteps && !failure_ && !released_; ++step) {
    RunTimers(now_ + Duration::Milliseconds(rng_.Below(rng_.Below(20) == 0 ? 4000 : 300)));
    if (released_) break;
    if (rng_.Below(5) == 0) {
      OwnerActs();
    } else {
      PeerActs();
    }
    CheckAll();
  }
  RunTimers(now_ + kUntilGone);
  Check(released_, "the peer is gone and the tunnel is not");
  return failure_;
}

// --- the peer ---

void HostileSim::PeerActs() {
  if (rng_.Below(100) < misdeed_percent_) {
    Misbehave();
  } else {
    Deliver(NextMessage());
  }
  // Whether what it sent was the next in order is for our side to say.
  peer_ns_ = tunnel_->nr();
}

void HostileSim::Misbehave() {
  if (rng_.Below(3) == 0 && !history_.empty()) {
    const Bytes again = history_[rng_.Below(static_cast<uint32_t>(history_.size()))];
    return Deliver(again);
  }
  Bytes datagram = NextMessage();
  switch (rng_.Below(6)) {
    case 0:
    case 1: {  // out of turn, by a little or by a lot
      const uint16_t ns = static_cast<uint16_t>(rng_.Below(4) != 0 ? peer_ns_ + rng_.Below(12) - 4
                                                                   : rng_.Below(65536));
      StoreBe16(datagram.data() + kControlNsOffset, ns);
      break;
    }
    case 2:
      StoreBe16(datagram.data() + kControlNrOffset, static_cast<uint16_t>(rng_.Below(65536)));
      break;
    case 3:
      datagram = WithOddAvp(std::move(datagram));
      break;
    case 4:
      datagram = Damaged(std::move(datagram));
      break;
    default:
      StoreBe16(datagram.data() + kControlTunnelIdOffset, static_cast<uint16_t>(rng_.Below(3)));
      break;
  }
  Deliver(datagram);
}

// What a well behaved peer might say next, in its order.
Bytes HostileSim::NextMessage() {
  if (!established_) return Good(SetUpMessage(), 0);
  uint16_t session = SomeSession();
  Message message;
  switch (rng_.Below(12)) {
    case 0:
    case 1:
    case 2:
      return Good(CallRequest(), 0);
    case 3:
    case 4:
    case 5:
    case 6:
      message = {.type = rng_.Below(3) == 0 ? MessageType::kOccn : MessageType::kIccn};
      if (!to_connect_.empty()) {
        session = to_connect_.back();
        to_connect_.pop_back();
      }
      break;
    case 7:
    case 8:
      message = {.type = rng_.Below(3) == 0 ? MessageType::kIcrp : MessageType::kOcrp};
      message.assigned_session_id = next_peer_session_++;
      break;
    case 9:
      message = {.type = MessageType::kCdn};
      message.assigned_session_id = static_cast<uint16_t>(rng_.Below(20));
      message.result.result = static_cast<uint16_t>(rng_.Below(0x400));
      break;
    case 10:
      message = {.type = rng_.Below(2) == 0 ? MessageType::kWen : MessageType::kSli};
      break;
    default:
      if (rng_.Below(60) == 0) {
        message = {.type = MessageType::kStopCcn, .assigned_tunnel_id = kPeerTunnel};
        break;
      }
      message = {.type = MessageType::kHello};
      message.present = RowOf(message.type).must;
      return Good(message, 0);
  }
  message.present = RowOf(message.type).must;
  message.call.framing_type = 1;
  return Good(message, RowOf(message.type).scope == MessageScope::kTunnel ? uint16_t{0} : session);
}

uint16_t HostileSim::SomeSession() {
  return our_sessions_.empty()
             ? static_cast<uint16_t>(rng_.Below(100))
             : our_sessions_[rng_.Below(static_cast<uint32_t>(our_sessions_.size()))];
}

Message HostileSim::CallRequest() {
  const MessageType type = rng_.Below(3) == 0 ? MessageType::kOcrq : MessageType::kIcrq;
  Message message{.type = type, .present = RowOf(type).must};
  // At times one that is in use, or none.
  message.assigned_session_id =
      rng_.Below(10) == 0 ? static_cast<uint16_t>(rng_.Below(20)) : next_peer_session_++;
  // Far apart, so that a damaged one is not another's.
  message.call.call_serial_number = ++serials_ * 0x9e3779b1u;
  message.call.bearer_type = message.call.framing_type = 3;
  return message;
}

Message HostileSim::SetUpMessage() {
  const MessageType type = !peer_opens_          ? MessageType::kSccrp
                           : tunnel_ == nullptr  ? MessageType::kSccrq
                           : rng_.Below(10) == 0 ? MessageType::kSccrp
                                                 : MessageType::kScccn;
  Message message{.type = type, .present = RowOf(type).must};
  message.protocol_version = kProtocolVersion1;
  message.framing_capabilities = message.bearer_capabilities = 3;
  message.host_name = "hostile";
  message.assigned_tunnel_id = kPeerTunnel;
  message.receive_window = peer_window_;
  if (type != MessageType::kScccn) {
    message.present.Add(AvpType::kReceiveWindowSize);
    message.present.Add(AvpType::kBearerCapabilities);
  }
  if (!challenge_.empty() && type != MessageType::kSccrq) {
    message.challenge_response = ChallengeResponse(type, kSecret, challenge_);
    if (rng_.Below(10) == 0) message.challenge_response[0] ^= 1;
    message.present.Add(AvpType::kChallengeResponse);
  }
  return message;
}

Bytes HostileSim::Good(const Message& message, uint16_t session) {
  Bytes datagram =
      EncodeMessage(message, PeerTunnelId(tunnel_ == nullptr ? uint16_t{0} : kOurTunnel.value()),
                    PeerSessionId(session), nullptr);
  StoreBe16(datagram.data() + kControlNsOffset, peer_ns_);
  StoreBe16(datagram.data() + kControlNrOffset, peer_nr_);
  return datagram;
}

// An AVP nobody knows, or one in the wrong place, with and without M, reserved bits, a vendor.
Bytes HostileSim::WithOddAvp(Bytes datagram) {
  const Bytes value(rng_.Below(30), 0x77);
  const size_t at = datagram.size();
  AppendAvp(datagram, {.mandatory = rng_.Below(2) == 0,
                       .hidden = rng_.Below(4) == 0,
                       .vendor = static_cast<uint16_t>(rng_.Below(3) == 0 ? rng_.Below(4000) : 0),
                       .type = static_cast<uint16_t>(rng_.Below(120)),
                       .value = value});
  if (rng_.Below(4) == 0) datagram[at] |= 0x04;
  if (rng_.Below(3) == 0) datagram[at + 1] = static_cast<uint8_t>(rng_.Below(256));
  StoreBe16(datagram.data() + 2, static_cast<uint16_t>(datagram.size()));
  return datagram;
}

// Bits turned anywhere but in Ns: a message in another place would be another message.
Bytes HostileSim::Damaged(Bytes datagram) {
  if (rng_.Below(4) == 0) datagram.resize(rng_.Below(static_cast<uint32_t>(datagram.size())));
  for (uint32_t flips = 1 + rng_.Below(4); flips > 0 && !datagram.empty(); --flips) {
    const size_t at = rng_.Below(static_cast<uint32_t>(datagram.size()));
    if (at == kControlNsOffset || at == kControlNsOffset + 1) continue;
    datagram[at] ^= static_cast<uint8_t>(1u << rng_.Below(8));
  }
  if (rng_.Below(2) == 0 && datagram.size() >= kControlHeaderLength) {
    StoreBe16(datagram.data() + 2, static_cast<uint16_t>(datagram.size()));
  }
  return datagram;
}

void HostileSim::PeerHears(const Bytes& datagram) {
  Header header;
  if (ParseHeader(datagram, header) != HeaderError::kNone || header.payload_length() == 0) return;
  if (header.ns == peer_nr_ && rng_.Below(8) != 0) ++peer_nr_;
  const Message message =
      DecodeMessage(ByteView(datagram).subspan(header.payload_offset), kSecret).message;
  if (message.Has(AvpType::kChallenge)) challenge_ = message.challenge;
  if (message.type == MessageType::kIcrp || message.type == MessageType::kOcrq) {
    to_connect_.push_back(message.assigned_session_id);
  }
  if (message.Has(AvpType::kAssignedSessionId)) {
    our_sessions_.push_back(message.assigned_session_id);
    if (our_sessions_.size() > kMaxSessions) our_sessions_.erase(our_sessions_.begin());
  }
}

// --- our owner ---

void HostileSim::OwnerActs() {
  Actions actions;
  if (rng_.Below(200) == 0) {
    tunnel_->Close(MakeResult(StopCcnResult::kShuttingDown), now_, actions);
    return Take(actions);
  }
  if (rng_.Below(4) == 0 && calls_.size() < kMaxSessions) {
    const LocalSessionId local(next_local_++);
    const bool outgoing = rng_.Below(2) == 0;
    calls_.push_back({.outgoing = outgoing, .local = local});
    if (outgoing) {
      tunnel_->PlaceOutgoingCall(local, {}, now_, actions);
    } else {
      tunnel_->PlaceCall(local, {.framing_type = 1}, now_, actions);
    }
    return Take(actions);
  }
  if (calls_.empty()) return;
  Call& call = calls_[rng_.Below(static_cast<uint32_t>(calls_.size()))];
  const PeerSessionId peer = call.peer;
  if (call.local.value() != 0) {
    // Whatever fits the state; the rest must be refused without harm.
    switch (rng_.Below(4)) {
      case 0:
        tunnel_->CloseSession(call.local, MakeResult(CdnResult::kAdministrative), now_, actions);
        break;
      case 1:
        tunnel_->SendLinkInfo({.local_session_id = call.local}, now_, actions);
        break;
      default:
        tunnel_->ConnectOutgoingCall(call.local, {.framing_type = 1}, now_, actions);
        break;
    }
  } else if (rng_.Below(5) == 0) {
    Check(tunnel_->RejectCall(peer, MakeResult(CdnResult::kBusy), now_, actions),
          "an offered call could not be rejected");
  } else {
    call.local = LocalSessionId(next_local_++);
    Check(call.outgoing ? tunnel_->AcceptOutgoingCall(peer, call.local, now_, actions)
                        : tunnel_->AcceptCall(peer, call.local, now_, actions),
          "an offered call could not be accepted");
  }
  Take(actions);
}

void HostileSim::Deliver(const Bytes& datagram) {
  history_.push_back(datagram);
  if (history_.size() > kMaxHistory) history_.erase(history_.begin());
  Header header;
  if (ParseHeader(datagram, header) == HeaderError::kNone && IsTaken(header) &&
      SequenceDistance(highest_nr_sent_, header.nr) > 0 &&
      SequenceDistance(header.nr, tunnel_->ns()) >= 0) {
    highest_nr_sent_ = header.nr;
  }
  Actions actions;
  tunnel_->OnDatagram(datagram, now_, actions);
  Take(actions);
}

// Our side looks at its Nr.
bool HostileSim::IsTaken(const Header& header) const {
  if (!header.control) return false;
  if (header.tunnel_id == kOurTunnel.value()) return true;
  return header.tunnel_id == 0 &&
         (settings_.tolerate.zero_tunnel_id || SequenceDistance(tunnel_->nr(), header.ns) < 0);
}

void HostileSim::RunTimers(Instant until) {
  for (int fired = 0; !failure_ && !released_; ++fired) {
    Check(fired < 10'000, "a timer that does not move on");
    const Instant next = tunnel_->NextDeadline();
    if (next > until) break;
    now_ = std::max(now_, next);
    Actions actions;
    tunnel_->OnTimer(now_, actions);
    Check(tunnel_->NextDeadline() > now_, "a timer that stays due");
    Take(actions);
    CheckAll();
  }
  now_ = until;
}

void HostileSim::Take(Actions& actions) {
  actions_in_step_ = actions.size();
  Check(actions_in_step_ <= kMaxActionsPerStep, "one step asks for too much");
  for (const Action& action : actions) TakeOne(action);
  actions.clear();
}

void HostileSim::TakeOne(const Action& action) {
  Check(!released_, "an action after the release");
  if (const auto* send = std::get_if<SendDatagram>(&action)) {
    CheckSent(send->bytes);
    PeerHears(send->bytes);
  } else if (std::holds_alternative<TunnelEstablished>(action)) {
    Check(!established_ && !closed_, "established twice or after the close");
    established_ = was_established_ = true;
  } else if (std::holds_alternative<TunnelClosed>(action)) {
    Check(!closed_, "closed twice");
    Check(calls_.empty(), "closed with a session not reported closed");
    closed_ = true;
    established_ = false;
  } else if (std::holds_alternative<TunnelReleased>(action)) {
    Check(closed_, "released before it was closed");
    Check(tunnel_->NextDeadline() == Instant::Never(), "a timer after the release");
    released_ = true;
  } else if (const auto* offer = std::get_if<IncomingCall>(&action)) {
    OnOffered(offer->peer_session_id, offer->info.call_serial_number);
    calls_.push_back({.peer = offer->peer_session_id});
  } else if (const auto* request = std::get_if<OutgoingCallRequested>(&action)) {
    OnOffered(request->peer_session_id, request->info.call_serial_number);
    calls_.push_back({.outgoing = true, .peer = request->peer_session_id});
  } else if (const auto* open = std::get_if<SessionEstablished>(&action)) {
    ++calls_up_;
    Check(std::any_of(calls_.begin(), calls_.end(),
                      [&](const Call& call) { return call.local == open->local_session_id; }),
          "a session up that was not set up");
  } else if (const auto* close = std::get_if<SessionClosed>(&action)) {
    const size_t erased = std::erase_if(calls_, [&](const Call& call) {
      return close->local_session_id.value() != 0
                 ? call.local == close->local_session_id
                 : call.local.value() == 0 && call.peer == close->peer_session_id;
    });
    Check(erased == 1, "a session closed that was not there");
  }
}

void HostileSim::OnOffered(PeerSessionId peer, uint32_t serial) {
  Check(established_, "a call offered without a tunnel");
  Check(serials_seen_.insert(serial).second, "a request processed twice");
  Check(peer.value() != 0, "a call without an id");
  Check(std::none_of(calls_.begin(), calls_.end(),
                     [&](const Call& call) { return call.peer == peer; }),
        "two calls with the same id of the peer");
}

void HostileSim::CheckSent(const Bytes& datagram) {
  Header header;
  const std::optional<DecodedMessage> sent = ReadSent(datagram, settings_.secret, header);
  Check(sent.has_value(), "sent a bad message");
  if (failure_ || !sent->type_known) return;
  // Damage may have changed the window it gave; before it gave one it was four.
  const int ahead = SequenceDistance(highest_nr_sent_, header.ns);
  Check(ahead >= 0 && ahead < std::max<int>(tunnel_->peer_window(), 4),
        "sent beyond the peer's window");
}

void HostileSim::CheckAll() {
  if (failure_ || released_) return;
  Check(tunnel_->session_count() == calls_.size(), "sessions do not match what was reported");
  Check(calls_.size() <= 2 * kMaxSessions, "more sessions than there may be");
  Check(established_ == (tunnel_->state() == TunnelState::kEstablished),
        "the state does not match what was reported");
  Check(tunnel_->backlog() <= 16 * kSteps, "more messages waiting than were caused");
  std::set<uint16_t> locals;
  for (const Call& call : calls_) {
    if (call.local.value() == 0) continue;
    Check(locals.insert(call.local.value()).second, "two sessions with the same id of ours");
    Check(tunnel_->session_state(call.local).has_value(), "a session its tunnel does not know");
  }
}

void HostileSim::Check(bool holds, const std::string& what) {
  if (holds || failure_) return;
  failure_ = "(hostile) at " + std::to_string(now_.nanoseconds() / 1'000'000) + " ms: " + what;
}

std::string HostileSim::Summary() const {
  return std::string("hostile: ") + (was_established_ ? "tunnel up" : "tunnel never up") + ", " +
         std::to_string(calls_up_) + " calls up, " + std::to_string(serials_seen_.size()) +
         " offered";
}

}  // namespace lns::l2tp
