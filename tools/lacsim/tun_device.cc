// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/tun_device.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/lacsim/network_namespace.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::lacsim {
namespace {

sockaddr ToSockaddr(uint32_t address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  sockaddr result{};
  std::memcpy(&result, &in, sizeof(in));
  return result;
}

ifreq RequestFor(const std::string& name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  return request;
}

// Address, MTU, up, default route: four ioctls on any socket of the namespace.
absl::Status Configure(const TunDevice::Where& where) {
  const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto failed = [&](const char* what) {
    return absl::ErrnoToStatus(errno, absl::StrCat("TUN device ", where.name, ": ", what));
  };
  if (!control.valid()) return failed("control socket");
  ifreq request = RequestFor(where.name);
  request.ifr_addr = ToSockaddr(where.address);
  if (::ioctl(control.get(), SIOCSIFADDR, &request) != 0) return failed("address");
  request = RequestFor(where.name);
  request.ifr_addr = ToSockaddr(0xffffffff);
  if (::ioctl(control.get(), SIOCSIFNETMASK, &request) != 0) return failed("netmask");
  request = RequestFor(where.name);
  request.ifr_mtu = where.mtu;
  if (::ioctl(control.get(), SIOCSIFMTU, &request) != 0) return failed("MTU");
  request = RequestFor(where.name);
  request.ifr_flags = static_cast<short>(IFF_UP | IFF_RUNNING | IFF_NOARP | IFF_POINTOPOINT);
  if (::ioctl(control.get(), SIOCSIFFLAGS, &request) != 0) return failed("up");
  rtentry route{};
  route.rt_dst = ToSockaddr(0);
  route.rt_genmask = ToSockaddr(0);
  route.rt_flags = RTF_UP;
  std::string name = where.name;
  route.rt_dev = name.data();
  if (::ioctl(control.get(), SIOCADDRT, &route) != 0) return failed("default route");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TunDevice> TunDevice::Open(const Where& where) {
  auto scope = NetworkNamespaceScope::Enter(where.netns);
  if (!scope.ok()) return scope.status();
  FileDescriptor fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "/dev/net/tun");
  ifreq request = RequestFor(where.name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("TUN device ", where.name));
  }
  const absl::Status status = Configure(where);
  if (!status.ok()) return status;
  return TunDevice(std::move(fd));
}

std::optional<ByteView> TunDevice::Read() {
  const ssize_t n = ::read(fd_.get(), buffer_.data(), buffer_.size());
  if (n <= 0) return std::nullopt;
  return ByteView(buffer_).first(static_cast<size_t>(n));
}

void TunDevice::Write(ByteView packet) {
  // A full queue drops, as an interface does.
  [[maybe_unused]] const ssize_t n = ::write(fd_.get(), packet.data(), packet.size());
}

}  // namespace lns::lacsim
