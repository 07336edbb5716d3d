// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/bookkeeping/bookkeeper.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <type_traits>

#include "lib/base/check.h"
#include "lib/os/clock.h"
#include "lib/radius/attributes.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// Records loaded from the spool at once.
constexpr size_t kPage = 1024;
// Requests handed to the client in one turn.
constexpr int kSendBurst = 256;

Moment Now() {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  return {MonotonicNow(), wall.tv_sec};
}

// What a record says, as of now: how long ago it happened is said first (RFC 2866 5.2).
Bytes RequestAttributes(const Record& record, int64_t unix_now) {
  constexpr size_t kLength = radius::kAttributeHeaderLength + sizeof(uint32_t);
  const auto delay = static_cast<uint32_t>(std::clamp<int64_t>(unix_now - record.at, 0, INT32_MAX));
  Bytes attributes(kLength + record.attributes.size());
  attributes[0] = radius::kAcctDelayTime.type;
  attributes[1] = kLength;
  StoreBe32(attributes.data() + radius::kAttributeHeaderLength, delay);
  std::copy(record.attributes.begin(), record.attributes.end(), attributes.begin() + kLength);
  return attributes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Bookkeeper>> Bookkeeper::Make(BookkeeperSettings settings,
                                                             Mailbox& mailbox, LogSink log) {
  settings.accountant.records = !settings.client.servers.empty();
  settings.accountant.searched = !settings.coa.clients.empty();
  std::unique_ptr<Spool> spool;
  if (settings.accountant.records) {
    absl::StatusOr<std::unique_ptr<Spool>> opened =
        Spool::Open(settings.spool, settings.durability);
    if (!opened.ok()) return opened.status();
    spool = std::move(*opened);
  }
  std::unique_ptr<Bookkeeper> bookkeeper(
      new Bookkeeper(std::move(settings), std::move(spool), mailbox, std::move(log)));
  if (absl::Status recovered = bookkeeper->Recover(); !recovered.ok()) return recovered;
  if (bookkeeper->coa_ != nullptr) {
    absl::Status listens = bookkeeper->coa_sockets_.Open(bookkeeper->settings_.coa_addresses);
    if (!listens.ok()) return listens;
  }
  return bookkeeper;
}

namespace {

std::vector<net::Endpoint> EndpointsOf(const radius::ClientSettings& client) {
  std::vector<net::Endpoint> endpoints;
  for (const radius::ServerSettings& server : client.servers) endpoints.push_back(server.endpoint);
  return endpoints;
}

}  // namespace

Bookkeeper::Bookkeeper(BookkeeperSettings settings, std::unique_ptr<Spool> spool, Mailbox& mailbox,
                       LogSink log)
    : settings_(std::move(settings)),
      mailbox_(mailbox),
      log_(std::move(log)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      spool_(std::move(spool)),
      client_(settings_.client, rng_),
      sockets_(poller_, settings_.source, EndpointsOf(settings_.client), *this),
      coa_sockets_(poller_, [this](const CoaPeer& from,
                                   ByteView datagram) { OnCoaDatagram(from, datagram); }),
      reader_(std::make_unique<TrafficReader>(
          settings_.dataplane, [this](TrafficReading reading) { Put(std::move(reading)); })) {
  LNS_CHECK(wake_.get() >= 0);
  poller_.Watch(wake_.get(), [this] {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof(count));
  });
}

Bookkeeper::~Bookkeeper() {
  reader_.reset();
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

absl::Status Bookkeeper::Recover() {
  uint64_t last_number = 0;
  uint64_t queued = 0;
  std::vector<SavedSession> sessions;
  std::vector<SavedTunnel> tunnels;
  if (spool_ != nullptr) {
    const absl::StatusOr<uint64_t> last = spool_->LastNumber();
    if (!last.ok()) return last.status();
    const absl::StatusOr<uint64_t> count = spool_->RecordCount();
    if (!count.ok()) return count.status();
    absl::StatusOr<std::vector<SavedSession>> open = spool_->Sessions();
    if (!open.ok()) return open.status();
    absl::StatusOr<std::vector<SavedTunnel>> established = spool_->Tunnels();
    if (!established.ok()) return established.status();
    last_number = *last;
    queued = *count;
    sessions = std::move(*open);
    tunnels = std::move(*established);
  }
  if (queued > 0 || !sessions.empty() || !tunnels.empty()) {
    log_(LogLevel::kInfo,
         absl::StrCat("accounting: an earlier run left ", queued, " records to be sent and ",
                      sessions.size(), " sessions and ", tunnels.size(), " tunnels to be ended"));
  }
  accountant_ = std::make_unique<Accountant>(settings_.accountant, rng_, last_number, queued);
  delivery_ = std::make_unique<Delivery>(queued > 0);
  if (settings_.accountant.searched) {
    coa_ = std::make_unique<DynamicAuthorization>(settings_.coa, *accountant_);
  }
  const Moment at = Now();
  for (SavedSession& session : sessions) accountant_->Recover(std::move(session), at);
  for (SavedTunnel& tunnel : tunnels) accountant_->Recover(std::move(tunnel));
  return absl::OkStatus();
}

void Bookkeeper::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Bookkeeper::Close() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  eventfd_write(wake_.get(), 1);
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&done_));
}

