// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/host_side.h"

#include <arpa/inet.h>

#include <array>
#include <utility>

#include "tools/lacsim/uplink.h"

namespace lns::lacsim {

HostSide::HostSide(UdpSocket socket, const std::vector<uint32_t>& addresses,
                   ReceiveBuffers& buffers)
    : socket_(std::move(socket)), destinations_(addresses.size()), buffers_(buffers) {
  for (size_t flow = 0; flow < addresses.size(); ++flow) {
    destinations_[flow].sin_family = AF_INET;
    destinations_[flow].sin_port = htons(kSubscriberPort);
    destinations_[flow].sin_addr.s_addr = htonl(addresses[flow]);
  }
}

void HostSide::Send(std::span<OutgoingProbe> probes) {
  std::array<ByteView, kMaxBurst> payloads;
  std::array<sockaddr_in, kMaxBurst> destinations;
  for (size_t i = 0; i < probes.size(); ++i) {
    payloads[i] = probes[i].payload;
    destinations[i] = destinations_[probes[i].flow];
  }
  const size_t sent = socket_.Send(std::span<const ByteView>(payloads).first(probes.size()),
                                   std::span<const sockaddr_in>(destinations).first(probes.size()));
  for (size_t i = 0; i < sent; ++i) probes[i].sent = true;
}

void HostSide::OnReadable(Traffic& traffic, Instant now) {
  const std::span<const ByteView> payloads = socket_.Receive(buffers_);
  for (size_t i = 0; i < payloads.size(); ++i) {
    const auto& source = reinterpret_cast<const sockaddr_in&>(UdpSocket::SourceOf(buffers_, i));
    // The kernel has checked the checksums; what is not ours is left alone.
    traffic.OnPayload(Direction::kUp, ntohl(source.sin_addr.s_addr), payloads[i], now);
  }
}

}  // namespace lns::lacsim
