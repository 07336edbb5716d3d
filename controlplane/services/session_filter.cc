// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/services/session_filter.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr uint32_t kMaxId = 65535;  // RFC 2661 3.1

// Its address, or one in what it was given.
bool Has(const SessionView& session, const net::IpAddress& address) {
  const auto holds = [&address](const net::IpPrefix& prefix) { return prefix.Contains(address); };
  return session.ipv4_address == address ||
         std::any_of(session.ipv6_prefixes.begin(), session.ipv6_prefixes.end(), holds) ||
         std::any_of(session.delegated_prefixes.begin(), session.delegated_prefixes.end(), holds) ||
         std::find(session.ipv6_addresses.begin(), session.ipv6_addresses.end(), address) !=
             session.ipv6_addresses.end();
}

}  // namespace

absl::StatusOr<SessionKey> ToKey(const types::v1::SessionKey& key) {
  const uint32_t tunnel = key.local_tunnel_id();
  const uint32_t session = key.local_session_id();
  if (tunnel == 0 || tunnel > kMaxId || session == 0 || session > kMaxId) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: expected ids from 1 to 65535, got ", tunnel, "/", session));
  }
  return SessionKey{l2tp::LocalTunnelId(static_cast<uint16_t>(tunnel)),
                    l2tp::LocalSessionId(static_cast<uint16_t>(session))};
}

absl::StatusOr<SessionFilter> SessionFilter::From(const control::v1::ListSessionsRequest& request) {
  SessionFilter filter;
  if (request.has_key()) {
    const absl::StatusOr<SessionKey> key = ToKey(request.key());
    if (!key.ok()) return key.status();
    filter.key = *key;
  }
  if (request.local_tunnel_id() > kMaxId) {
    return absl::InvalidArgumentError(
        absl::StrCat("local_tunnel_id: expected at most 65535, got ", request.local_tunnel_id()));
  }
  if (request.local_tunnel_id() != 0) {
    filter.tunnel = l2tp::LocalTunnelId(static_cast<uint16_t>(request.local_tunnel_id()));
  }
  filter.user_name = request.user_name();
  if (!request.address().empty()) {
    const auto address = net::IpAddress::Parse(request.address());
    if (!address) {
      return absl::InvalidArgumentError(
          absl::StrCat("address: expected an IP address, got \"", request.address(), "\""));
    }
    filter.address = *address;
  }
  return filter;
}

bool SessionFilter::Matches(const SessionView& session) const {
  return (!key || session.key == *key) && (!tunnel || session.key.tunnel == *tunnel) &&
         (user_name.empty() || session.user_name == user_name) &&
         (address.is_none() || Has(session, address));
}

bool SessionFilter::Matches(const Explanation& session) const {
  return session.is_session() && (!key || session.key == *key) &&
         (!tunnel || session.key.tunnel == *tunnel) &&
         (user_name.empty() || session.user_name == user_name) && address.is_none();
}

}  // namespace lns::controlplane
