// What all subscribers' IPv6 services have in common: how the LNS advertises itself (RFC
// 4861 6.2.1) and what its DHCPv6 server gives (RFC 8415). Plain values from the configuration,
// checked there.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/net/address.h"

namespace lns::controlplane {

struct Ipv6Settings {
  // Router Advertisements come this often at most; a third of it at least, at random in between.
  Duration advertisement_interval = Duration::Seconds(600);
  Duration router_lifetime = Duration::Seconds(1800);
  Duration prefix_valid = Duration::Seconds(86400);
  Duration prefix_preferred = Duration::Seconds(14400);
  bool managed = false;  // hosts are to ask DHCPv6 for addresses
  bool other = true;     // and for everything else
  uint8_t hop_limit = 64;

  Duration lease_valid = Duration::Seconds(7200);
  Duration lease_preferred = Duration::Seconds(3600);
  bool rapid_commit = true;
  uint32_t max_delegations = 4;  // of one session

  std::vector<net::IpAddress> dns;  // at most eight
  std::vector<std::string> search;  // domain names, at most eight
  Bytes server_duid = {0, 4, 0};    // the same after each start
};

}  // namespace lns::controlplane
