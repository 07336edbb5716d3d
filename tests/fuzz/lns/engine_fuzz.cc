// The whole LNS engine among LACs, subscribers, users and a data plane, driven by an event stream:
// calls come and go while someone who can write from any address puts control messages and PPP
// frames of his choice among them, in sequence or not; the wire loses, the data plane dies and
// comes back, the operator clears.
//
// Checked after every step: the world's invariants (no two sessions share an address, what is
// wanted is what is programmed, nobody is told to open before the data plane is, counts agree, no
// timer is stuck). In the end everything has been given back.
//
// Input: one byte of settings, then events of one byte that says what, one that says how, and what
// they read.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "lib/base/check.h"
#include "lib/l2tp/header.h"
#include "tests/fuzz/l2tp/structured_message.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

constexpr int kMaxEvents = 96;
constexpr size_t kMaxLacs = 3;
constexpr size_t kMaxCalls = 8;  // of one LAC
constexpr uint16_t kPppProtocols[] = {0xc021, 0xc023, 0xc223, 0x8021, 0x8057, 0x80fd, 0x0021};

class Driver {
 public:
  explicit Driver(ByteView input) : input_(input), world_(MakeSettings(input_.ReadU8())) {}

  void Run() {
    AddLac();
    world_.RunFor(Duration::Seconds(1));
    for (int i = 0; i < kMaxEvents && input_.remaining() > 0; ++i) {
      const uint8_t what = input_.ReadU8();
      Step(what, input_.ReadU8());
      world_.RunFor(Duration::Milliseconds(5));
      CheckWorld();
    }
    End();
  }

 private:
  WorldSettings MakeSettings(uint8_t mode) {
    WorldSettings settings = PlainWorld();
    settings.seed = 1 + (mode & 0x07u);
    controlplane::EngineSettings& engine = settings.engine;
    if ((mode & 0x08) != 0) engine.peers[0].tunnel.secret = secret_ = "fuzz";
    engine.ppp.ipv6 = (mode & 0x10) != 0;
    if ((mode & 0x20) != 0) engine.ppp.auth = {ppp::AuthProtocol::kPap};
    engine.max_sessions = (mode & 0x40) != 0 ? 3 : 64;
    engine.max_tunnels = (mode & 0x80) != 0 ? 2 : 16;
    return settings;
  }

  void Step(uint8_t what, uint8_t how) {
    switch (what % 12) {
      case 0:
        return PlaceCall(how);
      case 1:
        return world_.RunFor(Duration::Milliseconds(int64_t{1} << how % 18));
      case 2:
      case 3:
        return InSequence(how);
      case 4:
        return FirstMessage(how);
      case 5:
        return Raw(how);
      case 6:
      case 7:
        return PppFrame(how);
      case 8:
        return EndCall(how);
      case 9:
        return Dataplane(how);
      case 10:
        return Operator(how);
      default:
        return Network(how);
    }
  }

  void AddLac() {
    if (world_.lacs().size() >= kMaxLacs) return;
    world_.AddLac(secret_).Open(world_.now());
  }

  void PlaceCall(uint8_t how) {
    FakeLac& lac = *world_.lacs()[how % world_.lacs().size()];
    if (!lac.established() || lac.calls().size() >= kMaxCalls) return;
    lac.Place({.user_name = (how & 0x40) != 0 ? "bob" : "alice",
               .password = (how & 0x80) != 0 ? "guess" : "secret"},
              {.called_number = "100"}, world_.now());
  }

  // A message of choice in some tunnel, as if its peer had sent it. How: bits 0 to 2 the session, 3
  // whether it acknowledges, 4 and 5 the tunnel, 6 and 7 how far out of sequence.
  void InSequence(uint8_t how) {
    const std::vector<controlplane::TunnelView> tunnels = world_.engine().Tunnels();
    const Bytes avps = l2tp::MakeMessage(input_);
    if (tunnels.empty()) return;
    const controlplane::TunnelView& tunnel = tunnels[(how >> 4 & 3u) % tunnels.size()];
    uint16_t session = how & 7;
    const auto sessions = world_.engine().SessionsAfter({tunnel.local_id, {}}, kMaxCalls);
    // Our ids are drawn by lot: the message of choice may name one of them.
    if (session < sessions.size() && sessions[session].key.tunnel == tunnel.local_id) {
      session = sessions[session].key.session.value();
    }
    const auto ns = static_cast<uint16_t>(tunnel.nr + (how >> 6) % 3);
    const uint16_t nr = (how & 8) != 0 ? 0 : tunnel.ns;
    Deliver(tunnel.endpoints.peer, l2tp::ControlHeader(tunnel.local_id.value(), session, ns, nr),
            avps);
  }

