// What a netlink message says, in our words: routes, neighbours, addresses. Only what concerns
// our ports and the route tables that are mirrored, one for each VRF. Pure but for libnl; called by
// kernel/netlink_feed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "dataplane/kernel/route_export_policy.h"
#include "dataplane/kernel/route_mirror.h"
#include "lib/net/address.h"

struct nlmsghdr;

namespace lns::dataplane {

// Our port of a Linux interface, by its index.
using PortOfInterface = std::function<std::optional<uint16_t>(int interface_index)>;

struct ParsedRoute {
  KernelRoute route;
  uint8_t protocol = 0;  // who put it there (rtnetlink(7), /etc/iproute2/rt_protos)
  // It leaves by one of our ports, or leads to Linux itself or to nowhere.
  bool is_ours = false;
};
// Null for what we do not forward by: other tables, multicast, exceptions, and routes of link-local
// addresses, which no router forwards (RFC 4291 2.5.6).
std::optional<ParsedRoute> ParseRoute(nlmsghdr* header, const KernelSettings& settings,
                                      const PortOfInterface& port_of);

struct ParsedNeighbour {
  KernelNeighbour neighbour;
  bool is_usable = false;  // it has a MAC address to send to
};
// Null for other interfaces' and for group addresses.
std::optional<ParsedNeighbour> ParseNeighbour(nlmsghdr* header, const PortOfInterface& port_of);

struct ParsedAddress {
  net::IpAddress address;
  uint16_t port = 0;
};
// Null for other interfaces' and for link-local ones.
std::optional<ParsedAddress> ParseAddress(nlmsghdr* header, const PortOfInterface& port_of);

}  // namespace lns::dataplane
