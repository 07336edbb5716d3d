// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/ports/spread.h"

#include <rte_ethdev.h>
#include <rte_flow.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/l2tp/header.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kByAddresses = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;

// L2TPv2 data in UDP over `ip`, whatever its session.
rte_flow* Install(uint16_t dpdk_port, rte_flow_item_type ip) {
  const rte_flow_attr attributes{.group = 0, .priority = 0, .ingress = 1};
  rte_flow_item_udp port{};
  port.hdr.dst_port = RTE_BE16(l2tp::kUdpPort);
  rte_flow_item_udp port_mask{};
  port_mask.hdr.dst_port = RTE_BE16(0xffff);
  std::array<rte_flow_item, 5> pattern{};
  pattern[0].type = RTE_FLOW_ITEM_TYPE_ETH;
  pattern[1].type = ip;
  pattern[2] = {.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &port, .last = nullptr, .mask = &port_mask};
  pattern[3].type = RTE_FLOW_ITEM_TYPE_L2TPV2;
  pattern[4].type = RTE_FLOW_ITEM_TYPE_END;
  rte_flow_action_rss spread{};  // over the queues the device spreads over anyway
  spread.types = RTE_ETH_RSS_L2TPV2;
  std::array<rte_flow_action, 2> actions{};
  actions[0] = {.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &spread};
  actions[1].type = RTE_FLOW_ACTION_TYPE_END;
  rte_flow_error error{};
  if (rte_flow_validate(dpdk_port, &attributes, pattern.data(), actions.data(), &error) != 0) {
    return nullptr;
  }
  return rte_flow_create(dpdk_port, &attributes, pattern.data(), actions.data(), &error);
}

}  // namespace

std::string_view Name(SpreadBy by) {
  switch (by) {
    case SpreadBy::kSoftware:
      return "software";
    case SpreadBy::kAddresses:
      return "device, by addresses and ports";
    case SpreadBy::kDestination:
      return "device, by destination";
    case SpreadBy::kSession:
      return "device, by session id";
  }
  return "";
}

Spread ChooseSpread(const DeviceOffers& offers, PortRole role, uint32_t workers, uint16_t wanted) {
  Spread spread;
  const uint32_t queues = wanted != 0 ? wanted : std::min<uint32_t>(workers, offers.max_queues);
  spread.queues = static_cast<uint16_t>(std::max<uint32_t>(queues, 1));
  if (spread.queues == 1) return spread;
  const uint64_t addresses = offers.rss & kByAddresses;
  const bool by_session = (offers.rss & RTE_ETH_RSS_L2TPV2) != 0;
  const bool has_access = role != PortRole::kCore;
  spread.rss = addresses;
  if (addresses != 0) spread.by = SpreadBy::kAddresses;
  if (has_access && by_session) spread.rss |= RTE_ETH_RSS_L2TPV2;
  if (has_access && (by_session || offers.l2tp_rule)) spread.by = SpreadBy::kSession;
  const uint64_t addresses_alone = offers.rss & RTE_ETH_RSS_IP;
  if (!has_access && addresses_alone != 0 && (offers.rss & RTE_ETH_RSS_L3_DST_ONLY) != 0) {
    spread.rss = addresses_alone | RTE_ETH_RSS_L3_DST_ONLY;
    spread.by = SpreadBy::kDestination;
  }
  // What a virtual device claims is not done by any card.
  if (offers.kind != DeviceKind::kPci) spread.by = SpreadBy::kSoftware;
  return spread;
}

std::vector<std::string> OfferNames(const DeviceOffers& offers) {
  constexpr std::array<std::pair<uint64_t, const char*>, 4> kKinds = {{
      {RTE_ETH_RSS_IP, "rss-ip"},
      {RTE_ETH_RSS_UDP, "rss-udp"},
      {RTE_ETH_RSS_L3_DST_ONLY, "rss-destination-only"},
      {RTE_ETH_RSS_L2TPV2, "rss-l2tpv2"},
  }};
  std::vector<std::string> names;
  for (const auto& [bits, name] : kKinds) {
    if ((offers.rss & bits) != 0) names.emplace_back(name);
  }
  if (offers.l2tp_rule) names.emplace_back("flow-l2tpv2");
  return names;
}

bool InstallSessionRule(uint16_t dpdk_port) {
  rte_flow* ipv4 = Install(dpdk_port, RTE_FLOW_ITEM_TYPE_IPV4);
  rte_flow* ipv6 = Install(dpdk_port, RTE_FLOW_ITEM_TYPE_IPV6);
  return ipv4 != nullptr || ipv6 != nullptr;
}

}  // namespace lns::dataplane
