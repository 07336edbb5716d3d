// Questions that wait for their turn at the servers, when more users come than the servers answer.
//
// How many are asked at once is a window that follows what was measured: it grows while answers
// come within the target and shrinks when they do not, so the servers are loaded but not drowned.
// Who is next goes round the LACs, one each: a LAC whose subscribers all redial at once makes its
// own wait, not those of others. How many may wait is what the servers answered lately in the time
// somebody may wait at all, and never more than a bound; where that is full, whoever comes from a
// LAC that has its share already is refused, else the newest of a LAC that has more.
//
// Sans-IO, no timers of its own: the caller takes out what is due and what has waited too long.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "controlplane/lns/actions.h"
#include "lib/base/time.h"
#include "lib/net/address.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

struct AdmissionSettings {
  uint32_t max_in_flight = 4096;  // at the servers
  uint32_t max_waiting = 65536;
  Duration max_wait = Duration::Seconds(10);      // then it is refused
  Duration target = Duration::Milliseconds(500);  // of an answer
};

class AdmissionQueue {
 public:
  static constexpr uint32_t kSmallestWindow = 16;
  static constexpr uint32_t kSmallestLimit = 256;  // who may wait, however slow the servers are

  explicit AdmissionQueue(AdmissionSettings settings) : settings_(settings), window_(kFirstWindow) {
    if (window_ > settings_.max_in_flight) window_ = settings_.max_in_flight;
  }

  struct Waiting {
    AuthenticateUser user;
    Instant since;
  };

  // Whoever has to go because there are too many: the newcomer itself or another.
  std::optional<AuthenticateUser> Push(const AuthenticateUser& user, Instant now);
  // The next one to be asked, given how many are asked already; nullopt: nobody, or not now.
  std::optional<AuthenticateUser> Pop(size_t in_flight);
  // Takes out those who have waited too long.
  void TakeExpired(Instant now, std::vector<AuthenticateUser>& out);
  // When TakeExpired may find somebody, about.
  Instant NextDeadline() const;

  // An answer came; and what it says of the servers' load. Refusals say nothing: many servers hold
  // them back on purpose.
  void OnAnswer(Instant now);
  void OnLatency(Duration latency, Instant now);

  size_t size() const { return size_; }
  uint32_t window() const { return window_; }
  size_t limit() const;

 private:
  static constexpr uint32_t kFirstWindow = 256;
  static constexpr Duration kRatePeriod = Duration::Seconds(1);
  static constexpr Duration kSweep = Duration::Milliseconds(250);

  using Lac = net::IpAddress;

  static Lac LacOf(const AuthenticateUser& user);
  size_t Share() const;
  std::deque<Waiting>* FindOverShare();

  const AdmissionSettings settings_;
  absl::flat_hash_map<Lac, std::deque<Waiting>> queues_;
  std::deque<Lac> round_;  // LACs with somebody waiting, the next first
  size_t size_ = 0;
  Instant next_sweep_;

  uint32_t window_;
  uint32_t within_target_ = 0;  // answers since the window grew
  Instant next_shrink_;

  // Answers of the last whole period.
  Instant period_end_;
  uint64_t answered_ = 0;
  std::optional<uint64_t> rate_;
};

}  // namespace lns::controlplane
