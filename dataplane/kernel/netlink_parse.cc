// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/netlink_parse.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include <cstring>
#include <memory>

namespace lns::dataplane {
namespace {

constexpr int kUsable =
    NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;

net::IpAddress ToAddress(const nl_addr* address) {
  if (address == nullptr) return {};
  const auto* bytes = static_cast<const uint8_t*>(nl_addr_get_binary_addr(address));
  return net::IpAddress::FromBytes({bytes, nl_addr_get_len(address)}).value_or(net::IpAddress());
}

// The default route's address has no length, so the family comes from the route.
net::IpPrefix ToPrefix(rtnl_route* route) {
  nl_addr* to = rtnl_route_get_dst(route);
  net::IpAddress address = ToAddress(to);
  if (address.is_none()) {
    const std::array<uint8_t, 16> zero{};
    address =
        rtnl_route_get_family(route) == AF_INET6 ? net::IpAddress::V6(zero) : net::IpAddress::V4(0);
  }
  return {address, static_cast<uint8_t>(to == nullptr ? 0 : nl_addr_get_prefixlen(to))};
}

// fe80::/10.
bool IsLinkLocal(const net::IpAddress& address) {
  return address.is_v6() && address.raw()[0] == 0xfe && (address.raw()[1] & 0xc0) == 0x80;
}

// `is_mirrored`: it is in a table that is.
std::optional<RouteKind> KindOf(rtnl_route* route, bool is_mirrored) {
  switch (rtnl_route_get_type(route)) {
    case RTN_UNICAST:
      if (is_mirrored) return RouteKind::kForward;
      return std::nullopt;
    case RTN_BLACKHOLE:
    case RTN_UNREACHABLE:
    case RTN_PROHIBIT:
      if (is_mirrored) return RouteKind::kUnreachable;
      return std::nullopt;
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_ANYCAST:
      // A VRF has its local routes in its own table.
      if (is_mirrored || rtnl_route_get_table(route) == RT_TABLE_LOCAL) return RouteKind::kLinux;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// The paths through our ports that are alive. One whose carrier is gone counts only where no other
// is left.
std::vector<RoutePath> PathsOf(rtnl_route* route, const PortOfInterface& port_of) {
  std::vector<RoutePath> with_carrier;
  std::vector<RoutePath> without;
  const int hops = rtnl_route_get_nnexthops(route);
  for (int i = 0; i < hops; ++i) {
    rtnl_nexthop* hop = rtnl_route_nexthop_n(route, i);
    const unsigned flags = rtnl_route_nh_get_flags(hop);
    const std::optional<uint16_t> port = port_of(rtnl_route_nh_get_ifindex(hop));
    if (!port || (flags & RTNH_F_DEAD) != 0) continue;
    nl_addr* gateway = rtnl_route_nh_get_gateway(hop);
    if (gateway == nullptr) gateway = rtnl_route_nh_get_via(hop);
    // On the wire the weight is one less; of a single path there is none.
    const auto weight = static_cast<uint16_t>(hops > 1 ? rtnl_route_nh_get_weight(hop) + 1 : 1);
    const RoutePath path{.next_hop = ToAddress(gateway), .port = *port, .weight = weight};
    ((flags & RTNH_F_LINKDOWN) == 0 ? with_carrier : without).push_back(path);
  }
  return with_carrier.empty() ? without : with_carrier;
}

}  // namespace

std::optional<ParsedRoute> ParseRoute(nlmsghdr* header, const KernelSettings& settings,
                                      const PortOfInterface& port_of) {
  rtnl_route* raw = nullptr;
  if (rtnl_route_parse(header, &raw) != 0) return std::nullopt;
  const std::unique_ptr<rtnl_route, void (*)(rtnl_route*)> route(raw, rtnl_route_put);
  const std::optional<VrfIndex> vrf = settings.VrfOf(rtnl_route_get_table(raw));
  const std::optional<RouteKind> kind = KindOf(raw, vrf.has_value());
  if (!kind || (rtnl_route_get_flags(raw) & RTM_F_CLONED) != 0) return std::nullopt;
  ParsedRoute parsed;
  parsed.protocol = rtnl_route_get_protocol(raw);
  parsed.route.prefix = {vrf.value_or(kMainVrf), ToPrefix(raw)};
  parsed.route.metric = rtnl_route_get_priority(raw);
  parsed.route.kind = *kind;
  if (IsLinkLocal(parsed.route.prefix.prefix.address)) return std::nullopt;
  if (*kind == RouteKind::kForward) parsed.route.paths = PathsOf(raw, port_of);
  parsed.is_ours = *kind != RouteKind::kForward || !parsed.route.paths.empty();
  return parsed;
}

std::optional<ParsedNeighbour> ParseNeighbour(nlmsghdr* header, const PortOfInterface& port_of) {
  rtnl_neigh* raw = nullptr;
  if (rtnl_neigh_parse(header, &raw) != 0) return std::nullopt;
  const std::unique_ptr<rtnl_neigh, void (*)(rtnl_neigh*)> neighbour(raw, rtnl_neigh_put);
  const std::optional<uint16_t> port = port_of(rtnl_neigh_get_ifindex(raw));
  ParsedNeighbour parsed;
  parsed.neighbour.address = ToAddress(rtnl_neigh_get_dst(raw));
  if (!port || parsed.neighbour.address.is_none()) return std::nullopt;
  parsed.neighbour.port = *port;
  const int state = rtnl_neigh_get_state(raw);
  parsed.neighbour.is_stale = (state & NUD_STALE) != 0;
  const nl_addr* link = rtnl_neigh_get_lladdr(raw);
  parsed.is_usable = (state & kUsable) != 0 && link != nullptr &&
                     nl_addr_get_len(link) == parsed.neighbour.mac.size();
  if (parsed.is_usable) {
    std::memcpy(parsed.neighbour.mac.data(), nl_addr_get_binary_addr(link),
                parsed.neighbour.mac.size());
    // Linux lists the group addresses it listens to as neighbours; nothing is forwarded to them.
    if ((parsed.neighbour.mac[0] & 1) != 0) return std::nullopt;
  }
  return parsed;
}

std::optional<ParsedAddress> ParseAddress(nlmsghdr* header, const PortOfInterface& port_of) {
  std::array<nlattr*, IFA_MAX + 1> attributes{};
  if (nlmsg_parse(header, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto* message = static_cast<const ifaddrmsg*>(nlmsg_data(header));
  const std::optional<uint16_t> port = port_of(static_cast<int>(message->ifa_index));
  // IFA_ADDRESS is the far end's on point-to-point links.
  nlattr* found =
      attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
  if (!port || found == nullptr) return std::nullopt;
  const auto address = net::IpAddress::FromBytes(
      {static_cast<const uint8_t*>(nla_data(found)), static_cast<size_t>(nla_len(found))});
  if (!address || IsLinkLocal(*address)) return std::nullopt;
  return ParsedAddress{.address = *address, .port = *port};
}

}  // namespace lns::dataplane
