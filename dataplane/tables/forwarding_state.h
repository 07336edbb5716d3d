// All forwarding tables of the process, made once at start and sized by the limits: what workers
// read (`tables()`, under `quiescence()`) and what programs them (`writer()`). The process owns it
// and outlives its workers with it. Needs the EAL.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/core/address_steering.h"
#include "dataplane/core/echo_wheel.h"
#include "dataplane/tables/aggregate.h"
#include "dataplane/tables/compiled_filter.h"
#include "dataplane/tables/dscp_profile.h"
#include "dataplane/tables/echo_lines.h"
#include "dataplane/tables/entries.h"
#include "dataplane/tables/fib.h"
#include "dataplane/tables/meter.h"
#include "dataplane/tables/quiescence.h"
#include "dataplane/tables/session_extras.h"
#include "dataplane/tables/session_table.h"
#include "dataplane/tables/shaper.h"
#include "dataplane/tables/subscriber_journal.h"
#include "dataplane/tables/subscriber_table.h"
#include "dataplane/tables/table_writer.h"
#include "dataplane/tables/unresolved_queue.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

// What the LNS calls itself on a port; none where it has no address of the family.
struct OwnAddresses {
  net::IpAddress ipv4;
  net::IpAddress ipv6;
  auto operator<=>(const OwnAddresses&) const = default;
};

// What workers see. Indices of tunnels, adjacencies and groups are into the spans.
struct Tables {
  std::unique_ptr<SessionTable> sessions;        // SessionKeyWord -> session index
  std::unique_ptr<SubscriberTable> subscribers;  // address -> session index
  std::unique_ptr<Fib> fib;
  // By session index the worker that owns the session: a line that nobody writes per packet, for
  // those who only want to know whose it is.
  std::span<std::atomic<uint8_t>> owners;
  std::span<UplinkEntry> uplink;        // by session index
  std::span<DownlinkEntry> downlink;    // by session index
  EchoLines echoes;                     // by session index
  std::span<EchoMembers> echo_members;  // by worker
  std::span<TunnelEntry> tunnels;
  std::span<std::atomic<uint32_t>> tunnel_by_id;  // 65536 of them; kNotFound: no such tunnel
  std::span<Adjacency> adjacencies;
  std::span<SessionExtras> extras;             // by DownlinkEntry::extras
  std::span<SessionMeters> meters;             // by SessionExtras::meters
  std::span<MeterProfile> meter_profiles;      // by Meter::profile
  std::span<Shaper> shapers;                   // by SessionExtras::shaper
  std::span<ShaperProfile> shaper_profiles;    // by Shaper::profile
  std::span<Aggregate> aggregates;             // by TunnelEntry::aggregate
  std::span<AggregateShare> aggregate_shares;  // of each aggregate one for each worker
  // By SessionExtras' filters: set where a session has it.
  std::span<std::atomic<CompiledFilter*>> filters;
  std::span<net::IpAddress> redirects;   // where filters redirect to
  std::span<DscpProfile> dscp_profiles;  // by SessionExtras::dscp_profile
  // By port, and behind the ports, by VRF, what subscribers know us by. What they point to stays
  // for good.
  std::span<std::atomic<const OwnAddresses*>> own_addresses;
  std::span<NextHopGroup> groups;
};

// Null: the session has no shaper.
inline Shaper* ShaperOf(const Tables& tables, const DownlinkEntry& session) {
  if ((session.flags.load(std::memory_order_acquire) & kShaped) == 0) return nullptr;
  const uint32_t index = tables.extras[session.extras.load(std::memory_order_acquire)].shaper;
  return index != kNoShaper ? &tables.shapers[index] : nullptr;
}

// A port as routes see it, in the order of the process's port list.
struct PortLink {
  net::MacAddress mac{};
  uint16_t mtu = 1500;
  VrfIndex vrf = kMainVrf;
};

// A VRF besides the main one.
struct VrfConfig {
  VrfIndex index = 0;  // 1 to kMaxVrfs - 1
  bool lpm = false;    // IPv4 routes in an rte_lpm of its own, see Fib
};

struct ForwardingConfig {
  TableLimits limits;
  uint32_t workers = 1;
  int socket = 0;  // NUMA node of the tables' memory
  std::vector<PortLink> ports;
  std::vector<VrfConfig> vrfs;
  AddressSteering* steering = nullptr;   // may be null; else outlives the state
  SubscriberJournal* journal = nullptr;  // the same
};

class ForwardingState {
 public:
  virtual ~ForwardingState() = default;
  virtual const Tables& tables() const = 0;
  virtual TableWriter& writer() = 0;
  virtual Quiescence& quiescence() = 0;
  virtual UnresolvedQueue& unresolved(uint32_t worker) = 0;
};

// kInvalidArgument for limits that cannot be, kResourceExhausted without the memory.
absl::StatusOr<std::unique_ptr<ForwardingState>> MakeForwardingState(
    const ForwardingConfig& config);

}  // namespace lns::dataplane
