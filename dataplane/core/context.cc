// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/core/context.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <bit>
#include <cstring>
#include <ctime>

#include "lib/base/check.h"

namespace lns::dataplane {
namespace {
uint64_t MonotonicNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t CyclesPerSecond(const CycleClock& clock) {
  return clock.per_second != 0 ? clock.per_second : rte_get_tsc_hz();
}
}  // namespace

uint64_t ReadTsc() { return rte_rdtsc(); }

Context::Context(const WorkerConfig& worker_config)
    : config_(worker_config),
      hold_(CyclesPerSecond(worker_config.clock)),
      reorder_(CyclesPerSecond(worker_config.clock)),
      backlog_(worker_config.backlog_packets, CyclesPerSecond(worker_config.clock)),
      echo_wheel_(CyclesPerSecond(worker_config.clock)),
      punt_budget_(CyclesPerSecond(worker_config.clock)),
      fragments_(CyclesPerSecond(worker_config.clock)),
      punt_guard_(worker_config.punt_policy),
      answer_clock_(CyclesPerSecond(worker_config.clock), worker_config.answers.per_second,
                    worker_config.answers.burst),
      session_answer_clock_(CyclesPerSecond(worker_config.clock),
                            worker_config.answers.session_per_second,
                            worker_config.answers.session_burst),
      to_worker_(worker_config.workers) {
  LNS_CHECK(config_.workers >= 1 && config_.workers <= kMaxWorkers);
  LNS_CHECK(config_.index < config_.workers);
  LNS_CHECK(config_.workers == 1 || config_.handoff != nullptr);
  for (const WorkerPort& port : config_.ports) {
    LNS_CHECK(port.index < kMaxPorts);
    port_by_index_[port.index] = &port;
  }
  const auto worker_bits = static_cast<uint32_t>(std::bit_width(config_.workers - 1));
  ip_id_base_ = static_cast<uint16_t>(config_.index << (16 - worker_bits));
  ip_id_mask_ = static_cast<uint16_t>(0xffff >> worker_bits);
}

Context::~Context() {
  for (uint32_t i = 0; i < reassembled_.size(); ++i) rte_pktmbuf_free(reassembled_.packet(i));
  for (Staging& staging : to_port_) {
    if (staging.count != 0) rte_pktmbuf_free_bulk(staging.packets.data(), staging.count);
  }
  for (Staging& staging : to_worker_) {
    if (staging.count != 0) rte_pktmbuf_free_bulk(staging.packets.data(), staging.count);
  }
}

void Context::DropPacket(rte_mbuf* packet, DropReason reason) {
  counters_.drops[static_cast<size_t>(reason)].Add(1);
  rte_pktmbuf_free(packet);
}

bool Context::WaitsForAnswer(rte_mbuf* packet, const PacketMeta& meta, DropReason reason) {
  if (!IsAnswered(reason) || refused_.full()) return false;
  refused_.Add(packet, meta, reason);
  return true;
}

void Context::RefusePacket(rte_mbuf* packet, const PacketMeta& meta, DropReason reason) {
  if (!WaitsForAnswer(packet, meta, reason)) DropPacket(packet, reason);
}

Context::AnswerRate Context::TakeAnswer(std::atomic<uint64_t>* session_due) {
  const uint64_t now = Now();
  if (session_due != nullptr) {
    uint64_t due = session_due->load(std::memory_order_relaxed);
    if (!session_answer_clock_.Take(due, now)) return AnswerRate::kSessionExceeds;
    session_due->store(due, std::memory_order_relaxed);
  }
  return answer_clock_.Take(answer_due_, now) ? AnswerRate::kPasses : AnswerRate::kWorkerExceeds;
}

void Context::Settle(Batch& batch) {
  if (batch.leaving() == 0) return;
  if (batch.verdict_of_all() != Verdict::kContinue) {
    SettleAll(batch);
    return;
  }
  // Freed together at the end: of a flood many are dropped.
  std::array<rte_mbuf*, kBatchSize> dropped;
  uint32_t drops = 0;
  const auto drop = [&](rte_mbuf* packet, DropReason reason) {
    CountLoss(reason);
    dropped[drops++] = packet;
  };
  uint32_t kept = 0;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    const auto reason = static_cast<DropReason>(meta.reason);
    switch (meta.verdict) {
      case Verdict::kContinue:
        if (kept != i) batch.Keep(kept, i);
        ++kept;
        break;
      case Verdict::kDrop:
        if (!WaitsForAnswer(batch.packet(i), meta, reason)) drop(batch.packet(i), reason);
        break;
      case Verdict::kPunt:
        PuntPacket(batch, i);
        break;
      case Verdict::kMirror:
        Mirror(batch.packet(i), meta);  // a copy
        dropped[drops++] = batch.packet(i);
        break;
      case Verdict::kTransmit:
        StageForPort(batch.packet(i), meta.out_port);
        break;
      case Verdict::kToDownlink:
        downlink_.Add(batch.packet(i), meta);
        downlink_.meta(downlink_.size() - 1).verdict = Verdict::kContinue;
        break;
      case Verdict::kHold:
        break;
    }
  }
  batch.Resize(kept);
  if (drops != 0) rte_pktmbuf_free_bulk(dropped.data(), drops);
}

