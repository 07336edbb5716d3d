// While the subscribers are online: generated traffic, pings, the TUN device of the first
// subscriber and the user's command, side by side, until the last of them is done and the hold time
// is over.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "tools/lacsim/child_process.h"
#include "tools/lacsim/event_loop.h"
#include "tools/lacsim/host_side.h"
#include "tools/lacsim/options.h"
#include "tools/lacsim/ping.h"
#include "tools/lacsim/report.h"
#include "tools/lacsim/traffic.h"
#include "tools/lacsim/tun_device.h"
#include "tools/lacsim/uplink.h"

#include "absl/status/status.h"

namespace lns::lacsim {

class OnlinePhase {
 public:
  OnlinePhase(const Options& options, EventLoop& loop, Uplink& uplink, ReceiveBuffers& buffers)
      : options_(options), loop_(loop), uplink_(uplink), buffers_(buffers) {}

  // addresses[flow]: the subscriber's, 0 for those not online.
  absl::Status Start(std::vector<uint32_t> addresses, std::optional<UdpSocket> host, Instant now);
  void OnTimer(Instant now);
  Instant NextDeadline() const;
  bool done(Instant now) const;
  // A signal: ends everything that would go on.
  void Stop();
  void OnIpv6Up(const Subscriber& subscriber);
  void OnIpPacket(Subscriber& subscriber, ByteView packet, Instant now);
  void FillReport(Report& report) const;

 private:
  absl::Status StartTun(const Subscriber& first);
  absl::Status StartCommand(Instant now);
  void OnTunReadable();
  void OnCommandEnded();
  bool held(Instant now) const { return hold_until_ && now >= *hold_until_; }

  const Options& options_;
  EventLoop& loop_;
  Uplink& uplink_;
  ReceiveBuffers& buffers_;
  std::unique_ptr<HostSide> host_;
  std::unique_ptr<Traffic> traffic_;
  std::unique_ptr<Ping> ping_;
  std::unique_ptr<TunDevice> tun_;
  std::unique_ptr<ChildProcess> command_;
  std::optional<int> command_exit_code_;
  bool command_timed_out_ = false;
  Instant command_deadline_ = Instant::Never();
  std::optional<Instant> hold_until_;  // none: until stopped
  uint64_t misdelivered_ = 0;
  uint64_t undecodable_ = 0;
};

}  // namespace lns::lacsim
