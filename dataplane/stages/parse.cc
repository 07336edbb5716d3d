// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/parse.h"

#include <rte_prefetch.h>

#include <cstring>

#include "dataplane/tables/entries.h"
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

// Untagged IPv4 without options to this MAC address (in the first six bytes of a word), and nothing
// wrong with it: nearly every packet, with few branches. What is not so ParseAny looks at closely.
bool IsPlainIpv4(const rte_mbuf& packet, const uint8_t* frame, uint64_t mac) {
  constexpr uint32_t kPlain = uint32_t{net::kEtherTypeIpv4} << 8 | net::kIpv4NoOptions;
  if (packet.data_len < net::kEthernetHeaderLength + net::kIpv4HeaderLength) return false;
  uint64_t destination;
  std::memcpy(&destination, frame, sizeof(destination));
  const uint8_t* ip = frame + net::kEthernetHeaderLength;
  const uint32_t total_length = LoadBe16(ip + 2);
  return packet.nb_segs == 1 && ((destination ^ mac) & kMacMask) == 0 &&
         LoadBe32(frame + 12) >> 8 == kPlain && total_length >= net::kIpv4HeaderLength &&
         total_length + net::kEthernetHeaderLength <= packet.data_len &&
         net::IsShortIpv4ChecksumRight(ip);
}

[[gnu::noinline]] void ParseAny(Batch& batch, uint32_t i, const WorkerPort& port) {
  const rte_mbuf* packet = batch.packet(i);
  if (packet->data_len < net::kEthernetHeaderLength || packet->nb_segs != 1) {
    batch.Drop(i, DropReason::kTruncated);
    return;
  }
  const uint8_t* frame = rte_pktmbuf_mtod(packet, const uint8_t*);
  const uint16_t type = LoadBe16(frame + 12);
  const bool is_ip = type == net::kEtherTypeIpv4 || type == net::kEtherTypeIpv6;
  if (!is_ip || std::memcmp(frame, port.mac.data(), port.mac.size()) != 0) {
    batch.Mirror(i);
    return;
  }
  ParseIp(batch, i, type, packet->data_off + net::kEthernetHeaderLength,
          ByteView(frame, packet->data_len).subspan(net::kEthernetHeaderLength));
}

}  // namespace

void Parse(Context& context, Batch& batch) {
  for (uint32_t i = 0; i < batch.size(); ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(batch.packet(i), const void*));
  }
  // Of one batch all packets are from one port, as a rule.
  const WorkerPort* port = nullptr;
  uint64_t mac = 0;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    PacketMeta& meta = batch.meta(i);
    if (port == nullptr || port->index != meta.in_port) {
      port = context.port(meta.in_port);
      std::memcpy(&mac, port->mac.data(), port->mac.size());
    }
    const rte_mbuf& packet = *batch.packet(i);
    const uint8_t* frame = rte_pktmbuf_mtod(&packet, const uint8_t*);
    if (!IsPlainIpv4(packet, frame, mac)) [[unlikely]] {
      ParseAny(batch, i, *port);
      continue;
    }
    meta.family = net::Family::kIpv4;
    meta.l3_offset = static_cast<uint16_t>(packet.data_off + net::kEthernetHeaderLength);
    meta.l3_length = LoadBe16(frame + net::kEthernetHeaderLength + 2);
  }
}

}  // namespace lns::dataplane
