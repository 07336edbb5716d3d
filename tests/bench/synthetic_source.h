// A port that never runs dry: net_null allocates the buffers, a receive callback writes the frames.
// Unlike net_pcap it holds no frames, so it serves any number of sessions and its cost does not
// depend on it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "tests/bench/frames.h"

namespace lns::bench {

// On queue 0 of the port; the source must outlive the port's traffic.
void AttachSyntheticSource(uint16_t dpdk_port, FrameSource& source);

// Writes a frame into an empty buffer.
void FillPacket(rte_mbuf& packet, FrameSource& source);

}  // namespace lns::bench
