// Which tunnels a user may come by: the Tunnel-* attributes of an Access-Accept as an LNS takes
// them (RFC 2868 3). The server describes one tunnel, or several told apart by tags; the user may
// go on where one of them is the tunnel the call came by, in all that is said of it. Pure; any
// thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "controlplane/lns/call_description.h"
#include "lib/base/bytes.h"

namespace lns::controlplane {

struct TunnelPolicy {
  bool allowed = true;  // by one of the tunnels, or nothing is said of any
  std::string group;    // Tunnel-Private-Group-ID of that one; empty: none
  bool malformed = false;
};

// Type, medium, endpoints (addresses: a name fits none) and authentication ids are compared.
// Assignment, preference and password are about opening a tunnel, which is done by then.
TunnelPolicy ReadTunnelPolicy(ByteView attributes, const CallDescription& call);

}  // namespace lns::controlplane
