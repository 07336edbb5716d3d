// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "dataplane/core/context.h"
#include "dataplane/core/port.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/hugepage_memory.h"
#include "dataplane/tables/retired.h"
#include "dataplane/tables/route_book.h"
#include "dataplane/tables/tunnel_entry.h"
#include "lib/base/check.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kTunnelIds = 65536;
constexpr uint32_t kMaxSessionPrefixes = 64;
// Prefixes other than IPv4 hosts: as many as sessions, and some.
constexpr uint32_t kSparePrefixes = 1024;

uint32_t Word(const SessionKey& key) {
  return SessionKeyWord(key.tunnel.value(), key.session.value());
}

std::string Text(const SessionKey& key) {
  return absl::StrCat("session ", key.tunnel.value(), "/", key.session.value());
}

uint32_t FlagsOf(const SessionConfig& session) {
  return (session.ipv4_open ? kIpv4Open : 0) | (session.ipv6_open ? kIpv6Open : 0) |
         (session.send_pfc ? kSendPfc : 0) | (session.send_acfc ? kSendAcfc : 0);
}

// The subscriber's usual IPv4 source; 0.0.0.0 is nobody's.
uint32_t UsualSource(const SessionConfig& session) {
  for (const net::IpPrefix& prefix : session.prefixes) {
    if (prefix.address.is_v4() && prefix.length == 32) return prefix.address.v4();
  }
  return 0;
}

absl::Status CheckTunnel(const TunnelConfig& tunnel) {
  const net::EndpointPair& ends = tunnel.endpoints;
  if (tunnel.local_id.value() == 0 || tunnel.peer_id.value() == 0) {
    return absl::InvalidArgumentError("tunnel id 0");
  }
  if (ends.local.address.is_none() || ends.local.address.family() != ends.peer.address.family()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tunnel ", tunnel.local_id.value(), ": endpoints are not of one family"));
  }
  if (ends.local.port == 0 || ends.peer.port == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("tunnel ", tunnel.local_id.value(), ": UDP port 0"));
  }
  if (tunnel.dscp > 63) {
    return absl::InvalidArgumentError(absl::StrCat("DSCP ", tunnel.dscp, " is above 63"));
  }
  if (tunnel.udp_checksum_off && ends.local.address.is_v6()) {
    return absl::InvalidArgumentError("UDP checksum cannot be off over IPv6");
  }
  return absl::OkStatus();
}

bool SameTunnel(const TunnelConfig& a, const TunnelConfig& b) {
  return a.peer_id == b.peer_id && a.endpoints == b.endpoints && a.dscp == b.dscp &&
         a.udp_checksum_off == b.udp_checksum_off;
}

std::vector<uint32_t> FreeList(uint32_t count) {
  std::vector<uint32_t> slots(count);
  for (uint32_t i = 0; i < count; ++i) slots[i] = count - 1 - i;
  return slots;
}

// Made in one go: everything below exists or the factory answers why not.
struct Parts {
  std::unique_ptr<HugepageMemory> memory;
  std::unique_ptr<Quiescence> quiescence;
  Tables tables;
  std::span<UnresolvedQueue> unresolved;
};

