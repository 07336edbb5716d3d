// The table writer's account of everything that decides where an address leads: routes, neighbours,
// our own addresses, subscriber prefixes. Keeps the FIB and the adjacencies as these say.
//
// Each VRF has prefixes of its own. For one prefix several may speak; the first of this order
// holds: our address, subscriber prefix, neighbour, route of the API, route of the kernel. A
// neighbour stands in the FIB as a host route, but only where the longest route to it is a
// connected one on its port: so a packet finds its MAC address in one lookup, and no neighbour
// draws traffic that is routed elsewhere. A route with several paths leads to a group of next hops
// (next_hop_groups.h). It also knows which neighbours will be needed, before any packet misses
// them: gateways of routes, and the way to the peers of tunnels. Called under the table writer's
// mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "dataplane/core/vrf.h"
#include "dataplane/tables/entries.h"
#include "dataplane/tables/fib.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/next_hop_groups.h"
#include "dataplane/tables/retired.h"
#include "dataplane/tables/table_writer.h"

#include "absl/status/status.h"

namespace lns::dataplane {

class RouteBook {
 public:
  static constexpr uint32_t kMaxLocalAddresses = 1024;
  static constexpr uint32_t kMaxSubscriberPrefixes = 4096;
  static constexpr uint32_t kMaxGateways = 1024;
  static constexpr uint32_t kMaxNowhere = 8 * kMaxVrfs;

  // Sets of several next hops; with more, a route is forwarded by its first path alone.
  static constexpr uint32_t kMaxGroups = 4096;
  static constexpr size_t kMaxPaths = kNextHopPlaces;

  struct Settings {
    TableLimits limits;
    std::vector<PortLink> ports;
    std::vector<VrfIndex> vrfs;            // besides the main one
    AddressSteering* steering = nullptr;   // may be null
    SubscriberJournal* journal = nullptr;  // may be null
  };
  RouteBook(Settings settings, const Tables& tables, RetiredSlots& retired);

  absl::Status UpsertRoute(const RouteConfig& route);
  void RemoveRoute(const VrfPrefix& prefix, Origin origin);
  absl::Status UpsertNeighbour(const NeighbourConfig& neighbour);
  void RemoveNeighbour(const net::IpAddress& address, uint16_t port);
  absl::Status AddLocalAddress(const VrfAddress& address);
  absl::Status RemoveLocalAddress(const VrfAddress& address);
  absl::Status AddSubscriberPrefix(const VrfPrefix& prefix);
  absl::Status RemoveSubscriberPrefix(const VrfPrefix& prefix);

  // What sessions call the LNS; once for each session. Ours like a local address, but nobody is
  // told to bring L2TP for it.
  absl::Status AddGateway(const VrfAddress& address);
  void RemoveGateway(const VrfAddress& address);

  // A session's prefix leads to the downlink even where no subscriber prefix covers it. Of those
  // that none covers there may be as many as routes.
  absl::Status AddSessionPrefix(const VrfPrefix& prefix);
  void RemoveSessionPrefix(const VrfPrefix& prefix);

  // A tunnel's far end; once for each tunnel.
  void AddPeer(const VrfAddress& peer);
  void RemovePeer(const VrfAddress& peer);
  bool HasPeerIn(const VrfPrefix& prefix) const;
  // Of the port that packets to the address leave by; 0: they do not.
  uint16_t PathMtu(const VrfAddress& address) const;

  void MarkStale();
  uint32_t Sweep();  // removes what is stale; how much that was

  void FreeAdjacency(uint32_t index) { free_adjacencies_.push_back(index); }
  void FreeGroup(uint32_t index) { groups_.Free(index); }
  bool IsResolved(const net::IpAddress& address, uint16_t port) const;
  // Neighbours that gateways and peers call for and that have no MAC address. Drains the list.
  std::vector<NextHop> TakeWanted();

  std::vector<RouteConfig> Routes() const;
  std::vector<NeighbourConfig> Neighbours() const;
  std::vector<VrfAddress> LocalAddresses() const;
  std::vector<VrfPrefix> SubscriberPrefixes() const;
  bool HasVrf(VrfIndex vrf) const;

  // An address, a length of its family, no host bits.
  static bool IsPrefix(const net::IpPrefix& prefix);
  // How many adjacencies limits and ports call for.
  static uint32_t AdjacencyCount(const TableLimits& limits, size_t ports) {
    return static_cast<uint32_t>(ports) + 2 * limits.max_neighbours;
  }
  // How many prefixes may be in the FIB: routes, as many prefixes of sessions, and the rest.
  static uint32_t DestinationCount(const TableLimits& limits) {
    return 2 * limits.max_routes + limits.max_neighbours + kMaxLocalAddresses +
           kMaxSubscriberPrefixes + kMaxGateways + kMaxNowhere;
  }

 private:
  struct RouteEntry {
    RouteConfig config;
    uint32_t target = kFibNoRoute;  // what the FIB is to say
    bool stale = false;
  };
  // All that is said about one prefix.
  struct Slot {
    bool local = false;
    bool local_stale = false;
    bool gateway = false;
    bool nowhere = false;  // no router forwards to it
    bool subscriber = false;
    bool subscriber_stale = false;
    bool session = false;  // by AddSessionPrefix
    std::optional<RouteEntry> api;
    std::optional<RouteEntry> kernel;
    std::optional<uint32_t> neighbour;  // adjacency
    uint32_t installed = kFibNoRoute;   // what the FIB holds

