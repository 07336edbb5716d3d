// Where an IP packet goes: our own address, a subscriber prefix, an adjacency, or nowhere (the
// kFib... values of tables/entries.h). IPv4 is DPDK's rte_lpm; IPv6 is the prefix table, one probe
// per prefix length in use. rte_lpm has no length 0, so the default route of IPv4 is a word of its
// own. A delete may free a group that a worker is just reading, so nothing that may take a group is
// added before every worker has been quiescent since (rte_lpm's own way to do so is not yet stable
// in DPDK 22.11).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_lpm.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/tables/entries.h"
#include "dataplane/tables/prefix_table.h"
#include "dataplane/tables/quiescence.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

class Fib {
 public:
  // Null without memory.
  static std::unique_ptr<Fib> Make(TableMemory& memory, uint32_t ipv4_prefixes,
                                   uint32_t ipv6_prefixes, int socket, Quiescence& quiescence);
  Fib(const Fib&) = delete;
  Fib& operator=(const Fib&) = delete;
  ~Fib() { rte_lpm_free(ipv4_); }

  // Readers. The address is in network order.
  uint32_t Lookup(net::Family family, const uint8_t* address) const {
    if (family == net::Family::kIpv4) [[likely]] {
      uint32_t value = 0;
      if (rte_lpm_lookup(ipv4_, LoadBe32(address), &value) == 0) return value;
      return ipv4_default_.load(std::memory_order_relaxed);
    }
    const uint32_t value = ipv6_->Find(net::Family::kIpv6, address);
    return value == kNotFound ? kFibNoRoute : value;
  }

  // The writer.
  bool Upsert(const net::IpPrefix& prefix, uint32_t value);
  // The entry to give to Free() after a grace period; kNotFound: nothing to free.
  uint32_t Erase(const net::IpPrefix& prefix);
  void Free(uint32_t entry) { ipv6_->Free(entry); }

 private:
  explicit Fib(Quiescence& quiescence) : quiescence_(quiescence) {}
  bool GroupsAreReusable();

  Quiescence& quiescence_;
  uint64_t group_freed_ =
      0;  // grace period of the last delete that may have freed a group; 0: over
  rte_lpm* ipv4_ = nullptr;
  std::atomic<uint32_t> ipv4_default_{kFibNoRoute};
  std::unique_ptr<PrefixTable> ipv6_;
};

}  // namespace lns::dataplane
