// One of our tunnels against a peer that breaks the rules: wrong Ns and Nr, replayed and damaged
// messages, lengths that lie, unknown mandatory AVPs, silence. Between its misdeeds it sets up
// tunnel and calls as it should, so that every state is reached. Everything follows from the seed.
// What must hold after every step: no request is processed twice, no two sessions share an id, what
// the owner was told matches what there is, what leaves is well formed and within the peer's
// window, and memory is bounded; and in the end, when the peer is gone, so is the tunnel.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/tunnel.h"

namespace lns::l2tp {

class HostileSim {
 public:
  explicit HostileSim(uint64_t seed);
  // The first broken invariant, or nothing.
  std::optional<std::string> Run();
  std::string Summary() const;
  bool was_established() const { return was_established_; }
  uint64_t calls_up() const { return calls_up_; }

 private:
  // --- the peer
  void PeerActs();
  void Misbehave();
  Bytes NextMessage();
  uint16_t SomeSession();
  Bytes Good(const Message& message, uint16_t session);
  Message CallRequest();
  Message SetUpMessage();
  Bytes WithOddAvp(Bytes datagram);
  Bytes Damaged(Bytes datagram);
  void PeerHears(const Bytes& datagram);

  // --- our owner
  void OwnerActs();
  void Take(Actions& actions);
  void TakeOne(const Action& action);
  void OnOffered(PeerSessionId peer, uint32_t serial);
  void CheckSent(const Bytes& datagram);
  void CheckAll();
  void Deliver(const Bytes& datagram);
  bool IsTaken(const Header& header) const;
  void RunTimers(Instant until);
  void Check(bool holds, const std::string& what);

  struct Call {
    bool outgoing = false;
    LocalSessionId local;  // 0 while offered
    PeerSessionId peer;    // 0 while asked for
  };

  SeededRng rng_;
  TunnelSettings settings_;
  Instant now_ = Instant::FromNanoseconds(1);
  std::unique_ptr<Tunnel> tunnel_;
  bool established_ = false;
  bool was_established_ = false;
  bool closed_ = false;
  bool released_ = false;
  std::vector<Call> calls_;
  std::set<uint32_t> serials_seen_;
  uint16_t next_local_ = 1;
  size_t actions_in_step_ = 0;
  uint64_t calls_up_ = 0;

  // The peer's own channel, as far as it cares.
  const bool peer_opens_;
  const uint32_t misdeed_percent_;
  uint16_t peer_window_;
  uint16_t peer_ns_ = 0;
  uint16_t peer_nr_ = 0;
  uint16_t highest_nr_sent_ = 0;  // what it has acknowledged
  uint32_t serials_ = 0;
  uint16_t next_peer_session_ = 1;
  std::vector<uint16_t> our_sessions_;  // ids we told it
  std::vector<uint16_t> to_connect_;    // of these, answered and not connected yet
  std::vector<Bytes> history_;
  Bytes challenge_;

  std::optional<std::string> failure_;
};

}  // namespace lns::l2tp
