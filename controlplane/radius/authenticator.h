// Users whom RADIUS servers know: the Authenticator that asks them. Questions pass the admission
// queue to the client and its sockets; answers become verdicts. What no server answers is decided
// by the configuration: by whom they accepted lately, by the local users, or by a refusal that
// tells the LAC to try elsewhere (CDN 4; 2/7 where the queue is full). Every question is answered.
//
// Lives on the protocol loop's thread; its sockets are on that thread's Poller. A password is kept
// until its question is answered, and nowhere after.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/aaa/authenticator.h"
#include "controlplane/aaa/local_users.h"
#include "controlplane/loop/log.h"
#include "controlplane/loop/poller.h"
#include "controlplane/radius/accept_cache.h"
#include "controlplane/radius/admission_queue.h"
#include "controlplane/radius/settings.h"
#include "controlplane/radius/sockets.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/radius/client.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

// What is asked of the servers and comes of it, for counters and operators.
struct RadiusStatus {
  size_t waiting = 0;
  size_t in_flight = 0;
  uint32_t window = 0;
  size_t waiting_limit = 0;
  std::vector<radius::ServerView> servers;
};

class RadiusAuthenticator final : public Authenticator, private RadiusSockets::Receiver {
 public:
  RadiusAuthenticator(RadiusSettings settings, LocalUsers& local_users, Poller& poller, Rng& rng,
                      LogSink log);

  void Authenticate(const AuthenticateUser& request, Instant now) override;
  void TakeOutcomes(std::vector<AuthOutcome>& out) override;
  void OnTimer(Instant now) override;
  Instant NextDeadline() const override;
  std::vector<std::pair<std::string, uint64_t>> Counters() const override;

  RadiusStatus Status() const;

 private:
  struct Totals {
    uint64_t asked = 0;
    uint64_t accepted = 0;
    uint64_t refused = 0;
    uint64_t challenged = 0;
    uint64_t inexpressible = 0;         // credentials no Access-Request can hold
    uint64_t unanswered = 0;            // by any server
    uint64_t busy = 0;                  // refused by the queue
    uint64_t waited_too_long = 0;       // in it
    uint64_t cached = 0;                // accepted from the cache
    uint64_t local = 0;                 // left to the local users
    uint64_t malformed_attributes = 0;  // of Accepts
    uint64_t ignored_attributes = 0;
  };

  void OnRadiusDatagram(size_t server, uint32_t lane, ByteView datagram) override;
  void OnRadiusRefused(size_t server) override;

  // Asks whoever may be asked now.
  void Pump(Instant now);
  void CarryOut(Instant now);
  void OnDone(const radius::RequestDone& done, Instant now);
  void FallBack(const AuthenticateUser& user, Instant now);
  void Answer(uint64_t request_id, AuthVerdict verdict);
  void Refuse(uint64_t request_id, CloseCause cause, const char* why);

  const RadiusSettings settings_;
  LocalUsers& local_users_;
  LogSink log_;
  radius::Client client_;
  RadiusSockets sockets_;
  AdmissionQueue queue_;
  AcceptCache cache_;
  absl::flat_hash_map<uint64_t, AuthenticateUser> asked_;  // by request id
  radius::ClientActions actions_;                          // empty between calls
  std::vector<AuthOutcome> ready_;
  Totals totals_;
};

}  // namespace lns::controlplane
