// Whether a new peer or a new call is let in: the limits, and the account of half-open tunnels that
// bounds what unproven senders can make the LNS keep. Decides only; the answer on the wire is the
// engine's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <utility>

#include "controlplane/lns/close_cause.h"
#include "controlplane/lns/engine.h"
#include "lib/net/address.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

enum class SccrqVerdict : uint8_t {
  kAdmit,
  // Without an answer: nothing is kept and nothing is reflected to a forged source.
  kDropHalfOpen,
  kDropHalfOpenSource,
  kDropNoRoom,
  // Answered by a StopCCN and kept for its acknowledgement.
  kRefuseShutdown,
  kRefuseDraining,
  kRefuseNoProfile,
  kRefuseTableFull,
};

class Admission {
 public:
  explicit Admission(const EngineSettings& settings) : settings_(settings) {}

  struct TunnelLoad {
    uint32_t live = 0;     // neither closed nor refused
    uint32_t records = 0;  // everything kept
    bool shutting_down = false;
    bool draining = false;
  };
  SccrqVerdict JudgeSccrq(const net::IpAddress& source, const PeerProfile* profile,
                          const TunnelLoad& load) const;
  struct CallLoad {
    uint32_t sessions = 0;  // of the LNS
    bool shutting_down = false;
    bool draining = false;
  };
  // kNone: admitted, as far as the LNS and the LAC at the far end of `endpoints` go. A tunnel's own
  // limit is kept by its L2TP engine.
  CloseCause JudgeCall(const PeerProfile& profile, const net::EndpointPair& endpoints,
                       const CallLoad& load) const;

  void BeginHalfOpen(const net::IpAddress& source);
  void EndHalfOpen(const net::IpAddress& source);
  uint32_t half_open() const { return half_open_; }

  // Calls that are there, by LAC: all that come from one address.
  void BeginCall(const net::EndpointPair& endpoints) { ++calls_[LacAt(endpoints)]; }
  void EndCalls(const net::EndpointPair& endpoints, uint32_t count);
  // The LAC of a tunnel with so many calls turned up elsewhere.
  void MoveCalls(const net::EndpointPair& from, const net::EndpointPair& to, uint32_t count);

 private:
  // An address is a LAC's within its routing instance.
  using Lac = std::pair<net::IpAddress, uint8_t>;

  static Lac LacAt(const net::EndpointPair& endpoints) {
    return {endpoints.peer.address, endpoints.vrf};
  }
  uint32_t HalfOpenOf(const net::IpAddress& source) const;

  const EngineSettings& settings_;
  uint32_t half_open_ = 0;
  absl::flat_hash_map<net::IpAddress, uint32_t> half_open_by_source_;
  absl::flat_hash_map<Lac, uint32_t> calls_;
};

}  // namespace lns::controlplane