class State final : public ForwardingState, public TableWriter {
 public:
  State(const ForwardingConfig& config, Parts parts)
      : config_(config),
        parts_(std::move(parts)),
        retired_(*parts_.quiescence),
        routes_(config.limits, config.ports, *parts_.tables.fib, parts_.tables.adjacencies,
                retired_, config.steering),
        free_sessions_(FreeList(config.limits.max_sessions)),
        // A tunnel that changes holds two entries for a moment.
        free_tunnels_(FreeList(static_cast<uint32_t>(parts_.tables.tunnels.size()))) {
    for (auto& slot : parts_.tables.tunnel_by_id) slot.store(kNotFound, std::memory_order_relaxed);
  }

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
    return routes_.UpsertRoute(route);
  }
  absl::Status RemoveRoute(const net::IpPrefix& prefix, Origin origin) override {
    const std::lock_guard lock = Begin();
    routes_.RemoveRoute(prefix, origin);
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
  absl::Status AddLocalAddress(const net::IpAddress& address) override {
    const std::lock_guard lock = Begin();
    return routes_.AddLocalAddress(address);
  }
  absl::Status RemoveLocalAddress(const net::IpAddress& address) override {
    const std::lock_guard lock = Begin();
    return routes_.RemoveLocalAddress(address);
  }
  absl::Status AddSubscriberPrefix(const net::IpPrefix& prefix) override {
    const std::lock_guard lock = Begin();
    return routes_.AddSubscriberPrefix(prefix);
  }
  absl::Status RemoveSubscriberPrefix(const net::IpPrefix& prefix) override {
    const std::lock_guard lock = Begin();
    return routes_.RemoveSubscriberPrefix(prefix);
  }

  void BeginSync() override;
  absl::StatusOr<SweepResult> EndSync() override;

  std::vector<TunnelConfig> Tunnels() const override;
  std::vector<SessionConfig> Sessions() const override;
  std::vector<RouteConfig> Routes() const override {
    const std::lock_guard lock(mutex_);
    return routes_.Routes();
  }
  std::vector<NeighbourConfig> Neighbours() const override {
    const std::lock_guard lock(mutex_);
    return routes_.Neighbours();
  }
  std::vector<net::IpAddress> LocalAddresses() const override {
    const std::lock_guard lock(mutex_);
    return routes_.LocalAddresses();
  }
  std::vector<net::IpPrefix> SubscriberPrefixes() const override {
    const std::lock_guard lock(mutex_);
    return routes_.SubscriberPrefixes();
  }
  std::vector<SessionCounts> SessionCounters() const override;
  std::vector<NeighbourConfig> TakeUnresolved() override;
  TableLimits limits() const override { return config_.limits; }

 private:
  struct TunnelRecord {
    TunnelConfig config;
    uint32_t index = 0;
    bool stale = false;
    absl::flat_hash_set<uint16_t> sessions;  // local session ids
  };
  struct SessionRecord {
    SessionConfig config;
    uint32_t index = 0;
    bool stale = false;
  };

  // Every change starts here: the lock, and what earlier changes have left to free.
  std::lock_guard<std::mutex> Begin() {
    mutex_.lock();
    Collect();
    return std::lock_guard(mutex_, std::adopt_lock);
  }
  void Collect();
  uint32_t TakeSlot(std::vector<uint32_t>& free);

  uint32_t NewTunnelEntry(const TunnelConfig& tunnel);
  void Repoint(const TunnelRecord& record);
  void DropTunnel(uint16_t id);

  absl::Status CheckSession(const SessionConfig& session) const;
  absl::Status ClaimPrefixes(const SessionConfig& session, uint32_t index,
                             const std::vector<net::IpPrefix>& held);
  void ReleasePrefix(const net::IpPrefix& prefix);
  absl::Status AddSession(const SessionConfig& session, TunnelRecord& tunnel);
  absl::Status ChangeSession(const SessionConfig& session, SessionRecord& record);
  void WriteEntries(const SessionConfig& session, uint32_t index, const TunnelRecord& tunnel);
  void DropSession(uint32_t key);

  const ForwardingConfig config_;
  Parts parts_;
  mutable std::mutex mutex_;
  RetiredSlots retired_;
  RouteBook routes_;
  std::vector<uint32_t> free_sessions_;
  std::vector<uint32_t> free_tunnels_;
  absl::flat_hash_map<uint16_t, TunnelRecord> tunnels_;
  absl::flat_hash_map<uint32_t, SessionRecord> sessions_;
  bool syncing_ = false;
};

void State::Collect() {
  retired_.Collect([this](SlotKind kind, uint32_t slot) {
    switch (kind) {
      case SlotKind::kSession:
        free_sessions_.push_back(slot);
        break;
      case SlotKind::kTunnel:
        free_tunnels_.push_back(slot);
        break;
      case SlotKind::kAdjacency:
        routes_.FreeAdjacency(slot);
        break;
      case SlotKind::kSubscriberPrefix:
        parts_.tables.subscribers->Free(slot);
        break;
      case SlotKind::kFibPrefix:
        parts_.tables.fib->Free(slot);
        break;
    }
  });
}

