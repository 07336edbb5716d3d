// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/parse.h"

#include <rte_prefetch.h>

#include <cstring>

#include "lib/base/bytes.h"
#include "lib/net/ethernet.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::dataplane {
namespace {

DropReason ReasonOf(net::IpError error) {
  switch (error) {
    case net::IpError::kTruncated:
      return DropReason::kTruncated;
    case net::IpError::kBadChecksum:
      return DropReason::kBadIpChecksum;
    default:
      return DropReason::kBadIpHeader;
  }
}

void ParseIp(Batch& batch, uint32_t i, uint16_t type, uint32_t offset, ByteView packet) {
  PacketMeta& meta = batch.meta(i);
  const bool is_v4 = type == net::kEtherTypeIpv4;
  const net::IpError error = is_v4 ? net::CheckIpv4(packet) : net::CheckIpv6(packet);
  if (error != net::IpError::kNone) {
    batch.Drop(i, ReasonOf(error));
    return;
  }
  meta.family = is_v4 ? net::Family::kIpv4 : net::Family::kIpv6;
  meta.l3_offset = static_cast<uint16_t>(offset);
  meta.l3_length =
      is_v4 ? LoadBe16(packet.data() + 2)
            : static_cast<uint16_t>(net::kIpv6HeaderLength + LoadBe16(packet.data() + 4));
}

}  // namespace

void Parse(Context& context, Batch& batch) {
  for (uint32_t i = 0; i < batch.size(); ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(batch.packet(i), const void*));
  }
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const rte_mbuf* packet = batch.packet(i);
    const WorkerPort* port = context.port(batch.meta(i).in_port);
    if (packet->data_len < net::kEthernetHeaderLength || packet->nb_segs != 1) {
      batch.Drop(i, DropReason::kTruncated);
      continue;
    }
    const uint8_t* frame = rte_pktmbuf_mtod(packet, const uint8_t*);
    const uint16_t type = LoadBe16(frame + 12);
    const bool is_ip = type == net::kEtherTypeIpv4 || type == net::kEtherTypeIpv6;
    if (!is_ip || std::memcmp(frame, port->mac.data(), port->mac.size()) != 0) {
      batch.Mirror(i);
      continue;
    }
    ParseIp(batch, i, type, packet->data_off + net::kEthernetHeaderLength,
            ByteView(frame, packet->data_len).subspan(net::kEthernetHeaderLength));
  }
}

}  // namespace lns::dataplane
