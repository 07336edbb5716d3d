// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/uplink.h"

#include <algorithm>
#include <array>

#include "lib/base/check.h"

namespace lns::lacsim {

void Uplink::Send(std::span<OutgoingProbe> probes) {
  LNS_CHECK(probes.size() <= kMaxBurst);
  std::array<bool, kMaxBurst> taken{};
  for (size_t first = 0; first < probes.size(); ++first) {
    if (taken[first]) continue;
    // This LAC's share of the burst, in order.
    Lac& lac = LacOf(probes[first].flow);
    std::array<UplinkPacket, kMaxBurst> share;
    std::array<OutgoingProbe*, kMaxBurst> origin;
    size_t count = 0;
    for (size_t i = first; i < probes.size(); ++i) {
      OutgoingProbe& probe = probes[i];
      if (taken[i] || &LacOf(probe.flow) != &lac) continue;
      taken[i] = true;
      if (SubscriberOf(probe.flow).state != SubscriberState::kOnline) continue;
      constexpr size_t kHeaders = kIpv4HeaderSize + kUdpHeaderSize;
      const MutableByteView packet(probe.payload.data() - kHeaders,
                                   probe.payload.size() + kHeaders);
      WriteIpv4Udp({SubscriberOf(probe.flow).address, host_address_}, {kSubscriberPort, host_port_},
                   ++identification_, packet);
      origin[count] = &probe;
      share[count++] = {.local_index = static_cast<uint32_t>(probe.flow / lacs_.size()),
                        .packet = packet};
    }
    lac.SendIp(std::span(share).first(count));
    for (size_t i = 0; i < count; ++i) origin[i]->sent = share[i].sent;
  }
}

bool Uplink::SendPacket(uint32_t flow, ByteView packet) {
  std::array<uint8_t, 2048> memory;
  if (kHeadroom + packet.size() > memory.size()) return false;
  if (SubscriberOf(flow).state != SubscriberState::kOnline) return false;
  std::copy(packet.begin(), packet.end(), memory.begin() + kHeadroom);
  UplinkPacket out{.local_index = static_cast<uint32_t>(flow / lacs_.size()),
                   .packet = MutableByteView(memory).subspan(kHeadroom, packet.size())};
  LacOf(flow).SendIp({&out, 1});
  return out.sent;
}

}  // namespace lns::lacsim