void Bookkeeper::Put(Input input) {
  {
    absl::MutexLock lock(&mutex_);
    if (inputs_.size() >= kMaxInputs) {
      ++inputs_dropped_;
      return;
    }
    inputs_.push_back(std::move(input));
    if (inputs_.size() > 1) return;  // woken already
  }
  eventfd_write(wake_.get(), 1);
}

Bookkeeper::NamedCounters Bookkeeper::Counters() const {
  absl::MutexLock lock(&mutex_);
  NamedCounters all = counters_;
  all.emplace_back("accounting_events_dropped", inputs_dropped_);
  return all;
}

// ---- The thread ----

void Bookkeeper::Run() {
  accountant_->Open(Now(), actions_);
  while (phase_ != Phase::kDone) {
    const Moment at = Now();
    Turn(at);
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) break;
    }
    poller_.Wait(NextDeadline() - MonotonicNow());  // which may receive
  }
  Publish();
  absl::MutexLock lock(&mutex_);
  done_ = true;
}

void Bookkeeper::Turn(Moment at) {
  TakeInputs(at);
  if (accountant_->NextDeadline() <= at.now) accountant_->OnTimer(at, actions_);
  if (client_.NextDeadline() <= at.now) client_.OnTimer(at.now, client_actions_);
  CarryOutClient(at.now);
  AdvancePhase(at);
  if (coa_ != nullptr) coa_->OnProgress(at, coa_actions_);
  CarryOut();
  CarryOutCoa();
  CommitIfDue(at.now);
  Load();
  Send(at);
  Publish();
}

void Bookkeeper::TakeInputs(Moment at) {
  std::vector<Input> inputs;
  {
    absl::MutexLock lock(&mutex_);
    inputs.swap(inputs_);
  }
  for (const Input& input : inputs) Take(input, at);
}

void Bookkeeper::Take(const Input& input, Moment at) {
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, SessionStarted>) {
          accountant_->OnStarted(*what.facts, at, actions_);
        } else if constexpr (std::is_same_v<What, SessionChanged>) {
          accountant_->OnChanged(*what.facts, at, actions_);
        } else if constexpr (std::is_same_v<What, SessionStopped>) {
          accountant_->OnStopped(what.id, what.key, what.cause, at);
        } else if constexpr (std::is_same_v<What, TunnelStarted>) {
          accountant_->OnTunnelStarted(*what.facts, at, actions_);
        } else if constexpr (std::is_same_v<What, TunnelStopped>) {
          accountant_->OnTunnelStopped(*what.facts, what.cause, at, actions_);
        } else if constexpr (std::is_same_v<What, TunnelRejected>) {
          accountant_->OnTunnelRejected(*what.facts, what.cause, at, actions_);
        } else if constexpr (std::is_same_v<What, CallRejected>) {
          accountant_->OnCallRejected(*what.tunnel, what.serial_number, what.cause, at, actions_);
        } else if constexpr (std::is_same_v<What, ServiceOrderDone>) {
          if (coa_ != nullptr) coa_->OnOrderDone(what.order, what.status, coa_actions_);
        } else if constexpr (std::is_same_v<What, std::vector<RemovedSession>>) {
          for (const RemovedSession& session : what) {
            accountant_->OnRemoved(session.key, session.generation,
                                   session.traffic ? &*session.traffic : nullptr, at, actions_);
          }
        } else {
          static_assert(std::is_same_v<What, TrafficReading>);
          absl::flat_hash_map<SessionKey, const Traffic*> counted;
          for (const auto& [key, traffic] : what.counted) counted.emplace(key, &traffic);
          for (const SessionKey& key : what.asked) {
            const auto found = counted.find(key);
            accountant_->OnTraffic(key, what.generation,
                                   found == counted.end() ? nullptr : found->second, at, actions_);
          }
        }
      },
      input);
}

