// lns-controlplane put together: the engine in the middle, the protocol loop around it, and the
// seams to the data plane, the users and the operators. Made, run and destroyed by main, on the
// thread that becomes the loop's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controlplane/aaa/local_users.h"
#include "controlplane/bookkeeping/bookkeeper.h"
#include "controlplane/config/settings.h"
#include "controlplane/leases/lease_keeper.h"
#include "controlplane/lns/engine.h"
#include "controlplane/loop/log.h"
#include "controlplane/loop/mailbox.h"
#include "controlplane/loop/poller.h"
#include "controlplane/loop/protocol_loop.h"
#include "controlplane/loop/signals.h"
#include "controlplane/metrics/metrics_server.h"
#include "controlplane/radius/authenticator.h"
#include "controlplane/services/operator_server.h"
#include "controlplane/southbound/forwarding_client.h"
#include "controlplane/southbound/tunnel_watch.h"
#include "controlplane/transport/ring_transport.h"
#include "lib/base/time.h"
#include "lib/crypto/system_rng.h"
#include "lib/os/instance_lock.h"

#include "absl/status/statusor.h"

namespace lns::controlplane {

class Process {
 public:
  // How long peers get to acknowledge our goodbye.
  static constexpr Duration kShutdownBound = Duration::Seconds(3);

  // Takes the run directory's lock, listens for operators and starts looking for the data plane;
  // whatever stands in the way is one line.
  static absl::StatusOr<std::unique_ptr<Process>> Start(Settings settings, std::string version,
                                                        LogSink log);
  ~Process();

  // Until SIGTERM or SIGINT, and then until every peer knows, at most kShutdownBound; a second
  // signal ends it at once.
  void Run();

 private:
  Process(Settings settings, InstanceLock lock, LogSink log);
  // Leases, accounting and metrics, which have threads of their own.
  absl::Status StartCompanions();
  MetricsServer::Parts MetricsParts();
  OperatorService::NamedCounters Counters() const;
  absl::Status RememberLeases();
  void KeepLeases();
  void OnSignal();
  void Sleep(bool more);
  OperatorService::Parts OperatorParts(std::string version);

  Settings settings_;
  InstanceLock lock_;
  LogSink log_;
  TerminationSignals signals_;  // before the first thread
  crypto::SystemRng rng_;
  std::unique_ptr<Engine> engine_;
  LocalUsers users_;
  Poller poller_;
  RadiusAuthenticator radius_;
  Mailbox mailbox_;
  std::unique_ptr<LeaseKeeper> leases_;     // none: nothing is remembered over a restart
  std::unique_ptr<Bookkeeper> bookkeeper_;  // outlives southbound, which tells it of removals
  RingTransport transport_;
  ForwardingClient southbound_;
  ProtocolLoop loop_;
  std::unique_ptr<TunnelWatch> tunnel_watch_;  // none: nobody wants to know
  std::unique_ptr<OperatorServer> operators_;
  std::unique_ptr<MetricsServer> metrics_;
  std::vector<RememberedLease> changed_leases_;  // empty between turns
  Instant stop_by_ = Instant::Never();
};

}  // namespace lns::controlplane