void Context::SettleAll(Batch& batch) {
  if (batch.verdict_of_all() == Verdict::kToDownlink) {
    downlink_.Append(batch);
  } else {
    LNS_DCHECK(batch.verdict_of_all() == Verdict::kTransmit);
    StageAllForPort(batch, batch.out_port_of_all());
  }
  batch.Clear();
}

void Context::HandOffForeign(Batch& batch, const std::array<uint8_t, kBatchSize>& owners,
                             Resume resume) {
  std::array<uint8_t, kBatchSize> ours;
  std::array<uint8_t, kBatchSize> others;
  uint32_t kept = 0;
  uint32_t leaving = 0;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const bool is_ours = owners[i] == config_.index;
    ours[kept] = others[leaving] = static_cast<uint8_t>(i);
    kept += is_ours ? 1 : 0;
    leaving += is_ours ? 0 : 1;
  }
  if (leaving == 0) return;
  for (uint32_t n = 0; n < leaving; ++n) {
    PacketMeta& meta = batch.meta(others[n]);
    meta.owner = owners[others[n]];
    meta.resume = resume;
    HandOff(batch.packet(others[n]), meta);
  }
  for (uint32_t n = 0; n < kept; ++n) batch.Keep(n, ours[n]);
  batch.Resize(kept);
}

PuntVerdict Context::JudgePunt(const Batch& batch, uint32_t i) {
  const PacketMeta& meta = batch.meta(i);
  const WorkerPort* in_port = port(meta.in_port);
  const auto reason = static_cast<punt::PuntReason>(meta.reason);
  uint64_t source = meta.session_key;
  if (punt::Describe(reason).punt_class == punt::PuntClass::kUnproven) {
    // Nobody has shown to be who the address says. Of IPv6 a sender has the whole /64.
    const uint8_t* ip = batch.At(i, meta.l3_offset);
    if (meta.family == net::Family::kIpv4) {
      source = LoadBe32(ip + 12);
    } else {
      std::memcpy(&source, ip + 8, sizeof(source));
    }
  }
  return punt_guard_.Judge(in_port != nullptr ? in_port->interface_group : 0, meta.reason, source,
                           Now());
}

void Context::PuntPacket(const Batch& batch, uint32_t i) {
  switch (JudgePunt(batch, i)) {
    case PuntVerdict::kPass:
      break;
    case PuntVerdict::kSourceRate:
      DropPacket(batch.packet(i), DropReason::kPuntSourceRate);
      return;
    case PuntVerdict::kGroupRate:
      DropPacket(batch.packet(i), DropReason::kPuntGroupRate);
      return;
  }
  const PacketMeta& meta = batch.meta(i);
  const auto reason = static_cast<punt::PuntReason>(meta.reason);
  const punt::PuntClass punt_class = punt::Describe(reason).punt_class;
  const WorkerPort* in_port = port(meta.in_port);

  punt::FrameHeader header{};
  header.kind = punt_class == punt::PuntClass::kSessionControl ? punt::FrameKind::kPpp
                                                               : punt::FrameKind::kL2tpControl;
  header.reason = reason;
  header.punt_class = static_cast<uint8_t>(punt_class);
  header.family = static_cast<uint8_t>(meta.family);
  header.port_index = meta.in_port;
  header.interface_group = in_port != nullptr ? in_port->interface_group : 0;
  header.vrf = in_port != nullptr ? in_port->vrf : kMainVrf;
  header.local_tunnel_id = static_cast<uint16_t>(meta.session_key >> 16);
  header.local_session_id = static_cast<uint16_t>(meta.session_key);
  const uint8_t* udp = batch.At(i, meta.l4_offset);
  header.peer_udp_port = LoadBe16(udp);
  header.local_udp_port = LoadBe16(udp + 2);
  const uint8_t* ip = batch.At(i, meta.l3_offset);
  const size_t address_length = meta.family == net::Family::kIpv4 ? 4 : 16;
  const uint8_t* source = ip + (meta.family == net::Family::kIpv4 ? 12 : 8);
  std::memcpy(header.peer_address.data(), source, address_length);
  std::memcpy(header.local_address.data(), source + address_length, address_length);
  header.timestamp_ns = MonotonicNanoseconds();

  const ByteView payload(batch.At(i, meta.payload_offset), meta.payload_length);
  if (payload.size() > punt::kMaxPayload) {
    DropPacket(batch.packet(i), DropReason::kPuntTooLong);
    return;
  }
  if (PushPunt(header, payload)) {
    rte_pktmbuf_free(batch.packet(i));
  } else {
    DropPacket(batch.packet(i), DropReason::kPuntRingFull);
  }
}