    // Nothing that routes say matters here.
    bool is_ours() const { return local || gateway || subscriber || session; }
  };
  // In the order of family, address, port: the neighbours of one prefix stand side by side.
  struct NeighbourKey {
    net::Family family = net::Family::kNone;
    net::IpAddress address;
    uint16_t port = 0;
    auto operator<=>(const NeighbourKey&) const = default;
  };
  static NeighbourKey KeyOf(const net::IpAddress& address, uint16_t port) {
    return {address.family(), address, port};
  }
  // In the order of VRF, family, address.
  struct PeerKey {
    VrfIndex vrf = kMainVrf;
    net::Family family = net::Family::kNone;
    net::IpAddress address;
    auto operator<=>(const PeerKey&) const = default;
  };
  static PeerKey KeyOf(const VrfAddress& peer) {
    return {peer.vrf, peer.address.family(), peer.address};
  }
  // A neighbour that is known, or that a route names as its next hop, or both.
  struct NeighbourEntry {
    uint32_t adjacency = 0;
    uint32_t routes = 0;  // that go via it
    bool known = false;   // UpsertNeighbour
    bool stale = false;
    NeighbourConfig config;
  };
  using Slots = std::map<VrfPrefix, Slot>;
  using NeighbourMap = std::map<NeighbourKey, NeighbourEntry>;

  static uint32_t Effective(const Slot& slot);
  static std::optional<RouteEntry>& RouteOf(Slot& slot, Origin origin) {
    return origin == Origin::kApi ? slot.api : slot.kernel;
  }
  // Makes the FIB say what the slot says; forgets a slot that says nothing. False: FIB full.
  bool Refresh(Slots::iterator slot);
  Slot& SlotOf(const VrfPrefix& prefix) { return slots_[prefix]; }
  bool RefreshPrefix(const VrfPrefix& prefix) { return Refresh(slots_.find(prefix)); }

  absl::Status CheckRoute(const RouteConfig& route) const;
  absl::Status CheckPath(const net::IpPrefix& prefix, const net::IpAddress& next_hop,
                         uint16_t port) const;
  // Calls visit(next hop, port, weight) for each path of a route that forwards.
  template <typename Visit>
  static void ForEachPath(const RouteConfig& route, Visit&& visit) {
    if (route.kind != RouteKind::kForward) return;
    visit(route.next_hop, route.port, route.weight);
    for (const RoutePath& path : route.more_paths) visit(path.next_hop, path.port, path.weight);
  }
  static bool IsConnectedOn(const RouteConfig& route, uint16_t port);
  // Takes references on the next hops and the group; kFibNoRoute: no adjacency is free.
  uint32_t TakeTarget(const RouteConfig& route);
  // Null: no adjacency is free.
  NeighbourEntry* FindOrAddNeighbour(const NeighbourKey& key);
  void Release(NeighbourMap::iterator neighbour);
  void ReleaseRoute(const RouteEntry& route);
  void ReleaseNextHop(const NeighbourKey& key);
  void SetMac(uint32_t adjacency, const net::MacAddress& mac);
  // Puts the neighbour into, or takes it out of, its host slot.
  void Attach(const NeighbourKey& key, const NeighbourEntry& neighbour);
  void AttachAllIn(const VrfPrefix& prefix);
  bool IsOnLink(const NeighbourKey& key) const;
  bool IsCovered(const VrfPrefix& prefix) const;
  absl::Status SteerSessionPrefix(const VrfPrefix& prefix);
  static size_t IndexOf(net::Family family) { return family == net::Family::kIpv4 ? 0 : 1; }
  void Want(const NeighbourKey& key);
  void WantPathTo(const VrfAddress& peer);
  void WantPathsIn(const VrfPrefix& prefix);
  absl::Status CheckVrf(VrfIndex vrf) const;
  VrfIndex VrfOf(const NeighbourKey& key) const { return ports_[key.port].vrf; }

  void NoteSubscribers(SubscriberChange::Kind kind, bool is_present, const VrfPrefix& prefix) {
    if (journal_ != nullptr) journal_->Note(kind, is_present, prefix);
  }

  TableLimits limits_;
  std::vector<PortLink> ports_;
  const std::vector<VrfIndex> vrfs_;  // the main one too
  Fib& fib_;
  std::span<Adjacency> adjacencies_;
  NextHopGroups groups_;
  RetiredSlots& retired_;
  AddressSteering* steering_;
  SubscriberJournal* journal_;
  Slots slots_;
  NeighbourMap neighbours_;
  std::map<PeerKey, uint32_t> peers_;  // and how many tunnels lead to each
  std::set<NeighbourKey> wanted_;
  std::map<VrfAddress, uint32_t> gateways_;  // and how many sessions know us by it
  std::vector<uint32_t> free_adjacencies_;
  uint32_t routes_ = 0;
  uint32_t known_neighbours_ = 0;
  uint32_t local_addresses_ = 0;
  uint32_t subscriber_prefixes_ = 0;
  uint32_t session_prefixes_ = 0;  // that no subscriber prefix covers
  // How many subscriber prefixes of IPv4 and of IPv6 have each length; all VRFs' together.
  std::array<std::array<uint32_t, 129>, 2> subscriber_lengths_{};
};

}  // namespace lns::dataplane
