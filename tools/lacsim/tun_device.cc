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

#include "lib/net/prefix.h"
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

absl::Status Failed(const TunDevice::Where& where, const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat("TUN device ", where.name, ": ", what));
}

// The link-local address is the one IPV6CP agrees on, not one the kernel makes up. A kernel without
// IPv6 has nothing to be told.
void LeaveLinkLocalToUs(const std::string& name) {
  const std::string path = absl::StrCat("/proc/sys/net/ipv6/conf/", name, "/addr_gen_mode");
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  constexpr char kNone[] = "1";
  if (file.valid()) (void)!::write(file.get(), kNone, 1);
}

absl::Status SetAddress(const TunDevice::Where& where, int control) {
  ifreq request = RequestFor(where.name);
  request.ifr_addr = ToSockaddr(where.address);
  if (::ioctl(control, SIOCSIFADDR, &request) != 0) return Failed(where, "address");
  request = RequestFor(where.name);
  request.ifr_addr = ToSockaddr(0xffffffff);
  if (::ioctl(control, SIOCSIFNETMASK, &request) != 0) return Failed(where, "netmask");
  return absl::OkStatus();
}

absl::Status SetDefaultRoute(const TunDevice::Where& where, int control) {
  rtentry route{};
  route.rt_dst = ToSockaddr(0);
  route.rt_genmask = ToSockaddr(0);
  route.rt_flags = RTF_UP;
  std::string name = where.name;
  route.rt_dev = name.data();
  if (::ioctl(control, SIOCADDRT, &route) != 0) return Failed(where, "default route");
  return absl::OkStatus();
}

// Address, MTU, up, default route: ioctls on any socket of the namespace.
absl::Status Configure(const TunDevice::Where& where) {
  const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control.valid()) return Failed(where, "control socket");
  LeaveLinkLocalToUs(where.name);
  if (where.address != 0) {
    if (absl::Status status = SetAddress(where, control.get()); !status.ok()) return status;
  }
  ifreq request = RequestFor(where.name);
  request.ifr_mtu = where.mtu;
  if (::ioctl(control.get(), SIOCSIFMTU, &request) != 0) return Failed(where, "MTU");
  request = RequestFor(where.name);
  request.ifr_flags = static_cast<short>(IFF_UP | IFF_RUNNING | IFF_NOARP | IFF_POINTOPOINT);
  if (::ioctl(control.get(), SIOCSIFFLAGS, &request) != 0) return Failed(where, "up");
  if (where.address == 0) return absl::OkStatus();
  return SetDefaultRoute(where, control.get());
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
  absl::Status status = Configure(where);
  if (!status.ok()) return status;
  TunDevice device(std::move(fd), where);
  if (where.interface_id != 0) status = device.AddLinkLocal(where.interface_id);
  if (!status.ok()) return status;
  return device;
}

absl::Status TunDevice::AddLinkLocal(uint64_t interface_id) {
  auto scope = NetworkNamespaceScope::Enter(where_.netns);
  if (!scope.ok()) return scope.status();
  const FileDescriptor control(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control.valid()) return Failed(where_, "IPv6 control socket");
  ifreq index = RequestFor(where_.name);
  if (::ioctl(control.get(), SIOCGIFINDEX, &index) != 0) return Failed(where_, "index");
  // linux/ipv6.h's in6_ifreq, which does not go together with netinet/in.h.
  struct {
    in6_addr address;
    uint32_t prefix_length;
    int index;
  } request{};
  const net::IpAddress address = net::LinkLocal(interface_id);
  std::memcpy(&request.address, address.raw().data(), sizeof(request.address));
  request.prefix_length = 64;
  request.index = index.ifr_ifindex;
  if (::ioctl(control.get(), SIOCSIFADDR, &request) != 0)
    return Failed(where_, "link-local address");
  return absl::OkStatus();
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
