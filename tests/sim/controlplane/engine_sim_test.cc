// The engine among LACs, subscribers, users and a data plane, all misbehaving by the dice of one
// seed: loss, duplication and reordering on the wire, a data plane that is slow, full or restarted,
// wrong secrets and passwords, small pools and tables, subscribers and LACs that hang up or fall
// silent, operators that clear, a shutdown. The engine's invariants are checked after every step;
// in the end everything must have been given back.
//
// A failure prints its seed; LNS_SIM_SEED=<seed> runs that one alone. LNS_SIM_SEEDS sets how many
// seeds are run.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "controlplane/ipv6/link_packet.h"
#include "lib/dhcpv6/client_packet.h"
#include "lib/dhcpv6/message.h"
#include "lib/net/prefix.h"
#include "tests/support/controlplane/world.h"

namespace lns::test {
namespace {

using CallState = FakeLac::CallState;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What one seed makes of the world.
class Scenario {
 public:
  explicit Scenario(uint64_t seed) : dice_(seed ^ 0x5eed), world_(MakeSettings(seed)) {}

  // Empty: all went well.
  std::string Run() {
    OpenLacs();
    PlaceCalls();
    PlanTrouble();
    PlanClients();
    PlanOrders();
    world_.RunFor(Duration::Seconds(90));
    if (!world_.violation().empty()) return world_.violation();
    if (std::string wrong = Settle(); !wrong.empty()) return wrong;
    return CloseAll();
  }
  World& world() { return world_; }

  // With somebody who breaks rules among them. In the end the LNS says goodbye to all and must have
  // given everything back, whatever they made of it.
  template <typename Hostile>
  std::string RunAmong(Hostile& hostile) {
    OpenLacs();
    PlaceCalls();
    hostile.Plan(Duration::Seconds(90));
    world_.RunFor(Duration::Seconds(90));
    if (!world_.violation().empty()) return world_.violation();
    world_.Call([&](auto& engine, auto& out) { engine.Shutdown(world_.now(), out); });
    world_.RunFor(Duration::Seconds(300));
    if (!world_.violation().empty()) return world_.violation();
    return world_.Leftover();
  }

 private:
  static inline const Bytes kServer = {0, 4, 1, 2, 3};
  static constexpr uint64_t kBadRate = 666;

  bool Roll(uint32_t percent) { return dice_.Below(100) < percent; }
  Duration UpTo(int64_t seconds) {
    return Duration::Milliseconds(dice_.Below(static_cast<uint32_t>(seconds * 1000)));
  }

  WorldSettings MakeSettings(uint64_t seed) {
    WorldSettings settings = PlainWorld();
    settings.seed = seed;
    settings.link = {.loss_percent = Roll(30) ? 0 : dice_.Below(31),
                     .duplicate_percent = dice_.Below(31),
                     .reorder_percent = dice_.Below(31)};
    settings.max_punt_delay = Duration::Milliseconds(1 + dice_.Below(40));
    settings.max_aaa_delay = Duration::Milliseconds(1 + dice_.Below(4000));
    settings.dataplane.max_delay = Duration::Milliseconds(1 + dice_.Below(300));
    controlplane::EngineSettings& engine = settings.engine;
    engine.peers[0].tunnel.secret = secret_ = Roll(50) ? "key" : "";
    if (Roll(30)) engine.peers[0].tunnel.receive_window = static_cast<uint16_t>(1 + dice_.Below(4));
    if (Roll(50)) {  // soon across the wrap of Ns and Nr
      engine.peers[0].tunnel.initial_ns = lns_ns_ = static_cast<uint16_t>(65530 + dice_.Below(6));
      engine.peers[0].tunnel.initial_nr = lac_ns_ = static_cast<uint16_t>(65530 + dice_.Below(6));
    }
    if (Roll(20)) engine.trails = {.session_bytes = 256, .total_bytes = 1000, .ended = 5};
    if (Roll(30)) {
      engine.duplicate_users = Roll(50) ? controlplane::DuplicateUserPolicy::kReplace
                                        : controlplane::DuplicateUserPolicy::kDeny;
    }
    engine.max_sessions = Roll(25) ? 4 : 100;
    engine.max_tunnels = Roll(15) ? 2 : 100;
    if (Roll(25)) settings.dataplane.max_sessions = 3;
    if (Roll(25)) engine.pools[0].prefix = *net::IpPrefix::Parse("100.64.0.0/29");
    if (Roll(30)) engine.ppp.auth = {ppp::AuthProtocol::kPap};
    engine.ppp.ipv6 = Roll(40);
    if (engine.ppp.ipv6 && Roll(80)) AddIpv6Pools(engine);
    engine.peers[0].tunnel.hello_interval = Duration::Seconds(20);
    settings.users.push_back({.name = "carol",
                              .password = "secret",
                              .service = {.ipv4_address = *net::IpAddress::Parse("100.64.0.3")}});
    return settings;
  }

