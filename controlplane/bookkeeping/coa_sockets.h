// The UDP sockets on which AAA's requests arrive (RFC 5176: port 3799), one for each address, so
// that an answer leaves from where the request went to. Single-threaded, on the thread of its
// Poller; nothing blocks, and what a socket will not take is lost, as on a wire.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "controlplane/coa/dynamic_authorization.h"
#include "controlplane/loop/poller.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"
#include "lib/os/file_descriptor.h"
#include "lib/radius/packet.h"

#include "absl/status/status.h"

namespace lns::controlplane {

class CoaSockets {
 public:
  // Within Poller::Wait.
  using OnDatagram = std::function<void(const CoaPeer& from, ByteView datagram)>;

  CoaSockets(Poller& poller, OnDatagram on_datagram)
      : poller_(poller), on_datagram_(std::move(on_datagram)) {}
  ~CoaSockets();

  // An error names the address.
  absl::Status Open(const std::vector<net::Endpoint>& addresses);
  void Send(const CoaPeer& to, ByteView packet);

 private:
  static constexpr int kReceiveBurst = 64;

  void Receive(size_t socket);

  Poller& poller_;
  const OnDatagram on_datagram_;
  std::vector<FileDescriptor> sockets_;
  std::array<uint8_t, radius::kMaxPacketLength> buffer_;
};

}  // namespace lns::controlplane
