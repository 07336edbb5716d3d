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
#include "lib/net/address.h"

#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

// `ours`: the LNS's own addresses, which no pool may hold.
std::vector<AddressPoolSettings> ReadPools(const config::v1::ControlplaneConfig& config,
                                           const std::vector<net::IpAddress>& ours,
                                           FieldChecks& check);

// `name`: what the server's DUID is made of where none is written.
Ipv6Settings ReadIpv6(const config::v1::Ipv6Config& in, const std::string& name,
                      FieldChecks& check);

// The addresses, pools and routes of users[index].
ServiceProfile ReadAddressing(const config::v1::UserConfig& in, int index,
                              const std::vector<AddressPoolSettings>& pools, FieldChecks& check);

}  // namespace lns::controlplane
