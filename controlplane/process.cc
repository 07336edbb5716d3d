// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/process.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/os/clock.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

ForwardingSettings ForwardingOf(const Settings& settings) {
  ForwardingSettings forwarding;
  forwarding.target = settings.dataplane;
  forwarding.local_addresses.assign(settings.addresses.begin(), settings.addresses.end());
  forwarding.local_addresses.insert(forwarding.local_addresses.end(),
                                    settings.vrf_addresses.begin(), settings.vrf_addresses.end());
  for (const VrfName& vrf : settings.engine.vrfs) forwarding.vrfs[vrf.index] = vrf.name;
  for (const AddressPoolSettings& pool : settings.engine.pools) {
    forwarding.subscriber_prefixes.emplace_back(pool.vrf, pool.prefix);
  }
  // Fixed addresses may lie outside every pool.
  for (const LocalUser& user : settings.users) {
    const net::IpAddress& address = user.service.ipv4_address;
    const net::VrfIndex vrf = FindVrf(settings.engine.vrfs, user.service.vrf).value_or(0);
    const bool pooled = std::any_of(
        settings.engine.pools.begin(), settings.engine.pools.end(),
        [&](const auto& pool) { return pool.vrf == vrf && pool.prefix.Contains(address); });
    if (address.is_none() || pooled) continue;
    forwarding.subscriber_prefixes.emplace_back(vrf, net::IpPrefix::Host(address));
  }
  for (const net::IpPrefix& prefix : settings.radius.framed_prefixes) {
    forwarding.subscriber_prefixes.push_back(prefix);
  }
  return forwarding;
}

BookkeeperSettings BookkeepingOf(const Settings& settings) {
  const AccountingSettings& accounting = settings.accounting;
  return {
      .accountant = accounting.accountant,
      .client = accounting.client,
      .source = settings.radius.source,
      .coa = accounting.coa,
      .coa_addresses = accounting.coa_addresses,
      .spool = accounting.spool,
      .durability = accounting.survives_power_loss ? Durability::kMachine : Durability::kProcess,
      .dataplane = settings.dataplane};
}

