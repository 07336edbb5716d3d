// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/simulation.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "lib/l2tp/header.h"
#include "lib/os/clock.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace lns::lacsim {
namespace {

// LCP Terminate may be repeated (RFC 1661 4.6: 2 x 3 s) before a session ends without an answer.
constexpr Duration kHangUpTimeout = Duration::Seconds(12);
constexpr Duration kStopCcnTimeout = Duration::Seconds(5);
constexpr Duration kProgressInterval = Duration::Seconds(1);

LacSettings MakeLacSettings(const Options& options) {
  LacSettings settings;
  settings.link.role = ppp::Role::kClient;
  settings.link.mru = options.mru;
  settings.link.ipv4 = options.ipv4;
  settings.link.ipv6 = options.ipv6;
  settings.delegate = options.delegate;
  if (!options.tun_name.empty()) settings.subscriber_with_device = 0;
  settings.link.ask_pfc = settings.link.ask_acfc = options.compress;
  if (options.auth != ppp::AuthProtocol::kNone) settings.link.auth = {options.auth};
  settings.link.echo_interval = options.echo_interval;
  if (options.proxy != ProxyMode::kNone) {
    settings.proxy = settings.link;
    settings.proxy->role = ppp::Role::kServer;
    settings.proxy->local_name = "lac";
    settings.proxy_answer = options.proxy == ProxyMode::kAuth;
  }
  settings.setup_timeout = options.setup_timeout;
  settings.user_pattern = options.user;
  settings.password_pattern = options.password;
  return settings;
}

Report::Control Sum(const std::vector<std::unique_ptr<Lac>>& lacs) {
  Report::Control sum;
  for (const auto& lac : lacs) {
    const l2tp::Tunnel::Statistics& tunnel = lac->statistics();
    sum.rx += tunnel.control_rx;
    sum.tx += tunnel.control_tx;
    sum.retransmissions += tunnel.retransmissions;
    sum.duplicates += tunnel.duplicates;
    sum.out_of_order += tunnel.out_of_order;
    sum.malformed += lac->counters().malformed;
    sum.stray += lac->counters().stray;
    sum.unsent += lac->counters().control_unsent;
    sum.unexpected_frames += lac->counters().unexpected_frames;
  }
  return sum;
}

}  // namespace

Simulation::Simulation(const Options& options)
    : options_(options),
      settings_(MakeLacSettings(options)),
      uplink_(lacs_, options.host.is_v4() ? options.host.v4() : 0, options.host_port),
      opened_at_(options.tunnels) {
  report_.tunnels.asked = options.tunnels;
  report_.sessions.asked = options.sessions;
}

// --- opening ---

absl::Status Simulation::Prepare() {
  if (absl::Status status = WatchSignals(); !status.ok()) return status;
  // Fresh ids for every run: the LNS may still be retaining those of the last (RFC 2661 5.7).
  absl::flat_hash_set<uint16_t> ids;
  while (ids.size() < options_.tunnels) {
    const auto id = static_cast<uint16_t>(1 + rng_.Below(65535));
    if (!ids.insert(id).second) continue;
    const auto index = static_cast<uint32_t>(lacs_.size());
    absl::Status status = OpenLac(index, l2tp::LocalTunnelId(id));
    if (!status.ok()) return status;
  }
  if (options_.traffic.enabled()) {
    auto socket = UdpSocket::Open(
        {.netns = options_.core_netns, .local = {options_.host, options_.host_port}});
    if (!socket.ok()) return socket.status();
    host_socket_ = *std::move(socket);
  }
  return absl::OkStatus();
}

absl::Status Simulation::OpenLac(uint32_t index, l2tp::LocalTunnelId tunnel_id) {
  net::Endpoint local;
  if (!options_.lac_addresses.empty()) {
    local.address = options_.lac_addresses[index % options_.lac_addresses.size()];
  }
  if (options_.tunnels_have_own_addresses()) local.port = l2tp::kUdpPort;
  auto socket = UdpSocket::Open({.netns = options_.netns, .local = local, .peer = options_.lns});
  if (!socket.ok()) return socket.status();

  Lac::Identity identity{.index = index, .tunnel_id = tunnel_id};
  identity.tunnel.host_name = ExpandNumber(options_.host_name, index + 1);
  identity.tunnel.secret = options_.secret;
  identity.tunnel.hello_interval = options_.hello_interval;
  identity.tunnel.call_setup_timeout = options_.setup_timeout;
  identity.tunnel.accept_outgoing_calls = options_.outgoing;
  // Session g of all belongs to tunnel g mod n.
  const uint32_t sessions =
      options_.sessions / options_.tunnels + (index < options_.sessions % options_.tunnels ? 1 : 0);
  auto lac = std::make_unique<Lac>(std::move(identity), settings_,
                                   std::make_unique<UdpWire>(*std::move(socket), buffers_),
                                   sessions, rng_, *this);
  for (uint32_t i = 0; i < sessions; ++i) {
    lac->subscribers()[i].index = i * options_.tunnels + index;
  }
  absl::Status status =
      loop_.Watch(lac->wire().fd(), [lac = lac.get()] { lac->OnReadable(MonotonicNow()); });
  lacs_.push_back(std::move(lac));
  return status;
}

