// What one worker has in hand while it runs stages: the tables it reads, its counters, and where
// packets go when they leave (port queues, other workers, punt rings). Belongs to that worker's
// thread; others only read the counters.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/core/backlog.h"
#include "dataplane/core/batch.h"
#include "dataplane/core/counters.h"
#include "dataplane/core/echo_wheel.h"
#include "dataplane/core/handoff.h"
#include "dataplane/core/hold.h"
#include "dataplane/core/port.h"
#include "dataplane/core/punt_budget.h"
#include "dataplane/core/punt_guard.h"
#include "dataplane/core/reassembly.h"
#include "dataplane/core/refused.h"
#include "dataplane/core/reorder.h"
#include "dataplane/core/stage_clock.h"
#include "dataplane/core/token_clock.h"
#include "lib/punt/ring.h"

namespace lns {
class Bell;  // lib/os/bell.h
}  // namespace lns

namespace lns::dataplane {

struct Tables;          // dataplane/tables/forwarding_state.h
class Observer;         // dataplane/core/observer.h
class UnresolvedQueue;  // dataplane/tables/unresolved_queue.h

inline constexpr uint32_t kMaxWorkers = 64;

uint64_t ReadTsc();

// Where a worker takes the time from when it must measure waiting.
struct CycleClock {
  uint64_t (*now)() = ReadTsc;
  uint64_t per_second = 0;  // 0: the TSC's own
};

// How a worker answers senders whose packets it does not carry on. A rate of 0: not at all.
struct AnswerPolicy {
  uint32_t per_second = 1000;  // of each worker
  uint32_t burst = 100;
  uint32_t session_per_second = 10;  // to each subscriber
  uint32_t session_burst = 10;
  // Packets too long for the way on and without DF are cut into fragments; false: their sender
  // hears of it as if they had DF.
  bool fragment = true;
};

// What is given to a worker; everything outlives it.
struct WorkerConfig {
  uint32_t index = 0;
  uint32_t workers = 1;
  std::vector<WorkerPort> ports;  // every port, also those this worker has no queue on
  const Tables* tables = nullptr;
  UnresolvedQueue* unresolved = nullptr;
  HandoffMesh* handoff = nullptr;  // may be null with one worker
  // Rings of this worker (punt::Mapping::PuntProducer, InjectConsumer). One that is not attached
  // counts as full, or as empty.
  std::array<punt::Producer, punt::kClassCount> punt;
  punt::Consumer inject;
  const PuntPolicy* punt_policy = nullptr;  // null: everything may go up
  // Written when a sleeping consumer must wake; null, or -1 while nobody is connected.
  const std::atomic<int>* punt_eventfd = nullptr;
  // Buffers for injected frames, and for those of Linux.
  rte_mempool* inject_pool = nullptr;
  // Rung when a port's mirror has got work; null: no port has one.
  Bell* linux_bell = nullptr;
  CycleClock clock;
  AnswerPolicy answers;
  // Packets that may wait for their sessions' rates; a power of two.
  uint32_t backlog_packets = 4096;
  // Packets are looked at and go nowhere (dataplane/explain.h): what would be handed over is freed,
  // whatever else leaves must be taken out of the batch before it is settled.
  bool dry_run = false;
};

// Packets collected for one destination. Twice a batch, so that a whole batch fits behind what a
// busy destination has left over.
struct Staging {
  static constexpr uint32_t kCapacity = 2 * kBatchSize;
  uint32_t count = 0;
  bool has_waited = false;  // a turn
  std::array<rte_mbuf*, kCapacity> packets;
};

// Some of a worker's, for packets that are made together.
class IpIds {
 public:
  IpIds(uint32_t first, uint16_t base, uint16_t mask) : next_(first), base_(base), mask_(mask) {}
  uint16_t Next() { return static_cast<uint16_t>(base_ | (next_++ & mask_)); }

 private:
  uint32_t next_;
  uint16_t base_;
  uint16_t mask_;
};

class Context {
 public:
  explicit Context(const WorkerConfig& worker_config);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  // Frees what is staged and not sent.
  ~Context();

  const Tables& tables() const { return *config_.tables; }
  const WorkerConfig& config() const { return config_; }
  // Whoever watches this worker; null: nobody, as a rule. Set and cleared from any thread; what was
  // cleared may be in use until the worker has been quiescent.
  Observer* observer() const { return observer_.load(std::memory_order_acquire); }
  void SetObserver(Observer* observer) { observer_.store(observer, std::memory_order_release); }
  WorkerCounters& counters() { return counters_; }
  const WorkerCounters& counters() const { return counters_; }
  StageClock& clock() { return clock_; }
  UnresolvedQueue& unresolved() { return *config_.unresolved; }
  uint32_t worker() const { return config_.index; }
  uint32_t workers() const { return config_.workers; }
  // Null where there is no such port.
  const WorkerPort* port(uint16_t index) const {
    return index < kMaxPorts ? port_by_index_[index] : nullptr;
  }
  // Packets for subscribers, found by classify or route, that wait for the downlink pipeline.
  Batch& downlink() { return downlink_; }
  punt::Consumer& inject() { return config_.inject; }
  // Packets whose next hop has no MAC address yet.
  Hold& hold() { return hold_; }
  // Packets whose number is not due yet.
  Reorder& reorder() { return reorder_; }
  // Packets of sessions that are at their rate.
  Backlog& backlog() { return backlog_; }
  // LCP echoes: replies that wait for their headers, until the end of the uplink's batch; and whose
  // turn it is to be asked.
  Batch& echoes() { return echoes_; }
  EchoWheel& echo_wheel() { return echo_wheel_; }
  // Of packets that any subscriber could send in any number.
  PuntBudget& punt_budget() { return punt_budget_; }
  // Fragments of outer packets, and packets that are whole again and wait for classify.
  Reassembly& fragments() { return fragments_; }
  Batch& reassembled() { return reassembled_; }
  const PuntGuard& punt_guard() const { return punt_guard_; }
  // Packets whose senders are to be answered, in this turn.
  Refused& refused() { return refused_; }
  uint64_t Now() const { return config_.clock.now(); }
  // Whether one more answer may be sent; to a subscriber where `session_due` is its word.
  enum class AnswerRate : uint8_t { kPasses, kSessionExceeds, kWorkerExceeds };
  AnswerRate TakeAnswer(std::atomic<uint64_t>* session_due);
  void Count(RouterCounter counter, uint64_t amount = 1) {
    counters_.router[static_cast<size_t>(counter)].Add(amount);
  }
  // Of outer IPv4 headers: unique per worker until it wraps. Fragments of packets of two workers
  // to one LAC could carry the same value, so each worker has its own top bits.
  uint16_t NextIpId() { return TakeIpIds(1).Next(); }
  IpIds TakeIpIds(uint32_t count) {
    const IpIds ids(ip_id_, ip_id_base_, ip_id_mask_);
    ip_id_ += count;
    return ids;
  }