void Context::Tell(punt::FrameKind kind, punt::PuntReason reason, uint32_t session_key) {
  punt::FrameHeader header{};
  header.kind = kind;
  header.reason = reason;
  header.punt_class = static_cast<uint8_t>(punt::Describe(reason).punt_class);
  header.local_tunnel_id = static_cast<uint16_t>(session_key >> 16);
  header.local_session_id = static_cast<uint16_t>(session_key);
  header.timestamp_ns = MonotonicNanoseconds();
  (void)PushPunt(header, {});
}

bool Context::PushPunt(const punt::FrameHeader& header, ByteView payload) {
  const size_t ring = header.punt_class;
  punt::Producer& producer = config_.punt[ring];
  if (!producer.attached() || !producer.Push(header, payload)) {
    counters_.punt_overflows[ring].Add(1);
    return false;
  }
  counters_.punts[static_cast<size_t>(header.reason)].Add(1);
  ++staged_;
  return true;
}

void Context::StageForPort(rte_mbuf* packet, uint16_t port_index) {
  const WorkerPort* out = port(port_index);
  if (out == nullptr) {
    DropPacket(packet, DropReason::kNoTxQueue);
    return;
  }
  if (!out->tx_queue.has_value()) {
    if (out->tx_worker == config_.index || out->tx_worker >= config_.workers) {
      DropPacket(packet, DropReason::kNoTxQueue);
      return;
    }
    PacketMeta meta;
    meta.out_port = static_cast<uint8_t>(port_index);
    meta.owner = static_cast<uint8_t>(out->tx_worker);
    meta.resume = Resume::kTransmit;
    HandOff(packet, meta);
    return;
  }
  Staging& staging = to_port_[port_index];
  if (staging.count == Staging::kCapacity) FlushPort(*out);
  staging.packets[staging.count++] = packet;
  ++staged_;
}

void Context::StageAllForPort(const Batch& batch, uint16_t port_index) {
  const WorkerPort* out = port(port_index);
  if (out == nullptr || !out->tx_queue.has_value()) {
    for (uint32_t i = 0; i < batch.size(); ++i) StageForPort(batch.packet(i), port_index);
    return;
  }
  Staging& staging = to_port_[port_index];
  if (staging.count + batch.size() > Staging::kCapacity) FlushPort(*out);
  std::memcpy(staging.packets.data() + staging.count, batch.packets(),
              batch.size() * sizeof(rte_mbuf*));
  staging.count += batch.size();
  staged_ += batch.size();
}

void Context::HandOff(rte_mbuf* packet, const PacketMeta& meta) {
  if (config_.dry_run) {
    rte_pktmbuf_free(packet);
    return;
  }
  Staging& staging = to_worker_[meta.owner];
  if (staging.count == Staging::kCapacity) FlushHandoff(meta.owner);
  if (staging.count % kBatchSize == 0) {
    config_.handoff->RingOf(config_.index, meta.owner).PrefetchRoom(kBatchSize);
  }
  config_.handoff->Record(packet) = Pack(meta);
  staging.packets[staging.count++] = packet;
  ++staged_;
}

void Context::Flush() { FlushTurn(false); }

void Context::FlushTurn(bool more_follow) {
  if (staged_ == 0) return;
  staged_ = 0;
  for (const WorkerPort& port : config_.ports) {
    if (to_port_[port.index].count != 0) FlushPort(port);
  }
  for (uint32_t to = 0; to < config_.workers; ++to) {
    Staging& staging = to_worker_[to];
    if (staging.count == 0) continue;
    if (more_follow && staging.count < kBatchSize && !staging.has_waited) {
      staging.has_waited = true;
      staged_ += staging.count;
    } else {
      FlushHandoff(to);
    }
  }
  FlushPunts();
}

void Context::FlushPort(const WorkerPort& port) {
  Staging& staging = to_port_[port.index];
  uint32_t sent = 0;
  for (int attempt = 0; attempt < kTxAttempts && sent < staging.count; ++attempt) {
    sent += rte_eth_tx_burst(port.dpdk_port, *port.tx_queue, staging.packets.data() + sent,
                             static_cast<uint16_t>(staging.count - sent));
  }
  counters_.tx_packets.Add(sent);
  for (uint32_t i = sent; i < staging.count; ++i) {
    DropPacket(staging.packets[i], DropReason::kTxQueueFull);
  }
  staging.count = 0;
}

void Context::FlushHandoff(uint32_t to) {
  Staging& staging = to_worker_[to];
  const std::span<rte_mbuf* const> packets(staging.packets.data(), staging.count);
  const uint32_t sent = config_.handoff->RingOf(config_.index, to).Put(packets);
  counters_.handoff_out.Add(sent);
  for (uint32_t i = sent; i < staging.count; ++i) {
    DropPacket(staging.packets[i], DropReason::kHandoffRingFull);
  }
  staging.count = 0;
  staging.has_waited = false;
}

void Context::FlushPunts() {
  for (punt::Producer& producer : config_.punt) {
    if (producer.attached() && producer.Publish()) consumer_sleeps_ = true;
  }
}

}  // namespace lns::dataplane
