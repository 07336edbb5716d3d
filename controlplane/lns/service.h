// What an accepted user gets: the terms AAA names (RADIUS attributes, the configuration of local
// users) in the engine's own words. Made by an Authenticator, kept by the session for its life and
// read by addressing, IPv6 services and accounting; a change of terms while the session is online
// replaces the whole object. Nothing in it is allocated or routed yet: the engine does that, and
// what it cannot do ends the call by name.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/net/address.h"

namespace lns::controlplane {

// A network behind the subscriber (RFC 2865 5.22, RFC 3162 2.5). The gateway of RADIUS's text is
// the subscriber in any case.
struct FramedRoute {
  net::IpPrefix prefix;
  uint32_t metric = 1;

  bool operator==(const FramedRoute&) const = default;
};

struct ServiceProfile {
  // Which network protocols the user may open, where the link offers them.
  bool ipv4 = true;
  bool ipv6 = true;

  // IPv4. An address of its own goes before the pools, which are tried in order; without either the
  // first pool of the configuration.
  net::IpAddress ipv4_address;
  std::vector<std::string> ipv4_pools;
  std::vector<FramedRoute> ipv4_routes;
  std::vector<net::IpAddress> dns;  // IPv4, the first two are told; empty: the configuration's

  // IPv6 on the link: prefixes that are advertised, addresses given by DHCPv6 (RFC 3162, RFC 6911).
  std::optional<uint64_t> ipv6_interface_id;
  std::vector<net::IpPrefix> ipv6_prefixes;
  std::vector<std::string> ipv6_pools;  // of link prefixes
  std::vector<net::IpAddress> ipv6_addresses;
  std::vector<std::string> ipv6_address_pools;  // of those
  // And behind it (RFC 4818).
  std::vector<net::IpPrefix> delegated_prefixes;
  std::vector<std::string> delegated_pools;
  std::vector<FramedRoute> ipv6_routes;
  std::vector<net::IpPrefix> announced_routes;  // the subscriber is told of (RFC 6911 3.3)
  std::vector<net::IpAddress> dns6;             // empty: the configuration's

  // Zero: without end, or the configuration's.
  Duration session_timeout;
  Duration idle_timeout;
  Duration interim_interval;
  // Of the user at once (Port-Limit, RFC 2865 5.42); zero: the configuration's.
  uint32_t max_sessions = 0;
  uint64_t quota_octets = 0;  // both directions together; zero: none
  // Told back in accounting, in order, as they came (RFC 2865 5.25).
  std::vector<Bytes> classes;
  std::string user_name;     // in accounting instead of the one that was answered with; empty: that
  std::string tunnel_group;  // told back in accounting (RFC 2868 3.6)
  bool by_radius = false;    // a server decided (RFC 2866 5.6)

  std::vector<std::string> filters;  // as Filter-Id names them: controlplane/lns/policies.h
  std::string dscp_policy;           // by name; empty: the configuration's
  // Zero: unlimited. Up is from the subscriber.
  uint64_t rate_up_bps = 0;
  uint64_t rate_down_bps = 0;
  uint64_t burst_up_bytes = 0;  // zero: by the rate
  uint64_t burst_down_bytes = 0;
  // None: the configuration's.
  std::optional<int16_t> rate_overhead;  // octets counted on top of each packet, of all rates
  std::optional<bool> shape_down;        // packets beyond rate_down_bps wait in a queue
  uint32_t shape_queue_bytes = 0;        // zero: by the rate
  std::string vrf;                       // empty: the main one
  uint16_t mtu = 0;  // towards the subscriber, no more than its MRU; zero: the MRU
  std::string redirect_url;

  bool operator==(const ServiceProfile&) const = default;
};

// The terms of one who is told nothing special: never null where a user was accepted.
using ServicePtr = std::shared_ptr<const ServiceProfile>;

inline const ServicePtr& DefaultService() {
  static const ServicePtr service = std::make_shared<const ServiceProfile>();
  return service;
}

}  // namespace lns::controlplane