// kNotFound when none is free, not even after waiting for the workers to let go of retired ones.
uint32_t State::TakeSlot(std::vector<uint32_t>& free) {
  if (free.empty() && !retired_.empty()) {
    retired_.Wait();
    Collect();
  }
  if (free.empty()) return kNotFound;
  const uint32_t slot = free.back();
  free.pop_back();
  return slot;
}

uint32_t State::NewTunnelEntry(const TunnelConfig& tunnel) {
  const uint32_t index = TakeSlot(free_tunnels_);
  if (index != kNotFound) parts_.tables.tunnels[index] = MakeTunnelEntry(tunnel);
  return index;
}

absl::Status State::UpsertTunnel(const TunnelConfig& tunnel) {
  const std::lock_guard lock = Begin();
  if (absl::Status status = CheckTunnel(tunnel); !status.ok()) return status;
  const uint16_t id = tunnel.local_id.value();
  const auto present = tunnels_.find(id);
  if (present != tunnels_.end() && SameTunnel(present->second.config, tunnel)) {
    present->second.stale = false;
    return absl::OkStatus();
  }
  const bool full = present == tunnels_.end() && tunnels_.size() >= config_.limits.max_tunnels;
  const uint32_t index = full ? kNotFound : NewTunnelEntry(tunnel);
  if (index == kNotFound) {
    return absl::ResourceExhaustedError(
        absl::StrCat("tunnel table is full (", tunnels_.size(), ")"));
  }
  TunnelRecord& record = tunnels_[id];
  const uint32_t before = present == tunnels_.end() ? kNotFound : record.index;
  if (before != kNotFound) routes_.RemovePeer(record.config.endpoints.peer.address);
  routes_.AddPeer(tunnel.endpoints.peer.address);
  record.config = tunnel;
  record.index = index;
  record.stale = false;
  parts_.tables.tunnel_by_id[id].store(index, std::memory_order_release);
  Repoint(record);
  if (before != kNotFound) retired_.Add(SlotKind::kTunnel, before);
  return absl::OkStatus();
}

void State::Repoint(const TunnelRecord& record) {
  const uint16_t id = record.config.local_id.value();
  for (const uint16_t session : record.sessions) {
    const SessionRecord& session_record = sessions_.at(SessionKeyWord(id, session));
    WriteEntries(session_record.config, session_record.index, record);
  }
}

absl::Status State::RemoveTunnel(l2tp::LocalTunnelId id) {
  const std::lock_guard lock = Begin();
  if (tunnels_.contains(id.value())) DropTunnel(id.value());
  return absl::OkStatus();
}

void State::DropTunnel(uint16_t id) {
  const absl::flat_hash_set<uint16_t> sessions = tunnels_.at(id).sessions;
  for (const uint16_t session : sessions) DropSession(SessionKeyWord(id, session));
  parts_.tables.tunnel_by_id[id].store(kNotFound, std::memory_order_release);
  retired_.Add(SlotKind::kTunnel, tunnels_.at(id).index);
  routes_.RemovePeer(tunnels_.at(id).config.endpoints.peer.address);
  tunnels_.erase(id);
}

absl::Status State::CheckSession(const SessionConfig& session) const {
  if (session.key.tunnel.value() == 0 || session.key.session.value() == 0 ||
      session.peer_id.value() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(Text(session.key), ": id 0"));
  }
  if (session.prefixes.size() > kMaxSessionPrefixes) {
    return absl::InvalidArgumentError(absl::StrCat(Text(session.key), ": ", session.prefixes.size(),
                                                   " prefixes, at most ", kMaxSessionPrefixes));
  }
  for (const net::IpPrefix& prefix : session.prefixes) {
    if (!net::IpPrefix::Parse(prefix.ToString()).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(Text(session.key), ": not a prefix: ", prefix.ToString()));
    }
  }
  return absl::OkStatus();
}

absl::Status State::UpsertSession(const SessionConfig& given) {
  const std::lock_guard lock = Begin();
  SessionConfig session = given;
  if (session.peer_mru == 0) session.peer_mru = 1500;
  if (absl::Status status = CheckSession(session); !status.ok()) return status;
  const auto tunnel = tunnels_.find(session.key.tunnel.value());
  if (tunnel == tunnels_.end()) {
    return absl::NotFoundError(absl::StrCat("no tunnel ", session.key.tunnel.value()));
  }
  const auto present = sessions_.find(Word(session.key));
  if (present != sessions_.end()) return ChangeSession(session, present->second);
  return AddSession(session, tunnel->second);
}

