// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/ports/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr const char* kDevice = "/dev/net/tun";

ifreq RequestOf(const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

absl::Status Error(const std::string& interface, const char* what, int error) {
  const std::string text =
      absl::StrCat("mirror ", interface, ": ", what, ": ", std::strerror(error));
  switch (error) {
    case EPERM:
    case EACCES:
      return absl::PermissionDeniedError(
          absl::StrCat(text, ": run as root, or with CAP_NET_ADMIN"));
    case EBUSY:
      return absl::FailedPreconditionError(absl::StrCat(text, ": another process uses it"));
    case EINVAL:
      return absl::FailedPreconditionError(absl::StrCat(
          text,
          ": an interface of this name is no TAP of one queue: remove it, choose another "
          "name, or make it with `ip tuntap add dev ",
          interface, " mode tap`"));
    case ENOENT:
    case ENODEV:
      return absl::FailedPreconditionError(
          absl::StrCat(text, ": run `modprobe tun`, or give the process ", kDevice));
    default:
      return absl::UnavailableError(text);
  }
}

Tap::Outcome OutcomeOf(int error) {
  switch (error) {
    case EAGAIN:
    case EINTR:
      return Tap::Outcome::kNothing;
    case EBADFD:
      return Tap::Outcome::kGone;
    default:
      return Tap::Outcome::kRefused;
  }
}

}  // namespace

absl::StatusOr<Tap> Tap::Open(const TapSettings& settings) {
  FileDescriptor descriptor(open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor.valid()) return Error(settings.interface, kDevice, errno);
  ifreq request = RequestOf(settings.interface);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(descriptor.get(), TUNSETIFF, &request) != 0) {
    return Error(settings.interface, "cannot be opened", errno);
  }
  Tap tap(std::move(descriptor), settings.interface);
  if (absl::Status status = tap.Configure(settings); !status.ok()) return status;
  return tap;
}

absl::Status Tap::Configure(const TapSettings& settings) {
  const FileDescriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control.valid()) return Error(interface_, "socket", errno);
  ifreq request = RequestOf(interface_);
  if (ioctl(control.get(), SIOCGIFINDEX, &request) != 0) {
    return Error(interface_, "index", errno);
  }
  index_ = request.ifr_ifindex;
  // The address before the link is up: Linux makes its link-local one of it.
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(request.ifr_hwaddr.sa_data, settings.mac.data(), settings.mac.size());
  if (ioctl(control.get(), SIOCSIFHWADDR, &request) != 0) {
    return Error(interface_, "MAC address", errno);
  }
  request = RequestOf(interface_);
  request.ifr_mtu = settings.mtu;
  if (ioctl(control.get(), SIOCSIFMTU, &request) != 0) return Error(interface_, "MTU", errno);
  request = RequestOf(interface_);
  if (ioctl(control.get(), SIOCGIFFLAGS, &request) != 0) return Error(interface_, "flags", errno);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (ioctl(control.get(), SIOCSIFFLAGS, &request) != 0) return Error(interface_, "up", errno);
  return absl::OkStatus();
}

Tap::Outcome Tap::Read(MutableByteView& frame) const {
  const ssize_t length = read(descriptor_.get(), frame.data(), frame.size());
  if (length < 0) return OutcomeOf(errno);
  frame = frame.first(static_cast<size_t>(length));
  return Outcome::kDone;
}

Tap::Outcome Tap::Write(ByteView frame) const {
  const ssize_t length = write(descriptor_.get(), frame.data(), frame.size());
  if (length >= 0) return Outcome::kDone;
  const Outcome outcome = OutcomeOf(errno);
  return outcome == Outcome::kNothing ? Outcome::kRefused : outcome;
}

void Tap::SetCarrier(bool is_up) const {
  int carrier = is_up ? 1 : 0;
  (void)ioctl(descriptor_.get(), TUNSETCARRIER, &carrier);  // Linux before 5.0 does not know it
}

}  // namespace lns::dataplane
