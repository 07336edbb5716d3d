// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/southbound/tunnel_watch.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "controlplane/southbound/channel.h"
#include "lib/os/clock.h"

#include "absl/time/time.h"

namespace lns::controlplane {
namespace {
constexpr int kReadingsPerHello = 4;
}  // namespace

std::vector<l2tp::LocalTunnelId> TunnelGrowth::Take(
    const dataplane::v1::ReadTunnelTrafficReply& reading) {
  const bool same = reading.generation() == generation_;
  generation_ = reading.generation();
  std::vector<l2tp::LocalTunnelId> grown;
  absl::flat_hash_map<uint32_t, uint64_t> packets;
  packets.reserve(static_cast<size_t>(reading.tunnels_size()));
  for (const dataplane::v1::TunnelTraffic& tunnel : reading.tunnels()) {
    packets[tunnel.local_tunnel_id()] = tunnel.uplink_packets();
    const auto before = packets_.find(tunnel.local_tunnel_id());
    const uint64_t then = before == packets_.end() ? 0 : before->second;
    if (same && tunnel.uplink_packets() > then) {
      grown.emplace_back(static_cast<uint16_t>(tunnel.local_tunnel_id()));
    }
  }
  packets_ = std::move(packets);
  return grown;
}

Duration TunnelWatch::IntervalFor(const std::vector<PeerProfile>& peers) {
  Duration shortest;
  for (const PeerProfile& peer : peers) {
    const Duration hello = peer.tunnel.hello_interval;
    if (!peer.tunnel.data_is_life || hello <= Duration()) continue;
    shortest = shortest == Duration() ? hello : std::min(shortest, hello);
  }
  if (shortest == Duration()) return shortest;
  return std::clamp(shortest / kReadingsPerHello, kMinInterval, kMaxInterval);
}

TunnelWatch::TunnelWatch(const std::string& target, Duration interval, Mailbox& mailbox)
    : interval_(interval),
      mailbox_(mailbox),
      stub_(dataplane::v1::Telemetry::NewStub(MakeChannel(target))),
      thread_([this] { Run(); }) {}

TunnelWatch::~TunnelWatch() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }
  thread_.join();
}

void TunnelWatch::Run() {
  while (Pause()) Read();
}

bool TunnelWatch::Pause() {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Nanoseconds(interval_.nanoseconds()));
  return !stopping_;
}

void TunnelWatch::Read() {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::nanoseconds(kCallTimeout.nanoseconds()));
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    call_ = &context;
  }
  const Instant now = MonotonicNow();
  dataplane::v1::ReadTunnelTrafficReply reading;
  const grpc::Status status = stub_->ReadTunnelTraffic(&context, {}, &reading);
  {
    absl::MutexLock lock(&mutex_);
    call_ = nullptr;
  }
  if (!status.ok()) return;
  // The data came at some time since the reading before; to be sure, right after it.
  const Instant heard = std::exchange(read_at_, now);
  std::vector<l2tp::LocalTunnelId> grown = growth_.Take(reading);
  if (grown.empty()) return;
  mailbox_.Post([grown = std::move(grown), heard](Engine& engine, Instant, EngineActions&) {
    engine.OnTunnelData(grown, heard);
  });
}

}  // namespace lns::controlplane