  // Small ones, so that they are exhausted now and then.
  void AddIpv6Pools(controlplane::EngineSettings& engine) {
    engine.ipv6.server_duid = kServer;
    engine.ipv6.lease_valid = Duration::Seconds(60);
    engine.ipv6.lease_preferred = Duration::Seconds(30);
    engine.ipv6.max_delegations = 1 + dice_.Below(3);
    engine.pools.push_back(
        {.name = "links",
         .prefix = *net::IpPrefix::Parse(Roll(30) ? "2001:db8::/62" : "2001:db8::/48")});
    engine.pools.push_back({.name = "homes",
                            .prefix = *net::IpPrefix::Parse("2001:db8:1000::/54"),
                            .delegated_length = 56});
  }

  void OpenLacs() {
    const uint32_t count = 1 + dice_.Below(4);
    for (uint32_t i = 0; i < count; ++i) {
      FakeLacSettings settings;
      settings.endpoint = {net::IpAddress::V4(0xc633640b + i), 1701};
      settings.tunnel.host_name = "lac";
      settings.tunnel.secret = Roll(10) ? "another key" : secret_;
      settings.tunnel.initial_ns = lac_ns_;
      settings.tunnel.initial_nr = lns_ns_;
      settings.ppp.ipv6 = Roll(50);
      settings.tunnel.accept_outgoing_calls = Roll(50);
      settings.called_party = {.user_name = "alice", .password = Roll(80) ? "secret" : "guess"};
      FakeLac& lac = world_.AddLac(settings);
      world_.After(UpTo(5), [this, &lac] { lac.Open(world_.now()); });
    }
  }

  void PlaceCalls() {
    for (auto& lac : world_.lacs()) {
      const uint32_t count = 1 + dice_.Below(6);
      for (uint32_t i = 0; i < count; ++i) {
        static constexpr const char* kUsers[] = {"alice", "alice", "bob",
                                                 "bob",   "carol", "mallory"};
        const std::string user = kUsers[dice_.Below(6)];
        const std::string password = Roll(10) ? "guess" : "secret";
        world_.After(UpTo(60), [this, &lac = *lac, user, password] {
          if (!lac.established()) return;
          lac.Place({.user_name = user, .password = password}, {.called_number = "0800"},
                    world_.now());
        });
      }
    }
  }

  void PlanTrouble() {
    if (Roll(50)) {
      const Duration at = UpTo(60);
      world_.After(at, [this] { world_.KillDataplane(); });
      world_.After(at + UpTo(15), [this] { world_.RestartDataplane(); });
    }
    for (auto& lac : world_.lacs()) {
      for (uint32_t i = dice_.Below(3); i > 0; --i) {
        const bool politely = Roll(50);
        world_.After(UpTo(90), [this, &lac = *lac, politely] {
          if (lac.calls().empty() || lac.tunnel() == nullptr) return;
          FakeLac::Call& call =
              *lac.calls()[dice_.Below(static_cast<uint32_t>(lac.calls().size()))];
          politely ? lac.Terminate(call, world_.now()) : lac.Hangup(call, world_.now());
        });
      }
      if (Roll(10)) world_.After(UpTo(90), [&lac = *lac] { lac.Die(); });
    }
    if (Roll(30)) {
      world_.After(UpTo(90), [this] {
        world_.Call([&](auto& engine, auto& out) {
          const auto sessions = engine.Sessions();
          if (sessions.empty()) return;
          const auto& victim = sessions[dice_.Below(static_cast<uint32_t>(sessions.size()))];
          EXPECT_TRUE(engine.ClearSession(victim.key, world_.now(), out).ok());
        });
      });
    }
    for (uint32_t i = dice_.Below(3); i > 0; --i) {
      world_.After(UpTo(60), [this] { PlaceOutgoingCall(); });
    }
    if (Roll(15)) {
      world_.After(UpTo(90), [this] {
        world_.Call([&](auto& engine, auto& out) {
          for (const auto& tunnel : engine.Tunnels()) {
            // NOT_FOUND for one that is retained.
            if (engine.ClearTunnel(tunnel.local_id, world_.now(), out).ok()) break;
          }
        });
      });
    }
  }

