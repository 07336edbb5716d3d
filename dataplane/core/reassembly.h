// Fragments of one worker's outer packets, waiting for the rest of their packet: a queue per
// packet, ordered by offset (RFC 791 3.2, RFC 8200 4.5). All memory is taken at the start. Bounds:
// fragments of the worker, of one packet, and of the senders that share a count by their address,
// so that a sender whose packets never become whole costs others nothing; and a time limit, far
// below that of hosts, since fragments of one packet follow each other on the wire. Who puts them
// in and takes them out is stages/reassemble.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/core/address_hash.h"
#include "dataplane/core/packet_queues.h"
#include "lib/net/address.h"

namespace lns::dataplane {

// RFC 791 3.2, RFC 8200 4.5; the protocol is always UDP. LACs of two VRFs may have one address.
struct FragmentKey {
  net::IpAddress source;
  net::IpAddress destination;
  uint32_t id = 0;
  VrfIndex vrf = kMainVrf;
  bool operator==(const FragmentKey&) const = default;
};

inline uint32_t BucketHash(const FragmentKey& key) {
  return (MixAddress(key.source) ^ MixAddress(key.destination) * 31 ^ key.id) * 0x9e3779b1u >> 7;
}

struct OuterFragment {
  rte_mbuf* packet = nullptr;
  PacketMeta meta;
  uint16_t data_at = 0;  // in the buffer
  uint16_t offset = 0;   // of the data in the whole packet's
  uint16_t length = 0;
  bool more = false;

  uint32_t end() const { return uint32_t{offset} + length; }
};

struct FirstSeen {
  uint64_t at = 0;  // cycles
};

class Reassembly : public PacketQueues<FragmentKey, FirstSeen, OuterFragment> {
 public:
  static constexpr uint32_t kMaxFragments = 512;
  static constexpr uint32_t kMaxPerPacket = 16;
  static constexpr uint32_t kMaxPerSender = 128;
  static constexpr uint64_t kTimeLimitMs = 2000;

  explicit Reassembly(uint64_t cycles_per_second)
      : PacketQueues(kMaxFragments), time_limit_(cycles_per_second * kTimeLimitMs / 1000) {}

  bool IsOverdue(uint32_t queue, uint64_t now) const { return now - note(queue).at >= time_limit_; }
  // Fragments that wait, of all senders that count together with this one.
  uint16_t& OfSender(const net::IpAddress& source) {
    return of_sender_[MixAddress(source) % of_sender_.size()];
  }

 private:
  const uint64_t time_limit_;
  std::array<uint16_t, 256> of_sender_{};
};

}  // namespace lns::dataplane
