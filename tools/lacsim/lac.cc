// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/lac.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/check.h"
#include "lib/l2tp/header.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/lac_exchange.h"
#include "tools/lacsim/options.h"

namespace lns::lacsim {
namespace {

constexpr uint32_t kTunnelTimer = 0;
// How long the LNS has to send its CDN after PPP ended, before we send ours.
constexpr Duration kDisconnectWait = Duration::Seconds(3);

// RFC 2661 4.4.2.
constexpr uint16_t kStopCcnGeneral = 1;
constexpr uint16_t kStopCcnShuttingDown = 6;
constexpr uint16_t kCdnAdministrative = 3;
constexpr uint16_t kCdnNoFacilities = 4;
constexpr uint16_t kCdnNotEstablishedInTime = 10;

// What the calls say of themselves: a synchronous digital line (RFC 2661 4.4.3, 4.4.4).
constexpr uint32_t kSynchronous = 1;
constexpr uint32_t kDigital = 1;
constexpr uint32_t kConnectSpeedBps = 100'000'000;

l2tp::CallInfo Line() {
  l2tp::CallInfo info;
  info.bearer_type = kDigital;
  info.framing_type = kSynchronous;
  info.tx_connect_speed_bps = kConnectSpeedBps;
  return info;
}

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Lac::Lac(Identity identity, const LacSettings& settings, std::unique_ptr<Wire> wire,
         uint32_t subscriber_count, Rng& rng, LacListener& listener)
    : identity_(std::move(identity)),
      settings_(settings),
      wire_(std::move(wire)),
      rng_(rng),
      listener_(listener),
      subscribers_(subscriber_count),
      timers_(size_t{1} + subscriber_count) {}

// --- what the run asks for ---

void Lac::Open(Instant now) {
  open_deadline_ = now + settings_.setup_timeout;
  l2tp::Actions actions;
  tunnel_ = l2tp::Tunnel::Open(identity_.tunnel, identity_.tunnel_id, rng_, now, actions);
  CarryOut(actions, now);
}

void Lac::PlaceCall(uint32_t local_index, Instant now) {
  Subscriber& subscriber = subscribers_[local_index];
  if (!BeginCall(subscriber, SubscriberState::kCalling, now)) return;
  l2tp::CallInfo info = Line();
  info.call_serial_number = subscriber.index + 1;
  info.calling_number = std::to_string(subscriber.index + 1);
  if (settings_.proxy) NegotiateForLns(subscriber, info, now);
  l2tp::Actions actions;
  tunnel_->PlaceCall(SessionIdOf(local_index), info, now, actions);
  CarryOut(actions, now);
  RefreshTimer(subscriber);
}

void Lac::AwaitCall(uint32_t local_index, Instant now) {
  Subscriber& subscriber = subscribers_[local_index];
  if (BeginCall(subscriber, SubscriberState::kAwaitingCall, now)) RefreshTimer(subscriber);
}

bool Lac::BeginCall(Subscriber& subscriber, SubscriberState state, Instant now) {
  LNS_CHECK(subscriber.state == SubscriberState::kIdle);
  if (!up_) {
    EndingOf(subscriber).tunnel_lost = true;
    if (failure_ && !failure_->timed_out) {
      EndingOf(subscriber).cdn = failure_->result;
      EndingOf(subscriber).by_peer = failure_->by_peer;
    }
    Gone(subscriber);
    return false;
  }
  subscriber.state = state;
  subscriber.called_at = now;
  subscriber.deadline = now + settings_.setup_timeout;
  return true;
}

void Lac::AnswerRequest(l2tp::PeerSessionId request, Instant now) {
  if (tunnel_ == nullptr) return;
  const auto waiting =
      std::find_if(subscribers_.begin(), subscribers_.end(), [](const Subscriber& subscriber) {
        return subscriber.state == SubscriberState::kAwaitingCall;
      });
  l2tp::Actions actions;
  if (waiting == subscribers_.end()) {
    tunnel_->RejectCall(request, {.result = kCdnNoFacilities}, now, actions);
    return CarryOut(actions, now);
  }
  const l2tp::LocalSessionId session = SessionIdOf(LocalIndexOf(*waiting));
  waiting->state = SubscriberState::kCalling;
  // This line is always free and answers at once.
  if (tunnel_->AcceptOutgoingCall(request, session, now, actions)) {
    tunnel_->ConnectOutgoingCall(session, Line(), now, actions);
  } else {
    waiting->state = SubscriberState::kAwaitingCall;
  }
  CarryOut(actions, now);
  RefreshTimer(*waiting);
}

void Lac::HangUp(uint32_t local_index, Instant now) {
  Subscriber& subscriber = subscribers_[local_index];
  if (subscriber.state == SubscriberState::kGone) return;
  if (subscriber.state == SubscriberState::kIdle) {
    Gone(subscriber);
    return;
  }
  if (subscriber.silent) return CloseSession(subscriber, kCdnAdministrative, now);
  const bool has_link = subscriber.link != nullptr;
  if (subscriber.ipv6 != nullptr) {
    std::vector<Bytes> packets;
    subscriber.ipv6->Release(packets);
    SendIpv6(subscriber, packets);
  }
  subscriber.state = SubscriberState::kHangingUp;
  subscriber.deadline = Instant::Never();
  if (!has_link) {
    CloseSession(subscriber, kCdnAdministrative, now);
    return;
  }
  ppp::LinkActions actions;
  subscriber.link->Close(now, actions);
  CarryOut(subscriber, actions, now);
  RefreshTimer(subscriber);
}

void Lac::Close(Instant now) {
  closing_ = true;
  open_deadline_ = Instant::Never();
  if (tunnel_ == nullptr) return;
  l2tp::Actions actions;
  tunnel_->Close({.result = up_ ? kStopCcnShuttingDown : kStopCcnGeneral}, now, actions);
  CarryOut(actions, now);
}

bool Lac::settled() const {
  if (tunnel_ == nullptr) return true;
  const l2tp::TunnelState state = tunnel_->state();
  return state == l2tp::TunnelState::kIdle || state == l2tp::TunnelState::kRetained;
}

void Lac::SendIp(std::span<UplinkPacket> packets) {
  LNS_CHECK(packets.size() <= kMaxBurst);
  if (tunnel_ == nullptr) return;
  std::array<ByteView, kMaxBurst> datagrams;
  for (size_t i = 0; i < packets.size(); ++i) {
    const UplinkPacket& packet = packets[i];
    const Subscriber& subscriber = subscribers_[packet.local_index];
    const uint16_t protocol = packet.packet[0] >> 4 == 6 ? ppp::kProtocolIpv6 : ppp::kProtocolIpv4;
    const size_t ppp_length = ppp::FrameHeaderLength(protocol, subscriber.format);
    const l2tp::Header header{.tunnel_id = tunnel_->peer_id().value(),
                              .session_id = subscriber.peer_session_id.value()};
    const size_t l2tp_length = l2tp::HeaderLength(header);
    uint8_t* start = packet.packet.data() - ppp_length - l2tp_length;
    l2tp::WriteHeader(header, ppp_length + packet.packet.size(), {start, l2tp_length});
    ppp::WriteFrameHeader(protocol, subscriber.format, start + l2tp_length);
    datagrams[i] = ByteView(start, l2tp_length + ppp_length + packet.packet.size());
  }
  const size_t sent = wire_->Send(std::span<const ByteView>(datagrams).first(packets.size()));
  for (size_t i = 0; i < sent; ++i) packets[i].sent = true;
}

// --- what arrives, and time ---

void Lac::OnReadable(Instant now) {
  bool data_seen = false;
  for (const ByteView datagram : wire_->Receive()) {
    l2tp::Header header;
    if (l2tp::ParseHeader(datagram, header) != l2tp::HeaderError::kNone) {
      ++counters_.malformed;
    } else if (tunnel_ == nullptr || header.tunnel_id != identity_.tunnel_id.value()) {
      ++counters_.stray;
    } else if (header.control) {
      OnControl(datagram, now);
    } else {
      data_seen = true;
      OnData(header.session_id, datagram.subspan(header.payload_offset, header.payload_length()),
             now);
    }
  }
  if (data_seen && tunnel_ != nullptr) {
    tunnel_->OnDataSeen(now);
    RefreshTunnelTimer();
  }
}

void Lac::OnTimer(Instant now) {
  // Each timer fires at most once a turn: setting it again moves it past `now`, and an engine that
  // does not would be asked again in the next turn, not here.
  for (size_t fired = 0; fired <= subscribers_.size(); ++fired) {
    const std::optional<uint32_t> timer = timers_.PopDue(now);
    if (!timer) return;
    if (*timer != kTunnelTimer) {
      OnSubscriberTimer(subscribers_[*timer - 1], now);
      continue;
    }
    if (open_deadline_ <= now) {
      open_timed_out_ = true;
      Close(now);
      continue;
    }
    if (tunnel_ == nullptr) continue;
    l2tp::Actions actions;
    tunnel_->OnTimer(now, actions);
    CarryOut(actions, now);
  }
}

void Lac::OnControl(ByteView datagram, Instant now) {
  l2tp::Actions actions;
  tunnel_->OnDatagram(datagram, now, actions);
  CarryOut(actions, now);
}

void Lac::OnData(uint16_t session_id, ByteView frame, Instant now) {
  Subscriber* subscriber = FindSubscriber(session_id);
  if (subscriber == nullptr || subscriber->link == nullptr) {
    ++counters_.stray;
    return;
  }
  if (subscriber->silent) return OnUnheard(*subscriber, frame, now);
  const ppp::FrameHeader header = ppp::ParseFrameHeader(frame);
  if (!header.ok()) {
    ++counters_.unexpected_frames;
  } else if (header.protocol == ppp::kProtocolIpv4 ||
             (header.protocol == ppp::kProtocolIpv6 && subscriber->interface_id != 0)) {
    subscriber->link->OnDataSeen();
    const ByteView packet = frame.subspan(header.length);
    std::vector<Bytes> answers;
    if (header.protocol == ppp::kProtocolIpv6 && subscriber->ipv6 != nullptr &&
        subscriber->ipv6->OnPacket(packet, now, answers)) {
      SendIpv6(*subscriber, answers);
      RefreshTimer(*subscriber);
    } else {
      listener_.OnIpPacket(*subscriber, packet, now);
    }
  } else if (ppp::IsNetworkData(header.protocol)) {
    ++counters_.unexpected_frames;
  } else {
    ppp::LinkActions actions;
    subscriber->link->OnFrame(frame, now, actions);
    CarryOut(*subscriber, actions, now);
    RefreshTimer(*subscriber);
  }
}

void Lac::FallSilent(uint32_t local_index, Instant now) {
  Subscriber& subscriber = subscribers_[local_index];
  if (subscriber.state != SubscriberState::kOnline) return;
  subscriber.silent = true;
  subscriber.silent_since = now;
  RefreshTimer(subscriber);
}

void Lac::OnUnheard(Subscriber& subscriber, ByteView frame, Instant now) {
  const ppp::FrameHeader header = ppp::ParseFrameHeader(frame);
  if (!header.ok() || header.protocol != ppp::kProtocolLcp) return;
  const auto packet = ppp::ParseControlPacket(frame.subspan(header.length));
  if (packet.ok() && packet->code == ppp::kTerminateRequest) Notice(subscriber, now);
}

void Lac::Notice(Subscriber& subscriber, Instant now) {
  if (!std::exchange(subscriber.noticed, true)) listener_.OnNoticed(subscriber, now);
}

void Lac::OnSubscriberTimer(Subscriber& subscriber, Instant now) {
  if (subscriber.deadline <= now) {
    const bool waited_for_cdn = subscriber.state == SubscriberState::kLinkDown;
    if (!waited_for_cdn) EndingOf(subscriber).timed_out = true;
    CloseSession(subscriber, waited_for_cdn ? kCdnAdministrative : kCdnNotEstablishedInTime, now);
    return;
  }
  if (subscriber.link != nullptr) {
    ppp::LinkActions actions;
    subscriber.link->OnTimer(now, actions);
    CarryOut(subscriber, actions, now);
  }
  if (subscriber.ipv6 != nullptr && subscriber.ipv6->NextDeadline() <= now) {
    std::vector<Bytes> packets;
    subscriber.ipv6->OnTimer(now, packets);
    SendIpv6(subscriber, packets);
  }
  RefreshTimer(subscriber);
}

// --- what the engines answer ---

void Lac::CarryOut(l2tp::Actions& actions, Instant now) {
  bool released = false;
  std::vector<l2tp::PeerSessionId> requests;
  // Sessions that end with their tunnel are reported as closed before the tunnel is.
  tunnel_closing_ = std::any_of(actions.begin(), actions.end(), [](const l2tp::Action& action) {
    return std::holds_alternative<l2tp::TunnelClosed>(action);
  });
  for (l2tp::Action& action : actions) {
    std::visit(
        Overloaded{
            [&](const l2tp::SendDatagram& send) { SendDatagram(send.bytes); },
            [&](const l2tp::TunnelEstablished&) {
              up_ = was_up_ = true;
              open_deadline_ = Instant::Never();
              listener_.OnTunnelUp(*this);
            },
            [&](const l2tp::TunnelClosed& closed) { OnTunnelClosed(closed); },
            [&](const l2tp::TunnelReleased&) { released = true; },
            [&](const l2tp::SessionEstablished& established) { OnEstablished(established, now); },
            [&](const l2tp::SessionClosed& closed) { OnSessionClosed(closed, now); },
            [&](const l2tp::OutgoingCallRequested& request) {
              requests.push_back(request.peer_session_id);
            },
            // A LAC is not called; counts and news of sessions are for longer-lived processes.
            [](const auto&) {},
        },
        action);
  }
  if (tunnel_ != nullptr) statistics_ = tunnel_->statistics();
  if (released) tunnel_.reset();
  for (const l2tp::PeerSessionId request : requests) AnswerRequest(request, now);
  RefreshTunnelTimer();
}

// The ICCN has left, so the LNS will know the session before its first PPP frame.
void Lac::OnEstablished(const l2tp::SessionEstablished& action, Instant now) {
  Subscriber* subscriber = FindSubscriber(action.local_session_id.value());
  if (subscriber == nullptr || subscriber->state != SubscriberState::kCalling) return;
  subscriber->peer_session_id = action.peer_session_id;
  subscriber->state = SubscriberState::kNegotiating;
  StartLink(*subscriber, now);
}

std::unique_ptr<ppp::Link> Lac::MakeLink(const Subscriber& subscriber) {
  const uint32_t number = subscriber.index + 1;
  const ppp::Credentials credentials{.user_name = ExpandNumber(settings_.user_pattern, number),
                                     .password = ExpandNumber(settings_.password_pattern, number)};
  return ppp::Link::MakeClient(settings_.link, credentials, rng_);
}

// The subscriber and this LAC are one process, so what they say to each other takes no time. Where
// they do not agree the LNS is left to try.
void Lac::NegotiateForLns(Subscriber& subscriber, l2tp::CallInfo& info, Instant now) {
  Subscriber::BeforeCall before{.link = MakeLink(subscriber), .said = {}};
  std::optional<ppp::LacExchange> exchange =
      ppp::ExchangeAsLac(*before.link, *settings_.proxy, rng_, now, before.said);
  if (!exchange) return;
  subscriber.before_call = std::make_unique<Subscriber::BeforeCall>(std::move(before));
  info.initial_received_confreq = std::move(exchange->initial_received);
  info.last_sent_confreq = std::move(exchange->last_sent);
  info.last_received_confreq = std::move(exchange->last_received);
  if (!settings_.proxy_answer) return;
  info.proxy_authen_type = exchange->authen_type;
  info.proxy_authen_name = std::move(exchange->authen_name);
  info.proxy_authen_challenge = std::move(exchange->authen_challenge);
  info.proxy_authen_id = exchange->authen_id;
  info.proxy_authen_response = std::move(exchange->authen_response);
}

void Lac::StartLink(Subscriber& subscriber, Instant now) {
  ppp::LinkActions actions;
  if (subscriber.before_call != nullptr) {
    subscriber.link = std::move(subscriber.before_call->link);
    actions = std::move(subscriber.before_call->said);
    subscriber.before_call.reset();
  } else {
    subscriber.link = MakeLink(subscriber);
    subscriber.link->Start(now, actions);
  }
  CarryOut(subscriber, actions, now);
  RefreshTimer(subscriber);
}

void Lac::CarryOut(Subscriber& subscriber, ppp::LinkActions& actions, Instant now) {
  for (ppp::LinkAction& action : actions) {
    std::visit(Overloaded{
                   [&](const ppp::SendFrame& send) { SendPpp(subscriber, send.bytes); },
                   [&](const ppp::LinkOpened& opened) {
                     subscriber.format = {.pfc = opened.send_pfc, .acfc = opened.send_acfc};
                     subscriber.peer_mru = opened.peer_mru;
                   },
                   [&](const ppp::Ipv4Up& up) {
                     subscriber.address = up.parameters.local;
                     subscriber.peer_address = up.parameters.peer;
                     OnNetworkUp(subscriber, now);
                   },
                   [&](const ppp::Ipv6Up& up) {
                     StartIpv6(subscriber, up.local_interface_id, now);
                     if (!settings_.link.ipv4) OnNetworkUp(subscriber, now);
                   },
                   [&](const ppp::Ipv6Down&) {
                     subscriber.interface_id = 0;
                     subscriber.ipv6.reset();
                   },
                   [&](const ppp::Ipv4Down&) {
                     if (subscriber.state != SubscriberState::kOnline) return;
                     subscriber.state = SubscriberState::kNegotiating;
                     subscriber.deadline = now + settings_.setup_timeout;
                   },
                   [&](const ppp::LinkDown& down) { OnLinkDown(subscriber, down, now); },
                   [](const auto&) {},
               },
               action);
  }
}

void Lac::OnNetworkUp(Subscriber& subscriber, Instant now) {
  subscriber.state = SubscriberState::kOnline;
  subscriber.deadline = Instant::Never();
  if (std::exchange(subscriber.was_online, true)) return;
  listener_.OnOnline(*this, subscriber, now);
}

void Lac::StartIpv6(Subscriber& subscriber, uint64_t interface_id, Instant now) {
  subscriber.interface_id = interface_id;
  listener_.OnIpv6Up(subscriber);
  if (settings_.subscriber_with_device == subscriber.index) return;
  subscriber.ipv6 =
      std::make_unique<Ipv6Client>(Ipv6Client::Settings{.interface_id = interface_id,
                                                        .number = subscriber.index + 1,
                                                        .wants_prefix = settings_.delegate});
  std::vector<Bytes> packets;
  subscriber.ipv6->Start(now, packets);
  SendIpv6(subscriber, packets);
}

void Lac::SendIpv6(const Subscriber& subscriber, const std::vector<Bytes>& packets) {
  for (const Bytes& packet : packets) {
    Bytes frame(2 + packet.size());
    StoreBe16(frame.data(), ppp::kProtocolIpv6);
    std::copy(packet.begin(), packet.end(), frame.begin() + 2);
    SendPpp(subscriber, frame);
  }
}

void Lac::OnLinkDown(Subscriber& subscriber, const ppp::LinkDown& action, Instant now) {
  if (subscriber.state == SubscriberState::kGone) return;
  if (subscriber.state == SubscriberState::kHangingUp) {
    CloseSession(subscriber, kCdnAdministrative, now);
    return;
  }
  Ending& ending = EndingOf(subscriber);
  ending.ppp_cause = action.cause;
  ending.ppp_message = action.message;
  subscriber.state = SubscriberState::kLinkDown;
  subscriber.deadline = now + kDisconnectWait;
}

void Lac::CloseSession(Subscriber& subscriber, uint16_t result, Instant now) {
  if (tunnel_ != nullptr) {
    l2tp::Actions actions;
    tunnel_->CloseSession(SessionIdOf(LocalIndexOf(subscriber)), {.result = result}, now, actions);
    CarryOut(actions, now);
  }
  Gone(subscriber);
}

void Lac::OnSessionClosed(const l2tp::SessionClosed& action, Instant now) {
  Subscriber* subscriber = FindSubscriber(action.local_session_id.value());
  if (subscriber == nullptr || subscriber->state == SubscriberState::kGone) return;
  const bool wanted = closing_ || subscriber->state == SubscriberState::kHangingUp;
  if (!wanted && subscriber->silent) Notice(*subscriber, now);
  if (!wanted && (action.by_peer || subscriber->ending == nullptr)) {
    Ending& ending = EndingOf(*subscriber);
    ending.cdn = action.result;
    ending.by_peer = action.by_peer;
    ending.tunnel_lost = tunnel_closing_;
  }
  Gone(*subscriber);
}

void Lac::OnTunnelClosed(const l2tp::TunnelClosed& action) {
  up_ = false;
  open_deadline_ = Instant::Never();
  if (!closing_ || !was_up_) {
    failure_ = action;
    failure_->timed_out = action.timed_out || open_timed_out_;
  }
  for (Subscriber& subscriber : subscribers_) {
    if (subscriber.state == SubscriberState::kIdle || subscriber.state == SubscriberState::kGone) {
      continue;
    }
    if (!closing_) EndingOf(subscriber).tunnel_lost = true;
    Gone(subscriber);
  }
  listener_.OnTunnelDown(*this);
}

Ending& Lac::EndingOf(Subscriber& subscriber) {
  if (subscriber.ending == nullptr) {
    subscriber.ending = std::make_unique<Ending>();
    subscriber.ending->stage = subscriber.state;
    if (subscriber.link != nullptr) subscriber.ending->ppp_phase = subscriber.link->phase();
  }
  return *subscriber.ending;
}

void Lac::Gone(Subscriber& subscriber) {
  if (subscriber.state == SubscriberState::kGone) return;
  subscriber.state = SubscriberState::kGone;
  subscriber.deadline = Instant::Never();
  subscriber.link.reset();
  subscriber.ipv6.reset();
  timers_.Set(TimerOf(LocalIndexOf(subscriber)), Instant::Never());
  listener_.OnGone(*this, subscriber);
}

// --- sending and timers ---

void Lac::SendPpp(const Subscriber& subscriber, ByteView frame) {
  if (tunnel_ == nullptr || subscriber.silent) return;
  const l2tp::Header header{.tunnel_id = tunnel_->peer_id().value(),
                            .session_id = subscriber.peer_session_id.value()};
  std::array<uint8_t, 2048> datagram;
  const size_t header_length = l2tp::WriteHeader(header, frame.size() + 2, datagram);
  Writer writer(MutableByteView(datagram).subspan(header_length));
  writer.WriteU8(ppp::kAllStations);
  writer.WriteU8(ppp::kUnnumberedInformation);
  writer.WriteBytes(frame);
  LNS_CHECK(writer.ok());
  SendDatagram(ByteView(datagram).first(header_length + writer.offset()));
}

void Lac::SendDatagram(ByteView datagram) {
  if (wire_->Send({&datagram, 1}) != 1) ++counters_.control_unsent;
}

void Lac::RefreshTunnelTimer() {
  const Instant engine = tunnel_ == nullptr ? Instant::Never() : tunnel_->NextDeadline();
  timers_.Set(kTunnelTimer, std::min(engine, open_deadline_));
}

void Lac::RefreshTimer(Subscriber& subscriber) {
  if (subscriber.state == SubscriberState::kGone) return;
  if (subscriber.silent) {
    timers_.Set(TimerOf(LocalIndexOf(subscriber)), Instant::Never());
    return;
  }
  const Instant engine =
      subscriber.link == nullptr ? Instant::Never() : subscriber.link->NextDeadline();
  const Instant ipv6 =
      subscriber.ipv6 == nullptr ? Instant::Never() : subscriber.ipv6->NextDeadline();
  timers_.Set(TimerOf(LocalIndexOf(subscriber)), std::min({engine, ipv6, subscriber.deadline}));
}

Subscriber* Lac::FindSubscriber(uint16_t session_id) {
  if (session_id == 0 || session_id > subscribers_.size()) return nullptr;
  return &subscribers_[session_id - size_t{1}];
}

}  // namespace lns::lacsim
