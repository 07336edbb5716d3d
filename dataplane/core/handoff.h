// Packets on their way from the worker that received them to the one that owns them: a ring
// (core/handoff_ring.h) for each ordered pair of workers, so what one worker sends another keeps
// its order. What the receiver needs to go on travels in the mbuf, as a dynamic field: beside the
// pointer it would make more lines of the ring than it saves. A slot index would not survive the
// wait in the ring, so the owner looks the session up itself.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/core/batch.h"
#include "dataplane/core/handoff_ring.h"
#include "dataplane/core/port.h"

namespace lns::dataplane {

// The part of PacketMeta that a receiver needs.
struct HandoffRecord {
  uint32_t session_key;
  uint16_t l3_offset;
  uint16_t l3_length;
  uint16_t l4_offset;
  uint16_t payload_offset;
  uint16_t payload_length;
  // From the top: 5 bits in_port, or out_port where the receiver only transmits; 3 bits
  // net::Family; 2 bits Resume; 6 bits VRF.
  uint16_t small;
};
static_assert(sizeof(HandoffRecord) == 16);
static_assert(kMaxPorts <= 1 << 5 && kMaxVrfs <= 1 << 6);

HandoffRecord Pack(const PacketMeta& meta);
PacketMeta Unpack(const HandoffRecord& record);

class HandoffMesh {
 public:
  using Ring = HandoffRing<rte_mbuf*>;
  static constexpr uint32_t kRingSlots = 1024;

  // Null without memory or without room in the mbuf. Needs the EAL.
  static std::unique_ptr<HandoffMesh> Make(uint32_t workers, int socket);
  HandoffMesh(const HandoffMesh&) = delete;
  HandoffMesh& operator=(const HandoffMesh&) = delete;
  // Frees the packets that are still in the rings.
  ~HandoffMesh();

  // Not from a worker to itself.
  Ring& RingOf(uint32_t from, uint32_t to) const { return *rings_[from * workers_ + to]; }
  HandoffRecord& Record(rte_mbuf* packet) const {
    return *RTE_MBUF_DYNFIELD(packet, record_offset_, HandoffRecord*);
  }

 private:
  HandoffMesh() = default;

  uint32_t workers_ = 0;
  size_t record_offset_ = 0;
  rte_mbuf** slots_ = nullptr;  // of all rings
  std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace lns::dataplane
