// Accounting's own thread: it hears of sessions from the protocol loop and of their last counts
// from southbound, lets the accountant decide, commits what is to be kept to the spool, and sends
// what was committed to the accounting servers. Nothing here delays the loop: what comes in is
// queued, what concerns the engine goes through its mailbox.
//
// A turn of the thread: inputs, due deadlines, one commit for all that came (at most every
// kCommitInterval), then records to the servers, as many as the delivery lets go. A record is in
// the spool before it is on the wire.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "controlplane/accounting/accountant.h"
#include "controlplane/accounting/delivery.h"
#include "controlplane/bookkeeping/coa_sockets.h"
#include "controlplane/bookkeeping/spool.h"
#include "controlplane/coa/dynamic_authorization.h"
#include "controlplane/loop/log.h"
#include "controlplane/loop/mailbox.h"
#include "controlplane/loop/poller.h"
#include "controlplane/loop/session_observer.h"
#include "controlplane/radius/sockets.h"
#include "controlplane/southbound/forwarding_client.h"
#include "controlplane/southbound/traffic_reader.h"
#include "lib/crypto/system_rng.h"
#include "lib/os/file_descriptor.h"
#include "lib/radius/client.h"

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace lns::controlplane {

struct BookkeeperSettings {
  AccountantSettings accountant;
  radius::ClientSettings client;  // without servers nothing is recorded
  RadiusSource source;
  CoaSettings coa;  // without clients nobody may ask
  std::vector<net::Endpoint> coa_addresses;
  std::string spool;  // path of the database
  Durability durability = Durability::kMachine;
  std::string dataplane;  // gRPC target
};

class Bookkeeper final : public SessionObserver, private RadiusSockets::Receiver {
 public:
  static constexpr Duration kCommitInterval = Duration::Milliseconds(10);
  // After a commit that failed; meanwhile at most so many changes are kept.
  static constexpr Duration kCommitRetry = Duration::Seconds(1);
  static constexpr size_t kMaxUncommitted = 65536;
  // Inputs not yet taken by the thread: more than a stall of seconds makes.
  static constexpr size_t kMaxInputs = size_t{1} << 20;
  // At the end: for the last counts, and then for the servers.
  static constexpr Duration kLastCounts = Duration::Seconds(1);
  static constexpr Duration kGoodbye = Duration::Seconds(2);

  using NamedCounters = std::vector<std::pair<std::string, uint64_t>>;

  // Opens the spool, reads what an earlier run left there, and listens for requests of AAA.
  static absl::StatusOr<std::unique_ptr<Bookkeeper>> Make(BookkeeperSettings settings,
                                                          Mailbox& mailbox, LogSink log);
  // Ends the thread as a crash would: nothing is said, all is kept.
  ~Bookkeeper() override;

  // Before Start: sessions of an earlier run, which are to be removed from the data plane.
  std::vector<SessionKey> Orphans() const { return accountant_->Orphans(); }
  void Start();
  // The LNS has ended its sessions and stops: Accounting-Off, and some time for the servers.
  void Close();

  void OnSessionStarted(const SessionStarted& started) override { Put(started); }
  void OnSessionChanged(const SessionChanged& changed) override { Put(changed); }
  void OnSessionStopped(const SessionStopped& stopped) override { Put(stopped); }
  void OnTunnelStarted(const TunnelStarted& started) override { Put(started); }
  void OnTunnelStopped(const TunnelStopped& stopped) override { Put(stopped); }
  void OnTunnelRejected(const TunnelRejected& rejected) override { Put(rejected); }
  void OnCallRejected(const CallRejected& rejected) override { Put(rejected); }
  void OnServiceOrderDone(const ServiceOrderDone& done) override { Put(done); }
  // Any thread.
  void OnRemoved(std::vector<RemovedSession> removed) { Put(std::move(removed)); }
  NamedCounters Counters() const;

 private:
  using Input = std::variant<SessionStarted, SessionChanged, SessionStopped, TunnelStarted,
                             TunnelStopped, TunnelRejected, CallRejected, ServiceOrderDone,
                             std::vector<RemovedSession>, TrafficReading>;
  enum class Phase : uint8_t { kOpen, kLastCounts, kGoodbye, kDone };

  Bookkeeper(BookkeeperSettings settings, std::unique_ptr<Spool> spool, Mailbox& mailbox,
             LogSink log);
  absl::Status Recover();
  void Put(Input input);

  // The thread.
  void OnRadiusDatagram(size_t server, uint32_t lane, ByteView datagram) override;
  void OnRadiusRefused(size_t server) override;
  void OnCoaDatagram(const CoaPeer& from, ByteView datagram);
  void CarryOutCoa();
  void Run();
  void Turn(Moment at);
  void TakeInputs(Moment at);
  void Take(const Input& input, Moment at);
  void CarryOut();
  void CarryOut(AccountantAction action);
  void CommitIfDue(Instant now);
  void Commit(Instant now);
  void HandOver();
  void Load();
  void Send(Moment at);
  void CarryOutClient(Instant now);
  void AdvancePhase(Moment at);
  Instant NextDeadline() const;
  void Publish();

  const BookkeeperSettings settings_;
  Mailbox& mailbox_;
  const LogSink log_;
  crypto::SystemRng rng_;
  Poller poller_;
  FileDescriptor wake_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Accountant> accountant_;
  std::unique_ptr<Delivery> delivery_;
  radius::Client client_;
  RadiusSockets sockets_;
  std::unique_ptr<DynamicAuthorization> coa_;
  CoaSockets coa_sockets_;

  AccountantActions actions_;
  radius::ClientActions client_actions_;
  CoaActions coa_actions_;
  std::vector<SpoolChange> changes_;  // not committed yet
  std::vector<EndSession> ends_;      // of this turn, for the engine
  Instant last_commit_;
  bool commit_failing_ = false;
  Phase phase_ = Phase::kOpen;
  Instant phase_until_ = Instant::Never();
  uint64_t commits_ = 0;
  uint64_t commit_errors_ = 0;
  uint64_t unspooled_ = 0;
  uint64_t acknowledged_ = 0;

  mutable absl::Mutex mutex_;
  std::vector<Input> inputs_ ABSL_GUARDED_BY(mutex_);
  uint64_t inputs_dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  NamedCounters counters_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<TrafficReader> reader_;  // ends before what its answers go to
  std::thread thread_;
};

}  // namespace lns::controlplane
