// The shared memory between lns-dataplane and lns-controlplane, byte by byte.
//
// The data plane creates one memfd and lays it out as below; the control plane maps the same memory
// after the handshake on the punt socket (dataplane/punt, controlplane/transport). Each ring has
// one producer and one consumer. Either side may die and come back: every index lives in the
// memory, a consumer goes on where its predecessor stopped, and whoever reads trusts no length it
// has not checked (the other side is another process).
//
//   offset 0   Superblock (4096 bytes)
//              punt rings:   worker 0 class 0, 1, 2, worker 1 class 0, ...   (dataplane -> control)
//              inject rings: worker 0, worker 1, ...                          (control ->
//              dataplane)
//   each ring  RingHeader (192 bytes), then `slots` slots of kSlotSize bytes
//   each slot  FrameHeader (64 bytes), then up to kMaxPayload bytes
//
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lns::punt {

inline constexpr uint64_t kMagic = 0x544d4e5350554e54u;  // "TMNSPUNT"
inline constexpr uint32_t kLayoutVersion = 1;
inline constexpr size_t kSlotSize = 2048;
inline constexpr size_t kFrameHeaderSize = 64;
inline constexpr size_t kMaxPayload = kSlotSize - kFrameHeaderSize;
inline constexpr size_t kSuperblockSize = 4096;
inline constexpr uint32_t kMaxWorkers = 64;
inline constexpr uint32_t kMinSlots = 64;
inline constexpr uint32_t kMaxSlots = 65536;

// Drained in this order, with a bounded burst each, so a flood in one starves no other.
enum class PuntClass : uint8_t {
  kTunnelControl = 0,   // L2TP control of a known tunnel from its peer
  kSessionControl = 1,  // PPP control of a known session from its peer
  kUnproven = 2,        // everything else: first SCCRQ, unknown tunnel
  kLinux = 3,           // has no ring: what goes to Linux by a port's mirror
};
inline constexpr uint32_t kClassCount = 3;  // with rings

enum class FrameKind : uint8_t {
  // Payload: an L2TP control message from its first header byte (the UDP payload). Both directions;
  // when injected, `endpoints` says from and to where.
  kL2tpControl = 1,
  // Payload: a PPP frame as it stood in the data message (address and control field if present).
  // When injected: PPP protocol field first; the data plane adds FF 03 and the L2TP, UDP and IP
  // headers of session (local_tunnel_id, local_session_id).
  kPpp = 2,
  // No payload: the session's subscriber does not answer LCP echoes. Said again at every interval
  // while it is so.
  kEchoTimeout = 3,
};

// Names for people are in lib/punt/punt_reason.def (one row per reason, with the class).
enum class PuntReason : uint8_t;

// All integers in host order (one machine); addresses in network order.
struct FrameHeader {
  uint16_t payload_length;  // <= kMaxPayload
  FrameKind kind;
  PuntReason reason;    // 0 when injected
  uint8_t punt_class;   // PuntClass
  uint8_t family;       // 4 or 6: family of both outer addresses
  uint16_t port_index;  // port the packet arrived on
  uint16_t interface_group;
  uint16_t local_tunnel_id;   // 0 where none is known
  uint16_t local_session_id;  // 0 where none is known
  uint16_t local_udp_port;
  uint16_t peer_udp_port;
  uint16_t vrf;       // of the port it arrived on; of what is injected, where it leaves
  uint32_t sequence;  // of this ring's frames, for gap checks
  std::array<uint8_t, 16> local_address;
  std::array<uint8_t, 16> peer_address;
  uint64_t timestamp_ns;  // CLOCK_MONOTONIC when the data plane received it
};
static_assert(sizeof(FrameHeader) == kFrameHeaderSize);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// head and tail count frames since the ring was made (never wrapped); slot = count % slots.
struct RingHeader {
  alignas(64) std::atomic<uint64_t> head;  // written by the producer
  std::atomic<uint64_t> dropped;           // frames the producer could not place; producer's word
  alignas(64) std::atomic<uint64_t> tail;  // written by the consumer
  std::atomic<uint32_t> consumer_waits;    // 1: the consumer sleeps, write its eventfd
  alignas(64) uint32_t slots;              // power of two; constant
  uint32_t reserved0;
};
static_assert(sizeof(RingHeader) == 192);

struct Superblock {
  uint64_t magic;
  uint32_t version;
  uint32_t workers;
  uint32_t slots_per_ring;
  uint32_t reserved0;
  uint64_t dataplane_generation;  // as in gRPC Info.generation
  uint64_t total_size;            // of the mapping, bytes
};
static_assert(sizeof(Superblock) <= kSuperblockSize);

constexpr size_t RingSize(uint32_t slots) { return sizeof(RingHeader) + slots * kSlotSize; }
constexpr size_t PuntRingOffset(uint32_t slots, uint32_t worker, PuntClass punt_class) {
  return kSuperblockSize +
         (worker * kClassCount + static_cast<uint32_t>(punt_class)) * RingSize(slots);
}
constexpr size_t InjectRingOffset(uint32_t slots, uint32_t workers, uint32_t worker) {
  return kSuperblockSize + (workers * kClassCount + worker) * RingSize(slots);
}
constexpr size_t TotalSize(uint32_t slots, uint32_t workers) {
  return InjectRingOffset(slots, workers, workers);
}

// The owner of a session, in both directions: the worker whose inject ring takes its PPP frames.
constexpr uint32_t OwnerWorker(uint16_t local_tunnel_id, uint16_t local_session_id,
                               uint32_t workers) {
  const uint32_t key = static_cast<uint32_t>(local_tunnel_id) << 16 | local_session_id;
  return static_cast<uint32_t>((static_cast<uint64_t>(key * 0x9e3779b1u) * workers) >> 32);
}

}  // namespace lns::punt