// Points every prefix at the session; on failure those it did not hold before are given back.
absl::Status State::ClaimPrefixes(const SessionConfig& session, uint32_t index,
                                  const std::vector<net::IpPrefix>& held) {
  SubscriberTable& subscribers = *parts_.tables.subscribers;
  std::vector<net::IpPrefix> claimed;
  absl::Status status = absl::OkStatus();
  for (const net::IpPrefix& prefix : session.prefixes) {
    const uint32_t owner = subscribers.Exact(prefix);
    if (owner == index) continue;
    if (owner != kNotFound) {
      status =
          absl::AlreadyExistsError(absl::StrCat(prefix.ToString(), " belongs to another session"));
      break;
    }
    status = routes_.AddSessionPrefix(prefix);
    if (!status.ok()) break;
    claimed.push_back(prefix);
    if (!subscribers.Upsert(prefix, index)) {
      status = absl::ResourceExhaustedError("subscriber table is full");
      break;
    }
  }
  if (status.ok()) return status;
  for (const net::IpPrefix& prefix : claimed) {
    if (std::find(held.begin(), held.end(), prefix) == held.end()) ReleasePrefix(prefix);
  }
  return status;
}

void State::ReleasePrefix(const net::IpPrefix& prefix) {
  const uint32_t entry = parts_.tables.subscribers->Erase(prefix);
  if (entry != kNotFound) retired_.Add(SlotKind::kSubscriberPrefix, entry);
  routes_.RemoveSessionPrefix(prefix);
}

// A worker that reads half of a change sees the old peer with the new flags at worst, never a
// network protocol open that neither the old nor the new session has open.
void State::WriteEntries(const SessionConfig& session, uint32_t index, const TunnelRecord& tunnel) {
  UplinkEntry& up = parts_.tables.uplink[index];
  DownlinkEntry& down = parts_.tables.downlink[index];
  const uint32_t flags = FlagsOf(session);
  up.flags.fetch_and(flags, std::memory_order_acq_rel);
  down.flags.fetch_and(flags, std::memory_order_acq_rel);
  up.key.store(Word(session.key), std::memory_order_relaxed);
  down.key.store(Word(session.key), std::memory_order_relaxed);
  up.ipv4_source.store(UsualSource(session), std::memory_order_relaxed);
  down.peer_mru.store(session.peer_mru, std::memory_order_relaxed);
  down.peer_ids.store(SessionKeyWord(tunnel.config.peer_id.value(), session.peer_id.value()),
                      std::memory_order_relaxed);
  up.tunnel.store(tunnel.index, std::memory_order_release);
  down.tunnel.store(tunnel.index, std::memory_order_release);
  up.flags.store(flags, std::memory_order_release);
  down.flags.store(flags, std::memory_order_release);
}

absl::Status State::AddSession(const SessionConfig& session, TunnelRecord& tunnel) {
  const uint32_t index = TakeSlot(free_sessions_);
  if (index == kNotFound) {
    return absl::ResourceExhaustedError(
        absl::StrCat("session table is full (", sessions_.size(), ")"));
  }
  UplinkEntry& up = parts_.tables.uplink[index];
  DownlinkEntry& down = parts_.tables.downlink[index];
  for (Counter* counter : {&up.packets, &up.bytes, &down.packets, &down.bytes}) counter->Reset();
  WriteEntries(session, index, tunnel);
  absl::Status status = ClaimPrefixes(session, index, {});
  if (status.ok() && !parts_.tables.sessions->Upsert(Word(session.key), index)) {
    for (const net::IpPrefix& prefix : session.prefixes) ReleasePrefix(prefix);
    status = absl::ResourceExhaustedError("session hash is full");
  }
  if (!status.ok()) {
    // Its prefixes may have been seen, so its slot is not free at once either.
    retired_.Add(SlotKind::kSession, index);
    return status;
  }
  sessions_[Word(session.key)] = {.config = session, .index = index};
  tunnel.sessions.insert(session.key.session.value());
  return absl::OkStatus();
}