  // The same for outer IPv6 packets that are cut (RFC 8200 4.5).
  uint32_t NextFragmentId() {
    const uint32_t mask = static_cast<uint32_t>(ip_id_mask_) << 16 | 0xffff;
    return static_cast<uint32_t>(ip_id_base_) << 16 | (fragment_id_++ & mask);
  }

  // A frame that is lost before it was ever a packet (inject).
  void CountLoss(DropReason reason, uint64_t amount = 1) {
    counters_.drops[static_cast<size_t>(reason)].Add(amount);
  }

  // Tells the control plane of a session of this worker's by a frame without a packet. Of a full
  // ring it is counted, and lost.
  void Tell(punt::FrameKind kind, punt::PuntReason reason, uint32_t session_key);

  // A packet that is in no batch.
  void DropPacket(rte_mbuf* packet, DropReason reason);
  // The same, but that its sender may be answered.
  void RefusePacket(rte_mbuf* packet, const PacketMeta& meta, DropReason reason);

  // Carries out the verdicts of the packets that leave and closes the gaps.
  void Settle(Batch& batch);

  // Takes the packets that other workers own (owners[i]) out of the batch and hands them over, to
  // go on from the start of `resume`. Not through verdicts: which packets are whose is as good as
  // random, and a branch on it would be predicted wrong every other time.
  void HandOffForeign(Batch& batch, const std::array<uint8_t, kBatchSize>& owners, Resume resume);

  // A packet that is in no batch (any more): to meta.owner, to go on at meta.resume.
  void HandOff(rte_mbuf* packet, const PacketMeta& meta);

  // A packet that is in no batch, finished by another worker or by the hold.
  void StageForPort(rte_mbuf* packet, uint16_t port_index);
  // What Linux has for a port with `from_linux`, at most a batch of it: staged for the port. How
  // many there were.
  uint32_t SendFromLinux(const WorkerPort& port);
  // Hands every staged packet to its port queue or ring and makes punts visible. What a port does
  // not take after kTxAttempts is dropped and counted.
  void Flush();
  // The same at the end of a worker's turn, but that few packets for another worker may wait for
  // the next turn where it is sure to come at once (`more_follow`): full bursts cost the other one
  // less.
  void FlushTurn(bool more_follow);
  uint32_t staged() const { return staged_; }
  // True once when Flush() published to a consumer that sleeps: the caller writes its eventfd.
  bool TakeWakeup() {
    const bool wake = consumer_sleeps_;
    consumer_sleeps_ = false;
    return wake;
  }
  // True once where a port's mirror has got frames.
  bool TakeWorkForLinux() { return std::exchange(linux_has_work_, false); }

 private:
  static constexpr int kTxAttempts = 16;

  // False: nobody is told of the drop, or too many are already.
  bool WaitsForAnswer(rte_mbuf* packet, const PacketMeta& meta, DropReason reason);
  void PuntPacket(const Batch& batch, uint32_t i);
  bool PushPunt(const punt::FrameHeader& header, ByteView payload);
  // Gives Linux a copy, where the port has a mirror and the limits allow it; else it is counted.
  void Mirror(rte_mbuf* packet, const PacketMeta& meta);
  PuntVerdict JudgePunt(const Batch& batch, uint32_t i);
  void SettleAll(Batch& batch);
  void StageAllForPort(const Batch& batch, uint16_t port_index);
  void FlushPort(const WorkerPort& port);
  void FlushHandoff(uint32_t to);
  void FlushPunts();

  WorkerConfig config_;
  std::array<const WorkerPort*, kMaxPorts> port_by_index_{};
  std::atomic<Observer*> observer_{nullptr};
  StageClock clock_;
  uint32_t staged_ = 0;
  bool consumer_sleeps_ = false;
  bool linux_has_work_ = false;
  uint32_t ip_id_ = 0;
  uint32_t fragment_id_ = 0;
  uint16_t ip_id_base_ = 0;
  uint16_t ip_id_mask_ = 0xffff;
  Batch downlink_;
  Hold hold_;
  Reorder reorder_;
  Backlog backlog_;
  Batch echoes_;
  EchoWheel echo_wheel_;
  PuntBudget punt_budget_;
  Reassembly fragments_;
  Batch reassembled_;
  PuntGuard punt_guard_;
  Refused refused_;
  TokenClock answer_clock_;
  TokenClock session_answer_clock_;
  uint64_t answer_due_ = 0;
  std::array<Staging, kMaxPorts> to_port_;
  std::vector<Staging> to_worker_;
  WorkerCounters counters_;
};

}  // namespace lns::dataplane
