// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/fib.h"

#include <cstdio>

namespace lns::dataplane {
namespace {
// Groups of 256 for prefixes longer than /24: 1 KiB each.
constexpr uint32_t kLongPrefixGroups = 4096;
// rte_lpm resolves this many bits in its first table, the rest in a group.
constexpr uint8_t kFirstStepBits = 24;
}  // namespace

std::unique_ptr<Fib> Fib::Make(TableMemory& memory, const Size& size, int socket,
                               Quiescence& quiescence) {
  std::unique_ptr<Fib> fib(new Fib(quiescence));
  for (const VrfIndex vrf : size.lpm) {
    char name[RTE_LPM_NAMESIZE];  // rte_lpm wants one of its own for each table
    std::snprintf(name, sizeof(name), "fib4_%u_%p", vrf, static_cast<void*>(fib.get()));
    rte_lpm_config config{};
    config.max_rules = size.prefixes;
    config.number_tbl8s = kLongPrefixGroups;
    fib->ipv4_[vrf].lpm = rte_lpm_create(name, socket, &config);
    if (fib->ipv4_[vrf].lpm == nullptr) return nullptr;
  }
  fib->prefixes_ = PrefixTable::Make(memory, size.prefixes);
  if (fib->prefixes_ == nullptr) return nullptr;
  return fib;
}

bool Fib::GroupsAreReusable() {
  if (group_freed_ == 0) return true;
  if (!quiescence_.Wait(group_freed_)) return false;
  group_freed_ = 0;
  return true;
}

bool Fib::Upsert(const VrfPrefix& at, uint32_t value) {
  if (!IsInLpm(at)) return prefixes_->Upsert(at, value);
  const net::IpPrefix& prefix = at.prefix;
  if (prefix.length == 0) {
    ipv4_[at.vrf].otherwise.store(value, std::memory_order_relaxed);
    return true;
  }
  if (prefix.length > kFirstStepBits && !GroupsAreReusable()) return false;
  return rte_lpm_add(ipv4_[at.vrf].lpm, prefix.address.v4(), prefix.length, value) == 0;
}

uint32_t Fib::Erase(const VrfPrefix& at) {
  if (!IsInLpm(at)) return prefixes_->Erase(at);
  const net::IpPrefix& prefix = at.prefix;
  if (prefix.length == 0) {
    ipv4_[at.vrf].otherwise.store(kFibNoRoute, std::memory_order_relaxed);
  } else {
    rte_lpm_delete(ipv4_[at.vrf].lpm, prefix.address.v4(), prefix.length);
    if (prefix.length > kFirstStepBits) group_freed_ = quiescence_.StartGracePeriod();
  }
  return kNotFound;
}

}  // namespace lns::dataplane
