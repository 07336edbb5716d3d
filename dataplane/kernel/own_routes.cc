// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/own_routes.h"

#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/route.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

using Route = std::unique_ptr<rtnl_route, void (*)(rtnl_route*)>;

// The prefix, the table and whose it is; null without memory.
Route MakeRoute(const VrfPrefix& of, const KernelSettings& settings, uint8_t scope) {
  const net::IpPrefix& prefix = of.prefix;
  Route route(rtnl_route_alloc(), rtnl_route_put);
  const int family = prefix.address.is_v4() ? AF_INET : AF_INET6;
  const std::unique_ptr<nl_addr, void (*)(nl_addr*)> to(
      nl_addr_build(family, prefix.address.bytes().data(), prefix.address.bytes().size()),
      nl_addr_put);
  if (route == nullptr || to == nullptr) return {nullptr, rtnl_route_put};
  nl_addr_set_prefixlen(to.get(), prefix.length);
  rtnl_route_set_family(route.get(), static_cast<uint8_t>(family));
  rtnl_route_set_dst(route.get(), to.get());
  rtnl_route_set_table(route.get(), settings.TableOf(of.vrf));
  rtnl_route_set_protocol(route.get(), settings.protocol);
  rtnl_route_set_scope(route.get(), scope);
  return route;
}

absl::Status NoMemory() { return absl::ResourceExhaustedError("netlink: no memory"); }

}  // namespace

absl::Status OwnRoutes::Add(nl_sock* socket, const VrfPrefix& of) const {
  const net::IpPrefix& prefix = of.prefix;
  const Route route = MakeRoute(of, settings_, RT_SCOPE_UNIVERSE);
  if (route == nullptr) return NoMemory();
  rtnl_route_set_type(route.get(), RTN_UNREACHABLE);
  rtnl_route_set_priority(route.get(), MetricOf(prefix));
  // Never NLM_F_REPLACE: it would take somebody else's.
  const int error = rtnl_route_add(socket, route.get(), NLM_F_EXCL);
  if (error == 0) return absl::OkStatus();
  if (error == -NLE_EXIST) {
    return absl::AlreadyExistsError(absl::StrCat(
        prefix.ToString(), ": there is a route of another protocol with the same metric"));
  }
  return absl::UnavailableError(absl::StrCat(prefix.ToString(), ": ", nl_geterror(error)));
}

absl::Status OwnRoutes::Remove(nl_sock* socket, const VrfPrefix& of) const {
  const net::IpPrefix& prefix = of.prefix;
  const Route route = MakeRoute(of, settings_, RT_SCOPE_NOWHERE);
  if (route == nullptr) return NoMemory();
  rtnl_route_set_type(route.get(), RTN_UNSPEC);  // of any type
  const int error = rtnl_route_delete(socket, route.get(), 0);
  if (error == 0 || error == -NLE_OBJ_NOTFOUND) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(prefix.ToString(), ": ", nl_geterror(error)));
}

}  // namespace lns::dataplane
