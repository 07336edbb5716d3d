// Writes our routes into the kernel and tells them from everybody else's: by protocol number and
// table. They lead to nowhere ("unreachable"): what a port of ours receives never asks them, and
// Linux itself has no way to a subscriber. Called by kernel/netlink_feed's thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/vrf.h"
#include "dataplane/kernel/netlink_parse.h"
#include "dataplane/kernel/route_export_policy.h"
#include "lib/net/address.h"

#include "absl/status/status.h"

struct nl_sock;

namespace lns::dataplane {

class OwnRoutes {
 public:
  explicit OwnRoutes(const KernelSettings& settings) : settings_(settings) {}

  bool IsOurs(const ParsedRoute& parsed) const { return parsed.protocol == settings_.protocol; }
  // False: written by a release or configuration that made other routes.
  bool IsAsWritten(const ParsedRoute& parsed) const {
    return parsed.route.kind == RouteKind::kUnreachable &&
           parsed.route.metric == MetricOf(parsed.route.prefix.prefix);
  }
  // ALREADY_EXISTS where somebody else has a route to the prefix with our metric; it stays.
  absl::Status Add(nl_sock* socket, const VrfPrefix& prefix) const;
  // Whatever its metric; ok where there is none.
  absl::Status Remove(nl_sock* socket, const VrfPrefix& prefix) const;

 private:
  // The kernel has no metric 0 for IPv6.
  uint32_t MetricOf(const net::IpPrefix& prefix) const {
    constexpr uint32_t kIpv6Default = 1024;
    return settings_.metric == 0 && prefix.address.is_v6() ? kIpv6Default : settings_.metric;
  }

  const KernelSettings settings_;
};

}  // namespace lns::dataplane
