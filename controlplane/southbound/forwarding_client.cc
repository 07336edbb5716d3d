// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/southbound/forwarding_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>

#include "controlplane/southbound/convert.h"
#include "lib/os/clock.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace lns::controlplane {
namespace {

// How often the southbound thread looks at what only time changes: stalls, overdue confirmations.
constexpr absl::Duration kTick = absl::Milliseconds(100);

absl::Duration ToAbsl(Duration d) { return absl::Nanoseconds(d.nanoseconds()); }

absl::Status ToAbsl(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// A fresh connection each time: gRPC would otherwise keep its own, slower, idea of when to retry.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

ForwardingClient::ForwardingClient(ForwardingSettings settings, Mailbox& mailbox, LogSink log,
                                   OnInfo on_info)
    : settings_(std::move(settings)),
      mailbox_(mailbox),
      log_(std::move(log)),
      on_info_(std::move(on_info)) {}

ForwardingClient::~ForwardingClient() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

void ForwardingClient::RemoveFirst(std::vector<SessionKey> sessions) {
  absl::MutexLock lock(&mutex_);
  owed_removals_.insert(sessions.begin(), sessions.end());
}

void ForwardingClient::Start() {
  thread_ = std::thread([this] { Run(); });
}

// ---- The loop's side ----

void ForwardingClient::ProgramTunnel(const TunnelEntry& tunnel) { Enqueue(tunnel); }
void ForwardingClient::RemoveTunnel(l2tp::LocalTunnelId tunnel) { Enqueue(tunnel); }
void ForwardingClient::ProgramSession(const SessionEntry& session, bool confirm) {
  Enqueue(SessionChange{session, confirm});
}
void ForwardingClient::RemoveSession(const SessionKey& session) { Enqueue(session); }
void ForwardingClient::ProgramFilter(const FilterPtr& filter) { Enqueue(filter); }
void ForwardingClient::RemoveFilter(const std::string& name) { Enqueue(name); }
void ForwardingClient::SetDraining(bool on) { Enqueue(Draining{on}); }

void ForwardingClient::Enqueue(Change change) {
  absl::MutexLock lock(&mutex_);
  if (Accepts(change) && queue_.size() >= settings_.max_queued) {
    overflowed_ = true;
    queue_overflows_.fetch_add(1, std::memory_order_relaxed);
    DropQueue();
  }
  if (Accepts(change)) {
    if (const auto* removed = std::get_if<SessionKey>(&change)) held_.erase(*removed);
    queue_.push_back(std::move(change));
    return;
  }
  // The next refill brings everything the engine still wants; remember only who waits for it.
  if (const auto* session = std::get_if<SessionChange>(&change)) {
    if (session->confirm) Hold(session->entry.key);
  } else if (const auto* removed = std::get_if<SessionKey>(&change)) {
    Owe({.session = *removed, .removal = true});
  }
}

bool ForwardingClient::Accepts(const Change& change) const {
  const bool programs_session = std::holds_alternative<SessionChange>(change);
  return accepting_ == Accepting::kAll || (accepting_ == Accepting::kTunnels && !programs_session);
}

void ForwardingClient::Owe(const UpdateTicket& ticket) {
  if (ticket.confirm) Hold(ticket.session);
  if (!ticket.removal) return;
  held_.erase(ticket.session);
  owed_removals_.insert(ticket.session);
}

void ForwardingClient::Hold(const SessionKey& session) {
  held_.try_emplace(session, MonotonicNow() + settings_.confirm_bound);
}

void ForwardingClient::DropQueue() {
  accepting_ = Accepting::kNothing;
  for (const Change& change : queue_) {
    if (const auto* session = std::get_if<SessionChange>(&change)) {
      if (session->confirm) Hold(session->entry.key);
    } else if (const auto* removed = std::get_if<SessionKey>(&change)) {
      Owe({.session = *removed, .removal = true});
    }
  }
  queue_.clear();
}

bool ForwardingClient::Settled() const {
  absl::MutexLock lock(&mutex_);
  return accepting_ == Accepting::kNothing || (refilled_ && queue_.empty() && unanswered_ == 0);
}

ForwardingStatus ForwardingClient::status() const {
  absl::MutexLock lock(&mutex_);
  return {refilled_, generation_};
}

std::vector<std::pair<std::string, uint64_t>> ForwardingClient::Counters() const {
  return {{"southbound_connections", connections_.load(std::memory_order_relaxed)},
          {"southbound_batches_sent", batches_sent_.load(std::memory_order_relaxed)},
          {"southbound_updates_sent", updates_sent_.load(std::memory_order_relaxed)},
          {"southbound_updates_refused", updates_refused_.load(std::memory_order_relaxed)},
          {"southbound_queue_overflows", queue_overflows_.load(std::memory_order_relaxed)},
          {"southbound_confirms_timed_out", confirms_timed_out_.load(std::memory_order_relaxed)}};
}

// ---- The southbound thread ----

void ForwardingClient::Run() {
  Duration backoff = kBackoffFirst;
  while (true) {
    const absl::Status ended = Serve();
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
      if (refilled_) {
        backoff = kBackoffFirst;
        log_(LogLevel::kWarn, absl::StrCat("the data plane has gone: ", ended.message()));
      }
      refilled_ = false;
    }
    Explain(ended);
    Pause(backoff);
    backoff = std::min(backoff * 2, kBackoffMax);
  }
}

absl::Status ForwardingClient::Serve() {
  const auto stub = dataplane::v1::Forwarding::NewStub(MakeChannel(settings_.target));
  dataplane::v1::Info info;
  absl::Status answered = Call([&](grpc::ClientContext& context) {
    return stub->GetInfo(&context, dataplane::v1::GetInfoRequest(), &info);
  });
  if (!answered.ok()) return answered;
  connections_.fetch_add(1, std::memory_order_relaxed);
  {
    absl::MutexLock lock(&mutex_);
    ++connection_;
    generation_ = info.generation();
    overflowed_ = false;
  }
  CompareVrfs(info);
  mailbox_.Post([this, info](Engine&, Instant, EngineActions&) { on_info_(info); });

  ApplyStream stream(*stub, mutex_,
                     [this](const std::vector<UpdateTicket>& tickets,
                            const dataplane::v1::ApplyReply& reply) { OnReply(tickets, reply); });
  absl::Status status = Refill(*stub, stream);
  if (status.ok()) {
    explained_.clear();
    status = SendQueued(stream);
  }
  stream.Close();
  absl::MutexLock lock(&mutex_);
  // In the order in which they were asked for: a removal overrules what was before it.
  for (const UpdateTicket& ticket : stream.TakeUnanswered()) Owe(ticket);
  DropQueue();
  unanswered_ = 0;
  return status;
}

absl::Status ForwardingClient::Call(const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::nanoseconds(kCallTimeout.nanoseconds()));
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::CancelledError("stopping");
    call_ = &context;
  }
  const grpc::Status status = call(context);
  absl::MutexLock lock(&mutex_);
  call_ = nullptr;
  return ToAbsl(status);
}

