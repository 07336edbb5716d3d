// What accounting is told of a session that is online, and of a tunnel: values made by the engine
// when something about them changes, shared with whoever listens, never changed afterwards.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/lns/accounting_id.h"
#include "controlplane/lns/actions.h"
#include "controlplane/lns/call_description.h"
#include "controlplane/lns/service.h"
#include "lib/net/address.h"

namespace lns::controlplane {

struct SessionFacts {
  AccountingId id;
  SessionKey key;
  std::string user_name;
  CallDescription call;
  ServicePtr service;  // never null
  // What the subscriber has now; none of a network protocol that is not open.
  net::IpAddress ipv4_address;
  std::optional<uint64_t> ipv6_interface_id;
  std::vector<net::IpPrefix> ipv6_prefixes;  // on the link
  std::vector<net::IpAddress> ipv6_addresses;
  std::vector<net::IpPrefix> delegated_prefixes;
};

struct TunnelFacts {
  AccountingId id;
  l2tp::LocalTunnelId tunnel;
  net::EndpointPair endpoints;
  std::string lac_host_name;
  std::string lns_host_name;
};

}  // namespace lns::controlplane
