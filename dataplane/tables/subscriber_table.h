// Destination address -> session: who a packet from the core is for, and whether a source belongs
// to a session, in each VRF. IPv4 host addresses of the main VRF, the common case, are one line of
// a hash; every other prefix (delegated IPv6, framed IPv4 routes, what is in another VRF) is a
// longest-prefix match.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/tables/prefix_table.h"
#include "dataplane/tables/session_table.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {

class SubscriberTable {
 public:
  // Null without memory.
  static std::unique_ptr<SubscriberTable> Make(TableMemory& memory, uint32_t hosts,
                                               uint32_t prefixes) {
    auto host_table = SessionTable::Make(memory, hosts);
    auto prefix_table = PrefixTable::Make(memory, prefixes);
    if (host_table == nullptr || prefix_table == nullptr) return nullptr;
    return std::unique_ptr<SubscriberTable>(
        new SubscriberTable(std::move(host_table), std::move(prefix_table)));
  }

  // Readers. Session index or kNotFound; addresses are in network order.

  // Of the main VRF's IPv4 addresses in host order, as SessionTable::FindPrefetched, but for what
  // is no host's:
  // Find().
  void PrefetchHost(uint32_t address) const { hosts_->Prefetch(address); }
  template <typename OnSession>
  void FindHosts(std::span<const uint32_t> addresses, OnSession on_session) const {
    hosts_->FindPrefetched(addresses, addresses.size(), on_session);
  }
  uint32_t Find(VrfIndex vrf, net::Family family, const uint8_t* address) const {
    if (family == net::Family::kIpv4 && vrf == kMainVrf) {
      const uint32_t session = hosts_->Find(LoadBe32(address));
      if (session != kNotFound) [[likely]] {
        return session;
      }
    }
    return prefixes_->Find(vrf, family, address);
  }

  // The writer.
  bool Upsert(const VrfPrefix& prefix, uint32_t session) {
    if (IsPlainHost(prefix)) return hosts_->Upsert(prefix.prefix.address.v4(), session);
    return prefixes_->Upsert(prefix, session);
  }
  // The entry to give to Free() after a grace period; kNotFound: nothing to free.
  uint32_t Erase(const VrfPrefix& prefix) {
    if (!IsPlainHost(prefix)) return prefixes_->Erase(prefix);
    hosts_->Erase(prefix.prefix.address.v4());
    return kNotFound;
  }
  void Free(uint32_t entry) { prefixes_->Free(entry); }
  // The session of exactly this prefix, or kNotFound.
  uint32_t Exact(const VrfPrefix& prefix) const {
    return IsPlainHost(prefix) ? hosts_->Find(prefix.prefix.address.v4())
                               : prefixes_->Exact(prefix);
  }
  // Where a prefix other than an IPv4 host is kept, until it is erased, or kNotFound; and the way
  // back, so that the writer need not keep such prefixes a second time.
  uint32_t EntryOf(const VrfPrefix& prefix) const { return prefixes_->EntryOf(prefix); }
  net::IpPrefix PrefixOf(uint32_t entry) const { return prefixes_->PrefixOf(entry); }

  static bool IsIpv4Host(const net::IpPrefix& prefix) {
    return prefix.address.is_v4() && prefix.length == 32;
  }

 private:
  static bool IsPlainHost(const VrfPrefix& prefix) {
    return prefix.vrf == kMainVrf && IsIpv4Host(prefix.prefix);
  }

  SubscriberTable(std::unique_ptr<SessionTable> hosts, std::unique_ptr<PrefixTable> prefixes)
      : hosts_(std::move(hosts)), prefixes_(std::move(prefixes)) {}

  std::unique_ptr<SessionTable> hosts_;
  std::unique_ptr<PrefixTable> prefixes_;
};

}  // namespace lns::dataplane