// Until the data plane says where its punt socket is: beside its own.
std::string PuntSocketOf(const Settings& settings) {
  const std::string path = SocketPath(settings.dataplane);
  return absl::StrCat(path.substr(0, path.rfind('/')), "/punt.sock");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(Settings settings, std::string version,
                                                        LogSink log) {
  absl::StatusOr<InstanceLock> lock = InstanceLock::Take(settings.run_dir, "controlplane");
  if (!lock.ok()) return lock.status();
  std::unique_ptr<Process> process(
      new Process(std::move(settings), std::move(*lock), std::move(log)));
  auto operators =
      OperatorServer::Start(process->settings_.listen, process->OperatorParts(std::move(version)));
  if (!operators.ok()) return operators.status();
  process->operators_ = std::move(*operators);
  if (absl::Status started = process->StartCompanions(); !started.ok()) return started;
  process->southbound_.Start();
  return process;
}

Process::Process(Settings settings, InstanceLock lock, LogSink log)
    : settings_(std::move(settings)),
      lock_(std::move(lock)),
      log_(std::move(log)),
      engine_(Engine::Make(settings_.engine, rng_)),
      users_(settings_.users),
      radius_(settings_.radius, users_, poller_, rng_, log_),
      transport_(PuntSocketOf(settings_), poller_, log_),
      southbound_(ForwardingOf(settings_), mailbox_, log_,
                  [this](const dataplane::v1::Info& info) {
                    if (!info.punt_socket().empty()) transport_.SetSocketPath(info.punt_socket());
                  }),
      loop_({*engine_, southbound_, transport_, radius_, mailbox_, log_}) {
  poller_.Watch(mailbox_.wake_fd(), [this] { mailbox_.ClearWake(); });
  poller_.Watch(signals_.fd(), [this] { OnSignal(); });
}

Process::~Process() {
  // Nobody may wait for a loop that has ended; then the threads end, then what they used.
  mailbox_.Close();
  tunnel_watch_.reset();
  operators_.reset();
  metrics_.reset();
}

// What users had in an earlier run, and from here on have in this one.
absl::Status Process::RememberLeases() {
  if (!settings_.leases.used()) return absl::OkStatus();
  std::vector<RememberedLease> known;
  absl::StatusOr<std::unique_ptr<LeaseKeeper>> keeper =
      LeaseKeeper::Start(settings_.leases, log_, known);
  if (!keeper.ok()) return keeper.status();
  leases_ = std::move(*keeper);
  engine_->RememberLeases(known);
  if (!known.empty()) {
    log_(LogLevel::kInfo, absl::StrCat("leases: ", known.size(), " of earlier runs are known"));
  }
  return absl::OkStatus();
}

void Process::KeepLeases() {
  if (leases_ == nullptr) return;
  engine_->TakeRememberedLeases(changed_leases_);
  leases_->Put(changed_leases_);
}

absl::Status Process::StartCompanions() {
  if (absl::Status remembered = RememberLeases(); !remembered.ok()) return remembered;
  absl::StatusOr<std::unique_ptr<Bookkeeper>> bookkeeper =
      Bookkeeper::Make(BookkeepingOf(settings_), mailbox_, log_);
  if (!bookkeeper.ok()) return bookkeeper.status();
  bookkeeper_ = std::move(*bookkeeper);
  loop_.Observe(bookkeeper_.get());
  southbound_.RemoveFirst(bookkeeper_->Orphans());
  southbound_.ReportRemovals(
      [this](std::vector<RemovedSession> removed) { bookkeeper_->OnRemoved(std::move(removed)); });
  bookkeeper_->Start();
  if (const Duration interval = TunnelWatch::IntervalFor(settings_.engine.peers);
      interval > Duration()) {
    tunnel_watch_ = std::make_unique<TunnelWatch>(settings_.dataplane, interval, mailbox_);
  }
  if (settings_.metrics.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<MetricsServer>> metrics =
      MetricsServer::Start(settings_.metrics, MetricsParts());
  if (!metrics.ok()) return metrics.status();
  metrics_ = std::move(*metrics);
  return absl::OkStatus();
}

MetricsServer::Parts Process::MetricsParts() {
  return {.mailbox = mailbox_,
          .dataplane = settings_.dataplane,
          .counters = [this] { return Counters(); },
          .radius = [this] { return radius_.Status(); }};
}

// On the loop thread.
OperatorService::NamedCounters Process::Counters() const {
  OperatorService::NamedCounters all = transport_.Counters();
  for (const auto& part : {southbound_.Counters(), radius_.Counters(), bookkeeper_->Counters()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  if (leases_ != nullptr) {
    const auto kept = leases_->Counters();
    all.insert(all.end(), kept.begin(), kept.end());
  }
  all.emplace_back("loop_unknown_frames", loop_.unknown_frames());
  return all;
}

OperatorService::Parts Process::OperatorParts(std::string version) {
  return {.mailbox = mailbox_,
          .version = std::move(version),
          .started = MonotonicNow(),
          .links =
              [this] {
                const ForwardingStatus status = southbound_.status();
                return OperatorService::Links{status.connected, status.generation,
                                              transport_.Attached()};
              },
          .counters = [this] { return Counters(); },
          .radius = [this] { return radius_.Status(); }};
}

void Process::OnSignal() {
  const int signal = signals_.Take();
  if (signal == 0) return;
  const Instant now = MonotonicNow();
  if (stop_by_ != Instant::Never()) {
    log_(LogLevel::kWarn, "stopping at once, peers not waited for");
    stop_by_ = now;
    return;
  }
  log_(LogLevel::kInfo, absl::StrCat("stopping on ", strsignal(signal)));
  stop_by_ = now + kShutdownBound;
  loop_.BeginShutdown(now);
}

void Process::Run() {
  while (!loop_.Stopped()) {
    const Instant now = MonotonicNow();
    if (now >= stop_by_) {
      log_(LogLevel::kWarn, "not every peer acknowledged our goodbye");
      break;
    }
    const bool more = loop_.Turn(now);
    KeepLeases();
    Sleep(more);
  }
  KeepLeases();
  leases_.reset();
  bookkeeper_->Close();
  log_(LogLevel::kInfo, "stopped");
}

void Process::Sleep(bool more) {
  Duration timeout;
  if (!more && transport_.PrepareToSleep() && mailbox_.Empty()) {
    timeout = std::min(loop_.NextDeadline(), stop_by_) - MonotonicNow();
    // Settled() changes on other threads, which have nothing to wake us with.
    if (stop_by_ != Instant::Never()) timeout = std::min(timeout, Duration::Milliseconds(10));
  }
  poller_.Wait(timeout);
}

}  // namespace lns::controlplane
