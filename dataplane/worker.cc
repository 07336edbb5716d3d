// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "dataplane/core/prefetch.h"
#include "dataplane/pipeline.h"
#include "dataplane/stages/reassemble.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/os/bell.h"

namespace lns::dataplane {
namespace {

// The lines that hold a packet's headers, or on the downlink will hold them: they are written
// before the packet.
void PrefetchHeaders(const uint8_t* l3, Resume resume) {
  PrefetchToWrite(l3);
  PrefetchToWrite(resume == Resume::kDownlink ? l3 - kCacheLineBytes : l3 + kCacheLineBytes);
}

}  // namespace

Worker::Worker(const WorkerConfig& config, Quiescence& quiescence)
    : context_(config), quiescence_(quiescence) {
  for (const WorkerPort& port : context_.config().ports) {
    if (port.from_linux != nullptr) linux_ports_.push_back(&port);
  }
}

void Worker::Run() {
  quiescence_.Online(context_.worker());
  while (!stop_.load(std::memory_order_relaxed)) {
    PollOnce();
    quiescence_.Report(context_.worker());
  }
  quiescence_.Offline(context_.worker());
}

bool Worker::Visit(const std::function<void(Context&)>& visit) {
  constexpr std::chrono::milliseconds kPause{1};
  constexpr int kPauses = 1000;
  const std::lock_guard lock(visitors_);
  visited_.store(false, std::memory_order_relaxed);
  visit_.store(&visit, std::memory_order_release);
  for (int i = 0; i < kPauses; ++i) {
    if (visited_.load(std::memory_order_acquire)) return true;
    std::this_thread::sleep_for(kPause);
  }
  const std::function<void(Context&)>* waiting = &visit;
  if (visit_.compare_exchange_strong(waiting, nullptr)) return false;
  // It has just begun.
  while (!visited_.load(std::memory_order_acquire)) std::this_thread::sleep_for(kPause);
  return true;
}

void Worker::ReceiveVisitor() {
  const std::function<void(Context&)>* visit = visit_.exchange(nullptr, std::memory_order_acquire);
  if (visit == nullptr) return;
  (*visit)(context_);
  visited_.store(true, std::memory_order_release);
}

bool Worker::PollOnce() {
  if (visit_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    ReceiveVisitor();
  const uint64_t start = rte_rdtsc();
  // First of all: what waited goes before what comes.
  bool busy = !context_.hold().empty() && PollHeld();
  if (!context_.reorder().empty() && PollReordered()) busy = true;
  if (!context_.backlog().empty() && PollShaped()) busy = true;
  more_follow_ = false;
  // They come while the ports are served.
  for (uint32_t from = 0; from < context_.workers(); ++from) {
    if (from != context_.worker()) AskForPackets(from);
  }
  for (const WorkerPort& port : context_.config().ports) {
    if (port.rx_queue.has_value() && PollPort(port)) busy = true;
  }
  for (uint32_t from = 0; from < context_.workers(); ++from) {
    if (from != context_.worker() && PollHandoff(from)) busy = true;
  }
  if (!(context_.fragments().empty() && context_.reassembled().empty()) && PollReassembled()) {
    busy = true;
  }
  if (PollInject()) busy = true;
  if (PollEchoes()) busy = true;
  if (!linux_ports_.empty() && PollLinux()) busy = true;
  if (!context_.refused().empty()) AnswerRefused();
  if (Transmit()) busy = true;
  context_.clock().EndTurn(busy);
  WorkerCounters& counters = context_.counters();
  (busy ? counters.busy_cycles : counters.idle_cycles).Add(rte_rdtsc() - start);
  return busy;
}

bool Worker::PollPort(const WorkerPort& port) {
  const uint64_t start = context_.clock().Now();
  const uint16_t count =
      rte_eth_rx_burst(port.dpdk_port, *port.rx_queue, batch_.room(), kBatchSize);
  if (count == 0) return false;
  if (count == kBatchSize) more_follow_ = true;
  PacketMeta meta;
  meta.in_port = port.index;
  meta.vrf = port.vrf;
  batch_.SetReceived(count, meta);
  WorkerCounters& counters = context_.counters();
  counters.rx_bursts.Add(1);
  counters.rx_packets.Add(count);
  CountStage(StageId::kReceive, count, start);

  RunReceive(context_, batch_);
  RunUplink(context_, batch_);
  RunLeftOver();
  return true;
}

void Worker::AskForPackets(uint32_t from) {
  const HandoffMesh& mesh = *context_.config().handoff;
  const HandoffMesh::Ring& ring = mesh.RingOf(from, context_.worker());
  const uint32_t count = std::min(ring.size(), kBatchSize);
  for (uint32_t& i = asked_[from]; i < count; ++i) {
    PrefetchToWrite(ring[i]);
    PrefetchToWrite(&mesh.Record(ring[i]));
  }
}

bool Worker::PollHandoff(uint32_t from) {
  const HandoffMesh& mesh = *context_.config().handoff;
  HandoffMesh::Ring& ring = mesh.RingOf(from, context_.worker());
  // Another core has written all this. Under load each step asks for what the next one reads: the
  // ring's slots at the end of a turn, the packets in them at the beginning of the next.
  if (ring.size() == 0) {
    ring.Look();
    if (ring.size() == 0) return false;
    if (more_follow_) {
      ring.PrefetchSlots(std::min(ring.size(), kBatchSize));
      return true;
    }
    AskForPackets(from);
  }
  rte_mbuf* packets[kBatchSize];
  const uint32_t count = std::exchange(asked_[from], 0);
  for (uint32_t i = 0; i < count; ++i) packets[i] = ring[i];
  ring.Take(count);
  ring.PrefetchTail();
  for (uint32_t i = 0; i < count; ++i) {
    const PacketMeta meta = Unpack(mesh.Record(packets[i]));
    PrefetchHeaders(static_cast<const uint8_t*>(packets[i]->buf_addr) + meta.l3_offset,
                    meta.resume);
    switch (meta.resume) {
      case Resume::kUplink:
        batch_.Add(packets[i], meta);
        break;
      case Resume::kDownlink:
        context_.downlink().Add(packets[i], meta);
        break;
      case Resume::kTransmit:
        context_.StageForPort(packets[i], meta.out_port);
        break;
      case Resume::kReassemble:
        StoreFragment(context_, packets[i], meta);
        break;
    }
  }
  WorkerCounters& counters = context_.counters();
  counters.rx_bursts.Add(1);
  counters.handoff_in.Add(count);
  RunUplink(context_, batch_);
  RunLeftOver();
  ring.Look();
  ring.PrefetchSlots(std::min(ring.size(), kBatchSize));
  return true;
}

// What the uplink leaves behind: packets for subscribers, and LCP echoes to be answered.
void Worker::RunLeftOver() {
  RunDownlink(context_, context_.downlink());
  if (!context_.echoes().empty()) RunEchoes(context_, batch_);
}

bool Worker::PollEchoes() {
  if (context_.tables().echo_members[context_.worker()].empty()) return false;
  const uint64_t before = EchoesSent();
  RunEchoes(context_, batch_);
  return EchoesSent() != before;
}

bool Worker::PollInject() {
  const uint64_t before = InjectedFrames();
  RunInject(context_, batch_);
  return InjectedFrames() != before;
}

bool Worker::PollLinux() {
  uint32_t frames = 0;
  for (const WorkerPort* port : linux_ports_) frames += context_.SendFromLinux(*port);
  return frames != 0;
}

bool Worker::PollHeld() {
  const uint32_t before = context_.hold().packets();
  RunHeld(context_, batch_);
  return context_.hold().packets() != before;
}

bool Worker::PollReordered() {
  const uint32_t before = context_.reorder().packets();
  RunReordered(context_, batch_);
  RunLeftOver();
  return context_.reorder().packets() != before;
}

bool Worker::PollShaped() {
  const uint32_t before = context_.backlog().packets();
  RunShaped(context_, batch_);
  return context_.backlog().packets() != before;
}

bool Worker::PollReassembled() {
  const uint32_t before = context_.fragments().packets();
  const bool any = !context_.reassembled().empty();
  RunReassembled(context_, batch_);
  RunUplink(context_, batch_);
  RunLeftOver();
  return any || context_.fragments().packets() != before;
}

// Answers may be refused themselves, but never answered: the packets end soon. None may wait for
// the next turn, since what it knows of its session does not survive this one.
void Worker::AnswerRefused() {
  constexpr int kMaxRounds = 64;
  Refused& refused = context_.refused();
  for (int round = 0; round < kMaxRounds && !refused.empty(); ++round) {
    RunRefused(context_, batch_);
    RunDownlink(context_, context_.downlink());
  }
  while (!refused.empty()) {
    const RefusedPacket left = refused.Take();
    context_.DropPacket(left.packet, left.reason);
  }
}

uint64_t Worker::EchoesSent() const {
  return context_.counters().stages[static_cast<size_t>(StageId::kEcho)].packets.value();
}

uint64_t Worker::InjectedFrames() const {
  const InjectCounters& inject = context_.counters().inject;
  return inject.control.value() + inject.ppp.value();
}

bool Worker::Transmit() {
  const uint32_t staged = context_.staged();
  if (staged == 0) return false;
  const uint64_t start = context_.clock().Now();
  context_.FlushTurn(more_follow_);
  if (context_.TakeWakeup()) WakeControlPlane();
  if (context_.TakeWorkForLinux() && context_.config().linux_bell != nullptr) {
    context_.config().linux_bell->Ring();
  }
  CountStage(StageId::kTransmit, staged - context_.staged(), start);
  return true;
}

void Worker::WakeControlPlane() {
  const std::atomic<int>* eventfd = context_.config().punt_eventfd;
  if (eventfd == nullptr) return;
  const int descriptor = eventfd->load(std::memory_order_acquire);
  // Failing means that the counter is full (awake anyway) or that the reader has just gone.
  if (descriptor >= 0) (void)eventfd_write(descriptor, 1);
}

void Worker::CountStage(StageId stage, uint32_t packets, uint64_t start) {
  StageCounters& counters = context_.counters().stages[static_cast<size_t>(stage)];
  context_.clock().Count(counters, packets, start, context_.clock().Now());
}

}  // namespace lns::dataplane
