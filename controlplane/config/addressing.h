// What the configuration says of addresses: the pools, what IPv6 subscribers are told, and what a
// local user is given (proto/lns/config/v1: PoolConfig, Ipv6Config, UserConfig).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/config/field_checks.h"
#include "controlplane/ipv6/settings.h"
#include "controlplane/lns/service.h"
#include "controlplane/lns/vrfs.h"
#include "lib/net/address.h"

#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

// `ours`: the LNS's own addresses, which no pool may hold.
std::vector<AddressPoolSettings> ReadPools(const config::v1::ControlplaneConfig& config,
                                           const std::vector<VrfName>& vrfs,
                                           const std::vector<net::VrfAddress>& ours,
                                           FieldChecks& check);

// `name`: what the server's DUID is made of where none is written.
Ipv6Settings ReadIpv6(const config::v1::Ipv6Config& in, const std::string& name,
                      FieldChecks& check);

// A name of `vrfs`; empty is the main one.
net::VrfIndex ReadVrf(const std::string& path, const std::string& name,
                      const std::vector<VrfName>& vrfs, FieldChecks& check);

// The addresses, pools and routes of users[index], whose subscriber is in `vrf`.
ServiceProfile ReadAddressing(const config::v1::UserConfig& in, int index, net::VrfIndex vrf,
                              const std::vector<AddressPoolSettings>& pools, FieldChecks& check);

}  // namespace lns::controlplane
