// What the LNS calls itself where: on a port by the port's addresses, towards subscribers by those
// of the first port of their VRF that has any (where the session itself has no gateway), else by an
// address that it answers L2TP on in that VRF.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "dataplane/tables/table_state.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

net::IpAddress FirstOf(net::Family family, const std::vector<net::IpAddress>& addresses) {
  const auto found = std::find_if(addresses.begin(), addresses.end(),
                                  [&](const auto& address) { return address.family() == family; });
  return found == addresses.end() ? net::IpAddress() : *found;
}

}  // namespace

absl::Status TableState::SetPortAddresses(uint16_t port,
                                          const std::vector<net::IpAddress>& addresses) {
  const std::lock_guard lock = Begin();
  if (port >= port_addresses_.size()) {
    return absl::NotFoundError(absl::StrCat("no port ", port));
  }
  port_addresses_[port] = addresses;
  PublishOwnAddresses();
  return absl::OkStatus();
}

OwnAddresses TableState::OwnOn(size_t side) const {
  const size_t ports = port_addresses_.size();
  const size_t vrf = side < ports ? config_.ports[side].vrf : side - ports;
  std::vector<net::IpAddress> local;
  for (const VrfAddress& address : routes_.LocalAddresses()) {
    if (address.vrf == vrf) local.push_back(address.address);
  }
  const auto pick = [&](net::Family family) {
    if (side < ports) {
      const net::IpAddress own = FirstOf(family, port_addresses_[side]);
      if (!own.is_none()) return own;
    }
    for (size_t port = 0; port < ports; ++port) {
      if (config_.ports[port].vrf != vrf) continue;
      const net::IpAddress others = FirstOf(family, port_addresses_[port]);
      if (!others.is_none()) return others;
    }
    return FirstOf(family, local);
  };
  return {.ipv4 = pick(net::Family::kIpv4), .ipv6 = pick(net::Family::kIpv6)};
}

void TableState::PublishOwnAddresses() {
  for (size_t side = 0; side < parts_.tables.own_addresses.size(); ++side) {
    parts_.tables.own_addresses[side].store(&*own_addresses_.insert(OwnOn(side)).first,
                                            std::memory_order_release);
  }
}

}  // namespace lns::dataplane
