// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/online_phase.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "lib/os/clock.h"

namespace lns::lacsim {
namespace {
// What the TUN device, the pings and the first flow belong to.
constexpr uint32_t kFirstSubscriber = 0;
}  // namespace

absl::Status OnlinePhase::Start(std::vector<uint32_t> addresses, std::optional<UdpSocket> host,
                                Instant now) {
  if (options_.hold) hold_until_ = now + *options_.hold;
  const Subscriber& first = uplink_.SubscriberOf(kFirstSubscriber);
  const bool first_online = first.state == SubscriberState::kOnline;
  if (!options_.tun_name.empty() && first_online) {
    if (absl::Status status = StartTun(first); !status.ok()) return status;
  }
  if (host) {
    host_ = std::make_unique<HostSide>(*std::move(host), addresses, buffers_);
  }
  if (options_.traffic.enabled()) {
    traffic_ = std::make_unique<Traffic>(options_.traffic, std::move(addresses), uplink_, *host_);
    traffic_->Start(now);
    absl::Status status =
        loop_.Watch(host_->fd(), [this] { host_->OnReadable(*traffic_, MonotonicNow()); });
    if (!status.ok()) return status;
  }
  if (options_.pings > 0 && first_online) {
    ping_ = std::make_unique<Ping>(options_.pings, options_.ping_interval, kFirstSubscriber,
                                   Ipv4Addresses{first.address, options_.host.v4()},
                                   static_cast<uint16_t>(::getpid()), uplink_);
    ping_->Start(now);
  }
  return options_.exec.empty() ? absl::OkStatus() : StartCommand(now);
}

absl::Status OnlinePhase::StartTun(const Subscriber& first) {
  const uint16_t mtu = std::min(options_.mru, first.peer_mru);
  auto tun = TunDevice::Open({.netns = options_.tun_netns,
                              .name = options_.tun_name,
                              .address = first.address,
                              .interface_id = first.interface_id,
                              .mtu = mtu});
  if (!tun.ok()) return tun.status();
  tun_ = std::make_unique<TunDevice>(*std::move(tun));
  return loop_.Watch(tun_->fd(), [this] { OnTunReadable(); });
}

void OnlinePhase::OnIpv6Up(const Subscriber& subscriber) {
  if (tun_ == nullptr || subscriber.index != kFirstSubscriber) return;
  // Without it the device has IPv4 only, which whoever uses it will notice.
  (void)tun_->AddLinkLocal(subscriber.interface_id);
}

absl::Status OnlinePhase::StartCommand(Instant now) {
  auto child = ChildProcess::Start(options_.exec);
  if (!child.ok()) return child.status();
  command_ = *std::move(child);
  command_deadline_ = now + options_.exec_timeout;
  return loop_.Watch(command_->fd(), [this] { OnCommandEnded(); });
}

void OnlinePhase::OnCommandEnded() {
  command_exit_code_ = command_->Reap();
  if (!command_exit_code_) return;
  loop_.Forget(command_->fd());
  command_deadline_ = Instant::Never();
}

void OnlinePhase::OnTunReadable() {
  for (size_t i = 0; i < kMaxBurst; ++i) {
    const std::optional<ByteView> packet = tun_->Read();
    if (!packet) return;
    if (packet->empty()) continue;
    // The kernel sends IPv6 of its own on every interface, also where the session has none.
    const bool is_v6 = (*packet)[0] >> 4 == 6;
    const Subscriber& first = uplink_.SubscriberOf(kFirstSubscriber);
    if (is_v6 ? first.interface_id == 0 : first.address == 0) continue;
    uplink_.SendPacket(kFirstSubscriber, *packet);
  }
}

void OnlinePhase::OnTimer(Instant now) {
  if (traffic_) traffic_->OnTimer(now);
  if (ping_) ping_->OnTimer(now);
  if (command_ && now >= command_deadline_) {
    command_timed_out_ = true;
    command_deadline_ = Instant::Never();
    command_->Kill();
  }
}

Instant OnlinePhase::NextDeadline() const {
  Instant next = std::min(hold_until_.value_or(Instant::Never()), command_deadline_);
  if (traffic_) next = std::min(next, traffic_->NextDeadline());
  if (ping_) next = std::min(next, ping_->NextDeadline());
  return next;
}

bool OnlinePhase::done(Instant now) const {
  if (!held(now)) return false;
  if (traffic_ && !traffic_->done(now)) return false;
  if (ping_ && !ping_->done(now)) return false;
  return !command_ || command_exit_code_.has_value();
}

void OnlinePhase::Stop() {
  hold_until_ = Instant();
  if (traffic_) traffic_->Stop();
  if (ping_) ping_->Stop();
  if (command_ && !command_exit_code_) command_->Kill();
}

void OnlinePhase::OnIpPacket(Subscriber& subscriber, ByteView packet, Instant now) {
  const bool to_tun = tun_ != nullptr && subscriber.index == kFirstSubscriber;
  if (!packet.empty() && packet[0] >> 4 == 6) {
    // What a subscriber without a device is advertised is nothing to it.
    if (to_tun) tun_->Write(packet);
    return;
  }
  const std::optional<Ipv4View> view = ReadIpv4(packet);
  if (!view) {
    // Fragments are the kernel's to put together.
    if (to_tun) {
      tun_->Write(packet);
    } else {
      ++undecodable_;
    }
    return;
  }
  if (view->addresses.destination != subscriber.address) {
    ++misdelivered_;
    return;
  }
  if (traffic_) {
    const std::optional<UdpView> udp = ReadUdp(*view);
    if (udp && udp->ports.destination == kSubscriberPort &&
        udp->ports.source == options_.host_port) {
      if (!udp->checksum_ok) {
        traffic_->OnCorrupt(Direction::kDown);
        return;
      }
      if (traffic_->OnPayload(Direction::kDown, subscriber.address, udp->payload, now)) return;
    }
  }
  if (ping_ && subscriber.index == kFirstSubscriber && ping_->OnPacket(*view, now)) return;
  if (to_tun) tun_->Write(packet);
}

void OnlinePhase::FillReport(Report& report) const {
  if (traffic_) {
    for (const Direction direction : {Direction::kUp, Direction::kDown}) {
      report.traffic[static_cast<size_t>(direction)] = traffic_->summary(direction);
      report.latency[static_cast<size_t>(direction)] = traffic_->latency(direction);
    }
  }
  if (host_) report.host_socket_drops = host_->receive_drops();
  if (ping_) {
    report.pings_sent = ping_->sent();
    report.pings_received = ping_->received();
    report.ping_rtt = ping_->rtt();
  }
  report.exec_exit_code = command_exit_code_;
  report.exec_timed_out = command_timed_out_;
  report.misdelivered = misdelivered_;
  report.undecodable = undecodable_;
}

}  // namespace lns::lacsim
