// A non-blocking UDP socket that moves bursts (sendmmsg, recvmmsg) and knows how many datagrams the
// kernel dropped for want of room in its receive buffer. Shared by the LAC's wires and by the host.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/net/address.h"
#include "lib/os/file_descriptor.h"
#include "tools/lacsim/wire.h"

#include "absl/status/statusor.h"

namespace lns::lacsim {

// One burst's worth of receive memory. One object serves all sockets of the thread.
class ReceiveBuffers {
 public:
  ReceiveBuffers();

 private:
  friend class UdpSocket;
  static constexpr size_t kBufferSize = 2048;
  std::vector<uint8_t> memory_;
  std::array<iovec, kMaxBurst> segments_;
  std::array<mmsghdr, kMaxBurst> headers_;
  std::array<sockaddr_storage, kMaxBurst> sources_;
  std::array<ByteView, kMaxBurst> views_;
};

class UdpSocket {
 public:
  struct Where {
    std::string netns;
    net::Endpoint local;                // none address: any of the peer's family
    std::optional<net::Endpoint> peer;  // connected to it when given
  };
  static absl::StatusOr<UdpSocket> Open(const Where& where);

  int fd() const { return fd_.get(); }
  // The peer's burst (connected), or one destination for each datagram (not connected).
  size_t Send(std::span<const ByteView> datagrams, std::span<const sockaddr_in> destinations = {});
  std::span<const ByteView> Receive(ReceiveBuffers& buffers);
  // The source address of the i-th datagram of the last Receive.
  static const sockaddr_storage& SourceOf(const ReceiveBuffers& buffers, size_t i) {
    return buffers.sources_[i];
  }
  uint64_t receive_drops() const;
  uint64_t send_errors() const { return send_errors_; }

 private:
  explicit UdpSocket(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
  uint64_t send_errors_ = 0;
};

// One tunnel over a connected socket.
class UdpWire final : public Wire {
 public:
  UdpWire(UdpSocket socket, ReceiveBuffers& buffers)
      : socket_(std::move(socket)), buffers_(buffers) {}
  int fd() const override { return socket_.fd(); }
  size_t Send(std::span<const ByteView> datagrams) override { return socket_.Send(datagrams); }
  std::span<const ByteView> Receive() override { return socket_.Receive(buffers_); }
  uint64_t receive_drops() const override { return socket_.receive_drops(); }

 private:
  UdpSocket socket_;
  ReceiveBuffers& buffers_;
};

}  // namespace lns::lacsim
