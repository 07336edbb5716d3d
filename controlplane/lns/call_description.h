// What AAA is told of a session: who calls whom through which tunnel over which line, and the names
// under which the session goes (RFC 2865, RFC 2866, RFC 2868, RFC 5515 attributes). Made by the
// engine for the question who the user is, and again for accounting; never a secret.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/l2tp/actions.h"
#include "lib/net/address.h"

namespace lns::controlplane {

struct CallDescription {
  std::string accounting_id;  // Acct-Session-Id
  // Of the session for its life: its tunnel and session id (NAS-Port), in words too (NAS-Port-Id).
  uint32_t nas_port = 0;
  std::string nas_port_id;

  net::EndpointPair tunnel;
  std::string lac_host_name;  // of the tunnel's peer (Tunnel-Client-Auth-ID)
  std::string lns_host_name;  // ours towards it (Tunnel-Server-Auth-ID)
  std::string peer;           // as configured

  uint32_t serial_number = 0;  // of the call (Acct-Tunnel-Connection)
  std::string called_number;
  std::string calling_number;
  std::string sub_address;
  uint32_t tx_connect_speed_bps = 0;  // towards the subscriber, as the LAC says
  uint32_t rx_connect_speed_bps = 0;
  std::optional<uint32_t> physical_channel_id;
  std::optional<l2tp::AccessLine> line;  // RFC 5515
  uint16_t peer_mru = 0;                 // what LCP agreed on
};

}  // namespace lns::controlplane
