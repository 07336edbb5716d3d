// How what a device receives comes to the workers' queues: what the card offers to do of it, and
// what is made of that. Whatever it brings to another worker than the session's owner is handed
// over in software (core/handoff.h), so a choice here changes what packets cost, never where they
// end up. Pure but for InstallSessionRule.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/port.h"
#include "dataplane/ports/port_settings.h"

namespace lns::dataplane {

// What a device says of itself.
struct DeviceOffers {
  DeviceKind kind = DeviceKind::kVdev;
  uint16_t max_queues = 1;  // receive and transmit
  uint64_t rss = 0;         // RTE_ETH_RSS_* (rte_eth_dev_info.flow_type_rss_offloads)
  bool l2tp_rule = false;   // takes a flow rule that spreads L2TPv2 data by session id
};

enum class SpreadBy : uint8_t {
  kSoftware,     // one queue, or nobody knows which: workers hand over
  kAddresses,    // the card, by outer addresses and ports: a tunnel comes to one queue
  kDestination,  // the card, by destination address: a subscriber comes to one queue
  kSession,      // the card, by L2TPv2 session id
};
std::string_view Name(SpreadBy by);

struct Spread {
  SpreadBy by = SpreadBy::kSoftware;
  uint16_t queues = 1;
  uint64_t rss = 0;  // what to ask of the device; 0: nothing
  bool operator==(const Spread&) const = default;
};

// For a port of this role with so many workers; `wanted`: queues that the configuration names, else
// one per worker.
Spread ChooseSpread(const DeviceOffers& offers, PortRole role, uint32_t workers,
                    uint16_t wanted = 0);

// For people: of the RSS kinds those that matter here, and the rule.
std::vector<std::string> OfferNames(const DeviceOffers& offers);

// A started device with several queues: spreads L2TPv2 data over IPv4 and IPv6 by session id, where
// it can. False: it cannot, nothing is changed.
bool InstallSessionRule(uint16_t dpdk_port);

}  // namespace lns::dataplane
