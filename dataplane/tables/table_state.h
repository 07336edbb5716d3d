// The one implementation of TableWriter, and of ForwardingState around it. Its methods are spread
// over files by subject: table_writer.cc (tunnels and sessions), table_paths.cc (what the ways to
// peers carry), own_addresses.cc (what the LNS calls itself), table_echoes.cc (LCP echoes),
// table_lists.cc (what is there), table_sweep.cc (mark and sweep), forwarding_state.cc (how it is
// made). Routes, neighbours and addresses have a class
// of their own (route_book.h), and so has the account of sessions (session_book.h).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "dataplane/tables/aggregate_book.h"
#include "dataplane/tables/dscp_book.h"
#include "dataplane/tables/filter_book.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/hugepage_memory.h"
#include "dataplane/tables/meter_book.h"
#include "dataplane/tables/retired.h"
#include "dataplane/tables/route_book.h"
#include "dataplane/tables/session_book.h"
#include "dataplane/tables/shaper_book.h"

#include "absl/container/flat_hash_map.h"

namespace lns::dataplane {

inline constexpr uint32_t kTunnelIds = 65536;

// Made in one go: everything below exists or the factory answers why not.
struct TableParts {
  std::unique_ptr<HugepageMemory> memory;
  std::unique_ptr<Quiescence> quiescence;
  Tables tables;
  std::span<UnresolvedQueue> unresolved;
};

class TableState final : public ForwardingState, public TableWriter {
 public:
  TableState(const ForwardingConfig& config, TableParts parts);

  const Tables& tables() const override { return parts_.tables; }
  TableWriter& writer() override { return *this; }
  Quiescence& quiescence() override { return *parts_.quiescence; }
  UnresolvedQueue& unresolved(uint32_t worker) override { return parts_.unresolved[worker]; }

  absl::Status UpsertTunnel(const TunnelConfig& tunnel) override;
  absl::Status RemoveTunnel(l2tp::LocalTunnelId id) override;
  absl::Status UpsertSession(const SessionConfig& session) override;
  absl::Status RemoveSession(const SessionKey& key) override;

  absl::Status UpsertRoute(const RouteConfig& route) override {
    const std::lock_guard lock = Begin();
    absl::Status status = routes_.UpsertRoute(route);
    if (status.ok()) MeasurePathsIn({route.vrf, route.prefix});
    return status;
  }
  absl::Status RemoveRoute(const VrfPrefix& prefix, Origin origin) override {
    const std::lock_guard lock = Begin();
    routes_.RemoveRoute(prefix, origin);
    MeasurePathsIn(prefix);
    return absl::OkStatus();
  }
  absl::Status UpsertNeighbour(const NeighbourConfig& neighbour) override {
    const std::lock_guard lock = Begin();
    return routes_.UpsertNeighbour(neighbour);
  }
  absl::Status RemoveNeighbour(const net::IpAddress& address, uint16_t port) override {
    const std::lock_guard lock = Begin();
    routes_.RemoveNeighbour(address, port);
    return absl::OkStatus();
  }
  absl::Status AddLocalAddress(const VrfAddress& address) override {
    const std::lock_guard lock = Begin();
    absl::Status status = routes_.AddLocalAddress(address);
    PublishOwnAddresses();
    return status;
  }
  absl::Status RemoveLocalAddress(const VrfAddress& address) override {
    const std::lock_guard lock = Begin();
    absl::Status status = routes_.RemoveLocalAddress(address);
    PublishOwnAddresses();
    return status;
  }
  absl::Status SetPortAddresses(uint16_t port,
                                const std::vector<net::IpAddress>& addresses) override;
  absl::Status AddSubscriberPrefix(const VrfPrefix& prefix) override {
    const std::lock_guard lock = Begin();
    return routes_.AddSubscriberPrefix(prefix);
  }
  absl::Status RemoveSubscriberPrefix(const VrfPrefix& prefix) override {
    const std::lock_guard lock = Begin();
    return routes_.RemoveSubscriberPrefix(prefix);
  }

  PathVerdict LimitPath(const PathReport& report, Instant until) override;
  void ForgetPathLimits(Instant now) override;
  std::vector<PathLimit> PathLimits() const override;

