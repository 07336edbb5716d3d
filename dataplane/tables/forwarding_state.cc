// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/forwarding_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "dataplane/core/context.h"
#include "dataplane/core/port.h"
#include "dataplane/tables/table_state.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

// Prefixes other than IPv4 hosts: as many as sessions, and some.
constexpr uint32_t kSparePrefixes = 1024;
constexpr uint32_t kSpareExtras = 64;
constexpr uint32_t kMaxAggregates = 4096;
constexpr uint32_t kSpareAggregates = 64;

Fib::Size FibSize(const ForwardingConfig& config) {
  Fib::Size size{.prefixes = RouteBook::DestinationCount(config.limits), .lpm = {kMainVrf}};
  for (const VrfConfig& vrf : config.vrfs) {
    if (vrf.lpm) size.lpm.push_back(vrf.index);
  }
  return size;
}

std::vector<VrfIndex> IndicesOf(const std::vector<VrfConfig>& vrfs) {
  std::vector<VrfIndex> indices;
  for (const VrfConfig& vrf : vrfs) indices.push_back(vrf.index);
  return indices;
}

absl::StatusOr<TableParts> MakeParts(const ForwardingConfig& config) {
  const TableLimits& limits = config.limits;
  TableParts parts;
  parts.memory = std::make_unique<HugepageMemory>(config.socket);
  TableMemory& memory = *parts.memory;
  Tables& tables = parts.tables;
  parts.quiescence = Quiescence::Make(memory, config.workers);
  if (parts.quiescence == nullptr) return absl::ResourceExhaustedError("no memory for quiescence");
  tables.sessions = SessionTable::Make(memory, limits.max_sessions);
  const uint32_t hosts = limits.max_sessions + kSparePrefixes;
  // In VRFs other than the main one an IPv4 host is a prefix too.
  tables.subscribers =
      SubscriberTable::Make(memory, hosts, config.vrfs.empty() ? hosts : 2 * hosts);
  tables.fib = Fib::Make(memory, FibSize(config), config.socket, *parts.quiescence);
  tables.owners = memory.AllocateArray<std::atomic<uint8_t>>(limits.max_sessions);
  tables.uplink = memory.AllocateArray<UplinkEntry>(limits.max_sessions);
  tables.downlink = memory.AllocateArray<DownlinkEntry>(limits.max_sessions);
  const bool has_echoes = tables.echoes.Prepare(memory, limits.max_sessions);
  tables.echo_members = memory.AllocateArray<EchoMembers>(config.workers);
  const EchoPlaces places(limits.max_sessions);
  const auto echo_words =
      memory.AllocateArray<std::atomic<uint64_t>>(config.workers * EchoMembers::WordsFor(places));
  tables.tunnels = memory.AllocateArray<TunnelEntry>(limits.max_tunnels + 64);
  tables.tunnel_by_id = memory.AllocateArray<std::atomic<uint32_t>>(kTunnelIds);
  tables.adjacencies =
      memory.AllocateArray<Adjacency>(RouteBook::AdjacencyCount(limits, config.ports.size()));
  const uint32_t with_policy = std::min(limits.max_sessions, limits.max_policy_sessions);
  // A session that changes holds two for a moment; the first are nobody's.
  tables.extras = memory.AllocateArray<SessionExtras>(with_policy + kSpareExtras + 1);
  tables.meters = memory.AllocateArray<SessionMeters>(with_policy + 1);
  tables.meter_profiles = memory.AllocateArray<MeterProfile>(MeterBook::kMaxProfiles);
  tables.shapers = memory.AllocateArray<Shaper>(with_policy + 1);
  tables.shaper_profiles = memory.AllocateArray<ShaperProfile>(ShaperBook::kMaxProfiles);
  // A limit that changes is two for a moment.
  const uint32_t aggregates = std::min(limits.max_tunnels, kMaxAggregates) + kSpareAggregates + 1;
  tables.aggregates = memory.AllocateArray<Aggregate>(aggregates);
  tables.aggregate_shares =
      memory.AllocateArray<AggregateShare>(size_t{aggregates} * config.workers);
  tables.filters = memory.AllocateArray<std::atomic<CompiledFilter*>>(FilterBook::kSlots);
  tables.redirects = memory.AllocateArray<net::IpAddress>(FilterBook::kSlots);
  tables.dscp_profiles = memory.AllocateArray<DscpProfile>(DscpBook::kProfiles);
  tables.own_addresses =
      memory.AllocateArray<std::atomic<const OwnAddresses*>>(config.ports.size() + kMaxVrfs);
  tables.groups = memory.AllocateArray<NextHopGroup>(RouteBook::kMaxGroups);
  parts.unresolved = memory.AllocateArray<UnresolvedQueue>(config.workers);
  const bool complete =
      tables.sessions && tables.subscribers && tables.fib && !tables.owners.empty() &&
      !tables.uplink.empty() && !tables.downlink.empty() && !tables.tunnels.empty() &&
      !tables.tunnel_by_id.empty() && !tables.adjacencies.empty() && !tables.extras.empty() &&
      !tables.meters.empty() && !tables.meter_profiles.empty() && !tables.shapers.empty() &&
      !tables.shaper_profiles.empty() && !tables.aggregates.empty() &&
      !tables.aggregate_shares.empty() && !tables.filters.empty() && !tables.redirects.empty() &&
      !tables.dscp_profiles.empty() && !tables.own_addresses.empty() && !tables.groups.empty() &&
      has_echoes && !tables.echo_members.empty() && !echo_words.empty() &&
      !parts.unresolved.empty();
  if (!complete) {
    return absl::ResourceExhaustedError(
        absl::StrCat("not enough memory on NUMA node ", config.socket, " for tables of ",
                     limits.max_sessions, " sessions and ", limits.max_routes, " routes"));
  }
  const size_t words = EchoMembers::WordsFor(places);
  for (uint32_t worker = 0; worker < config.workers; ++worker) {
    tables.echo_members[worker].Attach(places, echo_words.subspan(worker * words, words));
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
  if (limits.max_policy_sessions == 0) {
    return absl::InvalidArgumentError("max_policy_sessions 0: at least 1");
  }
  if (config.workers == 0 || config.workers > kMaxWorkers) {
    return absl::InvalidArgumentError(absl::StrCat("workers ", config.workers, ": 1 to 64"));
  }
  if (config.ports.size() > kMaxPorts) {
    return absl::InvalidArgumentError(absl::StrCat(config.ports.size(), " ports, at most 32"));
  }
  std::set<VrfIndex> known = {kMainVrf};
  for (const VrfConfig& vrf : config.vrfs) {
    if (vrf.index >= kMaxVrfs || !known.insert(vrf.index).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("VRF ", vrf.index, ": each once, 1 to ", kMaxVrfs - 1));
    }
  }
  for (const PortLink& port : config.ports) {
    if (!known.contains(port.vrf)) {
      return absl::InvalidArgumentError(absl::StrCat("a port is in VRF ", port.vrf, ": unknown"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

TableState::TableState(const ForwardingConfig& config, TableParts parts)
    : config_(config),
      parts_(std::move(parts)),
      retired_(*parts_.quiescence),
      routes_({.limits = config.limits,
               .ports = config.ports,
               .vrfs = IndicesOf(config.vrfs),
               .steering = config.steering,
               .journal = config.journal},
              parts_.tables, retired_),
      sessions_(config.limits.max_sessions),
      meters_(parts_.tables.meters, parts_.tables.meter_profiles),
      shapers_(parts_.tables.shapers, parts_.tables.shaper_profiles),
      aggregates_(parts_.tables.aggregates, parts_.tables.aggregate_shares),
      filters_(parts_.tables.filters, parts_.tables.redirects, routes_, retired_),
      dscp_policies_(parts_.tables.dscp_profiles, retired_),
      port_addresses_(config.ports.size()) {
  PublishOwnAddresses();
  for (size_t i = parts_.tables.extras.size(); i > 1; --i) {
    free_extras_.push_back(static_cast<uint32_t>(i - 1));
  }
  for (auto& slot : parts_.tables.tunnel_by_id) slot.store(kNotFound, std::memory_order_relaxed);
  // A tunnel that changes holds two entries for a moment.
  for (size_t i = parts_.tables.tunnels.size(); i > 0; --i) {
    free_tunnels_.push_back(static_cast<uint32_t>(i - 1));
  }
}

absl::StatusOr<std::unique_ptr<ForwardingState>> MakeForwardingState(
    const ForwardingConfig& config) {
  if (absl::Status status = CheckConfig(config); !status.ok()) return status;
  absl::StatusOr<TableParts> parts = MakeParts(config);
  if (!parts.ok()) return parts.status();
  return std::unique_ptr<ForwardingState>(new TableState(config, *std::move(parts)));
}

}  // namespace lns::dataplane
