// The greeting on the punt socket (<run_dir>/punt.sock, unix SOCK_SEQPACKET), as values. The
// sockets and the passing of descriptors belong to the processes: dataplane/punt serves,
// controlplane/ transport connects.
//
//   client -> server   ClientHello
//   server -> client   ServerHello; with status kOk and as SCM_RIGHTS, in this order: the memfd of
//                      lib/punt/layout.h, then one eventfd per worker (worker 0 first). Any other
//                      status carries no descriptor, and the server closes.
//
// The connection then stays open and silent: it is how each side notices that the other died. The
// server takes one client at a time; while one is connected another gets kBusy. After a client is
// gone the next gets the same memory, with every ring where its predecessor left it. A client's
// eventfds are shared with no one else; the worker writes 1 when Publish() says the consumer
// sleeps. The memfd is sealed against shrinking and growing: fstat gives the size to map.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include "lib/base/bytes.h"
#include "lib/punt/layout.h"

namespace lns::punt {

inline constexpr uint64_t kHelloMagic = 0x544d4e5348454c4fu;  // "TMNSHELO"
inline constexpr uint32_t kHelloVersion = 1;
inline constexpr uint32_t kMaxHandshakeDescriptors = 1 + kMaxWorkers;

struct ClientHello {
  uint64_t magic = kHelloMagic;
  uint32_t version = kHelloVersion;
  uint32_t layout_version = kLayoutVersion;
};
static_assert(sizeof(ClientHello) == 16);

enum class HelloStatus : uint32_t {
  kOk = 0,
  kBusy = 1,        // another client is connected; holder_pid names it
  kBadVersion = 2,  // this server speaks `version` and `layout_version`
  kBadHello = 3,    // not a ClientHello
};

struct ServerHello {
  uint64_t magic = kHelloMagic;
  uint32_t version = kHelloVersion;
  uint32_t layout_version = kLayoutVersion;
  HelloStatus status = HelloStatus::kOk;
  uint32_t workers = 0;     // eventfds that follow the memfd
  uint32_t holder_pid = 0;  // with kBusy
  uint32_t reserved0 = 0;
  uint64_t total_size = 0;  // of the memfd
  uint64_t dataplane_generation = 0;
};
static_assert(sizeof(ServerHello) == 48);

template <typename Hello>
ByteView HelloBytes(const Hello& hello) {
  static_assert(std::is_trivially_copyable_v<Hello>);
  return {reinterpret_cast<const uint8_t*>(&hello), sizeof(hello)};
}

// The message if it has the right size and magic; its version is for the caller to judge.
template <typename Hello>
std::optional<Hello> ParseHello(ByteView bytes) {
  static_assert(std::is_trivially_copyable_v<Hello>);
  Hello hello;
  if (bytes.size() != sizeof(hello)) return std::nullopt;
  std::memcpy(&hello, bytes.data(), sizeof(hello));
  if (hello.magic != kHelloMagic) return std::nullopt;
  return hello;
}

}  // namespace lns::punt
