// A burst of packets on its way through a pipeline: the buffers and what the stages have found out
// about each, in arrays that stay in the first-level cache. A batch belongs to one worker.
//
// A stage walks [0, size()) and, for a packet that leaves the pipeline, calls one of Drop, Punt,
// Mirror, Transmit, ToDownlink or Hold, once. Where all packets leave to one port or all to the
// downlink, which is so for most batches, one call says it of the batch. After the stage the
// pipeline carries out the verdicts and closes the gaps (Context::Settle), so a stage only ever
// sees packets that continue.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "dataplane/core/drop_reason.h"
#include "dataplane/core/vrf.h"
#include "lib/base/check.h"
#include "lib/net/address.h"
#include "lib/punt/punt_reason.h"

namespace lns::dataplane {

inline constexpr uint32_t kBatchSize = 32;

enum class Verdict : uint8_t {
  kContinue,
  kDrop,
  kPunt,
  kMirror,      // Linux's, not ours
  kTransmit,    // to port meta.out_port
  kToDownlink,  // to a subscriber: goes on in the downlink pipeline
  // Waits where the stage has put it (core/hold.h, core/reorder.h, core/reassembly.h), or was for
  // that stage itself (stages/echo.h).
  kHold,
};

// Where the owner goes on with a packet that another worker received.
enum class Resume : uint8_t { kUplink, kDownlink, kTransmit, kReassemble };

inline constexpr uint32_t kNoIndex = 0xffffffffu;

// Offsets are from the start of the mbuf's buffer (buf_addr), not of its data, so that headers come
// and go by moving an offset; the rewrite stage sets data_off and the lengths at the end.
struct PacketMeta {
  uint16_t l3_offset = 0;       // IP header the packet is forwarded by
  uint16_t l3_length = 0;       // its length with everything that follows
  uint16_t l4_offset = 0;       // UDP header of an L2TP packet
  uint16_t payload_offset = 0;  // L2TP header, then PPP frame
  uint16_t payload_length = 0;
  uint16_t in_port = 0;                     // index in the port list
  net::Family family = net::Family::kNone;  // of the header at l3_offset
  VrfIndex vrf = kMainVrf;                  // in which that header is looked up
  uint8_t owner = 0;                        // worker, where it is handed over
  uint8_t out_port = 0;                     // index in the port list
  uint32_t session_key = 0;                 // local tunnel id << 16 | local session id
  uint32_t session = kNoIndex;              // index of the session's entries
  uint32_t next_hop = 0;                    // index of the adjacency
  Verdict verdict = Verdict::kContinue;
  uint8_t reason = 0;  // DropReason or PuntReason
  Resume resume = Resume::kUplink;
};
static_assert(sizeof(PacketMeta) == 32);

class Batch {
 public:
  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == kBatchSize; }
  // Whether any packet's L2TP header has Ns: l2tp_decap says so for the sequence stage.
  bool has_numbers() const { return has_numbers_; }
  void set_has_numbers(bool any) { has_numbers_ = any; }
  // The flags words of all sessions of the batch together: ppp_input and subscriber_lookup say so,
  // for stages that only some sessions need.
  uint32_t session_flags() const { return session_flags_; }
  void set_session_flags(uint32_t flags) { session_flags_ = flags; }
  uint32_t leaving() const { return leaving_; }

  rte_mbuf* packet(uint32_t i) const { return packets_[i]; }
  PacketMeta& meta(uint32_t i) { return meta_[i]; }
  const PacketMeta& meta(uint32_t i) const { return meta_[i]; }
  uint8_t* At(uint32_t i, uint32_t offset) const {
    return static_cast<uint8_t*>(packets_[i]->buf_addr) + offset;
  }

  void Add(rte_mbuf* packet, const PacketMeta& meta) {
    LNS_DCHECK(!full());
    packets_[size_] = packet;
    meta_[size_] = meta;
    ++size_;
  }
  void Clear() { Resize(0); }

  rte_mbuf* const* packets() const { return packets_.data(); }
  // Where a device or a ring puts the packets of an empty batch; then SetReceived.
  rte_mbuf** room() { return packets_.data(); }
  void SetReceived(uint32_t count, const PacketMeta& meta) {
    size_ = count;
    // Words, so that the compiler keeps them in registers: left to copy the structure it writes its
    // fields one by one and loads them back as vectors, for each packet, and waits for the stores.
    const auto words = std::bit_cast<std::array<uint64_t, sizeof(PacketMeta) / 8>>(meta);
    for (uint32_t i = 0; i < count; ++i)
      std::memcpy(static_cast<void*>(&meta_[i]), words.data(), sizeof(words));
  }
  // All packets of another batch, behind those of this one.
  void Append(const Batch& other) {
    LNS_DCHECK(size_ + other.size_ <= kBatchSize);
    std::memcpy(packets_.data() + size_, other.packets_.data(), other.size_ * sizeof(rte_mbuf*));
    std::memcpy(meta_.data() + size_, other.meta_.data(), other.size_ * sizeof(PacketMeta));
    size_ += other.size_;
  }

  void Drop(uint32_t i, DropReason reason) {
    Leave(i, Verdict::kDrop, static_cast<uint8_t>(reason));
  }
  // What goes up is at payload_offset, payload_length long.
  void Punt(uint32_t i, punt::PuntReason reason) {
    Leave(i, Verdict::kPunt, static_cast<uint8_t>(reason));
  }
  void Mirror(uint32_t i) { Leave(i, Verdict::kMirror, 0); }
  void Transmit(uint32_t i, uint16_t out_port) {
    meta_[i].out_port = static_cast<uint8_t>(out_port);
    Leave(i, Verdict::kTransmit, 0);
  }
  void ToDownlink(uint32_t i) { Leave(i, Verdict::kToDownlink, 0); }
  void Hold(uint32_t i) { Leave(i, Verdict::kHold, 0); }

  // Of every packet at once, where none has left.
  void TransmitAll(uint16_t out_port) { LeaveAll(Verdict::kTransmit, out_port); }
  void AllToDownlink() { LeaveAll(Verdict::kToDownlink, 0); }
  // The verdict of every packet; kContinue: each has its own.
  Verdict verdict_of_all() const { return verdict_of_all_; }
  uint16_t out_port_of_all() const { return out_port_of_all_; }

  // For Settle: keeps packet `from` at position `to` <= `from`.
  void Keep(uint32_t to, uint32_t from) {
    packets_[to] = packets_[from];
    meta_[to] = meta_[from];
  }
  void Resize(uint32_t size) {
    size_ = size;
    leaving_ = 0;
    verdict_of_all_ = Verdict::kContinue;
  }

 private:
  void Leave(uint32_t i, Verdict verdict, uint8_t reason) {
    LNS_DCHECK(meta_[i].verdict == Verdict::kContinue);
    meta_[i].verdict = verdict;
    meta_[i].reason = reason;
    ++leaving_;
  }

  void LeaveAll(Verdict verdict, uint16_t out_port) {
    LNS_DCHECK(leaving_ == 0);
    verdict_of_all_ = verdict;
    out_port_of_all_ = out_port;
    leaving_ = size_;
  }

  uint32_t size_ = 0;
  uint32_t leaving_ = 0;
  uint32_t session_flags_ = 0;
  bool has_numbers_ = false;
  Verdict verdict_of_all_ = Verdict::kContinue;
  uint16_t out_port_of_all_ = 0;
  std::array<rte_mbuf*, kBatchSize> packets_;
  alignas(64) std::array<PacketMeta, kBatchSize> meta_;
};

}  // namespace lns::dataplane