  // Clients behind subscribers ask, renew and release, in any order.
  void PlanClients() {
    for (int i = 0; i < 60; ++i) {
      world_.After(UpTo(120), [this] { SendDhcpv6(); });
    }
  }

  void SendDhcpv6() {
    using dhcpv6::MessageType;
    FakeLac& lac = *world_.lacs()[dice_.Below(static_cast<uint32_t>(world_.lacs().size()))];
    if (lac.calls().empty() || lac.tunnel() == nullptr) return;
    const FakeLac::Call& call =
        *lac.calls()[dice_.Below(static_cast<uint32_t>(lac.calls().size()))];
    if (!call.ipv6_up) return;
    static constexpr MessageType kTypes[] = {MessageType::kSolicit, MessageType::kRequest,
                                             MessageType::kRequest, MessageType::kRenew,
                                             MessageType::kRebind,  MessageType::kRelease};
    dhcpv6::Message message{.type = kTypes[dice_.Below(6)],
                            .client_id = {0, 3, 0, 1, static_cast<uint8_t>(dice_.Below(2))},
                            .rapid_commit = Roll(50)};
    message.associations.push_back(
        {.kind = Roll(70) ? dhcpv6::IaKind::kPrefix : dhcpv6::IaKind::kAddress,
         .iaid = dice_.Below(3)});
    const bool names_server =
        message.type != MessageType::kSolicit && message.type != MessageType::kRebind;
    if (names_server) message.server_id = kServer;
    lac.SendIpv6(call, dhcpv6::ClientPacket(message, net::LinkLocal(call.interface_id),
                                            controlplane::AllDhcpServers()));
  }

  // AAA changes what users are served while all of this goes on: rates, one of which the data plane
  // refuses, or limits that it does not notice; of one session or several, of some that are gone.
  void PlanOrders() {
    world_.dataplane().set_bad_rate(kBadRate);
    for (int i = 0; i < 40; ++i) {
      world_.After(UpTo(120), [this] { PlaceOrder(); });
    }
  }
  void PlaceOrder() {
    std::vector<controlplane::AccountingId> ids = world_.accounts().OpenIds();
    known_ids_.insert(known_ids_.end(), ids.begin(), ids.end());
    if (!known_ids_.empty() && Roll(10)) {
      ids = {known_ids_[dice_.Below(static_cast<uint32_t>(known_ids_.size()))]};
    }
    std::vector<controlplane::ServiceChange> changes;
    for (const controlplane::AccountingId& id : ids) {
      if (!Roll(50)) continue;
      controlplane::ServicePtr service = world_.engine().ServiceOf(id);
      if (service != nullptr) {
        controlplane::ServiceProfile changed = *service;
        changed.session_timeout = Duration::Seconds(1 + dice_.Below(1000));
        if (Roll(70)) changed.rate_down_bps = Roll(20) ? kBadRate : 1000 * (1 + dice_.Below(5));
        service = std::make_shared<const controlplane::ServiceProfile>(std::move(changed));
      }
      changes.push_back({id, std::move(service)});
    }
    if (!changes.empty()) world_.Order(std::move(changes));
  }

  void PlaceOutgoingCall() {
    world_.Call([&](auto& engine, auto& out) {
      const auto tunnels = engine.Tunnels();
      if (tunnels.empty()) return;
      const auto& tunnel = tunnels[dice_.Below(static_cast<uint32_t>(tunnels.size()))];
      // Not where the tunnel is not established, or the table is full.
      const absl::Status status =
          engine.PlaceCall({.called_number = "555", .tunnel = tunnel.local_id}, world_.now(), out)
              .status();
      EXPECT_TRUE(status.ok() || absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
                  absl::IsResourceExhausted(status))
          << status;
    });
  }

