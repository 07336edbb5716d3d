// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/synthetic_source.h"

#include <rte_ethdev.h>

#include "lib/base/check.h"

namespace lns::bench {
namespace {

uint16_t OnReceive(uint16_t, uint16_t, rte_mbuf* packets[], uint16_t count, uint16_t, void* user) {
  auto& source = *static_cast<FrameSource*>(user);
  for (uint16_t i = 0; i < count; ++i) FillPacket(*packets[i], source);
  return count;
}

}  // namespace

void FillPacket(rte_mbuf& packet, FrameSource& source) {
  const uint16_t length = source.WriteNext(rte_pktmbuf_mtod(&packet, uint8_t*));
  packet.data_len = length;
  packet.pkt_len = length;
}

void AttachSyntheticSource(uint16_t dpdk_port, FrameSource& source) {
  LNS_CHECK(rte_eth_add_rx_callback(dpdk_port, 0, OnReceive, &source) != nullptr);
}

}  // namespace lns::bench
