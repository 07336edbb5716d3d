// What an accepted user is given: an IPv4 address, the IPv6 prefix of the link, and the networks
// behind it. Leased when AAA has spoken, told to the data plane when the network protocol opens,
// and given back when the session ends or another user answers on it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "controlplane/lns/engine_impl.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

CloseCause CauseOf(LeaseError error) {
  switch (error) {
    case LeaseError::kNoSuchPool:
      return CloseCause::kNoSuchPool;
    case LeaseError::kExhausted:
      return CloseCause::kPoolExhausted;
    case LeaseError::kInUse:
      return CloseCause::kAddressInUse;
  }
  return CloseCause::kPoolExhausted;
}

void AppendRoutes(const std::vector<FramedRoute>& routes, SessionEntry& entry) {
  for (const FramedRoute& route : routes) entry.prefixes.push_back(route.prefix);
}

}  // namespace

// Whoever keeps leases numbers the pools as configured; a book knows those of its VRF alone. By the
// book's number, the other one.
std::vector<uint16_t> EngineImpl::PoolsOf(net::VrfIndex vrf) const {
  std::vector<uint16_t> numbers;
  for (size_t i = 0; i < settings_.pools.size(); ++i) {
    if (settings_.pools[i].vrf == vrf) numbers.push_back(static_cast<uint16_t>(i));
  }
  return numbers;
}

void EngineImpl::RememberLeases(std::span<const RememberedLease> leases) {
  for (auto& [vrf, book] : books_) {
    const std::vector<uint16_t> pools = PoolsOf(vrf);
    std::vector<RememberedLease> its;
    for (const RememberedLease& lease : leases) {
      const auto pool = std::find(pools.begin(), pools.end(), lease.pool);
      if (pool == pools.end()) continue;
      its.push_back(lease);
      its.back().pool = static_cast<uint16_t>(pool - pools.begin());
    }
    book.Remember(its);
  }
}

void EngineImpl::TakeRememberedLeases(std::vector<RememberedLease>& out) {
  out.clear();
  std::vector<RememberedLease> changes;
  for (auto& [vrf, book] : books_) {
    book.TakeChanges(changes);
    if (changes.empty()) continue;
    const std::vector<uint16_t> pools = PoolsOf(vrf);
    for (RememberedLease& change : changes) {
      change.pool = pools[change.pool];
      out.push_back(change);
    }
  }
}

// What is held already (LCP was renegotiated) is kept where it still fits what AAA wants. kNone:
// the user has all they are to get.
CloseCause EngineImpl::GrantAddresses(SessionRecord& session, Turn turn) {
  const auto vrf = FindVrf(settings_.vrfs, session.service->vrf);
  if (!vrf.has_value()) return CloseCause::kUnknownVrf;
  if (*vrf != session.vrf) ReleaseAddresses(session, turn);
  session.vrf = *vrf;
  const CloseCause refusal = GrantIpv4(session);
  return refusal == CloseCause::kNone ? GrantIpv6(session, turn) : refusal;
}

CloseCause EngineImpl::GrantIpv4(SessionRecord& session) {
  const ServiceProfile& service = *session.service;
  if (!LinkSettingsOf(session).ipv4 || !service.ipv4) {
    ReleaseIpv4(session);
    return CloseCause::kNone;
  }
  const AddressBook::Owner owner = session.slot + 1;
  if (service.ipv4_address.is_v4()) {
    const net::IpPrefix wanted = net::IpPrefix::Host(service.ipv4_address);
    if (session.lease.prefix == wanted) return CloseCause::kNone;
    ReleaseIpv4(session);
    const auto lease = BookOf(session).Take(wanted, owner);
    if (!lease.ok()) return CauseOf(lease.error());
    session.lease = *lease;
    return CloseCause::kNone;
  }
  if (session.lease.held()) return CloseCause::kNone;
  if (!BookOf(session).HasPoolFor(PoolUse::kAddress) && service.ipv4_pools.empty()) {
    return CloseCause::kNone;  // IPv6 only
  }
  const auto lease = BookOf(session).Allocate(PoolUse::kAddress, service.ipv4_pools, owner,
                                              UserHash(session.user_name));
  if (!lease.ok()) return CauseOf(lease.error());
  session.lease = *lease;
  return CloseCause::kNone;
}

CloseCause EngineImpl::GrantIpv6(SessionRecord& session, Turn turn) {
  if (!LinkSettingsOf(session).ipv6 || !session.service->ipv6) {
    if (session.ipv6 != nullptr) session.ipv6->Release(Around(session, turn));
    session.ipv6.reset();
    return CloseCause::kNone;
  }
  if (session.ipv6 == nullptr) session.ipv6 = std::make_unique<Ipv6Service>();
  const std::optional<LeaseError> error = session.ipv6->Grant(Around(session, turn));
  return error ? CauseOf(*error) : CloseCause::kNone;
}

void EngineImpl::ReleaseIpv4(SessionRecord& session) {
  if (session.lease.held()) BookOf(session).Free(session.lease, UserHash(session.user_name));
  session.lease = {};
}

void EngineImpl::ReleaseAddresses(SessionRecord& session, Turn turn) {
  ReleaseIpv4(session);
  if (session.ipv6 == nullptr) return;
  session.ipv6->Release(Around(session, turn));
  session.ipv6.reset();
}

// "with 100.64.0.2, 2001:db8::/64"; empty: nothing.
std::string EngineImpl::AddressText(const SessionRecord& session) const {
  std::string text;
  if (session.lease.held()) text = session.lease.prefix.address.ToString();
  if (session.ipv6 != nullptr) {
    for (const Lease& link : session.ipv6->links()) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", link.prefix.ToString());
    }
  }
  return text.empty() ? text : "with " + text;
}

// Each network protocol brings its own along.
void EngineImpl::AppendPrefixes(const SessionRecord& session, SessionEntry& entry) const {
  if (session.ipv4_open) {
    entry.prefixes.push_back(session.lease.prefix);
    AppendRoutes(session.service->ipv4_routes, entry);
  }
  if (session.ipv6_open && session.ipv6 != nullptr) {
    session.ipv6->AppendPrefixes(entry.prefixes);
    AppendRoutes(session.service->ipv6_routes, entry);
  }
}

}  // namespace lns::controlplane
