// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/controlplane/subscribers.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "lib/l2tp/header.h"

#include "absl/strings/str_cat.h"

namespace lns::bench {
namespace {

using controlplane::EngineAction;
using controlplane::EngineActions;
using controlplane::SessionKey;

constexpr uint32_t kLnsAddress = 0xc6336401;  // 198.51.100.1
constexpr uint32_t kFirstLac = 0x0a000001;    // 10.0.0.1
// Calls of one wave and tunnel: a tunnel's window is eight messages, so more only wait.
constexpr uint32_t kCallsPerWave = 32;
// A wave is a millisecond of virtual time: no echo and no HELLO is due in a whole run.
constexpr Duration kWave = Duration::Milliseconds(1);
constexpr int kMaxTurns = 10'000;  // of a wave

}  // namespace

controlplane::EngineSettings EngineFor(const SubscribersSettings& settings) {
  controlplane::EngineSettings engine;
  engine.max_tunnels = settings.tunnels;
  engine.max_sessions = settings.sessions;
  engine.max_half_open = settings.tunnels;
  controlplane::PeerProfile profile{.name = "any"};
  profile.tunnel.host_name = "lns";
  profile.tunnel.secret = settings.secret;
  engine.peers = {profile};
  engine.pools = {{.name = "pool", .prefix = *net::IpPrefix::Parse("100.64.0.0/10")}};
  engine.ppp.local_name = "lns";
  return engine;
}

Subscribers::Subscribers(const SubscribersSettings& settings, controlplane::Engine& engine,
                         Rng& rng)
    : settings_(settings), engine_(engine), rng_(rng) {}

Subscribers::~Subscribers() = default;

bool Subscribers::BringOnline() {
  if (!OpenTunnels()) return false;
  while (placed_ < settings_.sessions) {
    const uint32_t left = settings_.sessions - placed_;
    if (!RunWave(std::min(left, kCallsPerWave * settings_.tunnels))) return false;
  }
  return engine_.Counts().sessions_online == settings_.sessions;
}

bool Subscribers::OpenTunnels() {
  for (uint32_t i = 0; i < settings_.tunnels; ++i) {
    test::FakeLacSettings lac;
    lac.endpoint = {net::IpAddress::V4(kFirstLac + i), l2tp::kUdpPort};
    lac.tunnel_id = l2tp::LocalTunnelId(static_cast<uint16_t>(i + 1));
    lac.tunnel.host_name = absl::StrCat("lac", i);
    lac.tunnel.secret = settings_.secret;
    lacs_.push_back(std::make_unique<test::FakeLac>(lac, rng_));
    lacs_.back()->Open(now_);
  }
  Pump();
  return std::all_of(lacs_.begin(), lacs_.end(),
                     [](const auto& lac) { return lac->established(); });
}

bool Subscribers::RunWave(uint32_t calls) {
  now_ = now_ + kWave;
  for (uint32_t i = 0; i < calls; ++i, ++placed_) {
    l2tp::CallInfo info;
    info.call_serial_number = placed_ + 1;
    info.calling_number = absl::StrCat(placed_ + 1);
    info.called_number = "5551000";
    info.tx_connect_speed_bps = 100'000'000;
    info.framing_type = info.bearer_type = 1;
    lacs_[placed_ % settings_.tunnels]->Place(
        {.user_name = absl::StrCat("user", placed_ + 1, "@isp.example"), .password = "secret"},
        info, now_);
  }
  Pump();
  bool all = true;
  for (auto& lac : lacs_) {
    for (const auto& call : lac->calls()) {
      all = all && call->state == test::FakeLac::CallState::kOnline;
    }
    lac->calls().clear();
  }
  peer_ids_.clear();
  return all;
}

void Subscribers::Pump() {
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    bool quiet = true;
    for (size_t i = 0; i < lacs_.size(); ++i) {
      for (const Bytes& datagram : lacs_[i]->TakeSent()) {
        FromLac(i, datagram);
        quiet = false;
      }
    }
    while (!questions_.empty()) {
      quiet = false;
      const EngineAction question = std::move(questions_.front());
      questions_.pop_front();
      EngineActions actions;
      if (const auto* program = std::get_if<controlplane::ProgramSession>(&question)) {
        engine_.OnSessionProgrammed(program->entry.key, program->entry.revision, absl::OkStatus(),
                                    now_, actions);
      } else if (const auto* ask = std::get_if<controlplane::AuthenticateUser>(&question)) {
        engine_.OnAuthVerdict(ask->request_id, {.accepted = true}, now_, actions);
      }
      CarryOut(actions);
    }
    if (!quiet) continue;
    // Delayed acknowledgements are all that is left, if anything.
    Instant next = engine_.NextDeadline();
    for (const auto& lac : lacs_) next = std::min(next, lac->NextDeadline());
    if (next > now_ + kWave) return;
    now_ = std::max(now_, next);
    for (auto& lac : lacs_) {
      if (lac->NextDeadline() <= now_) lac->OnTimer(now_);
    }
    EngineActions actions;
    if (engine_.NextDeadline() <= now_) engine_.OnTimer(now_, actions);
    CarryOut(actions);
  }
}

void Subscribers::FromLac(size_t lac, ByteView datagram) {
  l2tp::Header header;
  if (l2tp::ParseHeader(datagram, header) != l2tp::HeaderError::kNone) return;
  ++frames_;
  EngineActions actions;
  if (header.control) {
    engine_.OnControl({.local = {net::IpAddress::V4(kLnsAddress), l2tp::kUdpPort},
                       .peer = lacs_[lac]->settings().endpoint},
                      datagram, now_, actions);
  } else {
    engine_.OnPpp({l2tp::LocalTunnelId(header.tunnel_id), l2tp::LocalSessionId(header.session_id)},
                  datagram.subspan(header.payload_offset, header.payload_length()), now_, actions);
  }
  CarryOut(actions);
}

void Subscribers::CarryOut(EngineActions& actions) {
  for (EngineAction& action : actions) {
    if (const auto* control = std::get_if<controlplane::SendControl>(&action)) {
      CarryOut(*control);
    } else if (const auto* frame = std::get_if<controlplane::SendPpp>(&action)) {
      CarryOut(*frame);
    } else if (const auto* tunnel = std::get_if<controlplane::ProgramTunnel>(&action)) {
      lac_of_[tunnel->entry.local_id.value()] =
          tunnel->entry.endpoints.peer.address.v4() - kFirstLac;
    } else if (const auto* session = std::get_if<controlplane::ProgramSession>(&action)) {
      peer_ids_[session->entry.key] = session->entry.peer_id;
      if (session->confirm) questions_.push_back(std::move(action));
    } else if (std::holds_alternative<controlplane::AuthenticateUser>(action)) {
      questions_.push_back(std::move(action));
    }
  }
}

void Subscribers::CarryOut(const controlplane::SendControl& message) {
  const size_t lac = message.endpoints.peer.address.v4() - kFirstLac;
  lacs_[lac]->OnDatagram(message.message, now_);
}

void Subscribers::CarryOut(const controlplane::SendPpp& frame) {
  test::FakeLac& lac = *lacs_[lac_of_.at(frame.session.tunnel.value())];
  lac.OnDatagram(test::DataMessage(lac.settings().tunnel_id.value(),
                                   peer_ids_.at(frame.session).value(), frame.frame),
                 now_);
}

}  // namespace lns::bench
