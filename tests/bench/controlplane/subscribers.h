// Sessions brought online in a real engine by real messages, in virtual time and without any I/O:
// LACs out of lib/l2tp, PPP clients out of lib/ppp, a data plane that confirms at once and an AAA
// that accepts everybody. Sessions come up in waves; what the subscribers' side keeps is thrown
// away after each wave, so a million of them fit where only the LNS is to be measured.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "controlplane/lns/engine.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "tests/support/controlplane/fake_lac.h"

#include "absl/container/flat_hash_map.h"

namespace lns::bench {

struct SubscribersSettings {
  uint32_t sessions = 1000;
  uint32_t tunnels = 16;
  std::string secret = "bench-secret";
};

// Limits, a pool and a peer that the settings' sessions fit in.
controlplane::EngineSettings EngineFor(const SubscribersSettings& settings);

class Subscribers {
 public:
  // The engine outlives it.
  Subscribers(const SubscribersSettings& settings, controlplane::Engine& engine, Rng& rng);
  ~Subscribers();

  // Tunnels first; then sessions until `settings.sessions` are online. False: one failed.
  bool BringOnline();
  uint64_t frames() const { return frames_; }  // that the engine was given

 private:
  bool OpenTunnels();
  bool RunWave(uint32_t calls);
  void Pump();  // until nobody has anything to say
  void CarryOut(controlplane::EngineActions& actions);
  void CarryOut(const controlplane::SendControl& message);
  void CarryOut(const controlplane::SendPpp& frame);
  void FromLac(size_t lac, ByteView datagram);

  const SubscribersSettings settings_;
  controlplane::Engine& engine_;
  Rng& rng_;
  Instant now_ = Instant() + Duration::Seconds(1000);
  std::vector<std::unique_ptr<test::FakeLac>> lacs_;
  absl::flat_hash_map<uint16_t, size_t> lac_of_;  // by our tunnel id
  // The LAC's id of each session of the wave.
  absl::flat_hash_map<controlplane::SessionKey, l2tp::PeerSessionId> peer_ids_;
  // What the engine asked of the data plane and AAA, answered one by one.
  std::deque<controlplane::EngineAction> questions_;
  uint32_t placed_ = 0;
  uint64_t frames_ = 0;
};

}  // namespace lns::bench
