// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/bookkeeping/coa_sockets.h"

#include <sys/socket.h>

#include <cerrno>

#include "controlplane/radius/socket_address.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

CoaSockets::~CoaSockets() {
  for (const FileDescriptor& socket : sockets_) poller_.Forget(socket.get());
}

absl::Status CoaSockets::Open(const std::vector<net::Endpoint>& addresses) {
  for (const net::Endpoint& endpoint : addresses) {
    const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
    FileDescriptor fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const SocketAddress address(endpoint);
    if (!fd.valid() || bind(fd.get(), address.get(), address.length) != 0) {
      return absl::ErrnoToStatus(
          errno, absl::StrCat("dynamic_authorization: cannot listen on ",
                              endpoint.address.ToString(), " port ", endpoint.port));
    }
    const size_t index = sockets_.size();
    poller_.Watch(fd.get(), [this, index] { Receive(index); });
    sockets_.push_back(std::move(fd));
  }
  return absl::OkStatus();
}

void CoaSockets::Send(const CoaPeer& to, ByteView packet) {
  const SocketAddress address(to.endpoint);
  // It asks again where this fails.
  [[maybe_unused]] const ssize_t sent =
      sendto(sockets_[to.socket].get(), packet.data(), packet.size(), MSG_NOSIGNAL, address.get(),
             address.length);
}

void CoaSockets::Receive(size_t index) {
  for (int i = 0; i < kReceiveBurst; ++i) {
    SocketAddress from;
    const ssize_t length = recvfrom(sockets_[index].get(), buffer_.data(), buffer_.size(), 0,
                                    from.get(), &from.length);
    if (length < 0) return;
    on_datagram_({.socket = index, .endpoint = from.endpoint()},
                 ByteView(buffer_).first(static_cast<size_t>(length)));
  }
}

}  // namespace lns::controlplane
