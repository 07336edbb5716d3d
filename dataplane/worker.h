// One poll-mode core: receives from its queues and rings, runs the pipelines, transmits, reports a
// quiescent state, over and over. The process makes one per lcore and outlives it with everything
// the config points to.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "dataplane/core/context.h"
#include "dataplane/tables/quiescence.h"

namespace lns::dataplane {

class Worker {
 public:
  Worker(const WorkerConfig& config, Quiescence& quiescence);

  // On the worker's thread, until Stop(). Packets in hand are sent or freed before it returns.
  void Run();
  // From any thread.
  void Stop() { stop_.store(true, std::memory_order_relaxed); }

  // Calls visit(context) on the worker's thread between two turns, and returns when it has been;
  // from any thread but that one. False: the worker did not come round within a second.
  bool Visit(const std::function<void(Context&)>& visit);

  // One turn of the loop without the quiescence report: for tests, which drive several workers in
  // one thread, and for benchmarks. True if there was any work.
  bool PollOnce();

  // Read by anyone at any time.
  const WorkerCounters& counters() const { return context_.counters(); }
  const PuntGuard& punt_guard() const { return context_.punt_guard(); }
  uint32_t index() const { return context_.worker(); }
  Context& context() { return context_; }

 private:
  void ReceiveVisitor();
  bool PollPort(const WorkerPort& port);
  bool PollHandoff(uint32_t from);
  void AskForPackets(uint32_t from);
  bool PollInject();
  bool PollEchoes();
  bool PollLinux();
  void RunLeftOver();
  bool PollHeld();
  bool PollReordered();
  bool PollShaped();
  bool PollReassembled();
  void AnswerRefused();
  uint64_t InjectedFrames() const;
  uint64_t EchoesSent() const;
  bool Transmit();  // false: there was nothing to
  void WakeControlPlane();
  void CountStage(StageId stage, uint32_t packets, uint64_t start);

  Context context_;
  std::vector<const WorkerPort*> linux_ports_;  // whose mirrors this worker serves
  Quiescence& quiescence_;
  std::atomic<bool> stop_{false};
  std::mutex visitors_;  // one at a time
  std::atomic<const std::function<void(Context&)>*> visit_{nullptr};
  std::atomic<bool> visited_{false};
  bool more_follow_ = false;  // a device gave a full burst in this turn
  // By worker: of the packets that are next in its ring to this one. Not allocated, so that no
  // other worker's line has it.
  std::array<uint32_t, kMaxWorkers> asked_{};
  Batch batch_;  // empty between polls
};

}  // namespace lns::dataplane
