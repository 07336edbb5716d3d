// When what was unpublished may be reused: a thin name over rte_rcu_qsbr. Each worker is a reader
// that reports once per poll, when it holds no index of any table; the table writer starts a grace
// period after it unpublished something and reuses the slot when the period is over.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_rcu_qsbr.h>

#include <cstdint>
#include <memory>

#include "dataplane/tables/table_memory.h"

namespace lns::dataplane {

class Quiescence {
 public:
  static constexpr uint64_t kLongestWaitMs = 200;

  // Null without memory.
  static std::unique_ptr<Quiescence> Make(TableMemory& memory, uint32_t readers);

  // A reader, on its own thread. Offline readers (before Run, after it) hold nobody up.
  void Online(uint32_t reader) { rte_rcu_qsbr_thread_online(variable_, reader); }
  void Offline(uint32_t reader) { rte_rcu_qsbr_thread_offline(variable_, reader); }
  void Report(uint32_t reader) { rte_rcu_qsbr_quiescent(variable_, reader); }

  // The writer.
  uint64_t StartGracePeriod() { return rte_rcu_qsbr_start(variable_); }
  bool IsOver(uint64_t token) { return rte_rcu_qsbr_check(variable_, token, false) == 1; }
  // Polls until the period is over; false after kLongestWaitMs, which only a stuck worker reaches.
  bool Wait(uint64_t token);

  rte_rcu_qsbr* variable() { return variable_; }

 private:
  explicit Quiescence(rte_rcu_qsbr* variable) : variable_(variable) {}

  rte_rcu_qsbr* variable_;
};

}  // namespace lns::dataplane
