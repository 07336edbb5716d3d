// What a subscriber's IPv6 service is given with each call, and what it answers. The service keeps
// no pointers, so that a session costs only what it holds.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/ipv6/event.h"
#include "controlplane/ipv6/settings.h"
#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/net/address.h"

namespace lns::controlplane {

// What this subscriber is to get. Fixed ones go before pools; with neither, the first pool of the
// kind, if there is one; an address, of the link's prefix.
struct Ipv6Terms {
  std::span<const net::IpPrefix> link_prefixes = {};
  std::span<const std::string> link_pools = {};
  std::span<const net::IpAddress> addresses = {};   // by DHCPv6
  std::span<const std::string> address_pools = {};  // of those
  std::span<const net::IpPrefix> delegated_prefixes = {};
  std::span<const std::string> delegated_pools = {};
  std::span<const net::IpPrefix> announced_routes = {};
  std::span<const net::IpAddress> dns = {};  // empty: the settings'
};

// What is told of name servers: those of AAA, else the settings'.
inline std::span<const net::IpAddress> DnsOf(const Ipv6Terms& terms, const Ipv6Settings& settings) {
  return terms.dns.empty() ? std::span<const net::IpAddress>(settings.dns) : terms.dns;
}

struct Ipv6Environment {
  const Ipv6Settings& settings;
  Ipv6Terms terms;
  AddressBook& book;
  AddressBook::Owner owner = 0;
  std::string_view user_name;
  Rng& rng;
  Instant now;

  std::span<const net::IpAddress> dns() const { return DnsOf(terms, settings); }
};

// Packets leave in order, and after the data plane has the prefixes that came about with them.
struct Ipv6Output {
  struct Packet {
    Bytes bytes;            // from the IPv6 header
    bool periodic = false;  // one of many alike, not worth keeping
  };
  std::vector<Packet> packets;
  std::vector<Ipv6Event> events;
  bool prefixes_added = false;    // to what the data plane is to have
  bool prefixes_removed = false;  // from it
  bool holdings_changed = false;  // those, or addresses of the link

  void Count(Ipv6Event event) { events.push_back(event); }
};

}  // namespace lns::controlplane
