// A tunnel of either role driven by an event stream: messages in and out of sequence, acknowledged
// or not, by choice or raw; time; the owner's answers, calls, closes. The fuzzer is the peer and
// the network, so what it never acknowledges was lost.
//
// Checked after each event: what is sent is well formed; session ids are unique, and what becomes
// of each is told once; the number of actions is bounded; the release is the last; no
// deadline stays in the past.
//
// Input: one byte of settings, then events of one byte that says what, one that says how, and what
// they read.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <variant>

#include "lib/base/check.h"
#include "lib/l2tp/describe.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/tunnel.h"
#include "tests/fuzz/l2tp/structured_message.h"

namespace lns::l2tp {
namespace {

constexpr LocalTunnelId kTunnel{0x0101};
constexpr uint16_t kFirstNs = 65530;  // soon across the wrap
constexpr size_t kMaxEvents = 512;
constexpr size_t kMaxSessions = 2 * kFuzzedIds;
constexpr size_t kMaxActions = 256;  // of one event
constexpr int kTimersToTheEnd = 64;

class Driver {
 public:
  explicit Driver(ByteView input) : input_(input) {}

  void Run() {
    Start(input_.ReadU8());
    for (size_t i = 0; i < kMaxEvents && !released_ && input_.remaining() > 0; ++i) {
      const uint8_t what = input_.ReadU8();
      Step(what, input_.ReadU8());
      Take();
    }
    // Whatever happened, a close ends everything within bounded time.
    if (!released_) tunnel_->Close({.result = 1}, now_, actions_);
    Take();
    for (int i = 0; i < kTimersToTheEnd && !released_; ++i) Timer();
    LNS_CHECK(released_ && local_ids_.empty() && waiting_.empty());
    LNS_CHECK(tunnel_->NextDeadline() == Instant::Never());
  }

 private:
  void Start(uint8_t mode) {
    settings_.host_name = "fuzz";
    settings_.receive_window = static_cast<uint16_t>(1 + mode % 8);
    settings_.initial_ns = settings_.initial_nr = kFirstNs;
    settings_.max_sessions = kMaxSessions;
    settings_.accept_outgoing_calls = (mode & 0x08) != 0;
    settings_.tie_breaker = settings_.tolerate.unknown_mandatory_avps = (mode & 0x10) != 0;
    if ((mode & 0x40) != 0) settings_.secret = "fuzz";
    settings_.hide_avps = (mode & 0x20) != 0;
    if ((mode & 0x80) != 0) {
      tunnel_ = Tunnel::Open(settings_, kTunnel, rng_, now_, actions_);
    } else {
      Message sccrq{.type = MessageType::kSccrq,
                    .present = RowOf(MessageType::kSccrq).must,
                    .protocol_version = kProtocolVersion1,
                    .framing_capabilities = 3,
                    .host_name = "peer",
                    .assigned_tunnel_id = 0x0202};
      Bytes datagram = EncodeMessage(sccrq, PeerTunnelId(), PeerSessionId(), nullptr);
      StoreBe16(datagram.data() + kControlNsOffset, kFirstNs);
      tunnel_ = Tunnel::Accept(settings_, kTunnel, datagram, rng_, now_, actions_);
    }
    Take();
  }

  void Step(uint8_t what, uint8_t how) {
    switch (what % 12) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Datagram(how, MakeMessage(input_));
      case 4: {
        const ByteView avps =
            input_.ReadBytes(std::min<size_t>(input_.ReadU8(), input_.remaining()));
        return Datagram(how, Bytes(avps.begin(), avps.end()));
      }
      case 5:
        return tunnel_->OnDatagram(input_.ReadBytes(std::min<size_t>(how, input_.remaining())),
                                   now_, actions_);
      case 6:
        return Timer();
      case 7:
        return Wait(Duration::Milliseconds(int64_t{1} << how % 17));
      case 8:
        return Place(how);
      case 9:
        return Answer(how);
      case 10:
        return Session(how);
      default:
        if (how < 8) return tunnel_->Close({.result = how}, now_, actions_);
        if (how < 12) return tunnel_->Discard(now_, actions_);
        if (how < 20) return tunnel_->Drain(ResultCode{.result = 5});
        if (how < 32) return tunnel_->Drain(std::nullopt);
        return tunnel_->OnDataSeen(now_);
    }
  }

  static LocalSessionId LocalId(uint8_t how) {
    return LocalSessionId(static_cast<uint16_t>(1 + how % kFuzzedIds));
  }
  static PeerSessionId PeerId(uint8_t how) {
    return PeerSessionId(static_cast<uint16_t>(1 + how % kFuzzedIds));
  }

  // How: bits 0 to 2 the session, 3 whether what we sent is acknowledged, 4 to 6 how far out of
  // sequence where bit 7 says so.
  void Datagram(uint8_t how, const Bytes& avps) {
    if ((how & 0x08) == 0) acknowledged_ = tunnel_->ns();
    Bytes datagram(kControlHeaderLength);
    const auto ns = static_cast<uint16_t>(tunnel_->nr() + (how & 0x80 ? (how >> 4 & 7) - 3 : 0));
    const Header header = ControlHeader(kTunnel.value(), how & 7, ns, acknowledged_);
    LNS_CHECK(WriteHeader(header, avps.size(), datagram) == kControlHeaderLength);
    datagram.insert(datagram.end(), avps.begin(), avps.end());
    LNS_CHECK(!Describe(datagram).empty());
    tunnel_->OnDatagram(datagram, now_, actions_);
  }

