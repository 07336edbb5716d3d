// What an operator watches of one worker: packets as they leave a pipeline, with the stages they
// passed and the verdict they left by. While nobody watches there is none, and the pipelines look
// at one word. While somebody does, pipelines run stage by stage and every packet's beginning is
// copied first, so the worker is slower; whoever watches sets a bound.
//
// Written by the worker between Begin() and Left(), read by the one that watches (Take()).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/core/batch.h"
#include "dataplane/core/drop_reason.h"
#include "dataplane/core/stage_id.h"

namespace lns::dataplane {

inline constexpr uint32_t kMaxTrail = 24;  // stages of the longest pipeline fit
inline constexpr uint32_t kObservedBytes = 1600;

// All that is set must hold.
struct ObservationFilter {
  std::optional<uint32_t> session_key;  // SessionKeyWord
  std::optional<DropReason> reason;     // dropped by it
  bool drops_only = false;
};

struct ObservedPacket {
  uint64_t realtime_ns = 0;
  uint32_t session_key = 0;
  uint16_t in_port = 0;
  uint16_t out_port = 0;  // of kTransmit
  uint8_t worker = 0;
  uint8_t pipeline = 0;  // index in Pipelines()
  Verdict verdict = Verdict::kContinue;
  uint8_t reason = 0;  // DropReason or PuntReason
  uint8_t stages = 0;  // that it passed, the last one gave the verdict
  std::array<StageId, kMaxTrail> trail;
  // As it left where it was sent to a port by `sent`, else as it came to the pipelines.
  bool sent = false;
  uint16_t length = 0;  // of the frame; what is kept is at most kObservedBytes of it
  std::array<uint8_t, kObservedBytes> bytes;
};

class Observer {
 public:
  static constexpr uint32_t kPackets = 512;  // that wait to be taken; further ones are counted

  Observer(uint32_t worker, const ObservationFilter& filter)
      : worker_(static_cast<uint8_t>(worker)), filter_(filter), ring_(kPackets) {}

  // The worker. Before the first stage: `fresh` where every packet has just come from a device.
  void Begin(const Batch& batch, bool fresh);
  // A stage has run; what leaves by its verdict is looked at. Before Context::Settle.
  void After(const Batch& batch, uint8_t pipeline, StageId stage);

  // The one that watches. False: nothing waits.
  bool Take(ObservedPacket& out);
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct Copy {
    const rte_mbuf* packet = nullptr;
    uint16_t length = 0;
    std::array<uint8_t, kObservedBytes> bytes;
  };

  void Keep(rte_mbuf* packet);
  const Copy* Find(const rte_mbuf* packet) const;
  bool IsWanted(const PacketMeta& meta, Verdict verdict) const;
  void Leaves(const Batch& batch, uint32_t i, Verdict verdict, uint16_t out_port, uint8_t pipeline);

  const uint8_t worker_;
  const ObservationFilter filter_;
  uint8_t stages_ = 0;
  std::array<StageId, kMaxTrail> trail_{};
  // Of the packets in hand: a received batch, and what other workers handed in.
  uint32_t next_copy_ = 0;
  std::array<Copy, 2 * kBatchSize> copies_;
  std::vector<ObservedPacket> ring_;
  std::atomic<uint64_t> head_{0};  // written
  std::atomic<uint64_t> tail_{0};  // taken
  std::atomic<uint64_t> lost_{0};
};

}  // namespace lns::dataplane
