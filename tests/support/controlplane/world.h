// The engine with everything around it, in virtual time: LACs over a lossy link, the fake data
// plane, real local users behind a delay, and the punt path, whose two classes overtake each other.
// One seed decides all dice. Every step ends with the engine's invariants checked by Violation().
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controlplane/aaa/local_users.h"
#include "controlplane/lns/engine.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "tests/support/controlplane/accounts.h"
#include "tests/support/controlplane/fake_dataplane.h"
#include "tests/support/controlplane/fake_echoes.h"
#include "tests/support/controlplane/fake_lac.h"
#include "tests/support/lossy_link.h"

namespace lns::test {

struct WorldSettings {
  uint64_t seed = 1;
  controlplane::EngineSettings engine;
  std::vector<controlplane::LocalUser> users;
  // Nothing lost and nothing out of order unless the test asks for it.
  LossyLinkSettings link{.loss_percent = 0,
                         .duplicate_percent = 0,
                         .reorder_percent = 0,
                         .max_delay = Duration::Milliseconds(1)};
  FakeDataplane::Settings dataplane;
  // Between the wire and the engine, each class by itself.
  Duration max_punt_delay = Duration::Milliseconds(2);
  Duration max_aaa_delay = Duration::Milliseconds(50);
  bool check_every_step = true;
};

// A profile for any peer, one pool of 253 addresses, users "alice" and "bob" with password
// "secret".
WorldSettings PlainWorld();

class World {
 public:
  explicit World(const WorldSettings& settings);

  // LAC number i has address 198.51.100.(11 + i), host name "lac<i>" and secret `secret`.
  FakeLac& AddLac(const std::string& secret = "");
  FakeLac& AddLac(const FakeLacSettings& settings);

  // Runs whatever is due until then; both stop early at a violated invariant.
  void RunFor(Duration time);
  // False: `limit` passed without it.
  bool RunUntil(const std::function<bool()>& done, Duration limit);
  // Empty: nothing is wrong. Otherwise the first thing that was, and when.
  const std::string& violation() const { return violation_; }

  // Calls on the engine by hand.
  void Call(const std::function<void(controlplane::Engine&, controlplane::EngineActions&)>& call);
  void KillDataplane() { dataplane_.Die(); }
  void RestartDataplane();
  void After(Duration delay, std::function<void()> what);
  void Schedule(Instant at, std::function<void()> what);
  // An LNS-bound datagram from anywhere.
  void Deliver(const net::Endpoint& from, ByteView datagram);

  // Sees every datagram a LAC sends.
  using Tap = std::function<void(const net::Endpoint& from, ByteView datagram)>;
  void set_tap(Tap tap) { tap_ = std::move(tap); }

  // Nothing left anywhere: sessions, addresses, ids, timers, tunnels, entries. Empty: so it is.
  std::string Leftover() const;

  bool Logged(const std::string& text) const;
  uint64_t Counter(const std::string& name) const;
  Instant now() const { return now_; }
  controlplane::Engine& engine() { return *engine_; }
  FakeDataplane& dataplane() { return dataplane_; }
  const FakeEchoes& echoes() const { return echoes_; }
  LossyLink& link() { return link_; }
  std::vector<std::unique_ptr<FakeLac>>& lacs() { return lacs_; }
  const Accounts& accounts() const { return accounts_; }
  // AAA changes what sessions are served; the number of the order.
  uint64_t Order(std::vector<controlplane::ServiceChange> changes);
  // What became of it; nullptr: nothing yet.
  const absl::Status* OutcomeOf(uint64_t order) const {
    const auto found = order_outcomes_.find(order);
    return found == order_outcomes_.end() ? nullptr : &found->second;
  }
  size_t open_orders() const { return orders_.size(); }
  std::vector<std::string>& log() { return log_; }
  Rng& rng() { return rng_; }
  // What the engine sent to each LAC as control, counted by LAC.
  static net::Endpoint LnsEndpoint();

 private:
  void ReadDesiredState(std::vector<controlplane::TunnelEntry>& tunnels,
                        std::vector<controlplane::SessionEntry>& sessions) const;
  Instant NextEvent() const;
  void Step();
  void RunEchoes();
  void CarryOut(const FakeEchoes::Outcome& echoes);
  void SendPpp(const controlplane::SessionEntry& session, ByteView frame);
  void CarryOut(controlplane::EngineActions& actions);
  void CarryOut(controlplane::EngineAction& action);
  void FlushLacs();
  std::string FindViolation();
  std::string FindUnbounded() const;
  std::string FindDeafDataplane();
  void CheckAckLeaves(const controlplane::SessionEntry& session, ByteView frame);
  size_t PrefixesOf(const controlplane::SessionView& session,
                    const controlplane::SessionEntry& entry) const;
  void OnOrderDone(const controlplane::ServiceOrderDone& done);
  void CheckPrefixesTold(const controlplane::SessionEntry& session, ByteView frame);
  FakeLac* LacAt(const net::Endpoint& endpoint, int* index);

  WorldSettings settings_;
  SeededRng rng_;
  Instant now_;
  LossyLink link_;
  FakeDataplane dataplane_;
  FakeEchoes echoes_;
  controlplane::LocalUsers users_;
  std::unique_ptr<controlplane::Engine> engine_;
  std::vector<std::unique_ptr<FakeLac>> lacs_;
  std::multimap<Instant, std::function<void()>> events_;
  Tap tap_;
  Instant last_control_punt_;
  Instant last_ppp_punt_;
  // The engine's updates folded together: what it wants the data plane to hold.
  std::map<l2tp::LocalTunnelId, controlplane::TunnelEntry> wanted_tunnels_;
  std::map<controlplane::SessionKey, controlplane::SessionEntry> wanted_sessions_;
  // What the data plane has ever let pass, by sessions the engine still wants.
  struct Opened {
    bool ipv4 = false;
    bool ipv6 = false;
  };
  std::map<controlplane::SessionKey, Opened> opened_;
  Accounts accounts_;
  uint64_t last_order_ = 0;
  std::map<uint64_t, std::vector<controlplane::ServiceChange>> orders_;  // not done yet
  std::map<uint64_t, absl::Status> order_outcomes_;
  std::vector<std::string> log_;
  std::string violation_;
};

}  // namespace lns::test