  absl::Status UpsertFilter(const net::Filter& filter) override;
  absl::Status RemoveFilter(const std::string& name) override {
    const std::lock_guard lock = Begin();
    return filters_.Remove(name);
  }
  std::vector<FilterStatus> Filters(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    return filters_.List(name);
  }

  void SetDraining(bool on) override {
    if (config_.journal != nullptr) config_.journal->Note(SubscriberChange::Kind::kDraining, on);
  }

  void BeginSync() override;
  absl::StatusOr<SweepResult> EndSync() override;

  uint32_t tunnel_count() const override;
  uint32_t session_count() const override;
  std::array<uint32_t, kMaxVrfs> SessionsPerVrf() const override;
  std::vector<TunnelConfig> Tunnels() const override;
  std::vector<SessionKey> SessionKeys() const override;
  std::vector<SessionConfig> Sessions(std::span<const SessionKey> keys) const override;
  std::vector<SessionCounts> SessionCounters(std::span<const SessionKey> keys) const override;
  std::vector<SessionCounts> TakeLastCounts() override;
  std::vector<AggregateCounts> Aggregates() const override;
  std::vector<TunnelUplink> TunnelUplinks() const override;
  std::vector<RouteConfig> Routes() const override;
  std::vector<NeighbourConfig> Neighbours() const override;
  std::vector<VrfAddress> LocalAddresses() const override;
  std::vector<VrfPrefix> SubscriberPrefixes() const override;
  std::vector<NeighbourConfig> TakeUnresolved() override;
  TableLimits limits() const override { return config_.limits; }

 private:
  // Slots looked at for one taking of the mutex, so that listing a million sessions holds up no
  // update for long.
  static constexpr uint32_t kSlotsPerLook = 32768;

  struct TunnelRecord {
    TunnelConfig config;
    uint32_t index = 0;
    bool stale = false;
    uint16_t path_mtu = 0;  // 0: it has no path
    SessionBook::List sessions;
  };

  // What a session has beside its prefixes.
  struct Extras {
    VrfAddress gateway;
    std::optional<uint32_t> record;  // of Tables::extras
    SessionExtras words;             // its contents, and of none
  };

  // Every change starts here: the lock, and what earlier changes have left to free.
  std::lock_guard<std::mutex> Begin() {
    mutex_.lock();
    Collect();
    return std::lock_guard(mutex_, std::adopt_lock);
  }
  void Collect();
  // What no worker has in its hands.
  void Free(SlotKind kind, uint32_t slot);

  // kNotFound when none is free, not even after waiting for workers to let go of retired ones.
  uint32_t TakeTunnelSlot();
  uint32_t TakeSessionSlot();

  // Own addresses (own_addresses.cc).
  void PublishOwnAddresses();
  OwnAddresses OwnOn(size_t side) const;

  // The lengths that fit tunnels' paths (table_paths.cc) follow their routes and what routers on
  // the way said.
  static VrfAddress PeerOf(const TunnelConfig& tunnel) {
    return {tunnel.endpoints.vrf, tunnel.endpoints.peer.address};
  }
  // Octets of an outer packet; 0: there is no path.
  uint16_t PathMtu(const TunnelConfig& tunnel) const;
  const TunnelConfig* FindTunnel(const PathReport& report) const;
  void MeasurePathsIn(const VrfPrefix& where);
  void MeasurePathsTo(const VrfAddress& peer);
  void MeasurePath(TunnelRecord& record);
  static uint16_t MtuOf(uint32_t flags, uint16_t mru, const TunnelRecord& tunnel);

  uint32_t NewTunnelEntry(const TunnelConfig& tunnel);
  void Repoint(const TunnelRecord& record);
  void DropTunnel(uint16_t id);

