// A packet that somebody describes, built: plain, as it comes from the core, or in the data message
// in which a session's LAC would bring it. Headers and checksums are right; the payload is zeros.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/tables/table_writer.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

#include "absl/status/statusor.h"
#include "lns/dataplane/v1/inspection.pb.h"

namespace lns::dataplane {

// The IP packet. INVALID_ARGUMENT names the field that cannot be.
absl::StatusOr<Bytes> BuildPacket(const v1::DescribedPacket& description);
// A PPP frame of it in a data message (RFC 2661 3.1) in an IP packet from the tunnel's peer.
Bytes WrapInTunnel(ByteView packet, const TunnelConfig& tunnel, const SessionConfig& session);
// An Ethernet frame of an IP packet, to `destination`.
Bytes WrapInEthernet(ByteView packet, const net::MacAddress& destination);

}  // namespace lns::dataplane
