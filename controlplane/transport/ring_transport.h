// Transport over the punt and inject rings of lib/punt: consumes what the data plane punts, fills
// its inject rings, and finds the data plane again when it has gone away. Loop thread only; never
// blocks.
//
// Whoever attaches goes on where the rings' indexes stand, so a restart of either side loses no
// more than what a full ring would. PPP frames go to the worker that owns the session; the control
// messages of one tunnel always go to the same worker, so that they stay in order.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/loop/log.h"
#include "controlplane/loop/poller.h"
#include "controlplane/loop/transport.h"
#include "controlplane/transport/punt_memory.h"
#include "lib/base/time.h"
#include "lib/punt/ring.h"

namespace lns::controlplane {

class RingTransport final : public Transport {
 public:
  static constexpr Duration kRetryInterval = Duration::Milliseconds(200);
  // A data plane that accepts and does not answer is left and tried again.
  static constexpr Duration kGreetingTimeout = Duration::Seconds(2);

  // A long answer (goodbye to every peer) starts to leave before it has all been written.
  static constexpr uint32_t kPublishEvery = 32;

  RingTransport(std::string socket_path, Poller& poller, LogSink log);
  ~RingTransport() override;

  // Where the data plane says its punt socket is; taken from the next attempt on.
  void SetSocketPath(std::string path) { socket_path_ = std::move(path); }

  size_t Receive(punt::PuntClass punt_class, size_t limit, FrameSink& sink) override;
  bool PrepareToSleep() override;
  void SendControl(const controlplane::SendControl& message) override;
  void SendPpp(const controlplane::SendPpp& frame) override;
  void Flush() override;
  void OnTimer(Instant now) override;
  Instant NextDeadline() const override { return deadline_; }
  bool Attached() const override { return memory_ != nullptr; }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override;

 private:
  struct Worker {
    std::array<punt::Consumer, punt::kClassCount> punts;
    punt::Producer inject;
    uint32_t unpublished = 0;
  };
  struct Totals {
    uint64_t attachments = 0;
    std::array<uint64_t, punt::kClassCount> received{};
    uint64_t malformed = 0;
    uint64_t control_sent = 0;
    uint64_t ppp_sent = 0;
    uint64_t dropped_ring_full = 0;
    uint64_t dropped_detached = 0;
  };

  void Greet(Instant now);
  void OnAnswer();
  void Attach(std::unique_ptr<PuntMemory> memory);
  void Detach();
  void Explain(const std::string& why);
  static void Publish(Worker& worker);
  void Inject(size_t worker, const punt::FrameHeader& header, ByteView payload, uint64_t& sent);

  std::string socket_path_;
  Poller& poller_;
  LogSink log_;
  FileDescriptor greeting_;  // a greeting is unanswered
  std::unique_ptr<PuntMemory> memory_;
  std::vector<Worker> workers_;
  std::array<size_t, punt::kClassCount> next_worker_{};  // whose turn it is, per class
  Instant deadline_;                                     // due at once
  std::string explained_;  // the last reason for waiting that was logged
  Totals totals_;
};

}  // namespace lns::controlplane
