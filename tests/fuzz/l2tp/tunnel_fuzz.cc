// A tunnel of either role driven by an event stream: each event is one byte that chooses what
// happens and one that says how, datagrams carry the rest of their AVPs from the input with a
// header that fits the sequence, so that the input reaches the state machines. Checked after each
// event: what is sent is well formed, sessions counted are sessions reported, no timer stays due.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <memory>
#include <variant>

#include "lib/base/check.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/tunnel.h"

namespace lns::l2tp {
namespace {

constexpr LocalTunnelId kTunnel{0x0101};
constexpr size_t kMaxEvents = 512;

class Driver {
 public:
  explicit Driver(ByteView input) : input_(input) {}

  void Run() {
    Start(input_.ReadU8());
    for (size_t i = 0; i < kMaxEvents && input_.remaining() > 0; ++i) {
      const uint8_t what = input_.ReadU8();
      Step(what, input_.ReadU8());
      Take();
    }
    // Whatever happened, a close ends everything within bounded time.
    if (!released_) tunnel_->Close({.result = 1}, now_, actions_);
    Take();
    for (int i = 0; i < 64 && !released_; ++i) Timer();
    LNS_CHECK(released_ && sessions_ == 0);
    LNS_CHECK(tunnel_->NextDeadline() == Instant::Never());
  }

 private:
  void Start(uint8_t mode) {
    settings_.host_name = "fuzz";
    settings_.receive_window = static_cast<uint16_t>(1 + mode % 8);
    settings_.initial_ns = settings_.initial_nr = 65530;
    if ((mode & 0x40) != 0) settings_.secret = "fuzz";
    settings_.hide_avps = (mode & 0x20) != 0;
    if ((mode & 0x80) != 0) {
      tunnel_ = Tunnel::Open(settings_, kTunnel, rng_, now_, actions_);
    } else {
      Message sccrq{.type = MessageType::kSccrq,
                    .present = RowOf(MessageType::kSccrq).must,
                    .protocol_version = kProtocolVersion1,
                    .host_name = "peer",
                    .assigned_tunnel_id = 0x0202};
      Bytes datagram = EncodeMessage(sccrq, PeerTunnelId(), PeerSessionId(), nullptr);
      StoreBe16(datagram.data() + kControlNsOffset, 65530);
      tunnel_ = Tunnel::Accept(settings_, kTunnel, datagram, rng_, now_, actions_);
    }
    Take();
  }

  void Step(uint8_t what, uint8_t how) {
    const LocalSessionId local(static_cast<uint16_t>(1 + how % 8));
    const PeerSessionId peer(static_cast<uint16_t>(1 + how % 8));
    switch (what % 10) {
      case 0:
      case 1:
      case 2:
        return Datagram(how);
      case 3:
        return Raw(how);
      case 4:
        return Timer();
      case 5:
        if (!tunnel_->session_state(local)) {
          ++sessions_;  // its end is always reported
          tunnel_->PlaceCall(local, {.framing_type = how}, now_, actions_);
        }
        return;
      case 6:
        if (!tunnel_->session_state(local)) tunnel_->AcceptCall(peer, local, now_, actions_);
        return;
      case 7:
        tunnel_->RejectCall(peer, {.result = how}, now_, actions_);
        return;
      case 8:
        tunnel_->CloseSession(local, {.result = how}, now_, actions_);
        return;
      default:
        if (how < 16) tunnel_->Close({.result = how}, now_, actions_);
    }
  }

  // The next message in sequence, or one up to three ahead or behind; AVPs from the input.
  void Datagram(uint8_t how) {
    const ByteView avps = input_.ReadBytes(std::min<size_t>(input_.ReadU8(), input_.remaining()));
    Bytes datagram(kControlHeaderLength);
    const auto ns = static_cast<uint16_t>(tunnel_->nr() + (how & 0x80 ? (how >> 4 & 7) - 3 : 0));
    const uint16_t session = how & 7;
    const Header header = ControlHeader(kTunnel.value(), session, ns, tunnel_->ns());
    LNS_CHECK(WriteHeader(header, avps.size(), datagram) == kControlHeaderLength);
    datagram.insert(datagram.end(), avps.begin(), avps.end());
    tunnel_->OnDatagram(datagram, now_, actions_);
  }
  void Raw(uint8_t length) {
    tunnel_->OnDatagram(input_.ReadBytes(std::min<size_t>(length, input_.remaining())), now_,
                        actions_);
  }
  void Timer() {
    if (tunnel_->NextDeadline() == Instant::Never()) return;
    now_ = std::max(now_, tunnel_->NextDeadline());
    tunnel_->OnTimer(now_, actions_);
    Take();
    LNS_CHECK(tunnel_->NextDeadline() > now_);
  }

  void Take() {
    for (const Action& action : actions_) {
      if (const auto* send = std::get_if<SendDatagram>(&action)) {
        Header header;
        LNS_CHECK(ParseHeader(send->bytes, header) == HeaderError::kNone);
        LNS_CHECK(header.control && header.end == send->bytes.size());
        if (header.payload_length() > 0) {
          LNS_CHECK(
              DecodeMessage(ByteView(send->bytes).subspan(header.payload_offset), settings_.secret)
                  .verdict == Verdict::kAccept);
        }
      }
      if (std::holds_alternative<IncomingCall>(action)) ++sessions_;
      if (std::holds_alternative<SessionClosed>(action)) --sessions_;
      if (std::holds_alternative<TunnelReleased>(action)) {
        LNS_CHECK(!released_);
        released_ = true;
      }
    }
    actions_.clear();
    LNS_CHECK(tunnel_->session_count() == sessions_);
  }

  Reader input_;
  SeededRng rng_{1};
  TunnelSettings settings_;
  Instant now_ = Instant::FromNanoseconds(1);
  Actions actions_;
  std::unique_ptr<Tunnel> tunnel_;
  size_t sessions_ = 0;
  bool released_ = false;
};

}  // namespace
}  // namespace lns::l2tp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lns::l2tp::Driver(lns::ByteView(data, size)).Run();
  return 0;
}
