// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/parse.h"

#include <rte_prefetch.h>

#include <cstring>

#include "dataplane/stages/batch_port.h"
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
// wrong with it: nearly every packet, with few instructions. What is not so (false) ParseAny looks
// at closely.
bool ParsePlainIpv4(const rte_mbuf& packet, uint64_t mac, PacketMeta& meta) {
  constexpr uint32_t kMacBits = 48;
  constexpr uint32_t kEthernet = net::kEthernetHeaderLength;
  const uint32_t length = packet.data_len;
  if (packet.nb_segs != 1 || length < kEthernet + net::kIpv4HeaderLength) {
    return false;
  }
  const uint32_t offset = packet.data_off + kEthernet;
  const uint8_t* ip = static_cast<const uint8_t*>(packet.buf_addr) + offset;
  uint64_t destination;
  std::memcpy(&destination, ip - kEthernet, sizeof(destination));
  uint16_t total_length = 0;
  if ((destination ^ mac) << (64 - kMacBits) != 0 || LoadBe16(ip - 2) != net::kEtherTypeIpv4 ||
      !net::IsPlainIpv4(ip, length - kEthernet, total_length)) {
    return false;
  }
  meta.family = net::Family::kIpv4;
  meta.l3_offset = static_cast<uint16_t>(offset);
  meta.l3_length = total_length;
  return true;
}

uint64_t MacWord(const WorkerPort& port) {
  uint64_t word = 0;
  std::memcpy(&word, port.mac.data(), port.mac.size());
  return word;
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
  const uint32_t count = batch.size();
  for (uint32_t i = 0; i < count; ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(batch.packet(i), const void*));
  }
  BatchPort port(context, batch);
  uint64_t mac = MacWord(*port);
  for (uint32_t i = 0; i < count; ++i) {
    PacketMeta& meta = batch.meta(i);
    if (port.Follow(meta)) [[unlikely]] {
      mac = MacWord(*port);
    }
    if (!ParsePlainIpv4(*batch.packet(i), mac, meta)) [[unlikely]] {
      ParseAny(batch, i, *port);
    }
  }
}

}  // namespace lns::dataplane