absl::Status ForwardingClient::Refill(dataplane::v1::Forwarding::Stub& stub, ApplyStream& stream) {
  const Instant started = MonotonicNow();
  dataplane::v1::SyncReply swept;
  const auto sync = [&](dataplane::v1::SyncRequest::Step step) {
    dataplane::v1::SyncRequest request;
    request.set_step(step);
    return Call([&](grpc::ClientContext& context) { return stub.Sync(&context, request, &swept); });
  };
  absl::Status status = sync(dataplane::v1::SyncRequest::STEP_BEGIN);
  if (!status.ok()) return status;
  status = SendSettings(stream);
  if (status.ok()) status = SendDesiredState(stream);
  if (status.ok()) status = AwaitReplies(stream);
  if (status.ok()) status = sync(dataplane::v1::SyncRequest::STEP_END);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  refilled_ = true;
  log_(LogLevel::kInfo,
       absl::StrCat("data plane ", absl::Hex(generation_), " refilled: ", walk_.tunnels,
                    " tunnels and ", walk_.sessions, " sessions in ",
                    (MonotonicNow() - started).milliseconds(), " ms, swept ", swept.swept_tunnels(),
                    " tunnels and ", swept.swept_sessions(), " sessions"));
  return absl::OkStatus();
}

// Two files name the VRFs; where they disagree subscribers would be routed in the wrong one.
void ForwardingClient::CompareVrfs(const dataplane::v1::Info& info) {
  for (const auto& [index, name] : settings_.vrfs) {
    const auto known =
        std::find_if(info.vrfs().begin(), info.vrfs().end(),
                     [index = index](const dataplane::v1::Vrf& vrf) { return vrf.id() == index; });
    if (known != info.vrfs().end() && known->name() == name) continue;
    log_(LogLevel::kWarn,
         absl::StrCat("VRF ", name, " has the id ", index, "; in the data plane's configuration ",
                      known == info.vrfs().end() ? "none has" : known->name() + " has it"));
  }
}

