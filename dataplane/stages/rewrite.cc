// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/rewrite.h"

#include <cstring>

#include "dataplane/stages/peer_check.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/net/ethernet.h"

namespace lns::dataplane {
namespace {

constexpr uint64_t kDestinationMask = 0x0000ffffffffffffu;  // the first six bytes of the word

void ReportUnresolved(Context& context, const Batch& batch, uint32_t i,
                      const Adjacency& adjacency) {
  UnresolvedNeighbour wanted{adjacency.address, adjacency.port};
  if (adjacency.kind == Adjacency::Kind::kConnected) {
    const PacketMeta& meta = batch.meta(i);
    const uint8_t* destination = DestinationOf(meta.family, batch.At(i, meta.l3_offset));
    wanted.address = meta.family == net::Family::kIpv4
                         ? net::IpAddress::V4(LoadBe32(destination))
                         : net::IpAddress::V6(ByteView(destination, 16));
  }
  context.unresolved().Push(wanted);
}

void WriteEthernet(Batch& batch, uint32_t i, uint64_t destination, uint32_t source_tail) {
  const PacketMeta& meta = batch.meta(i);
  rte_mbuf* packet = batch.packet(i);
  const auto offset = static_cast<uint16_t>(meta.l3_offset - net::kEthernetHeaderLength);
  const auto length = static_cast<uint16_t>(meta.l3_length + net::kEthernetHeaderLength);
  packet->data_off = offset;
  packet->data_len = length;
  packet->pkt_len = length;
  uint8_t* frame = batch.At(i, offset);
  std::memcpy(frame, &destination, sizeof(destination));
  std::memcpy(frame + 8, &source_tail, sizeof(source_tail));
  StoreBe16(frame + 12,
            meta.family == net::Family::kIpv4 ? net::kEtherTypeIpv4 : net::kEtherTypeIpv6);
}

}  // namespace

void Rewrite(Context& context, Batch& batch) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const PacketMeta& meta = batch.meta(i);
    const Adjacency& adjacency = tables.adjacencies[meta.next_hop];
    const uint64_t destination = adjacency.destination.load(std::memory_order_relaxed);
    if ((destination & kDestinationMask) == 0) {
      ReportUnresolved(context, batch, i, adjacency);
      batch.Drop(i, DropReason::kNoNeighbour);
      continue;
    }
    const WorkerPort* port = context.port(adjacency.port);
    if (port == nullptr) {
      batch.Drop(i, DropReason::kNoTxQueue);
      continue;
    }
    if (meta.l3_length > port->mtu) {
      batch.Drop(i, DropReason::kTooBigForPort);
      continue;
    }
    WriteEthernet(batch, i, destination, adjacency.source_tail.load(std::memory_order_relaxed));
    batch.Transmit(i, adjacency.port);
  }
}

}  // namespace lns::dataplane
