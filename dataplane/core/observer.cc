// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/core/observer.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>
#include <ctime>

namespace lns::dataplane {
namespace {

uint64_t RealtimeNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

uint16_t CopyFrame(rte_mbuf* packet, std::array<uint8_t, kObservedBytes>& bytes) {
  const uint32_t length = std::min<uint32_t>(rte_pktmbuf_data_len(packet), kObservedBytes);
  std::memcpy(bytes.data(), rte_pktmbuf_mtod(packet, const uint8_t*), length);
  return static_cast<uint16_t>(std::min<uint32_t>(rte_pktmbuf_pkt_len(packet), UINT16_MAX));
}

}  // namespace

void Observer::Begin(const Batch& batch, bool fresh) {
  stages_ = 0;
  if (fresh) {
    for (Copy& copy : copies_) copy.packet = nullptr;
    next_copy_ = 0;
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    if (Find(batch.packet(i)) == nullptr) Keep(batch.packet(i));
  }
}

void Observer::Keep(rte_mbuf* packet) {
  Copy& copy = copies_[next_copy_];
  next_copy_ = (next_copy_ + 1) % static_cast<uint32_t>(copies_.size());
  copy.packet = packet;
  copy.length = CopyFrame(packet, copy.bytes);
}

const Observer::Copy* Observer::Find(const rte_mbuf* packet) const {
  const auto found = std::find_if(copies_.begin(), copies_.end(),
                                  [&](const Copy& copy) { return copy.packet == packet; });
  return found != copies_.end() ? &*found : nullptr;
}

void Observer::After(const Batch& batch, uint8_t pipeline, StageId stage) {
  if (stages_ < kMaxTrail) trail_[stages_++] = stage;
  if (batch.leaving() == 0) return;
  const Verdict all = batch.verdict_of_all();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    const Verdict verdict = all != Verdict::kContinue ? all : meta.verdict;
    if (verdict == Verdict::kContinue) continue;
    const uint16_t out_port = all != Verdict::kContinue ? batch.out_port_of_all() : meta.out_port;
    if (IsWanted(meta, verdict)) Leaves(batch, i, verdict, out_port, pipeline);
  }
}

bool Observer::IsWanted(const PacketMeta& meta, Verdict verdict) const {
  if (filter_.session_key.has_value() && meta.session_key != *filter_.session_key) return false;
  if (filter_.drops_only && verdict != Verdict::kDrop) return false;
  return !filter_.reason.has_value() ||
         (verdict == Verdict::kDrop && meta.reason == static_cast<uint8_t>(*filter_.reason));
}

void Observer::Leaves(const Batch& batch, uint32_t i, Verdict verdict, uint16_t out_port,
                      uint8_t pipeline) {
  const uint64_t head = head_.load(std::memory_order_relaxed);
  if (head - tail_.load(std::memory_order_acquire) == ring_.size()) {
    lost_.store(lost() + 1, std::memory_order_relaxed);
    return;
  }
  const PacketMeta& meta = batch.meta(i);
  ObservedPacket& out = ring_[head % ring_.size()];
  out.realtime_ns = RealtimeNanoseconds();
  out.session_key = meta.session_key;
  out.in_port = meta.in_port;
  out.out_port = out_port;
  out.worker = worker_;
  out.pipeline = pipeline;
  out.verdict = verdict;
  out.reason = meta.reason;
  out.stages = stages_;
  out.trail = trail_;
  const Copy* copy = Find(batch.packet(i));
  out.sent = verdict == Verdict::kTransmit;
  if (out.sent || copy == nullptr) {
    out.length = CopyFrame(batch.packet(i), out.bytes);
  } else {
    out.length = copy->length;
    std::memcpy(out.bytes.data(), copy->bytes.data(), out.bytes.size());
  }
  head_.store(head + 1, std::memory_order_release);
}

bool Observer::Take(ObservedPacket& out) {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == head_.load(std::memory_order_acquire)) return false;
  out = ring_[tail % ring_.size()];
  tail_.store(tail + 1, std::memory_order_release);
  return true;
}

}  // namespace lns::dataplane
