// The sockets behind a radius::Client: one connected UDP socket for each lane, so the kernel takes
// nothing but what comes from the server's address and port, and tells when nobody listens there.
// Lanes are opened by what is first sent on them and stay. Nothing blocks: what a socket will not
// take is lost, as on a wire, and counted. Single-threaded, on the thread of its Poller.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/loop/poller.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"
#include "lib/os/file_descriptor.h"
#include "lib/radius/client.h"

namespace lns::controlplane {

// From where servers are asked.
struct RadiusSource {
  std::vector<net::IpAddress> addresses;  // the first of the server's family; none: the kernel's
  std::string device;                     // interface or VRF to go by; empty: any
};

class RadiusSockets {
 public:
  // What arrives, within Poller::Wait.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void OnRadiusDatagram(size_t server, uint32_t lane, ByteView datagram) = 0;
    virtual void OnRadiusRefused(size_t server) = 0;
  };

  RadiusSockets(Poller& poller, RadiusSource source, std::vector<net::Endpoint> servers,
                Receiver& receiver);
  ~RadiusSockets();
  RadiusSockets(const RadiusSockets&) = delete;
  RadiusSockets& operator=(const RadiusSockets&) = delete;

  void Send(const radius::SendDatagram& datagram);

  uint64_t open_failures() const { return open_failures_; }
  uint64_t send_failures() const { return send_failures_; }

 private:
  // Of one socket, each time it is ready.
  static constexpr int kReceiveBurst = 64;

  struct Server {
    net::Endpoint endpoint;
    std::vector<FileDescriptor> lanes;
  };

  // An invalid descriptor: it could not be opened now.
  FileDescriptor Open(const net::Endpoint& server) const;
  int SocketOf(size_t server, uint32_t lane);
  void Receive(size_t server, uint32_t lane);

  Poller& poller_;
  const RadiusSource source_;
  std::vector<Server> servers_;
  Receiver& receiver_;
  std::array<uint8_t, radius::kMaxPacketLength> buffer_;
  uint64_t open_failures_ = 0;
  uint64_t send_failures_ = 0;
};

}  // namespace lns::controlplane
