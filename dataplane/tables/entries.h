// What the tables' values index: a session's uplink and downlink lines, tunnels, adjacencies.
// Arrays of these are made once at the table limits.
//
// Two kinds of words. Configuration words are written by the table writer while workers read, so
// they are relaxed atomics; a change that must not be seen half done is one word or a new entry.
// Counters are written by the session's owning worker alone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/core/counters.h"
#include "dataplane/core/vrf.h"
#include "lib/net/address.h"

namespace lns::dataplane {

// Bits of a session's flags word.
inline constexpr uint32_t kIpv4Open = 1u << 0;
inline constexpr uint32_t kIpv6Open = 1u << 1;
inline constexpr uint32_t kSendPfc = 1u << 2;
inline constexpr uint32_t kSendAcfc = 1u << 3;
inline constexpr uint32_t kSequenced = 1u << 4;    // data sequencing, both directions
inline constexpr uint32_t kOwnDscp = 1u << 5;      // SessionDscp() instead of the tunnel's
inline constexpr uint32_t kClampMss = 1u << 6;     // of TCP connections, both directions
inline constexpr uint32_t kMetered = 1u << 7;      // SessionExtras::meters, either direction
inline constexpr uint32_t kFiltered = 1u << 14;    // SessionExtras' filters, either direction
inline constexpr uint32_t kShaped = 1u << 15;      // SessionExtras::shaper
inline constexpr uint32_t kEchoes = 1u << 26;      // the worker keeps LCP's echoes
inline constexpr uint32_t kHasRoutes = 1u << 27;   // IPv4 prefixes beside the usual source
inline constexpr uint32_t kOwnVrf = 1u << 28;      // its VRF or its tunnel's is not the main one
inline constexpr uint32_t kDscpPolicy = 1u << 29;  // SessionExtras::dscp_profile
inline constexpr uint32_t kAggregated = 1u << 30;  // its tunnel has an aggregate limit
inline constexpr uint32_t kHasExtras = kMetered | kFiltered | kShaped | kDscpPolicy;
// Numbers in the same word, so that a change is seen whole.
inline constexpr uint32_t kDscpShift = 8;
inline constexpr uint32_t kReorderShift = 16;
inline constexpr uint32_t kReorderMask = 0x3ff;
constexpr uint32_t SessionDscp(uint32_t flags) { return flags >> kDscpShift & 0x3f; }
constexpr uint32_t ReorderMs(uint32_t flags) { return flags >> kReorderShift & kReorderMask; }

// Where a session's numbers stand (RFC 2661 5.4), as received.
struct SequenceState {
  uint16_t expected = 0;
  uint16_t late_next = 0;  // after the last late one
  uint8_t late_run = 0;    // late ones in a row, each the next of the other
  bool started = false;    // a number has come
  uint16_t unused = 0;

