// The attributes that Access-Request and Accounting-Request share: who asks, and about which call
// (RFC 2865 5, RFC 2868 3, RFC 2869 5, RFC 4679). Pure; any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "controlplane/lns/call_description.h"
#include "lib/net/address.h"
#include "lib/radius/builder.h"

namespace lns::controlplane {

// How this LNS names itself to servers: at least one of the two is there.
struct NasIdentity {
  net::IpAddress address;  // NAS-IP-Address or NAS-IPv6-Address
  std::string identifier;  // NAS-Identifier
};

void AddNas(const NasIdentity& nas, radius::PacketBuilder& out);

// NAS-Port and its kin, Service-Type, Framed-Protocol, Called- and Calling-Station-Id,
// Connect-Info, Acct-Session-Id, the tunnel the user came by, and what is known of the line. What
// the call does not say is left out.
void AddCall(const CallDescription& call, radius::PacketBuilder& out);

}  // namespace lns::controlplane