absl::Status Simulation::WatchSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = FileDescriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_.valid()) return absl::ErrnoToStatus(errno, "signalfd");
  return loop_.Watch(signals_.get(), [this] { OnSignal(); });
}

// The first signal ends the run politely, the second at once.
void Simulation::OnSignal() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    ++signals_seen_;
  }
  report_.interrupted = true;
  if (online_) online_->Stop();
}

// --- the phases ---

Report Simulation::Run() {
  next_progress_ = MonotonicNow() + kProgressInterval;
  DialTunnels();
  DialCalls();
  StayOnline();
  CountIpv6();
  leaving_ = true;
  if (options_.close == CloseMode::kSessions) LeaveSessions();
  if (options_.close != CloseMode::kNone) LeaveTunnels();
  FillReport();
  return std::move(report_);
}

void Simulation::DialTunnels() {
  CallRamp ramp(options_.calls_per_second, options_.calls_in_flight);
  uint32_t next = 0;
  while (tunnels_settled_ < options_.tunnels && signals_seen_ == 0) {
    const Instant now = MonotonicNow();
    while (next < options_.tunnels && ramp.Take(now, next - tunnels_settled_)) {
      opened_at_[next] = now;
      lacs_[next]->Open(now);
      ++next;
    }
    const uint32_t in_flight = next - std::min(next, tunnels_settled_);
    Turn(next < options_.tunnels ? ramp.NextDeadline(in_flight) : Instant::Never());
  }
}

void Simulation::DialCalls() {
  CallRamp ramp(options_.calls_per_second, options_.calls_in_flight, options_.catch_up);
  uint32_t next = 0;
  first_call_ = MonotonicNow();
  report_.first_call = first_call_;
  while (sessions_settled_ < options_.sessions && signals_seen_ == 0) {
    const Instant now = MonotonicNow();
    // Who waits for the LNS to call does not count as a call of ours.
    while (next < options_.sessions &&
           (options_.outgoing || ramp.Take(now, next - sessions_settled_))) {
      const uint32_t subscriber = next++;
      Lac& lac = uplink_.LacOf(subscriber);
      if (options_.outgoing) {
        lac.AwaitCall(subscriber / options_.tunnels, now);
      } else {
        lac.PlaceCall(subscriber / options_.tunnels, now);
        report_.last_call = now;
      }
    }
    const uint32_t in_flight = next - std::min(next, sessions_settled_);
    Turn(next < options_.sessions ? ramp.NextDeadline(in_flight) : Instant::Never());
  }
}

void Simulation::StayOnline() {
  if (signals_seen_ > 0) return;
  std::vector<uint32_t> addresses(options_.sessions);
  for (uint32_t i = 0; i < options_.sessions; ++i) {
    const Subscriber& subscriber = SubscriberOf(i);
    if (subscriber.state == SubscriberState::kOnline) addresses[i] = subscriber.address;
  }
  bool anyone = false;
  for (uint32_t i = 0; i < options_.sessions && !anyone; ++i) {
    anyone = SubscriberOf(i).state == SubscriberState::kOnline;
  }
  // Without subscribers there is nothing to hold, and a command would find nothing to test.
  if (!anyone && options_.sessions > 0) return;
  online_ = std::make_unique<OnlinePhase>(options_, loop_, uplink_, buffers_);
  const absl::Status status =
      online_->Start(std::move(addresses), std::move(host_socket_), MonotonicNow());
  if (!status.ok()) {
    report_.errors.push_back(std::string(status.message()));
    online_->Stop();
  }
  if (options_.silent > 0) silence_at_ = MonotonicNow() + options_.silent_after;
  while (!online_->done(MonotonicNow()) && signals_seen_ < 2) {
    Turn(std::min(online_->NextDeadline(), silence_at_));
    online_->OnTimer(MonotonicNow());
    if (silence_at_ <= MonotonicNow()) SilenceSome(MonotonicNow());
  }
}

void Simulation::SilenceSome(Instant now) {
  silence_at_ = Instant::Never();
  for (uint32_t i = options_.sessions - options_.silent; i < options_.sessions; ++i) {
    uplink_.LacOf(i).FallSilent(i / options_.tunnels, now);
    if (SubscriberOf(i).silent) ++report_.silent;
  }
}

void Simulation::CountIpv6() {
  for (uint32_t i = 0; i < options_.sessions; ++i) {
    const Subscriber& subscriber = SubscriberOf(i);
    if (subscriber.ipv6 == nullptr) continue;
    if (subscriber.ipv6->address()) ++report_.ipv6_addressed;
    if (subscriber.ipv6->prefix()) ++report_.ipv6_delegated;
  }
}

