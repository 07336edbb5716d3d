// One packet through the live tables: what every stage says of it, without that anything happens.
// It goes down the real pipelines on the worker's thread, in a context of its own, and is freed
// where it would leave. What stages count for its session is taken back; what filters' rules and
// limits of tunnels have counted stays.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/core/context.h"
#include "dataplane/core/stage_id.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

struct ExplainedStep {
  uint8_t pipeline = 0;  // index in Pipelines()
  StageId stage{};
  // Stages whose work would last (queues, waiting for a MAC address) are not run, but told.
  bool is_run = true;
  Verdict verdict = Verdict::kContinue;
};

struct PacketExplanation {
  std::vector<ExplainedStep> steps;
  // The last word; kContinue: another worker owns the packet's session. kToDownlink: it goes on to
  // another subscriber, whose session is another worker's.
  Verdict verdict = Verdict::kContinue;
  uint8_t reason = 0;             // DropReason or PuntReason
  std::optional<uint32_t> owner;  // which
  std::optional<uint32_t> session_key;
  uint16_t out_port = 0;  // of kTransmit and kHold
  net::MacAddress next_hop_mac{};
};

class PacketExplainer {
 public:
  // Made before the visit to the worker (its memory takes a moment).
  PacketExplainer(const WorkerConfig& worker, Bytes frame, uint16_t in_port);

  // On the worker's thread (Worker::Visit). False: no packet buffer.
  bool Run();
  const PacketExplanation& explanation() const { return explanation_; }

 private:
  class SessionWords;  // that the session's owner writes

  // False: the packet's way ends in this pipeline, or with another worker.
  bool RunPipeline(size_t pipeline, Batch& batch, std::unique_ptr<SessionWords>& kept);
  void DescribeRewrite(const PacketMeta& meta);
  void Free(Batch& batch);

  Context context_;
  const Bytes frame_;
  const uint16_t in_port_;
  Batch batch_;
  bool from_subscriber_ = false;
  PacketExplanation explanation_;
};

}  // namespace lns::dataplane