  void Timer() {
    if (tunnel_->NextDeadline() == Instant::Never()) return;
    now_ = std::max(now_, tunnel_->NextDeadline());
    tunnel_->OnTimer(now_, actions_);
    Take();
    LNS_CHECK(tunnel_->NextDeadline() > now_);
  }
  void Wait(Duration time) {
    const Instant end = now_ + time;
    // Each timer is served when it is due, as a loop would; how many there can be is bounded by the
    // shortest of them, the acknowledgement delay.
    for (int i = 0; i < kTimersToTheEnd && tunnel_->NextDeadline() <= end; ++i) Timer();
    now_ = std::max(now_, end);
  }

  void Place(uint8_t how) {
    const LocalSessionId local = LocalId(how);
    if (local_ids_.contains(local)) return;
    local_ids_.insert(local);  // its end is always told
    if ((how & 0x08) != 0) {
      tunnel_->PlaceOutgoingCall(
          local, {.bearer_type = 1u + (how >> 4 & 1u), .framing_type = 1u + (how >> 5 & 1u)}, now_,
          actions_);
    } else {
      tunnel_->PlaceCall(local, {.framing_type = how}, now_, actions_);
    }
  }

  void Answer(uint8_t how) {
    const PeerSessionId peer = PeerId(how);
    const LocalSessionId local = LocalId(how >> 3);
    const bool accept = (how & 0x80) != 0;
    if (accept && local_ids_.contains(local)) return;
    const bool was_waiting = waiting_.contains(peer);
    bool taken = false;
    if (!accept) {
      taken = tunnel_->RejectCall(peer, {.result = how}, now_, actions_);
    } else if ((how & 0x40) != 0) {
      taken = tunnel_->AcceptOutgoingCall(peer, local, now_, actions_);
    } else {
      taken = tunnel_->AcceptCall(peer, local, now_, actions_);
    }
    LNS_CHECK(was_waiting || !taken);
    if (taken && accept) {
      waiting_.erase(peer);
      local_ids_.insert(local);
    }
  }

  void Session(uint8_t how) {
    const LocalSessionId local = LocalId(how);
    bool known = false;
    switch (how >> 3 & 7) {
      case 0:
      case 1:
      case 2:
        known = tunnel_->CloseSession(local, {.result = how}, now_, actions_);
        break;
      case 3:
        known = tunnel_->CloseSession(local, {.result = how},
                                      PppDisconnectCause{.code = how, .message = "fuzz"}, now_,
                                      actions_);
        break;
      case 4:
        known = tunnel_->ConnectOutgoingCall(local, {.framing_type = 1, .tx_connect_speed_bps = 1},
                                             now_, actions_);
        break;
      case 5:
        known = tunnel_->SendLinkInfo({.local_session_id = local}, now_, actions_);
        break;
      case 6:
        known = tunnel_->RequestAccessLineUpdate(local, now_, actions_);
        break;
      default:
        known = tunnel_->SendWanErrors({.local_session_id = local}, now_, actions_);
        break;
    }
    LNS_CHECK(local_ids_.contains(local) || !known);
  }

  void Take() {
    LNS_CHECK(actions_.size() <= kMaxActions);
    for (const Action& action : actions_) {
      LNS_CHECK(!released_);
      if (const auto* send = std::get_if<SendDatagram>(&action)) {
        Sent(send->bytes);
      } else if (const auto* call = std::get_if<IncomingCall>(&action)) {
        LNS_CHECK(waiting_.insert(call->peer_session_id).second);
      } else if (const auto* outgoing = std::get_if<OutgoingCallRequested>(&action)) {
        LNS_CHECK(waiting_.insert(outgoing->peer_session_id).second);
      } else if (const auto* up = std::get_if<SessionEstablished>(&action)) {
        LNS_CHECK(local_ids_.contains(up->local_session_id));
        LNS_CHECK(established_.insert(up->local_session_id).second);
      } else if (const auto* closed = std::get_if<SessionClosed>(&action)) {
        Closed(*closed);
      } else if (std::holds_alternative<TunnelClosed>(action)) {
        LNS_CHECK(local_ids_.empty() && waiting_.empty());
      } else if (std::holds_alternative<TunnelReleased>(action)) {
        released_ = true;
      }
    }
    actions_.clear();
    LNS_CHECK(tunnel_->session_count() == local_ids_.size() + waiting_.size());
    LNS_CHECK(tunnel_->session_count() <= kMaxSessions);
  }

  void Sent(ByteView datagram) {
    Header header;
    LNS_CHECK(ParseHeader(datagram, header) == HeaderError::kNone);
    LNS_CHECK(header.control && header.end == datagram.size());
    if (header.payload_length() == 0) return;
    LNS_CHECK(DecodeMessage(datagram.subspan(header.payload_offset), settings_.secret).verdict ==
              Verdict::kAccept);
  }

  void Closed(const SessionClosed& closed) {
    established_.erase(closed.local_session_id);
    if (closed.local_session_id.value() != 0) {
      LNS_CHECK(local_ids_.erase(closed.local_session_id) == 1);
    } else {
      LNS_CHECK(waiting_.erase(closed.peer_session_id) == 1);
    }
  }

  Reader input_;
  SeededRng rng_{1};
  TunnelSettings settings_;
  Instant now_ = Instant::FromNanoseconds(1);
  Actions actions_;
  std::unique_ptr<Tunnel> tunnel_;
  uint16_t acknowledged_ = kFirstNs;
  std::set<LocalSessionId> local_ids_;  // chosen by the owner: calls placed or accepted
  std::set<PeerSessionId> waiting_;     // calls the owner has not answered
  std::set<LocalSessionId> established_;
  bool released_ = false;
};

}  // namespace
}  // namespace lns::l2tp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lns::l2tp::Driver(lns::ByteView(data, size)).Run();
  return 0;
}