absl::Status ForwardingClient::SendSettings(ApplyStream& stream) {
  Batch batch;
  for (const net::VrfAddress& address : settings_.local_addresses) {
    auto& update = *batch.request.add_updates()->mutable_local_address();
    ToProto(address.address, *update.mutable_address());
    update.set_vrf(address.vrf);
  }
  for (const net::VrfPrefix& prefix : settings_.subscriber_prefixes) {
    auto& update = *batch.request.add_updates()->mutable_subscriber_prefix();
    ToProto(prefix.prefix, *update.mutable_prefix());
    update.set_vrf(prefix.vrf);
  }
  batch.tickets.resize(static_cast<size_t>(batch.request.updates_size()));
  return batch.tickets.empty() ? absl::OkStatus() : SendWhenReady(std::move(batch), stream);
}

absl::Status ForwardingClient::SendDesiredState(ApplyStream& stream) {
  {
    absl::MutexLock lock(&mutex_);
    walk_ = {};
  }
  bool done = false;
  while (!done) {
    absl::Status status = AwaitPage();
    size_t left = 0;  // changes go on to arrive: they are not for this loop to wait for
    {
      absl::MutexLock lock(&mutex_);
      if (status.ok()) status = Health(stream);
      done = walk_.done;
      left = queue_.size();
    }
    // The next page is asked for while the last batch of this one is under way.
    for (size_t sent = 0; status.ok() && sent < left; sent += kBatchSize) {
      status = SendBatch(stream);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ForwardingClient::AwaitPage() {
  uint64_t connection = 0;
  uint64_t pages = 0;
  {
    absl::MutexLock lock(&mutex_);
    connection = connection_;
    pages = walk_.pages;
  }
  // On the loop thread, so that no change falls between the page and the queue.
  mailbox_.Post([this, connection](Engine& engine, Instant, EngineActions&) {
    HandOverPage(engine, connection);
  });
  absl::MutexLock lock(&mutex_);
  const auto ready = [&] { return walk_.pages != pages || stopping_; };
  if (!mutex_.AwaitWithTimeout(absl::Condition(&ready), ToAbsl(kCallTimeout))) {
    ++connection_;  // should the loop get to it after all, it is void
    return absl::DeadlineExceededError("the protocol loop did not hand over its state");
  }
  return stopping_ ? absl::CancelledError("stopping") : absl::OkStatus();
}

void ForwardingClient::HandOverPage(const Engine& engine, uint64_t connection) {
  std::vector<TunnelEntry> tunnels;
  std::vector<SessionEntry> sessions;
  absl::MutexLock lock(&mutex_);
  if (connection != connection_) return;  // asked for by a connection that is gone
  ++walk_.pages;
  if (overflowed_) return;  // it is about to be given up
  if (!walk_.at_sessions) {
    accepting_ = Accepting::kTunnels;
    if (walk_.pages == 1) {
      queue_.emplace_back(Draining{engine.draining()});
      for (FilterPtr& filter : engine.Filters()) queue_.emplace_back(std::move(filter));
    }
    for (const SessionKey& session : owed_removals_) queue_.emplace_back(session);
    owed_removals_.clear();
    walk_.cursor = engine.DesiredTunnels(walk_.cursor, kPage, tunnels);
    for (TunnelEntry& tunnel : tunnels) queue_.emplace_back(std::move(tunnel));
    walk_.tunnels += static_cast<uint32_t>(tunnels.size());
    walk_.at_sessions = walk_.cursor == 0;
    return;
  }
  accepting_ = Accepting::kAll;
  walk_.cursor = engine.DesiredSessions(walk_.cursor, kPage, sessions);
  for (SessionEntry& session : sessions) {
    const bool confirm = held_.erase(session.key) > 0;
    queue_.emplace_back(SessionChange{std::move(session), confirm});
  }
  walk_.sessions += static_cast<uint32_t>(sessions.size());
  walk_.done = walk_.cursor == 0;
}

absl::Status ForwardingClient::Health(const ApplyStream& stream) const {
  if (stopping_) return absl::CancelledError("stopping");
  if (stream.Broken()) return absl::UnavailableError("its Apply stream ended");
  if (overflowed_) {
    return absl::ResourceExhaustedError("it takes updates more slowly than calls come and go");
  }
  const Instant oldest = stream.OldestSent();
  if (oldest != Instant::Never() && MonotonicNow() - oldest > settings_.stall_timeout) {
    return absl::DeadlineExceededError("it does not answer updates");
  }
  return absl::OkStatus();
}

absl::Status ForwardingClient::SendWhenReady(Batch batch, ApplyStream& stream) {
  const auto ready = [&] { return stopping_ || overflowed_ || stream.Ready(); };
  {
    absl::MutexLock lock(&mutex_);
    unanswered_ += batch.tickets.size();
    absl::Status health;
    do {
      mutex_.AwaitWithTimeout(absl::Condition(&ready), kTick);
      health = Health(stream);
    } while (health.ok() && !ready());
    if (!health.ok()) {
      for (const UpdateTicket& ticket : batch.tickets) Owe(ticket);
      return health;
    }
  }
  batches_sent_.fetch_add(1, std::memory_order_relaxed);
  updates_sent_.fetch_add(batch.tickets.size(), std::memory_order_relaxed);
  stream.Send(std::move(batch.request), std::move(batch.tickets), MonotonicNow());
  return absl::OkStatus();
}

absl::Status ForwardingClient::AwaitReplies(ApplyStream& stream) {
  const auto ready = [&] { return stopping_ || overflowed_ || stream.Broken() || stream.Idle(); };
  absl::MutexLock lock(&mutex_);
  while (true) {
    mutex_.AwaitWithTimeout(absl::Condition(&ready), kTick);
    if (absl::Status health = Health(stream); !health.ok()) return health;
    if (stream.Idle()) return absl::OkStatus();
  }
}

absl::Status ForwardingClient::SendQueued(ApplyStream& stream) {
  const auto ready = [&] {
    return stopping_ || overflowed_ || stream.Broken() || (!queue_.empty() && stream.Ready());
  };
  const auto full = [&] {
    return stopping_ || stream.Broken() || stream.Idle() || queue_.size() >= kBatchSize;
  };
  while (true) {
    RefuseOverdue();
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&ready), kTick);
      if (absl::Status health = Health(stream); !health.ok()) return health;
      if (queue_.empty() || !stream.Ready()) continue;
      // With nothing unanswered the first change goes at once; under load they gather.
      mutex_.AwaitWithTimeout(absl::Condition(&full), ToAbsl(kLinger));
    }
    if (absl::Status sent = SendBatch(stream); !sent.ok()) return sent;
  }
}

