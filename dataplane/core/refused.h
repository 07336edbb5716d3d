// Packets that a stage has dropped for a reason that their sender is to hear of, until the end of
// the worker's turn: stages/answer makes ICMP errors, echo replies or fragments of them, or drops
// them for good. Forwarded packets never come here. A worker's; whatever is beyond the room is
// dropped without an answer.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/drop_reason.h"
#include "lib/base/check.h"

namespace lns::dataplane {

// Drops of the packets of IP senders who may hear of it (RFC 1812 4.3, RFC 4443 3).
constexpr bool IsAnswered(DropReason reason) {
  switch (reason) {
    case DropReason::kHopLimit:
    case DropReason::kNoRoute:
    case DropReason::kNoSubscriber:
    case DropReason::kSubscriberNotOpen:
    case DropReason::kTooBigForPeer:
    case DropReason::kTooBigForPort:
    case DropReason::kNoNeighbour:
    case DropReason::kToOwnAddress:
      return true;
    default:
      return false;
  }
}

struct RefusedPacket {
  rte_mbuf* packet = nullptr;
  PacketMeta meta;
  DropReason reason{};
};

class Refused {
 public:
  static constexpr uint32_t kMaxPackets = 64;

  Refused() = default;
  Refused(const Refused&) = delete;
  Refused& operator=(const Refused&) = delete;
  ~Refused() {  // frees what is still there
    while (!empty()) rte_pktmbuf_free(Take().packet);
  }

  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == kMaxPackets; }
  uint32_t packets() const { return count_; }

  // Not when full.
  void Add(rte_mbuf* packet, const PacketMeta& meta, DropReason reason) {
    LNS_DCHECK(!full());
    RefusedPacket& place = packets_[(first_ + count_++) % kMaxPackets];
    place = {.packet = packet, .meta = meta, .reason = reason};
    place.meta.verdict = Verdict::kContinue;
  }
  // Not when empty.
  const RefusedPacket& Oldest() const { return packets_[first_]; }
  RefusedPacket Take() {
    LNS_DCHECK(!empty());
    const RefusedPacket taken = packets_[first_];
    first_ = (first_ + 1) % kMaxPackets;
    --count_;
    return taken;
  }

 private:
  uint32_t first_ = 0;
  uint32_t count_ = 0;
  std::array<RefusedPacket, kMaxPackets> packets_;
};

}  // namespace lns::dataplane
