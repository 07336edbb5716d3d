// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/core/handoff.h"

#include <rte_malloc.h>

#include <cstdio>
#include <span>

namespace lns::dataplane {

HandoffRecord Pack(const PacketMeta& meta) {
  const bool transmit = meta.resume == Resume::kTransmit;
  return {
      .session_key = meta.session_key,
      .l3_offset = meta.l3_offset,
      .l3_length = meta.l3_length,
      .l4_offset = meta.l4_offset,
      .payload_offset = meta.payload_offset,
      .payload_length = meta.payload_length,
      .small = static_cast<uint16_t>((transmit ? meta.out_port : meta.in_port) << 11 |
                                     static_cast<uint8_t>(meta.family) << 8 |
                                     static_cast<uint8_t>(meta.resume) << 6 | meta.vrf),
  };
}

PacketMeta Unpack(const HandoffRecord& record) {
  PacketMeta meta;
  meta.session_key = record.session_key;
  meta.l3_offset = record.l3_offset;
  meta.l3_length = record.l3_length;
  meta.l4_offset = record.l4_offset;
  meta.payload_offset = record.payload_offset;
  meta.payload_length = record.payload_length;
  meta.family = static_cast<net::Family>(record.small >> 8 & 0x7);
  meta.resume = static_cast<Resume>(record.small >> 6 & 0x3);
  meta.vrf = static_cast<VrfIndex>(record.small & 0x3f);
  const auto port = static_cast<uint8_t>(record.small >> 11);
  if (meta.resume == Resume::kTransmit) {
    meta.out_port = port;
  } else {
    meta.in_port = port;
  }
  return meta;
}

std::unique_ptr<HandoffMesh> HandoffMesh::Make(uint32_t workers, int socket) {
  rte_mbuf_dynfield field{};
  std::snprintf(field.name, sizeof(field.name), "lns_handoff");
  field.size = sizeof(HandoffRecord);
  field.align = alignof(HandoffRecord);
  const int offset = rte_mbuf_dynfield_register(&field);
  if (offset < 0) return nullptr;
  std::unique_ptr<HandoffMesh> mesh(new HandoffMesh());
  mesh->workers_ = workers;
  mesh->record_offset_ = static_cast<size_t>(offset);
  mesh->rings_.resize(size_t{workers} * workers);
  const size_t slots = size_t{workers} * (workers - 1) * kRingSlots;
  if (slots == 0) return mesh;
  mesh->slots_ = static_cast<rte_mbuf**>(
      rte_zmalloc_socket("handoff", slots * sizeof(rte_mbuf*), RTE_CACHE_LINE_SIZE, socket));
  if (mesh->slots_ == nullptr) return nullptr;
  rte_mbuf** next = mesh->slots_;
  for (uint32_t from = 0; from < workers; ++from) {
    for (uint32_t to = 0; to < workers; ++to) {
      if (from == to) continue;
      mesh->rings_[from * workers + to] = std::make_unique<Ring>(std::span(next, kRingSlots));
      next += kRingSlots;
    }
  }
  return mesh;
}

HandoffMesh::~HandoffMesh() {
  for (const std::unique_ptr<Ring>& ring : rings_) {
    if (ring == nullptr) continue;
    ring->Look();
    for (uint32_t i = 0; i < ring->size(); ++i) rte_pktmbuf_free((*ring)[i]);
  }
  rte_free(slots_);
}

}  // namespace lns::dataplane