absl::Status ForwardingClient::SendBatch(ApplyStream& stream) {
  std::vector<Change> changes;
  {
    absl::MutexLock lock(&mutex_);
    const size_t count = std::min(queue_.size(), kBatchSize);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    changes.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  Batch batch;
  for (const Change& change : changes) Add(change, batch);
  // Empty when the queue overflowed meanwhile.
  return batch.tickets.empty() ? absl::OkStatus() : SendWhenReady(std::move(batch), stream);
}

void ForwardingClient::Add(const Change& change, Batch& batch) {
  struct Visitor {
    dataplane::v1::Update& update;
    UpdateTicket& ticket;
    void operator()(const TunnelEntry& tunnel) const { ToProto(tunnel, *update.mutable_tunnel()); }
    void operator()(const l2tp::LocalTunnelId& id) const { update.set_remove_tunnel(id.value()); }
    void operator()(const SessionChange& change) const {
      ToProto(change.entry, *update.mutable_session());
      ticket = {.session = change.entry.key,
                .confirm = change.confirm,
                .revision = change.entry.revision};
    }
    void operator()(const SessionKey& key) const {
      ToProto(key, *update.mutable_remove_session());
      ticket = {.session = key, .removal = true};
    }
    void operator()(const FilterPtr& filter) const { ToProto(*filter, *update.mutable_filter()); }
    void operator()(const std::string& filter) const { update.set_remove_filter(filter); }
    void operator()(const Draining& draining) const { update.mutable_drain()->set_on(draining.on); }
  };
  batch.tickets.emplace_back();
  std::visit(Visitor{*batch.request.add_updates(), batch.tickets.back()}, change);
}

void ForwardingClient::OnReply(const std::vector<UpdateTicket>& tickets,
                               const dataplane::v1::ApplyReply& reply) {
  std::vector<Outcome> outcomes;
  std::vector<bool> refused(tickets.size(), false);
  for (const dataplane::v1::ApplyError& error : reply.errors()) {
    if (error.index() >= tickets.size() || refused[error.index()]) continue;
    refused[error.index()] = true;
    const UpdateTicket& ticket = tickets[error.index()];
    if (ticket.removal) continue;                  // it is gone, one way or another
    if (ticket.session == SessionKey{}) continue;  // of a tunnel: its sessions are refused, too
    outcomes.push_back({ticket.session, ticket.revision, FromProto(error)});
  }
  for (size_t i = 0; i < tickets.size(); ++i) {
    if (tickets[i].confirm && !refused[i]) {
      outcomes.push_back({tickets[i].session, tickets[i].revision, absl::OkStatus()});
    }
  }
  if (reply.errors_size() > 0) {
    updates_refused_.fetch_add(static_cast<uint64_t>(reply.errors_size()),
                               std::memory_order_relaxed);
    log_(LogLevel::kWarn,
         absl::StrCat("the data plane refused ", reply.errors_size(), " of ", tickets.size(),
                      " updates, the first: ", FromProto(reply.errors(0)).ToString()));
  }
  Report(std::move(outcomes));
  ReportRemoved(tickets, reply);
  absl::MutexLock lock(&mutex_);
  unanswered_ -= std::min(unanswered_, tickets.size());
}

void ForwardingClient::Report(std::vector<Outcome> outcomes) {
  if (outcomes.empty()) return;
  mailbox_.Post([outcomes = std::move(outcomes)](Engine& engine, Instant now, EngineActions& out) {
    for (const Outcome& outcome : outcomes) {
      engine.OnSessionProgrammed(outcome.session, outcome.revision, outcome.status, now, out);
    }
  });
}

void ForwardingClient::ReportRemoved(const std::vector<UpdateTicket>& tickets,
                                     const dataplane::v1::ApplyReply& reply) {
  if (on_removed_ == nullptr) return;
  absl::flat_hash_map<SessionKey, Traffic> counted;
  for (const types::v1::SessionTraffic& session : reply.removed()) {
    counted.emplace(FromProto(session.key()), FromProto(session));
  }
  const uint64_t generation = status().generation;
  std::vector<RemovedSession> removed;
  for (const UpdateTicket& ticket : tickets) {
    if (!ticket.removal) continue;
    RemovedSession& session = removed.emplace_back();
    session.key = ticket.session;
    session.generation = generation;
    const auto found = counted.find(ticket.session);
    if (found != counted.end()) session.traffic = found->second;
  }
  if (!removed.empty()) on_removed_(std::move(removed));
}

void ForwardingClient::RefuseOverdue() {
  std::vector<Outcome> overdue;
  {
    absl::MutexLock lock(&mutex_);
    const Instant now = MonotonicNow();
    absl::erase_if(held_, [&](const auto& held) {
      if (held.second > now) return false;
      overdue.push_back(
          {.session = held.first, .status = absl::UnavailableError("the data plane is away")});
      return true;
    });
  }
  confirms_timed_out_.fetch_add(overdue.size(), std::memory_order_relaxed);
  Report(std::move(overdue));
}

void ForwardingClient::Pause(Duration time) {
  const Instant until = MonotonicNow() + time;
  for (Instant now = MonotonicNow(); now < until; now = MonotonicNow()) {
    RefuseOverdue();
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&stopping_), std::min(kTick, ToAbsl(until - now)));
    if (stopping_) return;
  }
}

void ForwardingClient::Explain(const absl::Status& why) {
  const std::string text(why.message());
  if (text == explained_) return;
  explained_ = text;
  log_(LogLevel::kInfo,
       absl::StrCat("waiting for the data plane at ", settings_.target, ": ", text));
}

}  // namespace lns::controlplane
