// The host behind the LNS's core port: one UDP socket in the core namespace that receives what
// subscribers send and sends to their addresses.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/time.h"
#include "tools/lacsim/traffic.h"
#include "tools/lacsim/udp_socket.h"

namespace lns::lacsim {

class HostSide final : public ProbeSink {
 public:
  // addresses[flow]: the subscriber's, host order.
  HostSide(UdpSocket socket, const std::vector<uint32_t>& addresses, ReceiveBuffers& buffers);

  void Send(std::span<OutgoingProbe> probes) override;
  void OnReadable(Traffic& traffic, Instant now);
  int fd() const { return socket_.fd(); }
  uint64_t receive_drops() const { return socket_.receive_drops(); }

 private:
  UdpSocket socket_;
  std::vector<sockaddr_in> destinations_;  // by flow
  ReceiveBuffers& buffers_;
};

}  // namespace lns::lacsim