void Simulation::LeaveSessions() {
  CallRamp ramp(options_.calls_per_second, options_.calls_in_flight);
  uint32_t next = 0;
  // Each hang-up is bounded by PPP's own timers; the ramp by the number of sessions.
  Instant give_up = MonotonicNow() + kHangUpTimeout;
  const uint32_t gone_before = sessions_gone_;
  uint32_t hung_up = 0;
  while (sessions_gone_ < options_.sessions && signals_seen_ < 2) {
    const Instant now = MonotonicNow();
    if (now >= give_up) return;
    const auto in_flight = [&] {
      const uint32_t gone = sessions_gone_ - gone_before;
      return hung_up - std::min(hung_up, gone);
    };
    while (next < options_.sessions && ramp.Take(now, in_flight())) {
      const uint32_t index = next++;
      if (SubscriberOf(index).state == SubscriberState::kGone) continue;
      ++hung_up;
      uplink_.LacOf(index).HangUp(index / options_.tunnels, now);
      give_up = now + kHangUpTimeout;
    }
    Turn(next < options_.sessions ? std::min(ramp.NextDeadline(in_flight()), give_up) : give_up);
  }
}

void Simulation::LeaveTunnels() {
  const Instant give_up = MonotonicNow() + kStopCcnTimeout;
  for (const auto& lac : lacs_) lac->Close(MonotonicNow());
  const auto unsettled = [&] {
    return std::count_if(lacs_.begin(), lacs_.end(),
                         [](const auto& lac) { return !lac->settled(); });
  };
  while (unsettled() > 0 && MonotonicNow() < give_up && signals_seen_ < 2) Turn(give_up);
  report_.tunnels_unacknowledged = static_cast<uint32_t>(unsettled());
}

void Simulation::Turn(Instant deadline) {
  for (const auto& lac : lacs_) deadline = std::min(deadline, lac->NextDeadline());
  loop_.RunOnce(deadline);
  const Instant now = MonotonicNow();
  for (const auto& lac : lacs_) {
    if (lac->NextDeadline() <= now) lac->OnTimer(now);
  }
  if (now >= next_progress_) ShowProgress(now);
}

void Simulation::ShowProgress(Instant now) {
  next_progress_ = now + kProgressInterval;
  if (options_.quiet || leaving_ || online_) return;
  std::fprintf(stderr, "lacsim: %u/%u tunnels, %u/%u sessions, %u failed\n",
               report_.tunnels.established, options_.tunnels, report_.sessions.established,
               options_.sessions, report_.sessions.failed);
}

// --- what the LACs tell ---

void Simulation::OnTunnelUp(Lac& lac) {
  const Duration took = MonotonicNow() - opened_at_[lac.index()];
  ++tunnels_settled_;
  ++report_.tunnels.established;
  report_.tunnels.setup = std::max(report_.tunnels.setup, MonotonicNow() - opened_at_[0]);
  report_.tunnels.setup_times.Add(took);
}

void Simulation::OnTunnelDown(Lac& lac) {
  if (leaving_ || !lac.failure()) return;
  report_.tunnels.failures.Add(CauseOf(*lac.failure()));
  if (lac.was_up()) {
    ++report_.tunnels.lost;
  } else {
    ++report_.tunnels.failed;
    ++tunnels_settled_;
  }
}

void Simulation::OnOnline(Lac&, Subscriber& subscriber, Instant now) {
  ++sessions_settled_;
  report_.last_answer = now;
  ++report_.sessions.established;
  report_.sessions.setup = now - first_call_;
  report_.sessions.setup_times.Add(now - subscriber.called_at);
}

void Simulation::OnNoticed(Subscriber& subscriber, Instant now) {
  report_.noticed_after.Add(now - subscriber.silent_since);
}

void Simulation::OnGone(Lac&, Subscriber& subscriber) {
  ++sessions_gone_;
  if (leaving_ || subscriber.silent) return;
  if (subscriber.was_online) {
    ++report_.sessions.lost;
  } else {
    ++report_.sessions.failed;
    ++sessions_settled_;
    report_.last_answer = MonotonicNow();
  }
  if (subscriber.ending) report_.sessions.failures.Add(CauseOf(*subscriber.ending));
}

void Simulation::OnIpv6Up(Subscriber& subscriber) {
  if (online_) online_->OnIpv6Up(subscriber);
}

void Simulation::OnIpPacket(Subscriber& subscriber, ByteView packet, Instant now) {
  if (online_) online_->OnIpPacket(subscriber, packet, now);
}

void Simulation::FillReport() {
  if (online_) online_->FillReport(report_);
  report_.control = Sum(lacs_);
  for (const auto& lac : lacs_) report_.lac_socket_drops += lac->wire().receive_drops();
}

}  // namespace lns::lacsim
