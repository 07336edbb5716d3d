// What the ways to tunnels' peers carry: what the port takes, the peer's profile says and routers
// on the way have said (RFC 1191, RFC 8201), whichever is least; and the lengths of sessions that
// follow from it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "dataplane/tables/table_state.h"

namespace lns::dataplane {
namespace {

// Routers tell about packets that they may not cut: those of IPv6, and with DF.
bool HearsOfLength(const TunnelConfig& tunnel) {
  return tunnel.endpoints.local.address.is_v6() || tunnel.outer_path.dont_fragment;
}

}  // namespace

uint16_t TableState::PathMtu(const TunnelConfig& tunnel) const {
  uint16_t least = routes_.PathMtu(PeerOf(tunnel));
  const auto limit_by = [&least](uint16_t mtu) {
    if (mtu != 0 && (least == 0 || mtu < least)) least = mtu;
  };
  limit_by(tunnel.outer_path.mtu);
  // Without a route there is nothing to be told about.
  const auto told = path_limits_.find(PeerOf(tunnel));
  if (least != 0 && told != path_limits_.end() && HearsOfLength(tunnel)) limit_by(told->second.mtu);
  return least;
}

const TunnelConfig* TableState::FindTunnel(const PathReport& report) const {
  const VrfAddress peer{report.ends.vrf, report.ends.peer.address};
  if (!routes_.HasPeerIn({peer.vrf, net::IpPrefix::Host(peer.address)})) return nullptr;
  const auto tunnel = std::find_if(tunnels_.begin(), tunnels_.end(), [&](const auto& entry) {
    const TunnelConfig& config = entry.second.config;
    return config.endpoints == report.ends &&
           (!report.tunnel.has_value() || config.peer_id == *report.tunnel);
  });
  return tunnel == tunnels_.end() ? nullptr : &tunnel->second.config;
}

PathVerdict TableState::LimitPath(const PathReport& report, Instant until) {
  const std::lock_guard lock = Begin();
  const TunnelConfig* tunnel = FindTunnel(report);
  if (tunnel == nullptr) return PathVerdict::kNoSuchTunnel;
  if (!HearsOfLength(*tunnel)) return PathVerdict::kMayBeCut;
  if (const uint16_t known = PathMtu(*tunnel); known == 0 || report.mtu >= known) {
    return PathVerdict::kKnown;
  }
  const VrfAddress peer = PeerOf(*tunnel);
  if (!path_limits_.contains(peer) && path_limits_.size() >= config_.limits.max_tunnels) {
    return PathVerdict::kFull;
  }
  path_limits_[peer] = {.peer = peer, .mtu = report.mtu, .until = until};
  MeasurePathsTo(peer);
  return PathVerdict::kTaken;
}

void TableState::ForgetPathLimits(Instant now) {
  const std::lock_guard lock = Begin();
  for (auto limit = path_limits_.begin(); limit != path_limits_.end();) {
    const VrfAddress peer = limit->first;
    const bool is_over = limit->second.until <= now;
    limit = is_over ? path_limits_.erase(limit) : std::next(limit);
    if (is_over) MeasurePathsTo(peer);
  }
}

std::vector<PathLimit> TableState::PathLimits() const {
  const std::lock_guard lock(mutex_);
  std::vector<PathLimit> limits;
  limits.reserve(path_limits_.size());
  for (const auto& [peer, limit] : path_limits_) limits.push_back(limit);
  return limits;
}

void TableState::MeasurePathsTo(const VrfAddress& peer) {
  MeasurePathsIn({peer.vrf, net::IpPrefix::Host(peer.address)});
}

void TableState::MeasurePathsIn(const VrfPrefix& where) {
  if (!routes_.HasPeerIn(where)) return;
  for (auto& [id, record] : tunnels_) {
    const VrfAddress peer = PeerOf(record.config);
    if (peer.vrf == where.vrf && where.prefix.Contains(peer.address)) MeasurePath(record);
  }
}

void TableState::MeasurePath(TunnelRecord& record) {
  const uint16_t mtu = PathMtu(record.config);
  if (mtu == record.path_mtu) return;
  record.path_mtu = mtu;
  // An entry names the length from which on it cuts. Without a free one the old one's stays, and
  // what is too long for the port is cut for that.
  const uint32_t before = record.index;
  const uint32_t index = record.config.outer_path.fragment ? NewTunnelEntry(record.config) : before;
  if (index != kNotFound) record.index = index;
  parts_.tables.tunnel_by_id[record.config.local_id.value()].store(record.index,
                                                                   std::memory_order_release);
  Repoint(record);
  if (record.index != before) retired_.Add(SlotKind::kTunnel, before);
}

}  // namespace lns::dataplane
