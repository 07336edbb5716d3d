// An endpoint as the kernel writes it, and back.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::controlplane {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  SocketAddress() = default;  // room for one
  explicit SocketAddress(const net::Endpoint& endpoint) {
    const ByteView bytes = endpoint.address.bytes();
    if (endpoint.address.is_v4()) {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(endpoint.port);
      std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
      std::memcpy(&storage, &in, length = sizeof(in));
    } else {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(endpoint.port);
      std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
      std::memcpy(&storage, &in, length = sizeof(in));
    }
  }

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }

  net::Endpoint endpoint() const {
    if (storage.ss_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, &storage, sizeof(in));
      return {net::IpAddress::V4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
    }
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof(in));
    return {net::IpAddress::V6({in.sin6_addr.s6_addr, sizeof(in.sin6_addr.s6_addr)}),
            ntohs(in.sin6_port)};
  }
};

}  // namespace lns::controlplane
