// Packets that did not come from a port: what the control plane injects, and LCP echoes.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"
#include "dataplane/stages/outer_header.h"
#include "lib/base/bytes.h"

namespace lns::dataplane {

inline constexpr uint16_t kAddressAndControl = 2;  // FF 03
// What must be free before a PPP protocol field for WriteSessionHeaders.
inline constexpr uint16_t kOwnFrameRoom = kEncapsulationRoom + kAddressAndControl;

// Copies the payload into a new packet, with room for all headers before it; writes
// meta.payload_offset and payload_length. Null: no buffer.
rte_mbuf* MakeOwnPacket(Context& context, ByteView payload, PacketMeta& meta);

// All headers before the PPP frame at meta.payload_offset, which begins with its protocol field: FF
// 03 (LCP's frames are never shortened, RFC 1661 6.6), and what brings it to the session's peer.
// Needs kOwnFrameRoom before the frame. By the session's owner alone.
void WriteSessionHeaders(Context& context, uint32_t session, uint8_t* buffer, PacketMeta& meta);

}  // namespace lns::dataplane
