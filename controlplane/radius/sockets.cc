// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/sockets.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "controlplane/radius/socket_address.h"

namespace lns::controlplane {
RadiusSockets::RadiusSockets(Poller& poller, RadiusSource source,
                             std::vector<net::Endpoint> servers, Receiver& receiver)
    : poller_(poller), source_(std::move(source)), receiver_(receiver) {
  for (net::Endpoint& endpoint : servers) servers_.push_back({endpoint, {}});
}

RadiusSockets::~RadiusSockets() {
  for (const Server& server : servers_) {
    for (const FileDescriptor& lane : server.lanes) {
      if (lane.valid()) poller_.Forget(lane.get());
    }
  }
}

FileDescriptor RadiusSockets::Open(const net::Endpoint& server) const {
  const int family = server.address.is_v4() ? AF_INET : AF_INET6;
  FileDescriptor fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return {};
  if (!source_.device.empty() &&
      setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, source_.device.data(),
                 static_cast<socklen_t>(source_.device.size())) != 0) {
    return {};
  }
  const auto source = std::find_if(
      source_.addresses.begin(), source_.addresses.end(),
      [&](const net::IpAddress& address) { return address.family() == server.address.family(); });
  if (source != source_.addresses.end()) {
    const SocketAddress local(net::Endpoint{*source, 0});
    if (bind(fd.get(), local.get(), local.length) != 0) return {};
  }
  const SocketAddress peer(server);
  if (connect(fd.get(), peer.get(), peer.length) != 0) return {};
  return fd;
}

int RadiusSockets::SocketOf(size_t server, uint32_t lane) {
  std::vector<FileDescriptor>& lanes = servers_[server].lanes;
  if (lane >= lanes.size()) lanes.resize(lane + 1);
  if (!lanes[lane].valid()) {
    lanes[lane] = Open(servers_[server].endpoint);
    if (!lanes[lane].valid()) return -1;
    poller_.Watch(lanes[lane].get(), [this, server, lane] { Receive(server, lane); });
  }
  return lanes[lane].get();
}

void RadiusSockets::Send(const radius::SendDatagram& datagram) {
  const int fd = SocketOf(datagram.server, datagram.lane);
  if (fd < 0) {
    ++open_failures_;
    return;
  }
  // A port unreachable that came since is reported here, once, and what was to be sent is not.
  const auto send_once = [&] {
    return send(fd, datagram.bytes.data(), datagram.bytes.size(), MSG_NOSIGNAL) >= 0;
  };
  if (send_once()) return;
  if (errno == ECONNREFUSED) {
    receiver_.OnRadiusRefused(datagram.server);
    if (send_once()) return;
  }
  ++send_failures_;
}

void RadiusSockets::Receive(size_t server, uint32_t lane) {
  const int fd = servers_[server].lanes[lane].get();
  for (int i = 0; i < kReceiveBurst; ++i) {
    const ssize_t length = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (length >= 0) {
      receiver_.OnRadiusDatagram(server, lane,
                                 ByteView(buffer_).first(static_cast<size_t>(length)));
    } else if (errno == ECONNREFUSED) {
      receiver_.OnRadiusRefused(server);
    } else {
      return;
    }
  }
}

}  // namespace lns::controlplane
