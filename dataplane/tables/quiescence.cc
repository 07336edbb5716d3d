// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/quiescence.h"

#include <rte_cycles.h>
#include <rte_pause.h>

namespace lns::dataplane {

std::unique_ptr<Quiescence> Quiescence::Make(TableMemory& memory, uint32_t readers) {
  void* block = memory.Allocate(rte_rcu_qsbr_get_memsize(readers));
  if (block == nullptr) return nullptr;
  auto* variable = static_cast<rte_rcu_qsbr*>(block);
  if (rte_rcu_qsbr_init(variable, readers) != 0) return nullptr;
  for (uint32_t reader = 0; reader < readers; ++reader) {
    if (rte_rcu_qsbr_thread_register(variable, reader) != 0) return nullptr;
  }
  return std::unique_ptr<Quiescence>(new Quiescence(variable));
}

bool Quiescence::Wait(uint64_t token) {
  const uint64_t deadline = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * kLongestWaitMs;
  while (!IsOver(token)) {
    if (rte_get_timer_cycles() > deadline) return false;
    rte_pause();
  }
  return true;
}

}  // namespace lns::dataplane
