// Puts L2TP, UDP and IP headers before a PPP frame, from the tunnel's prebuilt ones, and counts
// what is sent to subscribers. The UDP checksum is on unless the tunnel says otherwise (RFC
// 2661 8.1). Reads: meta.session, payload_offset, payload_length. Writes: meta.family, l3_offset,
// l3_length (the outer packet). Leaves by: drop(kNoHeadroom).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"
#include "dataplane/tables/entries.h"

namespace lns::dataplane {

void L2tpEncap(Context& context, Batch& batch);

// Also for injected frames. The L2TP data header before the frame at payload_offset; payload_offset
// and payload_length are then those of the L2TP packet. The caller has seen to the headroom.
void WriteL2tpDataHeader(uint8_t* buffer, PacketMeta& meta, uint32_t peer_ids);
// The outer IP and UDP headers before the UDP payload at payload_offset.
void WriteOuter(uint8_t* buffer, PacketMeta& meta, const TunnelEntry& tunnel, uint16_t ip_id);

// Outer headers, L2TP header and Ethernet: what must be free before a PPP frame.
inline constexpr uint16_t kEncapsulationRoom = 14 + kMaxOuterHeader + 6;

}  // namespace lns::dataplane