  // From an address nobody was heard of, or a LAC's own with another port.
  void FirstMessage(uint8_t how) {
    const net::Endpoint from{net::IpAddress::V4(0xc633640bu + (how & 3u) * 50),
                             static_cast<uint16_t>(1701 + (how >> 2 & 7))};
    Deliver(from, l2tp::ControlHeader(0, 0, 0, 0), l2tp::MakeMessage(input_));
  }

  void Raw(uint8_t length) {
    const ByteView datagram = input_.ReadBytes(std::min<size_t>(length, input_.remaining()));
    world_.Deliver(world_.lacs()[0]->settings().endpoint, datagram);
  }

  // A control packet with the right length, as if the subscriber had sent it.
  void PppFrame(uint8_t how) {
    const auto sessions = world_.engine().Sessions();
    const uint16_t protocol = kPppProtocols[input_.ReadU8() % std::size(kPppProtocols)];
    const uint8_t code = input_.ReadU8();
    const uint8_t id = input_.ReadU8();
    const ByteView data =
        input_.ReadBytes(std::min<size_t>(input_.ReadU8() % 32, input_.remaining()));
    if (sessions.empty()) return;
    const controlplane::SessionView& session = sessions[how % sessions.size()];
    Bytes frame(6 + data.size());
    Writer writer(frame);
    writer.WriteU16(protocol);
    writer.WriteU8(code);
    writer.WriteU8(id);
    writer.WriteU16(static_cast<uint16_t>(4 + data.size()));
    writer.WriteBytes(data);
    world_.Deliver(session.peer,
                   DataMessage(session.key.tunnel.value(), session.key.session.value(), frame));
  }

  void EndCall(uint8_t how) {
    FakeLac& lac = *world_.lacs()[how % world_.lacs().size()];
    if (lac.calls().empty()) return;
    FakeLac::Call& call = *lac.calls()[(how >> 2) % lac.calls().size()];
    (how & 0x80) != 0 ? lac.Terminate(call, world_.now()) : lac.Hangup(call, world_.now());
  }

  void Dataplane(uint8_t how) {
    if ((how & 1) != 0) {
      world_.KillDataplane();
    } else if (!world_.dataplane().alive()) {
      world_.RestartDataplane();
    } else {
      world_.dataplane().set_max_sessions(1u + (how >> 1 & 7u));
    }
  }

  void Operator(uint8_t how) {
    world_.Call([&](controlplane::Engine& engine, controlplane::EngineActions& out) {
      const auto sessions = engine.Sessions();
      const auto tunnels = engine.Tunnels();
      if ((how & 0x80) == 0 && !sessions.empty()) {
        LNS_CHECK(engine.ClearSession(sessions[how % sessions.size()].key, world_.now(), out).ok());
      } else if ((how & 0xc0) == 0xc0 && !tunnels.empty()) {
        // NOT_FOUND for one that is retained.
        (void)engine.ClearTunnel(tunnels[how % tunnels.size()].local_id, world_.now(), out);
      }
    });
  }

  void Network(uint8_t how) {
    if ((how & 0xc0) == 0xc0) return AddLac();
    if ((how & 0xc0) == 0x80) return world_.lacs()[how % world_.lacs().size()]->Die();
    world_.link().set_settings({.loss_percent = (how & 3u) * 15,
                                .duplicate_percent = (how >> 2 & 3u) * 15,
                                .reorder_percent = (how >> 4 & 3u) * 15});
  }

  void Deliver(const net::Endpoint& from, const l2tp::Header& header, ByteView avps) {
    Bytes datagram(l2tp::kControlHeaderLength);
    LNS_CHECK(l2tp::WriteHeader(header, avps.size(), datagram) == datagram.size());
    datagram.insert(datagram.end(), avps.begin(), avps.end());
    world_.Deliver(from, datagram);
  }

  // Time heals everything: what was half open times out, and a shutdown leaves nothing behind.
  void End() {
    if (!world_.dataplane().alive()) world_.RestartDataplane();
    world_.link().set_settings({.loss_percent = 0,
                                .duplicate_percent = 0,
                                .reorder_percent = 0,
                                .max_delay = Duration::Milliseconds(1)});
    world_.RunFor(Duration::Seconds(10));
    CheckWorld();
    world_.Call([&](auto& engine, auto& out) { engine.Shutdown(world_.now(), out); });
    world_.RunFor(Duration::Seconds(400));
    CheckWorld();
    LNS_CHECK(world_.engine().ShutdownComplete());
    const std::string left = world_.Leftover();
    if (!left.empty()) std::fprintf(stderr, "left over: %s\n", left.c_str());
    LNS_CHECK(left.empty());
  }

  void CheckWorld() {
    if (!world_.violation().empty()) std::fprintf(stderr, "%s\n", world_.violation().c_str());
    LNS_CHECK(world_.violation().empty());
  }

  Reader input_;
  std::string secret_;
  World world_;
};

}  // namespace
}  // namespace lns::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lns::test::Driver(lns::ByteView(data, size)).Run();
  return 0;
}