void Bookkeeper::CarryOut() {
  for (AccountantAction& action : actions_) CarryOut(std::move(action));
  actions_.clear();
  for (const AccountingId& id : coa_actions_.disconnect) {
    ends_.push_back({id, CloseCause::kDisconnectRequest});
  }
  coa_actions_.disconnect.clear();
  if (!ends_.empty()) {
    mailbox_.Post([ends = std::move(ends_)](Engine& engine, Instant now, EngineActions& out) {
      for (const EndSession& end : ends) engine.TerminateSession(end.id, end.cause, now, out);
    });
    ends_ = {};
  }
  if (!coa_actions_.orders.empty()) {
    mailbox_.Post(
        [orders = std::move(coa_actions_.orders)](Engine& engine, Instant now, EngineActions& out) {
          for (const CoaOrder& order : orders) Place(order, engine, now, out);
        });
    coa_actions_.orders = {};
  }
}

void Bookkeeper::CarryOut(AccountantAction action) {
  std::visit(
      [this](auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, ReadTraffic>) {
          reader_->Read(what.sessions);
        } else if constexpr (std::is_same_v<What, EndSession>) {
          ends_.push_back(what);
        } else {
          changes_.emplace_back(std::move(what));
        }
      },
      action);
}

void Bookkeeper::OnRadiusDatagram(size_t server, uint32_t lane, ByteView datagram) {
  client_.OnDatagram(server, lane, datagram, MonotonicNow(), client_actions_);
}

void Bookkeeper::OnRadiusRefused(size_t server) {
  client_.OnRefused(server, MonotonicNow(), client_actions_);
}

void Bookkeeper::OnCoaDatagram(const CoaPeer& from, ByteView datagram) {
  coa_->OnDatagram(from, datagram, Now(), coa_actions_);
}

void Bookkeeper::CarryOutCoa() {
  for (const CoaReply& reply : coa_actions_.replies) coa_sockets_.Send(reply.to, reply.packet);
  coa_actions_.replies.clear();
}

// The first change after a while is committed at once; under load they gather.
void Bookkeeper::CommitIfDue(Instant now) {
  if (changes_.empty()) return;
  const Duration apart = commit_failing_ ? kCommitRetry : kCommitInterval;
  if (phase_ == Phase::kOpen && now < last_commit_ + apart) return;
  Commit(now);
}

void Bookkeeper::Commit(Instant now) {
  last_commit_ = now;
  const absl::Status status = spool_->Commit(changes_);
  if (status.ok()) {
    ++commits_;
    if (commit_failing_) log_(LogLevel::kInfo, "accounting: the spool takes records again");
    commit_failing_ = false;
    HandOver();
    return;
  }
  ++commit_errors_;
  if (!commit_failing_) {
    log_(LogLevel::kWarn,
         absl::StrCat(std::string(status.message()), "; records are kept in memory meanwhile"));
  }
  commit_failing_ = true;
  if (changes_.size() < kMaxUncommitted) return;
  // Better sent unspooled than neither.
  unspooled_ += changes_.size();
  HandOver();
}

void Bookkeeper::HandOver() {
  for (SpoolChange& change : changes_) {
    if (auto* save = std::get_if<SaveRecord>(&change)) delivery_->Add(std::move(save->record));
  }
  changes_.clear();
}

void Bookkeeper::Load() {
  while (spool_ != nullptr && delivery_->WantsMore()) {
    const size_t limit = std::min(kPage, delivery_->room());
    absl::StatusOr<std::vector<Record>> records = spool_->Records(delivery_->loaded_up_to(), limit);
    if (!records.ok()) {
      log_(LogLevel::kWarn, std::string(records.status().message()));
      return delivery_->OnLoaded({}, false);  // it stays there for the next run
    }
    const bool more = records->size() == limit;
    delivery_->OnLoaded(std::move(*records), more);
  }
}