  // How far `ns` is ahead of its turn, modulo 65536: negative is past.
  int Ahead(uint16_t ns) const { return static_cast<int16_t>(ns - expected); }
  void Accept(uint16_t ns) {
    expected = static_cast<uint16_t>(ns + 1);
    late_run = 0;
  }
};
static_assert(sizeof(SequenceState) == 8);

constexpr uint32_t SessionKeyWord(uint16_t local_tunnel_id, uint16_t local_session_id) {
  return static_cast<uint32_t>(local_tunnel_id) << 16 | local_session_id;
}

// A session's tunnel and its VRF in one word: the subscriber's VRF, which need not be the tunnel's.
inline constexpr uint32_t kTunnelIndexBits = 24;
constexpr uint32_t TunnelAndVrf(uint32_t tunnel, VrfIndex vrf) {
  return uint32_t{vrf} << kTunnelIndexBits | tunnel;
}
constexpr uint32_t TunnelIndex(uint32_t word) { return word & ((1u << kTunnelIndexBits) - 1); }
constexpr VrfIndex SessionVrf(uint32_t word) {
  return static_cast<VrfIndex>(word >> kTunnelIndexBits);
}

// From the subscriber. Read and counted by the owner.
struct alignas(64) UplinkEntry {
  Counter packets;
  Counter bytes;
  std::atomic<uint32_t> key{0};
  std::atomic<uint32_t> tunnel{0};       // TunnelIndex(), SessionVrf()
  std::atomic<uint32_t> flags{0};        // kIpv4Open, kIpv6Open, kSequenced, ReorderMs()
  std::atomic<uint32_t> ipv4_source{0};  // the usual source, host order; others: by lookup
  // Of sessions with data sequencing. Written by the owner, as the counters are.
  std::atomic<SequenceState> sequence{};
  Counter sequence_lost;
  Counter sequence_late;
  Counter sequence_reordered;
};
static_assert(sizeof(UplinkEntry) == 64 && alignof(UplinkEntry) == 64);

// To the subscriber.
struct alignas(64) DownlinkEntry {
  Counter packets;
  Counter bytes;
  std::atomic<uint32_t> key{0};
  std::atomic<uint32_t> tunnel{0};  // as above
  std::atomic<uint32_t> flags{0};
  std::atomic<uint32_t> peer_ids{0};     // peer tunnel id << 16 | peer session id
  std::atomic<uint32_t> mru_and_mtu{0};  // SessionMru(), SessionMtu()
  std::atomic<uint32_t> next_ns{0};      // of what we send, with data sequencing; modulo 65536
  std::atomic<uint32_t> gateway{0};      // our IPv4 address on the link, host order; 0: none
  std::atomic<uint32_t> extras{0};       // index of the SessionExtras, where kHasExtras
  // When the owner may answer the subscriber with the next ICMP message (core/token_clock.h).
  std::atomic<uint64_t> next_answer{0};
};
static_assert(sizeof(DownlinkEntry) == 64 && alignof(DownlinkEntry) == 64);

// What the subscriber's LCP takes, and the longest packet that also fits the tunnel's path.
constexpr uint32_t MruAndMtu(uint16_t mru, uint16_t mtu) { return uint32_t{mru} << 16 | mtu; }
constexpr uint16_t SessionMru(uint32_t word) { return static_cast<uint16_t>(word >> 16); }
constexpr uint16_t SessionMtu(uint32_t word) { return static_cast<uint16_t>(word); }

inline constexpr uint32_t kMaxOuterHeader = 48;  // IPv6 and UDP
inline constexpr uint16_t kNeverCut = 0xffff;    // TunnelEntry::path_mtu

// Never changed once published: a tunnel that changes gets a new entry, its sessions are pointed to
// it, and the old one is retired through quiescence.
struct alignas(64) TunnelEntry {
  // First line: what a received packet is compared with, as on the wire (addresses as in
  // net::IpAddress: IPv4 in the first four bytes). The ports are peer << 16 | local.
  std::array<uint8_t, 16> peer_address;
  std::array<uint8_t, 16> local_address;
  uint32_t ports;
  net::Family family;
  VrfIndex vrf;  // that its packets travel in
  bool udp_checksum_off;
  uint8_t outer_length;  // at the end of `outer`
  uint16_t local_id;
  uint16_t peer_id;
  // One's complement sums, not folded: the IPv4 header without length and id; the UDP
  // pseudo-header and ports without lengths.
  uint32_t ip_sum;
  uint32_t udp_sum;
  uint16_t aggregate;  // index of its LAC's limit; 0: none
  uint16_t path_mtu;   // outer packets that are longer are cut; kNeverCut: none is
  // Of IPv4 the peer's and the local address as they follow each other in its packets, in memory
  // order; of IPv6 zero.
  uint64_t ipv4_pair;

  // Second line: the IP and UDP headers of what we send, with lengths, id and checksums zero. They
  // stand at the end of the array, so that a packet gets them by one copy of a fixed size, whatever
  // the family; the Ethernet header, the adjacency's, comes over what the copy writes before them.
  alignas(64) std::array<uint8_t, kMaxOuterHeader> outer;
};
static_assert(sizeof(TunnelEntry) == 128);

// A MAC address in a word of memory: the first six bytes.
inline constexpr uint64_t kMacMask = 0x0000ffffffffffffu;

// Where packets leave to: a neighbour on a port, or a port whose neighbours are not known one by
// one. Routes name adjacencies by index, so a new MAC address takes effect on all at once.
struct alignas(64) Adjacency {
  enum class Kind : uint8_t { kNeighbour, kConnected };

  // The Ethernet header's first 12 bytes as they stand in memory, in two words: destination and the
  // source's first two bytes; the source's last four. A new destination is one store. The low 48
  // bits of the first word are zero while the neighbour is unresolved.
  std::atomic<uint64_t> destination{0};
  std::atomic<uint32_t> source_tail{0};
  // Constant while published.
  uint16_t port = 0;
  Kind kind = Kind::kConnected;
  net::IpAddress address;  // the neighbour's
};
static_assert(sizeof(Adjacency) == 64);

// Several next hops of one route: adjacency indices, each in as many places as its share. A packet
// takes the place its flow's hash names, so a flow stays on one of them. Never changed once
// published; routes of the same next hops share one.
inline constexpr uint32_t kNextHopPlacesLog2 = 5;
inline constexpr uint32_t kNextHopPlaces = 1u << kNextHopPlacesLog2;
struct alignas(64) NextHopGroup {
  std::array<uint32_t, kNextHopPlaces> adjacency;
};
static_assert(sizeof(NextHopGroup) == 128);

// Values of the FIB. rte_lpm keeps 24 bits of them.
inline constexpr uint32_t kFibNoRoute = 0;
inline constexpr uint32_t kFibLocal = 1;        // an address of ours
inline constexpr uint32_t kFibSubscriber = 2;   // a subscriber prefix
inline constexpr uint32_t kFibLinux = 3;        // an address of Linux', or a broadcast of its links
inline constexpr uint32_t kFibUnreachable = 4;  // a route that says: nowhere
inline constexpr uint32_t kFibGateway = 5;      // what sessions call us; no L2TP comes to it
inline constexpr uint32_t kFibAdjacency = 6;    // this and above: adjacency index + kFibAdjacency
inline constexpr uint32_t kFibGroup = 0x800000u;  // and above: next hop group index + kFibGroup

}  // namespace lns::dataplane
