// Where an IP packet goes, by VRF: our own address, a subscriber prefix, an adjacency, or nowhere
// (the kFib... values of tables/entries.h). IPv4 of the main VRF, and of others where so
// configured, is DPDK's rte_lpm: two memory accesses whatever the number of routes, for 64 MiB.
// IPv6, and all of the other VRFs, is one prefix table for all, with one probe per prefix length
// that the VRF uses (docs/decisions/0016-small-tables-for-vrfs.md). rte_lpm has no length 0, so the
// default route of IPv4 is a word of its own. A delete may free a group that a worker is just
// reading, so nothing that may take a group is added before every worker has been quiescent since
// (rte_lpm's own way to do so is not yet stable in DPDK 22.11).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_lpm.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/core/vrf.h"
#include "dataplane/tables/entries.h"
#include "dataplane/tables/prefix_table.h"
#include "dataplane/tables/quiescence.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

class Fib {
 public:
  struct Size {
    uint32_t prefixes = 0;      // of one rte_lpm, and of the prefix table
    std::vector<VrfIndex> lpm;  // the VRFs that have an rte_lpm
  };

  // Null without memory.
  static std::unique_ptr<Fib> Make(TableMemory& memory, const Size& size, int socket,
                                   Quiescence& quiescence);
  Fib(const Fib&) = delete;
  Fib& operator=(const Fib&) = delete;
  ~Fib() {
    for (const Ipv4& vrf : ipv4_) rte_lpm_free(vrf.lpm);
  }

  // Readers. The address is in network order.
  uint32_t Lookup(VrfIndex vrf, net::Family family, const uint8_t* address) const {
    const Ipv4& ipv4 = ipv4_[vrf];
    if (family == net::Family::kIpv4 && ipv4.lpm != nullptr) [[likely]] {
      uint32_t value = 0;
      if (rte_lpm_lookup(ipv4.lpm, LoadBe32(address), &value) == 0) return value;
      return ipv4.otherwise.load(std::memory_order_relaxed);
    }
    const uint32_t value = prefixes_->Find(vrf, family, address);
    return value == kNotFound ? kFibNoRoute : value;
  }

  // The writer.
  bool Upsert(const VrfPrefix& prefix, uint32_t value);
  // The entry to give to Free() after a grace period; kNotFound: nothing to free.
  uint32_t Erase(const VrfPrefix& prefix);
  void Free(uint32_t entry) { prefixes_->Free(entry); }

 private:
  struct alignas(16) Ipv4 {
    rte_lpm* lpm = nullptr;
    std::atomic<uint32_t> otherwise{kFibNoRoute};  // the default route
  };

  explicit Fib(Quiescence& quiescence) : quiescence_(quiescence) {}
  bool IsInLpm(const VrfPrefix& prefix) const {
    return prefix.prefix.address.is_v4() && ipv4_[prefix.vrf].lpm != nullptr;
  }
  bool GroupsAreReusable();

  std::array<Ipv4, kMaxVrfs> ipv4_{};
  std::unique_ptr<PrefixTable> prefixes_;  // of the rest
  Quiescence& quiescence_;
  // Grace period of the last delete that may have freed a group; 0: over.
  uint64_t group_freed_ = 0;
};

}  // namespace lns::dataplane