  uint32_t SlotOf(const SessionKey& key) const;
  absl::Status ClaimPrefixes(const SessionConfig& session, uint32_t slot,
                             const std::vector<VrfPrefix>& held);
  void ReleasePrefix(const VrfPrefix& prefix);
  void RememberPrefixes(const SessionConfig& session, uint32_t slot);
  std::vector<net::IpPrefix> PrefixesOf(uint32_t slot) const;
  VrfIndex VrfOf(uint32_t slot) const {
    return SessionVrf(parts_.tables.downlink[slot].tunnel.load(std::memory_order_relaxed));
  }
  SessionConfig ConfigOf(uint32_t slot) const;
  absl::Status AddSession(const SessionConfig& session, TunnelRecord& tunnel);
  absl::Status ChangeSession(const SessionConfig& session, uint32_t slot,
                             const TunnelRecord& tunnel);
  void WriteEntries(const SessionConfig& session, uint32_t slot, const TunnelRecord& tunnel,
                    const Extras& extras);
  void DropSession(uint32_t slot);
  Extras ExtrasOf(uint32_t slot) const;
  // session_extras.cc. `flags` is the session's new flags word.
  absl::StatusOr<Extras> ClaimExtras(const SessionConfig& session, uint32_t flags,
                                     const Extras& held);
  absl::Status ClaimPolicies(const SessionConfig& session, const Extras& held, Extras& extras);
  absl::Status ClaimFilters(const SessionConfig& session, const Extras& held, Extras& extras);
  // Of what is shared: whoever has `own` has it no more, unless it is in `kept` too.
  void LetGo(const SessionExtras& own, const SessionExtras& kept);
  uint32_t TakeRecord();
  void WriteExtras(const Extras& extras, DownlinkEntry& down);
  // Calls part_with(SlotKind, slot) for what `own` has of its own and `kept` has not.
  template <typename PartWith>
  void Part(const Extras& own, const Extras& kept, PartWith&& part_with);
  // Of what was claimed and never published, and of what a published session has no more.
  void GiveBack(const Extras& claimed, const Extras& held);
  void ReleaseExtras(const Extras& held, const Extras& kept);
  // What take() gives; where that is kNotFound, once more when workers have let go of all that is
  // retired.
  template <typename TakeSlot>
  std::optional<uint32_t> Take(TakeSlot&& take) {
    uint32_t slot = take();
    if (slot == kNotFound && !retired_.empty()) {
      retired_.Wait();
      Collect();
      slot = take();
    }
    return slot == kNotFound ? std::nullopt : std::optional(slot);
  }
  SessionCounts CountsOf(uint32_t slot, const SessionKey& key) const;

  // LCP echoes (table_echoes.cc).
  EchoMembers& EchoMembersOf(const SessionKey& key) const;
  absl::Status ProvideEchoes(const SessionConfig& session, uint32_t slot);
  void WriteEchoes(const SessionConfig& session, uint32_t slot);
  void StopEchoes(const SessionKey& key, uint32_t slot) { EchoMembersOf(key).Remove(slot); }
  std::optional<EchoConfig> EchoConfigOf(uint32_t slot, const SessionKey& key) const;
  std::optional<EchoCounts> EchoCountsOf(uint32_t slot, const SessionKey& key) const;

  const ForwardingConfig config_;
  TableParts parts_;
  mutable std::mutex mutex_;
  RetiredSlots retired_;
  RouteBook routes_;
  SessionBook sessions_;
  MeterBook meters_;
  ShaperBook shapers_;
  AggregateBook aggregates_;
  FilterBook filters_;
  DscpBook dscp_policies_;
  std::vector<std::vector<net::IpAddress>> port_addresses_;  // as set
  // Every set of addresses that was ever published: a handful, so none is given back.
  std::set<OwnAddresses> own_addresses_;
  std::vector<uint32_t> free_tunnels_;
  std::vector<uint32_t> free_extras_;
  absl::flat_hash_map<uint16_t, TunnelRecord> tunnels_;
  std::map<VrfAddress, PathLimit> path_limits_;  // as many as tunnels at most
  // Removed by RemoveSession and retired: by slot, whose counts somebody will ask for; and those
  // of slots that are free again, unless nobody asks for ever.
  static constexpr size_t kLastCountsKept = 65536;
  absl::flat_hash_map<uint32_t, SessionKey> counting_;
  std::vector<SessionCounts> last_counts_;
  std::array<uint32_t, kMaxVrfs> sessions_per_vrf_{};
  bool syncing_ = false;
};

}  // namespace lns::dataplane
