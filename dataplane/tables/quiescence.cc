// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/quiescence.h"

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

}  // namespace lns::dataplane
