// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/admission.h"

#include "lib/base/check.h"

namespace lns::controlplane {

SccrqVerdict Admission::JudgeSccrq(const net::IpAddress& source, const PeerProfile* profile,
                                   const TunnelLoad& load) const {
  if (half_open_ >= settings_.max_half_open) return SccrqVerdict::kDropHalfOpen;
  if (HalfOpenOf(source) >= settings_.max_half_open_per_source) {
    return SccrqVerdict::kDropHalfOpenSource;
  }
  // Retained tunnels of peers that come and go are bounded too: as many again as may be live.
  if (load.records >= uint64_t{2} * settings_.max_tunnels + settings_.max_half_open) {
    return SccrqVerdict::kDropNoRoom;
  }
  if (load.shutting_down) return SccrqVerdict::kRefuseShutdown;
  if (profile == nullptr) return SccrqVerdict::kRefuseNoProfile;
  if (load.draining) return SccrqVerdict::kRefuseDraining;
  if (load.live >= settings_.max_tunnels) return SccrqVerdict::kRefuseTableFull;
  return SccrqVerdict::kAdmit;
}

CloseCause Admission::JudgeCall(const PeerProfile& profile, const net::EndpointPair& endpoints,
                                const CallLoad& load) const {
  if (load.shutting_down) return CloseCause::kShuttingDown;
  if (load.draining) return CloseCause::kDraining;
  if (load.sessions >= settings_.max_sessions) return CloseCause::kSessionTableFull;
  if (profile.max_sessions == 0) return CloseCause::kNone;
  const auto calls = calls_.find(LacAt(endpoints));
  const bool full = calls != calls_.end() && calls->second >= profile.max_sessions;
  return full ? CloseCause::kLacSessionLimit : CloseCause::kNone;
}

void Admission::EndCalls(const net::EndpointPair& endpoints, uint32_t count) {
  if (count == 0) return;
  const auto calls = calls_.find(LacAt(endpoints));
  LNS_CHECK(calls != calls_.end() && calls->second >= count);
  calls->second -= count;
  if (calls->second == 0) calls_.erase(calls);
}

void Admission::MoveCalls(const net::EndpointPair& from, const net::EndpointPair& to,
                          uint32_t count) {
  if (count == 0) return;
  EndCalls(from, count);
  calls_[LacAt(to)] += count;
}

void Admission::BeginHalfOpen(const net::IpAddress& source) {
  ++half_open_;
  ++half_open_by_source_[source];
}

void Admission::EndHalfOpen(const net::IpAddress& source) {
  const auto entry = half_open_by_source_.find(source);
  LNS_CHECK(entry != half_open_by_source_.end());
  --half_open_;
  if (--entry->second == 0) half_open_by_source_.erase(entry);
}

uint32_t Admission::HalfOpenOf(const net::IpAddress& source) const {
  const auto entry = half_open_by_source_.find(source);
  return entry == half_open_by_source_.end() ? 0 : entry->second;
}

}  // namespace lns::controlplane
