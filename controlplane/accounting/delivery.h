// Which accounting records go out next: those of one session one after the other, those of
// different sessions side by side, and what concerns the LNS itself alone. Sans-IO; bookkeeping
// thread. A record is given here when the spool has it, and leaves when a server has acknowledged
// it; a bounded number is in memory, the rest waits in the spool to be loaded.
//
// When no server answers, one record at a time is tried, at growing intervals; the first answer
// opens the window again, twofold with each further one, so that a server that comes back is not
// met by everything at once.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "controlplane/accounting/record.h"
#include "lib/base/time.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

class Delivery {
 public:
  static constexpr size_t kMaxLoaded = 8192;
  static constexpr size_t kMaxInFlight = 512;
  static constexpr Duration kFirstPause = Duration::Seconds(1);
  static constexpr Duration kLongestPause = Duration::Seconds(30);

  // `in_spool`: records of an earlier run are there and none was loaded yet.
  explicit Delivery(bool in_spool) : more_in_spool_(in_spool) {}

  // A record the spool has just taken; its number is above all before. False: there is no room, it
  // will be loaded.
  bool Add(Record record);
  // Whether there is room for more of what the spool holds after loaded_up_to().
  bool WantsMore() const { return more_in_spool_ && records_.size() <= kMaxLoaded / 2; }
  uint64_t loaded_up_to() const { return loaded_up_to_; }
  size_t room() const { return kMaxLoaded - records_.size(); }
  // What was loaded, in order; `more`: it was not all.
  void OnLoaded(std::vector<Record> records, bool more);

  // The record to be sent now, or nullptr. It is on its way from then on; the pointer is good until
  // the next call.
  const Record* Next(Instant now);
  // The record `number` has been acknowledged, or nobody answered.
  void OnDelivered(uint64_t number);
  void OnUnanswered(uint64_t number, Instant now);
  // A server is back: the pause is over.
  void OnServerAlive() { paused_until_ = Instant(); }

  // When Next may have something again without anything else happening.
  Instant NextDeadline() const;
  bool idle() const { return records_.empty() && !more_in_spool_; }
  size_t loaded() const { return records_.size(); }
  size_t in_flight() const { return in_flight_; }
  uint64_t retries() const { return retries_; }

 private:
  void Insert(Record record);
  bool MayGo(uint64_t number) const;

  std::map<uint64_t, Record> records_;
  absl::flat_hash_map<AccountingId, std::deque<uint64_t>> queues_;  // of a session, in order
  std::set<uint64_t> ready_;     // heads of their queues that are not on their way
  std::set<uint64_t> barriers_;  // records that concern all
  size_t in_flight_ = 0;
  size_t window_ = kMaxInFlight;
  Instant paused_until_;
  Duration pause_ = kFirstPause;
  uint64_t loaded_up_to_ = 0;
  bool more_in_spool_ = false;
  uint64_t retries_ = 0;
};

}  // namespace lns::controlplane
