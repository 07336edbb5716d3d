// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/udp_socket.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "lib/base/check.h"
#include "tools/lacsim/network_namespace.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::lacsim {
namespace {

// Half a second at 100,000 packets a second, as the kernel accounts them (about 1 KiB each).
constexpr int kBufferBytes = 64 * 1024 * 1024;
// SO_MEMINFO (linux/sock_diag.h): the socket's drop count is the ninth word.
constexpr size_t kMeminfoWords = 9;
constexpr size_t kMeminfoDrops = 8;
// A burst is tried again this often when an ICMP error from an earlier datagram surfaces.
constexpr int kMaxSendTries = 3;

socklen_t ToSockaddr(const net::Endpoint& endpoint, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof(out));
  if (endpoint.address.is_v6()) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(endpoint.port);
    std::memcpy(&in6.sin6_addr, endpoint.address.raw().data(), 16);
    return sizeof(in6);
  }
  auto& in4 = reinterpret_cast<sockaddr_in&>(out);
  in4.sin_family = AF_INET;
  in4.sin_port = htons(endpoint.port);
  std::memcpy(&in4.sin_addr, endpoint.address.raw().data(), 4);
  return sizeof(in4);
}

void EnlargeBuffers(int fd) {
  // The FORCE variants pass the system's limit and need CAP_NET_ADMIN; without it take what we get.
  const int size = kBufferBytes;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  }
}

}  // namespace

ReceiveBuffers::ReceiveBuffers() : memory_(kMaxBurst * kBufferSize) {
  for (size_t i = 0; i < kMaxBurst; ++i) {
    segments_[i] = {.iov_base = memory_.data() + i * kBufferSize, .iov_len = kBufferSize};
    headers_[i] = {};
    headers_[i].msg_hdr.msg_iov = &segments_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &sources_[i];
  }
}

absl::StatusOr<UdpSocket> UdpSocket::Open(const Where& where) {
  auto scope = NetworkNamespaceScope::Enter(where.netns);
  if (!scope.ok()) return scope.status();
  const bool v6 = where.local.address.is_v6() || (where.peer && where.peer->address.is_v6());
  FileDescriptor fd(
      ::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "UDP socket");
  EnlargeBuffers(fd.get());

  net::Endpoint local = where.local;
  if (local.address.is_none() && v6) local.address = *net::IpAddress::Parse("::");
  sockaddr_storage address;
  socklen_t length = ToSockaddr(local, address);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("binding UDP ", local.ToString()));
  }
  if (where.peer) {
    length = ToSockaddr(*where.peer, address);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
      return absl::ErrnoToStatus(
          errno, absl::StrCat("no way to ", where.peer->ToString(), " from ", local.ToString()));
    }
  }
  return UdpSocket(std::move(fd));
}

size_t UdpSocket::Send(std::span<const ByteView> datagrams,
                       std::span<const sockaddr_in> destinations) {
  LNS_CHECK(datagrams.size() <= kMaxBurst);
  LNS_CHECK(destinations.empty() || destinations.size() == datagrams.size());
  std::array<iovec, kMaxBurst> segments;
  std::array<mmsghdr, kMaxBurst> headers;
  for (size_t i = 0; i < datagrams.size(); ++i) {
    // sendmmsg only reads, whatever iovec's type says.
    segments[i] = {.iov_base = const_cast<uint8_t*>(datagrams[i].data()),
                   .iov_len = datagrams[i].size()};
    headers[i] = {};
    headers[i].msg_hdr.msg_iov = &segments[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    if (!destinations.empty()) {
      headers[i].msg_hdr.msg_name = const_cast<sockaddr_in*>(&destinations[i]);
      headers[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
  }
  size_t sent = 0;
  for (int tries = 0; sent < datagrams.size() && tries < kMaxSendTries;) {
    const int n = ::sendmmsg(fd_.get(), headers.data() + sent,
                             static_cast<unsigned>(datagrams.size() - sent), 0);
    if (n > 0) {
      sent += static_cast<size_t>(n);
      continue;
    }
    // ECONNREFUSED and its like report an earlier datagram and are cleared by this call.
    ++tries;
    if (errno == EAGAIN || errno == ENOBUFS) break;
  }
  send_errors_ += datagrams.size() - sent;
  return sent;
}

std::span<const ByteView> UdpSocket::Receive(ReceiveBuffers& buffers) {
  for (mmsghdr& header : buffers.headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  const int n = ::recvmmsg(fd_.get(), buffers.headers_.data(), kMaxBurst, MSG_DONTWAIT, nullptr);
  const size_t count = n > 0 ? static_cast<size_t>(n) : 0;
  for (size_t i = 0; i < count; ++i) {
    buffers.views_[i] = ByteView(static_cast<const uint8_t*>(buffers.segments_[i].iov_base),
                                 buffers.headers_[i].msg_len);
  }
  return std::span<const ByteView>(buffers.views_).first(count);
}

uint64_t UdpSocket::receive_drops() const {
  std::array<uint32_t, kMeminfoWords> words{};
  socklen_t length = sizeof(words);
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, words.data(), &length) != 0) return 0;
  return length >= sizeof(words) ? words[kMeminfoDrops] : 0;
}

}  // namespace lns::lacsim
