// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/explain.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "dataplane/pipeline.h"
#include "dataplane/stages/next_hop.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/base/check.h"

namespace lns::dataplane {
namespace {

WorkerConfig Dry(WorkerConfig config) {
  config.dry_run = true;
  config.backlog_packets = 64;  // none waits
  return config;
}

size_t PipelineOf(std::string_view name) {
  const auto pipelines = Pipelines();
  const auto found =
      std::find_if(pipelines.begin(), pipelines.end(),
                   [&](const PipelineView& pipeline) { return pipeline.name == name; });
  LNS_CHECK(found != pipelines.end());
  return static_cast<size_t>(found - pipelines.begin());
}

// What they do lasts: packets wait in queues, or are told apart by the numbers of those before.
bool Lasts(StageId id) {
  return id == StageId::kSequence || id == StageId::kShape || id == StageId::kRewrite;
}

}  // namespace

// A session's counters, numbers and buckets have one writer, the thread this runs on, so putting
// back what was there is exact.
class PacketExplainer::SessionWords {
 public:
  SessionWords(const Tables& tables, uint32_t session)
      : uplink_(tables.uplink[session]), downlink_(tables.downlink[session]) {
    for (size_t i = 0; i < kCounters; ++i) counts_[i] = CounterOf(i).value();
    next_ns_ = downlink_.next_ns.load(std::memory_order_relaxed);
    if ((downlink_.flags.load(std::memory_order_acquire) & kHasExtras) == 0) return;
    const uint32_t extras = downlink_.extras.load(std::memory_order_acquire);
    const uint32_t meters = tables.extras[extras].meters;
    if (meters == 0) return;
    meters_ = &tables.meters[meters];
    std::memcpy(&kept_meters_, meters_, sizeof(SessionMeters));
  }
  ~SessionWords() {
    for (size_t i = 0; i < kCounters; ++i) CounterOf(i).Add(counts_[i] - CounterOf(i).value());
    downlink_.next_ns.store(next_ns_, std::memory_order_relaxed);
    if (meters_ != nullptr) {
      std::memcpy(static_cast<void*>(meters_), &kept_meters_, sizeof(SessionMeters));
    }
  }
  SessionWords(const SessionWords&) = delete;
  SessionWords& operator=(const SessionWords&) = delete;

 private:
  static constexpr size_t kCounters = 4;
  Counter& CounterOf(size_t i) {
    Counter* const counters[kCounters] = {&uplink_.packets, &uplink_.bytes, &downlink_.packets,
                                          &downlink_.bytes};
    return *counters[i];
  }

  UplinkEntry& uplink_;
  DownlinkEntry& downlink_;
  std::array<uint64_t, kCounters> counts_{};
  uint32_t next_ns_ = 0;
  SessionMeters* meters_ = nullptr;
  alignas(SessionMeters) std::array<uint8_t, sizeof(SessionMeters)> kept_meters_{};
};

PacketExplainer::PacketExplainer(const WorkerConfig& worker, Bytes frame, uint16_t in_port)
    : context_(Dry(worker)), frame_(std::move(frame)), in_port_(in_port) {}

bool PacketExplainer::Run() {
  rte_mbuf* packet = rte_pktmbuf_alloc(context_.config().inject_pool);
  if (packet == nullptr) return false;
  char* data = rte_pktmbuf_append(packet, static_cast<uint16_t>(frame_.size()));
  if (data == nullptr) {
    rte_pktmbuf_free(packet);
    return false;
  }
  std::memcpy(data, frame_.data(), frame_.size());
  PacketMeta meta;
  meta.in_port = in_port_;
  if (const WorkerPort* port = context_.port(in_port_); port != nullptr) meta.vrf = port->vrf;
  batch_.room()[0] = packet;
  batch_.SetReceived(1, meta);

  std::unique_ptr<SessionWords> kept;
  if (RunPipeline(PipelineOf("receive"), batch_, kept)) {
    from_subscriber_ = true;
    RunPipeline(PipelineOf("uplink"), batch_, kept);
  }
  Batch& downlink = context_.downlink();
  if (!downlink.empty()) {
    // What it was for another session is done.
    kept.reset();
    RunPipeline(PipelineOf("downlink"), downlink, kept);
  }
  Free(batch_);
  Free(downlink);
  Free(context_.echoes());
  return true;
}

bool PacketExplainer::RunPipeline(size_t pipeline, Batch& batch,
                                  std::unique_ptr<SessionWords>& kept) {
  for (const Stage& stage : Pipelines()[pipeline].stages) {
    if (stage.only_for != 0 && (batch.session_flags() & stage.only_for) == 0) continue;
    if (stage.id == StageId::kExpress) continue;  // the rest says the same, step by step
    ExplainedStep& step = explanation_.steps.emplace_back();
    step.pipeline = static_cast<uint8_t>(pipeline);
    step.stage = stage.id;
    PacketMeta& meta = batch.meta(0);
    if (Lasts(stage.id)) {
      step.is_run = false;
      if (stage.id != StageId::kRewrite) continue;
      DescribeRewrite(meta);
      step.verdict = explanation_.verdict;
      return false;
    }
    stage.run(context_, batch);
    if (batch.empty()) {  // handed over
      if (pipeline == PipelineOf("downlink") && from_subscriber_) {
        // To the receiver's worker, which would hand it back to the sender's were it asked.
        explanation_.verdict = step.verdict = Verdict::kToDownlink;
      } else {
        explanation_.owner = meta.owner;
      }
      return false;
    }
    if (meta.session_key != 0) explanation_.session_key = meta.session_key;
    if (kept == nullptr && meta.session != kNoIndex) {
      kept = std::make_unique<SessionWords>(context_.tables(), meta.session);
    }
    const Verdict all = batch.verdict_of_all();
    step.verdict = all != Verdict::kContinue ? all : meta.verdict;
    if (step.verdict == Verdict::kContinue) continue;
    if (step.verdict == Verdict::kToDownlink) {
      context_.Settle(batch);
      return false;
    }
    explanation_.verdict = step.verdict;
    explanation_.reason = meta.reason;
    explanation_.out_port = all != Verdict::kContinue ? batch.out_port_of_all() : meta.out_port;
    // Who holds a packet owns it.
    if (step.verdict == Verdict::kHold) batch.Clear();
    return false;
  }
  return true;
}

// As the rewrite stage judges, without a packet in the hold.
void PacketExplainer::DescribeRewrite(const PacketMeta& meta) {
  const Adjacency& adjacency = context_.tables().adjacencies[meta.next_hop];
  const WorkerPort* port = context_.port(adjacency.port);
  explanation_.out_port = adjacency.port;
  if (port == nullptr || meta.l3_length > port->mtu) {
    explanation_.verdict = Verdict::kDrop;
    explanation_.reason =
        static_cast<uint8_t>(port == nullptr ? DropReason::kNoTxQueue : DropReason::kTooBigForPort);
    return;
  }
  const uint64_t destination = adjacency.destination.load(std::memory_order_relaxed);
  explanation_.verdict = HasMac(destination) ? Verdict::kTransmit : Verdict::kHold;
  std::memcpy(explanation_.next_hop_mac.data(), &destination, explanation_.next_hop_mac.size());
}

void PacketExplainer::Free(Batch& batch) {
  for (uint32_t i = 0; i < batch.size(); ++i) rte_pktmbuf_free(batch.packet(i));
  batch.Clear();
}

}  // namespace lns::dataplane