  // On a perfect link every call becomes one thing or the other, the same at both ends.
  std::string Settle() {
    world_.link().set_settings({.loss_percent = 0,
                                .duplicate_percent = 0,
                                .reorder_percent = 0,
                                .max_delay = Duration::Milliseconds(1)});
    world_.RunFor(Duration::Seconds(150));
    if (!world_.violation().empty()) return world_.violation();
    if (world_.open_orders() != 0) return "an order of AAA is never done";
    size_t online = 0;
    for (const auto& session : world_.engine().Sessions()) {
      if (session.state != "online") return "a session is stuck in state " + session.state;
      const FakeLac::Call* call = CallOf(session);
      if (call == nullptr || !IsUp(*call)) return "a session is online at the LNS alone";
      const auto* entry = world_.dataplane().Find(session.key);
      // One protocol may have been given up while everything was lost; the other keeps the session.
      if (entry == nullptr || (!entry->ipv4_open && session.ipv6_interface_id == 0)) {
        return "an online session is not forwarded";
      }
      if (entry->ipv4_open && net::IpAddress::V4(call->address) != session.ipv4_address) {
        return "the ends disagree on an address";
      }
      ++online;
    }
    for (const auto& lac : world_.lacs()) {
      for (const auto& call : lac->calls()) {
        if (IsUp(*call)) {
          if (online == 0) return "a call is online at the LAC alone";
          --online;
        } else if (call->state != CallState::kEnded && lac->tunnel() != nullptr) {
          return "a call is neither up nor down at its LAC";
        }
      }
    }
    return "";
  }

  static bool IsUp(const FakeLac::Call& call) {
    return call.state == CallState::kOnline ||
           (call.state == CallState::kEstablished && call.ipv6_up);
  }

  const FakeLac::Call* CallOf(const controlplane::SessionView& session) {
    for (const auto& lac : world_.lacs()) {
      if (lac->settings().endpoint != session.peer) continue;
      for (const auto& call : lac->calls()) {
        if (call->id.value() == session.peer_id.value()) return call.get();
      }
    }
    return nullptr;
  }

  std::string CloseAll() {
    if (Roll(50)) {
      world_.Call([&](auto& engine, auto& out) { engine.Shutdown(world_.now(), out); });
      if (!world_.RunUntil([&] { return world_.engine().ShutdownComplete(); },
                           Duration::Seconds(60))) {
        return "shutdown does not complete";
      }
    } else {
      for (auto& lac : world_.lacs()) {
        if (lac->established()) lac->Close({.result = 1}, world_.now());
      }
    }
    world_.RunFor(Duration::Seconds(300));
    if (!world_.violation().empty()) return world_.violation();
    return world_.Leftover();
  }

  SeededRng dice_;
  std::vector<controlplane::AccountingId> known_ids_;  // of sessions that were online once
  std::string secret_;
  uint16_t lns_ns_ = 0;
  uint16_t lac_ns_ = 0;
  World world_;
};

// What somebody on the path, or a peer that does not keep to the protocol, makes of messages that
// were good once: sent again later, with other numbers, cut, longer than they say, with an unknown
// AVP that must be understood, from elsewhere; and PPP in storms.
class Hostile {
 public:
  explicit Hostile(World& world, uint64_t seed) : world_(world), dice_(seed) {
    world_.set_tap([this](const net::Endpoint& from, ByteView datagram) {
      if (heard_.size() == kHeard) heard_.erase(heard_.begin() + dice_.Below(kHeard));
      heard_.push_back({from, Bytes(datagram.begin(), datagram.end())});
    });
  }
  void Plan(Duration time) {
    for (int i = 0; i < 120; ++i) {
      const auto at = static_cast<int64_t>(dice_.Below(static_cast<uint32_t>(time.milliseconds())));
      world_.After(Duration::Milliseconds(at), [this] { Strike(); });
    }
  }

 private:
  static constexpr uint32_t kHeard = 200;
  struct Heard {
    net::Endpoint from;
    Bytes datagram;
  };

  void Strike() {
    if (heard_.empty()) return;
    const Heard& heard = heard_[dice_.Below(static_cast<uint32_t>(heard_.size()))];
    net::Endpoint from = heard.from;
    if (dice_.Below(10) == 0) from.port = static_cast<uint16_t>(1 + dice_.Below(65535));
    const bool control = (heard.datagram[0] & 0x80) != 0;
    // A storm is one frame many times over.
    const uint32_t times = !control && dice_.Below(4) == 0 ? 200 : 1 + dice_.Below(2);
    const Bytes datagram = Spoilt(heard.datagram);
    for (uint32_t i = 0; i < times; ++i) world_.Deliver(from, datagram);
  }

