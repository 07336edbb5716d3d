// What a worker gives to Linux by the mirrors of its ports (core/context.h).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstring>

#include "dataplane/core/context.h"
#include "dataplane/core/frame_ring.h"
#include "dataplane/core/mirrored_frame.h"
#include "lib/net/ethernet.h"

namespace lns::dataplane {
namespace {

// As it came; of a packet that was put together from fragments as if it had come so. Its headers
// may have moved, and its Ethernet header follows them.
ByteView FrameOf(rte_mbuf* packet, const PacketMeta& meta) {
  auto* buffer = static_cast<uint8_t*>(packet->buf_addr);
  if (meta.family == net::Family::kNone) return {buffer + packet->data_off, packet->data_len};
  uint8_t* frame = buffer + meta.l3_offset - net::kEthernetHeaderLength;
  const uint8_t* came = buffer + packet->data_off;
  if (frame != came) std::memmove(frame, came, net::kEthernetHeaderLength);
  return {frame, net::kEthernetHeaderLength + meta.l3_length};
}

// Of others that are on the same wire.
bool IsForAnother(ByteView frame, const net::MacAddress& mac) {
  return frame.size() < net::kEthernetHeaderLength ||
         ((frame[0] & 1) == 0 && std::memcmp(frame.data(), mac.data(), mac.size()) != 0);
}

}  // namespace

void Context::Mirror(rte_mbuf* packet, const PacketMeta& meta) {
  const WorkerPort* in_port = port(meta.in_port);
  if (in_port == nullptr || in_port->to_linux == nullptr) {
    CountLoss(DropReason::kNotOurs);
    return;
  }
  const ByteView frame = FrameOf(packet, meta);
  if (packet->nb_segs != 1 || IsForAnother(frame, in_port->mac)) {
    CountLoss(DropReason::kNotOurs);
    return;
  }
  const MirroredFrame described = DescribeMirrored(frame);
  const auto reason = static_cast<uint8_t>(described.reason);
  switch (punt_guard_.Judge(in_port->interface_group, reason, described.source, Now())) {
    case PuntVerdict::kPass:
      break;
    case PuntVerdict::kSourceRate:
      CountLoss(DropReason::kPuntSourceRate);
      return;
    case PuntVerdict::kGroupRate:
      CountLoss(DropReason::kPuntGroupRate);
      return;
  }
  if (!in_port->to_linux->Push(frame)) {
    CountLoss(DropReason::kMirrorFull);
    return;
  }
  counters_.punts[reason].Add(1);
  linux_has_work_ = true;
  ++staged_;
}

uint32_t Context::SendFromLinux(const WorkerPort& port) {
  return port.from_linux->Poll(kBatchSize, [&](ByteView frame) {
    rte_mempool* pool = config_.inject_pool;
    rte_mbuf* packet = pool != nullptr ? rte_pktmbuf_alloc(pool) : nullptr;
    char* room = packet == nullptr
                     ? nullptr
                     : rte_pktmbuf_append(packet, static_cast<uint16_t>(frame.size()));
    if (room == nullptr) {
      CountLoss(DropReason::kInjectNoBuffer);
      rte_pktmbuf_free(packet);  // null is nothing
      return;
    }
    std::memcpy(room, frame.data(), frame.size());
    StageForPort(packet, port.index);
  });
}

}  // namespace lns::dataplane
