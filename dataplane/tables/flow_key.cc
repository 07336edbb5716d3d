// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/flow_key.h"

#include <algorithm>

#include "lib/net/filter.h"
#include "lib/net/icmp_error.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::dataplane {
namespace {

constexpr size_t kPortsLength = 4;
constexpr size_t kTcpFlagsAt = 13;
constexpr uint8_t kTcpAck = 0x10;
constexpr uint8_t kTcpRst = 0x04;
constexpr size_t kIcmpLength = 2;  // type and code
constexpr uint16_t kIpv6FragmentOffset = 0xfff8;

// Of a packet that is whole, or the first fragment.
bool TakeTransport(ByteView transport, FlowKey& key) {
  if (net::HasPorts(key.protocol)) {
    if (transport.size() < kPortsLength) return false;
    std::copy_n(transport.begin(), kPortsLength, key.ports.begin());
    if (key.protocol != net::kProtocolTcp) return true;
    if (transport.size() <= kTcpFlagsAt) return false;
    if ((transport[kTcpFlagsAt] & (kTcpAck | kTcpRst)) != 0) key.flags = kFlowEstablished;
  } else if (key.protocol == net::kProtocolIcmp || key.protocol == net::kProtocolIcmpv6) {
    if (transport.size() < kIcmpLength) return false;
    key.ports = {0, transport[0], 0, transport[1]};
  }
  return true;
}

// `offset` in units of eight octets.
bool TakeLaterFragment(uint32_t offset, FlowKey& key) {
  key.flags = kFlowLaterFragment;
  return key.protocol != net::kProtocolTcp || offset > 1;
}

bool MakeIpv4Key(ByteView packet, FlowKey& key) {
  const uint8_t* ip = packet.data();
  key.protocol = ip[9];
  key.dscp = ip[1] >> 2;
  std::copy_n(ip + 12, 4, key.source.begin());
  std::copy_n(ip + 16, 4, key.destination.begin());
  const uint32_t offset = LoadBe16(ip + 6) & net::kIpv4FragmentOffset;
  if (offset != 0) return TakeLaterFragment(offset, key);
  return TakeTransport(packet.subspan(net::Ipv4HeaderLength(ip)), key);
}

bool MakeIpv6Key(ByteView packet, FlowKey& key) {
  const uint8_t* ip = packet.data();
  key.dscp = static_cast<uint8_t>(LoadBe16(ip) >> 6 & 0x3f);
  std::copy_n(ip + 8, 16, key.source.begin());
  std::copy_n(ip + 24, 16, key.destination.begin());
  const net::Ipv6Upper upper = net::FindIpv6Upper(packet);
  key.protocol = upper.protocol;
  if (upper.complete) {
    return upper.offset <= packet.size() && TakeTransport(packet.subspan(upper.offset), key);
  }
  const bool is_later_fragment =
      upper.protocol == net::kNextHeaderFragment && upper.offset + 8 <= packet.size();
  if (!is_later_fragment) return false;
  key.protocol = packet[upper.offset];
  const uint32_t offset = LoadBe16(ip + upper.offset + 2) & kIpv6FragmentOffset;
  return offset != 0 && TakeLaterFragment(offset / 8, key);
}

}  // namespace

bool MakeFlowKey(net::Family family, ByteView packet, FlowKey& key) {
  key = {};
  return family == net::Family::kIpv4 ? MakeIpv4Key(packet, key) : MakeIpv6Key(packet, key);
}

}  // namespace lns::dataplane