absl::Status State::ChangeSession(const SessionConfig& session, SessionRecord& record) {
  const std::vector<net::IpPrefix> held = record.config.prefixes;
  if (absl::Status status = ClaimPrefixes(session, record.index, held); !status.ok()) {
    return status;
  }
  WriteEntries(session, record.index, tunnels_.at(session.key.tunnel.value()));
  for (const net::IpPrefix& prefix : held) {
    const auto& kept = session.prefixes;
    if (std::find(kept.begin(), kept.end(), prefix) == kept.end()) ReleasePrefix(prefix);
  }
  record.config = session;
  record.stale = false;
  return absl::OkStatus();
}

absl::Status State::RemoveSession(const SessionKey& key) {
  const std::lock_guard lock = Begin();
  if (sessions_.contains(Word(key))) DropSession(Word(key));
  return absl::OkStatus();
}

void State::DropSession(uint32_t key) {
  const SessionRecord& record = sessions_.at(key);
  parts_.tables.sessions->Erase(key);
  for (const net::IpPrefix& prefix : record.config.prefixes) ReleasePrefix(prefix);
  retired_.Add(SlotKind::kSession, record.index);
  tunnels_.at(static_cast<uint16_t>(key >> 16)).sessions.erase(static_cast<uint16_t>(key));
  sessions_.erase(key);
}

void State::BeginSync() {
  const std::lock_guard lock = Begin();
  syncing_ = true;
  for (auto& [id, record] : tunnels_) record.stale = true;
  for (auto& [key, record] : sessions_) record.stale = true;
  routes_.MarkStale();
}

absl::StatusOr<SweepResult> State::EndSync() {
  const std::lock_guard lock = Begin();
  if (!syncing_) return absl::FailedPreconditionError("no sync has begun");
  syncing_ = false;
  SweepResult result;
  std::vector<uint32_t> sessions;
  for (const auto& [key, record] : sessions_) {
    const auto tunnel = static_cast<uint16_t>(key >> 16);
    if (record.stale || tunnels_.at(tunnel).stale) sessions.push_back(key);
  }
  for (const uint32_t key : sessions) DropSession(key);
  result.sessions = static_cast<uint32_t>(sessions.size());
  std::vector<uint16_t> tunnels;
  for (const auto& [id, record] : tunnels_) {
    if (record.stale) tunnels.push_back(id);
  }
  for (const uint16_t id : tunnels) DropTunnel(id);
  result.tunnels = static_cast<uint32_t>(tunnels.size());
  result.other = routes_.Sweep();
  return result;
}

std::vector<TunnelConfig> State::Tunnels() const {
  const std::lock_guard lock(mutex_);
  std::vector<TunnelConfig> result;
  result.reserve(tunnels_.size());
  for (const auto& [id, record] : tunnels_) result.push_back(record.config);
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.local_id < b.local_id; });
  return result;
}

std::vector<SessionConfig> State::Sessions() const {
  std::vector<SessionConfig> result;
  {
    const std::lock_guard lock(mutex_);
    result.reserve(sessions_.size());
    for (const auto& [key, record] : sessions_) result.push_back(record.config);
  }
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return result;
}

std::vector<SessionCounts> State::SessionCounters() const {
  std::vector<SessionCounts> result;
  {
    const std::lock_guard lock(mutex_);
    result.reserve(sessions_.size());
    for (const auto& [key, record] : sessions_) {
      const UplinkEntry& up = parts_.tables.uplink[record.index];
      const DownlinkEntry& down = parts_.tables.downlink[record.index];
      result.push_back({.key = record.config.key,
                        .uplink_packets = up.packets.value(),
                        .uplink_bytes = up.bytes.value(),
                        .downlink_packets = down.packets.value(),
                        .downlink_bytes = down.bytes.value()});
    }
  }
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return result;
}

