// What twenty thousand online sessions cost: bytes of control-plane state each.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <optional>

#include "controlplane/lns/engine.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/tunnel.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using controlplane::EngineActions;

size_t HeapInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Twenty LACs of a thousand calls each, PPP played by a client made for the moment: only the
// engine's state is left when the set-up is over.
class Crowd {
 public:
  static constexpr uint32_t kLacs = 20;
  static constexpr uint32_t kCallsPerLac = 1000;

  Crowd() : rng_(1) {
    controlplane::EngineSettings settings = PlainWorld().engine;
    settings.pools[0].prefix = *net::IpPrefix::Parse("100.64.0.0/16");
    // Nobody is left to answer either.
    settings.ppp.echo_interval = Duration();
    settings.peers[0].tunnel.hello_interval = Duration();
    // What is kept to be explained is bounded in all: its share of a million sessions.
    settings.trails.total_bytes /= 1'000'000 / (kLacs * kCallsPerLac);
    engine_ = controlplane::Engine::Make(settings, rng_);
  }
  void Dial() {
    for (uint32_t lac = 0; lac < kLacs; ++lac) DialLac(lac);
  }
  controlplane::Engine& engine() { return *engine_; }
  Instant now() const { return now_; }
  void Advance(Duration time) { now_ = now_ + time; }

  void OnTimers() {
    while (engine_->NextDeadline() <= now_) {
      EngineActions out;
      engine_->OnTimer(now_, out);
    }
  }

 private:
  struct Subscriber {
    l2tp::LocalSessionId id;
    std::unique_ptr<ppp::Link> link;
    l2tp::PeerSessionId peer_id;
  };

  void DialLac(uint32_t number) {
    const net::EndpointPair endpoints{.local = World::LnsEndpoint(),
                                      .peer = {net::IpAddress::V4(0xc6336400 + 11 + number), 1701}};
    l2tp::TunnelSettings settings;
    settings.host_name = "lac" + std::to_string(number);
    std::unique_ptr<l2tp::Tunnel> tunnel;
    std::optional<Subscriber> subscriber;
    bool online = false;
    std::deque<Bytes> control;
    l2tp::Actions actions_of_tunnel;
    ppp::LinkActions actions_of_link;
    const ppp::LinkSettings ppp = FakeLacSettings().ppp;
    const auto pump = [&] {
      // Both ends in turn until neither has anything to say.
      EngineActions out;
      for (bool busy = true; busy;) {
        busy = false;
        l2tp::Actions from_tunnel = std::exchange(actions_of_tunnel, {});
        for (auto& action : from_tunnel) {
          busy = true;
          if (auto* send = std::get_if<l2tp::SendDatagram>(&action)) {
            engine_->OnControl(endpoints, send->bytes, now_, out);
          } else if (auto* up = std::get_if<l2tp::SessionEstablished>(&action)) {
            subscriber->peer_id = up->peer_session_id;
            subscriber->link->Start(now_, actions_of_link);
          }
        }
        ppp::LinkActions from_link = std::exchange(actions_of_link, {});
        for (auto& action : from_link) {
          busy = true;
          if (auto* send = std::get_if<ppp::SendFrame>(&action)) {
            engine_->OnPpp({l2tp::LocalTunnelId(tunnel->peer_id().value()),
                            l2tp::LocalSessionId(subscriber->peer_id.value())},
                           send->bytes, now_, out);
          } else if (std::holds_alternative<ppp::Ipv4Up>(action)) {
            online = true;
          }
        }
        EngineActions from_engine = std::exchange(out, {});
        for (auto& action : from_engine) {
          busy = true;
          if (auto* send = std::get_if<controlplane::SendControl>(&action)) {
            tunnel->OnDatagram(send->message, now_, actions_of_tunnel);
          } else if (auto* frame = std::get_if<controlplane::SendPpp>(&action)) {
            subscriber->link->OnFrame(frame->frame, now_, actions_of_link);
          } else if (auto* program = std::get_if<controlplane::ProgramSession>(&action)) {
            if (program->confirm) {
              engine_->OnSessionProgrammed(program->entry.key, program->entry.revision,
                                           absl::OkStatus(), now_, out);
            }
          } else if (auto* ask = std::get_if<controlplane::AuthenticateUser>(&action)) {
            engine_->OnAuthVerdict(ask->request_id, {.accepted = true}, now_, out);
          }
        }
      }
    };
    tunnel = l2tp::Tunnel::Open(settings, l2tp::LocalTunnelId(static_cast<uint16_t>(number + 1)),
                                rng_, now_, actions_of_tunnel);
    pump();
    for (uint16_t call = 1; call <= kCallsPerLac; ++call) {
      online = false;
      subscriber.emplace();
      subscriber->id = l2tp::LocalSessionId(call);
      subscriber->link = ppp::Link::MakeClient(
          ppp, {.user_name = "subscriber" + std::to_string(call) + "@example.net", .password = "x"},
          rng_);
      tunnel->PlaceCall(subscriber->id,
                        {.call_serial_number = call,
                         .called_number = "08001234567",
                         .calling_number = "0155500" + std::to_string(call)},
                        now_, actions_of_tunnel);
      pump();
      // Delayed acknowledgements hold the channel up; their time comes.
      for (int i = 0; i < 20 && !online; ++i) {
        Advance(Duration::Milliseconds(100));
        OnTimers();
        if (tunnel->NextDeadline() <= now_) tunnel->OnTimer(now_, actions_of_tunnel);
        pump();
      }
      ASSERT_TRUE(online) << "call " << call << " of LAC " << number;
    }
  }

  SeededRng rng_;
  Instant now_ = Instant() + Duration::Seconds(1);
  std::unique_ptr<controlplane::Engine> engine_;
};

// A sanitizer's allocator keeps its own books.
bool HeapIsTold() {
  const size_t before = HeapInUse();
  const Bytes block(1 << 20);
  return HeapInUse() >= before + block.size();
}

TEST(ScaleTest, OneOfAMillionOnlineSessionsCostsAtMostOneAndAHalfKibibytes) {
  if (!HeapIsTold()) GTEST_SKIP() << "this allocator does not tell what is in use";
  const size_t before = HeapInUse();
  Crowd crowd;
  ASSERT_NO_FATAL_FAILURE(crowd.Dial());
  const uint32_t sessions = crowd.engine().Counts().sessions_online;
  ASSERT_EQ(sessions, Crowd::kLacs * Crowd::kCallsPerLac);
  const size_t after = HeapInUse();
  const size_t each = (after - before) / sessions;
  std::printf("control-plane state: %zu bytes per online session at %u sessions\n", each, sessions);
  RecordProperty("bytes_per_session", static_cast<int>(each));
  EXPECT_LE(each, 1536u);
}

}  // namespace
}  // namespace lns::test
