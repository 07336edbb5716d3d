// A run from the first SCCRQ to the report: opens the sockets, dials tunnels and calls, stays
// online while traffic, pings, the TUN device and the command last, leaves, and counts what
// happened. One thread; every phase is bounded by options or a named timeout.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/crypto/system_rng.h"
#include "tools/lacsim/call_ramp.h"
#include "tools/lacsim/event_loop.h"
#include "tools/lacsim/lac.h"
#include "tools/lacsim/online_phase.h"
#include "tools/lacsim/options.h"
#include "tools/lacsim/report.h"
#include "tools/lacsim/udp_socket.h"
#include "tools/lacsim/uplink.h"

#include "absl/status/status.h"

namespace lns::lacsim {

class Simulation final : public LacListener {
 public:
  explicit Simulation(const Options& options);

  // Opens every socket; nothing is sent. An error here is the surroundings' or the user's.
  absl::Status Prepare();
  Report Run();

  void OnTunnelUp(Lac& lac) override;
  void OnTunnelDown(Lac& lac) override;
  void OnOnline(Lac& lac, Subscriber& subscriber, Instant now) override;
  void OnNoticed(Subscriber& subscriber, Instant now) override;
  void OnGone(Lac& lac, Subscriber& subscriber) override;
  void OnIpv6Up(Subscriber& subscriber) override;
  void OnIpPacket(Subscriber& subscriber, ByteView packet, Instant now) override;

 private:
  absl::Status OpenLac(uint32_t index, l2tp::LocalTunnelId tunnel_id);
  absl::Status WatchSignals();
  void OnSignal();

  void DialTunnels();
  void DialCalls();
  void StayOnline();
  void SilenceSome(Instant now);
  void CountIpv6();
  void LeaveSessions();
  void LeaveTunnels();
  void FillReport();

  // Waits for packets and timers, until `deadline` at most, and serves them.
  void Turn(Instant deadline);
  void ShowProgress(Instant now);
  Subscriber& SubscriberOf(uint32_t index) { return uplink_.SubscriberOf(index); }

  const Options options_;
  LacSettings settings_;
  EventLoop loop_;
  crypto::SystemRng rng_;
  ReceiveBuffers buffers_;
  std::vector<std::unique_ptr<Lac>> lacs_;
  Uplink uplink_;
  std::optional<UdpSocket> host_socket_;
  std::unique_ptr<OnlinePhase> online_;
  FileDescriptor signals_;

  int signals_seen_ = 0;
  bool leaving_ = false;
  uint32_t tunnels_settled_ = 0;
  uint32_t sessions_settled_ = 0;  // online at least once, or failed
  uint32_t sessions_gone_ = 0;
  std::vector<Instant> opened_at_;  // by tunnel
  Instant first_call_;
  Instant next_progress_;
  Instant silence_at_ = Instant::Never();
  Report report_;
};

}  // namespace lns::lacsim