void Bookkeeper::Send(Moment at) {
  for (int i = 0; i < kSendBurst; ++i) {
    const Record* record = delivery_->Next(at.now);
    if (record == nullptr) break;
    client_.Submit({.cookie = record->number,
                    .code = radius::Code::kAccountingRequest,
                    .attributes = RequestAttributes(*record, at.unix_seconds)},
                   at.now, client_actions_);
  }
  CarryOutClient(at.now);
}

void Bookkeeper::CarryOutClient(Instant now) {
  // A refusal that Send is told of adds to them.
  for (size_t i = 0; i < client_actions_.size(); ++i) {
    const radius::ClientAction action = std::move(client_actions_[i]);
    if (const auto* datagram = std::get_if<radius::SendDatagram>(&action)) {
      sockets_.Send(*datagram);
    } else if (const auto* done = std::get_if<radius::RequestDone>(&action)) {
      if (done->outcome == radius::RequestOutcome::kAnswered) {
        delivery_->OnDelivered(done->cookie);
        accountant_->OnDelivered(1);
        ++acknowledged_;
        changes_.emplace_back(ForgetRecord{done->cookie});
      } else {
        delivery_->OnUnanswered(done->cookie, now);
      }
    } else if (const auto* changed = std::get_if<radius::ServerChanged>(&action)) {
      if (changed->alive) delivery_->OnServerAlive();
      log_(changed->alive ? LogLevel::kInfo : LogLevel::kWarn,
           absl::StrCat("accounting server ", client_.settings_of(changed->server).name,
                        changed->alive ? " answers" : " does not answer"));
    }
  }
  client_actions_.clear();
}

void Bookkeeper::AdvancePhase(Moment at) {
  if (phase_ == Phase::kOpen) {
    absl::MutexLock lock(&mutex_);
    if (!closing_) return;
    phase_ = Phase::kLastCounts;
    phase_until_ = at.now + kLastCounts;
  }
  if (phase_ == Phase::kLastCounts &&
      (accountant_->counts().stopping == 0 || at.now >= phase_until_)) {
    accountant_->Close(at, actions_);
    phase_ = Phase::kGoodbye;
    phase_until_ = at.now + kGoodbye;
    return;
  }
  const bool all_sent = changes_.empty() && delivery_->idle();
  if (phase_ == Phase::kGoodbye && (all_sent || at.now >= phase_until_)) phase_ = Phase::kDone;
}

Instant Bookkeeper::NextDeadline() const {
  Instant next = std::min({accountant_->NextDeadline(), client_.NextDeadline(),
                           delivery_->NextDeadline(), phase_until_});
  if (coa_ != nullptr) next = std::min(next, coa_->NextDeadline());
  if (!changes_.empty()) {
    next = std::min(next, last_commit_ + (commit_failing_ ? kCommitRetry : kCommitInterval));
  }
  return next;
}

void Bookkeeper::Publish() {
  const AccountantCounts& counts = accountant_->counts();
  NamedCounters all = {
      {"accounting_sessions_open", counts.open},
      {"accounting_sessions_stopping", counts.stopping},
      {"accounting_starts", counts.starts},
      {"accounting_interims", counts.interims},
      {"accounting_stops", counts.stops},
      {"accounting_stops_uncounted", counts.uncounted_stops},
      {"accounting_interims_dropped", counts.interims_dropped},
      {"accounting_records_dropped", counts.records_dropped},
      {"accounting_rejects", counts.rejects},
      {"accounting_rejects_dropped", counts.rejects_dropped},
      {"accounting_ended_by_time", counts.ended_by_time},
      {"accounting_ended_by_silence", counts.ended_by_silence},
      {"accounting_ended_by_volume", counts.ended_by_volume},
      {"accounting_queue_records", accountant_->queued()},
      {"accounting_records_in_flight", delivery_->in_flight()},
      {"accounting_records_acknowledged", acknowledged_},
      {"accounting_retries", delivery_->retries()},
      {"accounting_spool_commits", commits_},
      {"accounting_spool_errors", commit_errors_},
      {"accounting_unspooled", unspooled_},
  };
  if (coa_ != nullptr) {
    for (auto& counter : coa_->Counters()) all.push_back(std::move(counter));
  }
  absl::MutexLock lock(&mutex_);
  counters_ = std::move(all);
}

}  // namespace lns::controlplane