  Bytes Spoilt(Bytes datagram) {
    const auto size = static_cast<uint32_t>(datagram.size());
    const bool control = (datagram[0] & 0x80) != 0;
    const uint32_t kind = dice_.Below(8);
    if (kind == 1 && control) {  // Ns, by a little or by far
      StoreBe16(&datagram[8], static_cast<uint16_t>(LoadBe16(&datagram[8]) + 1 +
                                                    dice_.Below(dice_.Below(2) == 0 ? 8 : 65535)));
    } else if (kind == 2 && control) {  // Nr
      StoreBe16(&datagram[10], static_cast<uint16_t>(dice_.Below(65536)));
    } else if (kind == 3) {  // any byte
      datagram[dice_.Below(size)] = static_cast<uint8_t>(dice_.Below(256));
    } else if (kind == 4) {  // cut
      datagram.resize(1 + dice_.Below(size));
    } else if (kind == 5 && control) {  // Length
      StoreBe16(&datagram[2], static_cast<uint16_t>(dice_.Below(2 * size)));
    } else if (kind == 6 && control &&
               size >= 20) {  // an unknown AVP with the M bit, next in order
      const Bytes unknown = {0x80, 8, 0x12, 0x34, 0x56, 0x78, 0, 0};
      datagram.insert(datagram.end(), unknown.begin(), unknown.end());
      StoreBe16(&datagram[2], static_cast<uint16_t>(datagram.size()));
      Renumber(datagram);
    } else if (kind == 7 && control && size >= 20) {  // an AVP that says it is longer or shorter
      datagram[13] = static_cast<uint8_t>(dice_.Below(256));
      Renumber(datagram);
    }
    return datagram;
  }

  // So that it is taken as the peer's next message.
  void Renumber(Bytes& datagram) {
    for (const auto& tunnel : world_.engine().Tunnels()) {
      if (tunnel.local_id.value() != LoadBe16(&datagram[4])) continue;
      StoreBe16(&datagram[8], tunnel.nr);
      StoreBe16(&datagram[10], tunnel.ns);
    }
  }

  World& world_;
  SeededRng dice_;
  std::vector<Heard> heard_;
};

// The ends may disagree afterwards, a subscriber may have been cut off: the LNS must be whole.
TEST(EngineSimTest, HostilePeersBreakNothingOfOurs) {
  const uint64_t only = FromEnvironment("LNS_SIM_SEED", 0);
  const uint64_t first = only != 0 ? only : 1;
  const uint64_t last = only != 0 ? only : FromEnvironment("LNS_SIM_SEEDS", 1000);
  uint64_t online = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    Scenario scenario(seed);
    Hostile hostile(scenario.world(), seed);
    const std::string wrong = scenario.RunAmong(hostile);
    online += scenario.world().Counter("lns.session-online");
    ASSERT_EQ(wrong, "") << "seed " << seed << " (replay with LNS_SIM_SEED=" << seed << ")";
  }
  if (only == 0) {
    EXPECT_GT(online, last);  // subscribers come online all the same
  }
}

// For whoever looks into a failure.
void TellStories(World& world) {
  for (const auto& session : world.engine().Sessions()) {
    const auto story = world.engine().Explain(session.key);
    std::printf("  session %u/%u, %s, %s\n", session.key.tunnel.value(),
                session.key.session.value(), story->user_name.c_str(), story->state.c_str());
    for (const auto& event : EventsOf(story->trail)) {
      std::printf("    %7lld ms %s %s\n",
                  static_cast<long long>((event.at - Instant()).milliseconds()),
                  controlplane::ArrowOf(event.kind), event.text.c_str());
    }
  }
}

TEST(EngineSimTest, EverySeedKeepsTheInvariantsAndEndsClean) {
  const uint64_t only = FromEnvironment("LNS_SIM_SEED", 0);
  const uint64_t first = only != 0 ? only : 1;
  const uint64_t last = only != 0 ? only : FromEnvironment("LNS_SIM_SEEDS", 2000);
  uint64_t calls = 0;
  uint64_t online = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    Scenario scenario(seed);
    const std::string wrong = scenario.Run();
    calls += scenario.world().Counter("lns.call-offered");
    online += scenario.world().Counter("lns.session-online");
    if (!wrong.empty()) {
      for (const std::string& line : scenario.world().log()) std::printf("  %s\n", line.c_str());
      TellStories(scenario.world());
      FAIL() << "seed " << seed << ": " << wrong << " (replay with LNS_SIM_SEED=" << seed << ")";
    }
  }
  std::printf("%llu calls offered, %llu came online\n", static_cast<unsigned long long>(calls),
              static_cast<unsigned long long>(online));
  // The dice must not have made failing the rule.
  if (only == 0) {
    EXPECT_GT(online * 3, calls);
  }
}

}  // namespace
}  // namespace lns::test
