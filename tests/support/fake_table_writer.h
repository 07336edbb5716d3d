// A table writer that remembers what it was told, in maps, and refuses what it was told to refuse.
// For tests of those who program the data plane. Any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/tables/table_writer.h"

namespace lns::test {

class FakeTableWriter final : public dataplane::TableWriter {
 public:
  absl::Status UpsertTunnel(const dataplane::TunnelConfig& tunnel) override {
    const std::lock_guard lock(mutex_);
    if (!refusal_.ok()) return refusal_;
    tunnels_[tunnel.local_id] = tunnel;
    return absl::OkStatus();
  }
  absl::Status RemoveTunnel(l2tp::LocalTunnelId id) override {
    const std::lock_guard lock(mutex_);
    tunnels_.erase(id);
    std::erase_if(sessions_, [&](const auto& entry) { return entry.first.tunnel == id; });
    return absl::OkStatus();
  }
  absl::Status UpsertSession(const dataplane::SessionConfig& session) override {
    const std::lock_guard lock(mutex_);
    if (!refusal_.ok()) return refusal_;
    if (!tunnels_.contains(session.key.tunnel)) return absl::NotFoundError("no such tunnel");
    sessions_[session.key] = session;
    return absl::OkStatus();
  }
  absl::Status RemoveSession(const dataplane::SessionKey& key) override {
    const std::lock_guard lock(mutex_);
    if (sessions_.erase(key) > 0) last_counts_.push_back({.key = key, .uplink_packets = 1});
    return absl::OkStatus();
  }
  absl::Status UpsertRoute(const dataplane::RouteConfig& route) override {
    const std::lock_guard lock(mutex_);
    ++route_updates_;
    if (!refusal_.ok()) return refusal_;
    routes_[{{route.vrf, route.prefix}, route.origin}] = route;
    return absl::OkStatus();
  }
  absl::Status RemoveRoute(const dataplane::VrfPrefix& prefix, dataplane::Origin origin) override {
    const std::lock_guard lock(mutex_);
    ++route_updates_;
    routes_.erase({prefix, origin});
    return absl::OkStatus();
  }
  absl::Status UpsertNeighbour(const dataplane::NeighbourConfig& neighbour) override {
    const std::lock_guard lock(mutex_);
    ++neighbour_updates_;
    neighbours_[{neighbour.address, neighbour.port}] = neighbour;
    return absl::OkStatus();
  }
  absl::Status RemoveNeighbour(const net::IpAddress& address, uint16_t port) override {
    const std::lock_guard lock(mutex_);
    ++neighbour_updates_;
    neighbours_.erase({address, port});
    return absl::OkStatus();
  }
  absl::Status AddLocalAddress(const dataplane::VrfAddress& address) override {
    const std::lock_guard lock(mutex_);
    local_addresses_.insert(address);
    return absl::OkStatus();
  }
  absl::Status RemoveLocalAddress(const dataplane::VrfAddress& address) override {
    const std::lock_guard lock(mutex_);
    local_addresses_.erase(address);
    return absl::OkStatus();
  }
  absl::Status AddSubscriberPrefix(const dataplane::VrfPrefix& prefix) override {
    const std::lock_guard lock(mutex_);
    subscriber_prefixes_.insert(prefix);
    return absl::OkStatus();
  }
  absl::Status RemoveSubscriberPrefix(const dataplane::VrfPrefix& prefix) override {
    const std::lock_guard lock(mutex_);
    subscriber_prefixes_.erase(prefix);
    return absl::OkStatus();
  }
  absl::Status SetPortAddresses(uint16_t port,
                                const std::vector<net::IpAddress>& addresses) override {
    const std::lock_guard lock(mutex_);
    port_addresses_[port] = addresses;
    return absl::OkStatus();
  }
  absl::Status UpsertFilter(const net::Filter& filter) override {
    const std::lock_guard lock(mutex_);
    if (!refusal_.ok()) return refusal_;
    filters_[filter.name] = {.filter = filter};
    return absl::OkStatus();
  }
  absl::Status RemoveFilter(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    filters_.erase(name);
    return absl::OkStatus();
  }
  std::vector<dataplane::FilterStatus> Filters(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    std::vector<dataplane::FilterStatus> listed;
    for (const auto& [known, status] : filters_) {
      if (name.empty() || name == known) listed.push_back(status);
    }
    return listed;
  }
  // Taken as said, whoever the tunnel's peer is.
  dataplane::PathVerdict LimitPath(const dataplane::PathReport& report, Instant until) override {
    const std::lock_guard lock(mutex_);
    path_reports_.push_back(report);
    const dataplane::VrfAddress peer{report.ends.vrf, report.ends.peer.address};
    path_limits_.push_back({.peer = peer, .mtu = report.mtu, .until = until});
    return dataplane::PathVerdict::kTaken;
  }
  void ForgetPathLimits(Instant now) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(path_limits_, [now](const auto& limit) { return limit.until <= now; });
  }
  std::vector<dataplane::PathLimit> PathLimits() const override {
    const std::lock_guard lock(mutex_);
    return path_limits_;
  }
  void SetDraining(bool on) override {
    const std::lock_guard lock(mutex_);
    draining_ = on;
  }
  void BeginSync() override {
    const std::lock_guard lock(mutex_);
    is_syncing_ = true;
  }
  absl::StatusOr<dataplane::SweepResult> EndSync() override {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(is_syncing_, false)) return absl::FailedPreconditionError("no Begin");
    return dataplane::SweepResult{.tunnels = 1, .sessions = 2, .other = 3};
  }

  std::vector<dataplane::TunnelConfig> Tunnels() const override { return Values(tunnels_); }
  uint32_t tunnel_count() const override { return static_cast<uint32_t>(Tunnels().size()); }
  uint32_t session_count() const override { return static_cast<uint32_t>(SessionKeys().size()); }
  std::array<uint32_t, dataplane::kMaxVrfs> SessionsPerVrf() const override {
    const std::lock_guard lock(mutex_);
    std::array<uint32_t, dataplane::kMaxVrfs> counts{};
    for (const auto& [key, session] : sessions_) ++counts[session.vrf];
    return counts;
  }
  std::vector<dataplane::SessionKey> SessionKeys() const override {
    const std::lock_guard lock(mutex_);
    std::vector<dataplane::SessionKey> keys;
    for (const auto& [key, session] : sessions_) keys.push_back(key);
    return keys;
  }
  std::vector<dataplane::SessionConfig> Sessions(
      std::span<const dataplane::SessionKey> keys) const override {
    const std::lock_guard lock(mutex_);
    ++session_pages_;
    std::vector<dataplane::SessionConfig> values;
    for (const dataplane::SessionKey& key : keys) {
      const auto found = sessions_.find(key);
      if (found != sessions_.end()) values.push_back(found->second);
    }
    return values;
  }
  std::vector<dataplane::AggregateCounts> Aggregates() const override {
    const std::lock_guard lock(mutex_);
    std::vector<dataplane::AggregateCounts> list;
    for (const auto& [id, tunnel] : tunnels_) {
      if (tunnel.aggregate) list.push_back({.config = *tunnel.aggregate, .tunnels = 1});
    }
    return list;
  }
  std::vector<dataplane::RouteConfig> Routes() const override { return Values(routes_); }
  std::vector<dataplane::NeighbourConfig> Neighbours() const override {
    return Values(neighbours_);
  }
  std::vector<dataplane::VrfAddress> LocalAddresses() const override {
    const std::lock_guard lock(mutex_);
    return {local_addresses_.begin(), local_addresses_.end()};
  }
  std::vector<dataplane::VrfPrefix> SubscriberPrefixes() const override {
    const std::lock_guard lock(mutex_);
    return {subscriber_prefixes_.begin(), subscriber_prefixes_.end()};
  }
  std::vector<dataplane::SessionCounts> SessionCounters(
      std::span<const dataplane::SessionKey>) const override {
    return {};
  }
  std::vector<dataplane::TunnelUplink> TunnelUplinks() const override {
    const std::lock_guard lock(mutex_);
    std::vector<dataplane::TunnelUplink> uplinks;
    for (const auto& [id, tunnel] : tunnels_) uplinks.push_back({.tunnel = id, .packets = 1});
    return uplinks;
  }
  std::vector<dataplane::SessionCounts> TakeLastCounts() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(last_counts_, {});
  }
  std::vector<dataplane::NeighbourConfig> TakeUnresolved() override { return {}; }
  dataplane::TableLimits limits() const override { return {}; }

  // What every later upsert of a tunnel, session or route answers.
  void Refuse(absl::Status status) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(status);
  }
  std::vector<dataplane::PathReport> path_reports() const {
    const std::lock_guard lock(mutex_);
    return path_reports_;
  }
  bool draining() const {
    const std::lock_guard lock(mutex_);
    return draining_;
  }
  uint64_t route_updates() const { return route_updates_; }
  uint64_t neighbour_updates() const { return neighbour_updates_; }
  std::vector<net::IpAddress> PortAddresses(uint16_t port) const {
    const std::lock_guard lock(mutex_);
    const auto found = port_addresses_.find(port);
    return found == port_addresses_.end() ? std::vector<net::IpAddress>() : found->second;
  }
  // How many times Sessions was called.
  uint64_t session_pages() const { return session_pages_; }

 private:
  template <typename Map>
  std::vector<typename Map::mapped_type> Values(const Map& map) const {
    const std::lock_guard lock(mutex_);
    std::vector<typename Map::mapped_type> values;
    for (const auto& [key, value] : map) values.push_back(value);
    return values;
  }

  mutable std::mutex mutex_;
  std::map<l2tp::LocalTunnelId, dataplane::TunnelConfig> tunnels_;
  std::map<dataplane::SessionKey, dataplane::SessionConfig> sessions_;
  std::map<std::string, dataplane::FilterStatus> filters_;
  std::map<std::pair<dataplane::VrfPrefix, dataplane::Origin>, dataplane::RouteConfig> routes_;
  std::map<std::pair<net::IpAddress, uint16_t>, dataplane::NeighbourConfig> neighbours_;
  std::set<dataplane::VrfAddress> local_addresses_;
  std::set<dataplane::VrfPrefix> subscriber_prefixes_;
  std::map<uint16_t, std::vector<net::IpAddress>> port_addresses_;
  std::vector<dataplane::PathReport> path_reports_;
  std::vector<dataplane::PathLimit> path_limits_;
  std::vector<dataplane::SessionCounts> last_counts_;
  absl::Status refusal_;
  bool is_syncing_ = false;
  bool draining_ = false;
  uint64_t route_updates_ = 0;
  uint64_t neighbour_updates_ = 0;
  mutable uint64_t session_pages_ = 0;
};

}  // namespace lns::test