std::vector<NeighbourConfig> State::TakeUnresolved() {
  const std::lock_guard lock(mutex_);
  std::vector<NextHop> wanted = routes_.TakeWanted();
  for (UnresolvedQueue& queue : parts_.unresolved) {
    NextHop missed;
    // Bounded: a worker that goes on filling the queue is heard again the next time.
    for (uint32_t i = 0; i < UnresolvedQueue::kSlots && queue.Pop(missed); ++i) {
      if (!routes_.IsResolved(missed.address, missed.port)) wanted.push_back(missed);
    }
  }
  std::vector<NeighbourConfig> result;
  std::set<std::pair<net::IpAddress, uint16_t>> seen;
  for (const NextHop& next_hop : wanted) {
    if (!seen.emplace(next_hop.address, next_hop.port).second) continue;
    result.push_back({.address = next_hop.address, .port = next_hop.port});
  }
  return result;
}

absl::StatusOr<Parts> MakeParts(const ForwardingConfig& config) {
  const TableLimits& limits = config.limits;
  Parts parts;
  parts.memory = std::make_unique<HugepageMemory>(config.socket);
  TableMemory& memory = *parts.memory;
  Tables& tables = parts.tables;
  parts.quiescence = Quiescence::Make(memory, config.workers);
  if (parts.quiescence == nullptr) return absl::ResourceExhaustedError("no memory for quiescence");
  tables.sessions = SessionTable::Make(memory, limits.max_sessions);
  tables.subscribers = SubscriberTable::Make(memory, limits.max_sessions + kSparePrefixes,
                                             limits.max_sessions + kSparePrefixes);
  const uint32_t destinations = limits.max_routes + limits.max_neighbours + limits.max_sessions +
                                RouteBook::kMaxLocalAddresses + RouteBook::kMaxSubscriberPrefixes;
  tables.fib = Fib::Make(memory, destinations, destinations, config.socket, *parts.quiescence);
  tables.uplink = memory.AllocateArray<UplinkEntry>(limits.max_sessions);
  tables.downlink = memory.AllocateArray<DownlinkEntry>(limits.max_sessions);
  tables.tunnels = memory.AllocateArray<TunnelEntry>(limits.max_tunnels + 64);
  tables.tunnel_by_id = memory.AllocateArray<std::atomic<uint32_t>>(kTunnelIds);
  tables.adjacencies =
      memory.AllocateArray<Adjacency>(RouteBook::AdjacencyCount(limits, config.ports.size()));
  parts.unresolved = memory.AllocateArray<UnresolvedQueue>(config.workers);
  const bool complete = tables.sessions && tables.subscribers && tables.fib &&
                        !tables.uplink.empty() && !tables.downlink.empty() &&
                        !tables.tunnels.empty() && !tables.tunnel_by_id.empty() &&
                        !tables.adjacencies.empty() && !parts.unresolved.empty();
  if (!complete) {
    return absl::ResourceExhaustedError(
        absl::StrCat("not enough memory on NUMA node ", config.socket, " for tables of ",
                     limits.max_sessions, " sessions and ", limits.max_routes, " routes"));
  }
  return parts;
}

absl::Status CheckConfig(const ForwardingConfig& config) {
  const TableLimits& limits = config.limits;
  if (limits.max_tunnels == 0 || limits.max_tunnels >= kTunnelIds) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tunnels ", limits.max_tunnels, ": 1 to 65535"));
  }
  if (limits.max_sessions == 0 || limits.max_sessions > 1u << 24) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_sessions ", limits.max_sessions, ": 1 to 16777216"));
  }
  if (limits.max_routes == 0 || limits.max_routes > 1u << 22) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_routes ", limits.max_routes, ": 1 to 4194304"));
  }
  if (limits.max_neighbours == 0 || limits.max_neighbours > 1u << 20) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_neighbours ", limits.max_neighbours, ": 1 to 1048576"));
  }
  if (config.workers == 0 || config.workers > kMaxWorkers) {
    return absl::InvalidArgumentError(absl::StrCat("workers ", config.workers, ": 1 to 64"));
  }
  if (config.ports.size() > kMaxPorts) {
    return absl::InvalidArgumentError(absl::StrCat(config.ports.size(), " ports, at most 32"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ForwardingState>> MakeForwardingState(
    const ForwardingConfig& config) {
  if (absl::Status status = CheckConfig(config); !status.ok()) return status;
  absl::StatusOr<Parts> parts = MakeParts(config);
  if (!parts.ok()) return parts.status();
  return std::unique_ptr<ForwardingState>(new State(config, *std::move(parts)));
}

}  // namespace lns::dataplane
