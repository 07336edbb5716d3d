// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/vrf_devices.h"

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vrf.h>
#include <netlink/socket.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

using Socket = std::unique_ptr<nl_sock, void (*)(nl_sock*)>;
using Link = std::unique_ptr<rtnl_link, void (*)(rtnl_link*)>;

// By name or, where that is null, by index; null: there is none.
Link FindLink(const Socket& socket, const char* name, int index = 0) {
  rtnl_link* raw = nullptr;
  if (rtnl_link_get_kernel(socket.get(), index, name, &raw) != 0) raw = nullptr;
  return {raw, rtnl_link_put};
}

// 0: it is no VRF device.
uint32_t TableOf(const Link& link) {
  uint32_t table = 0;
  const bool is_vrf = link != nullptr && rtnl_link_is_vrf(link.get()) != 0 &&
                      rtnl_link_vrf_get_tableid(link.get(), &table) == 0;
  return is_vrf ? table : 0;
}

absl::Status ReadTable(const Socket& socket, VrfSettings& vrf) {
  const uint32_t table = TableOf(FindLink(socket, vrf.name.c_str()));
  if (vrf.table == 0) vrf.table = table;
  if (vrf.table == 0) {
    return absl::NotFoundError(absl::StrCat(
        "VRF ", vrf.name, ": Linux has no VRF device of this name: make it with `ip link add ",
        vrf.name, " type vrf table NUMBER`, or write the number of its table"));
  }
  if (table == 0 || table == vrf.table) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("VRF ", vrf.name, ": Linux' device has table ", table, ", not ", vrf.table));
}

// The VRF that Linux has put the interface into; none: into no VRF device.
absl::StatusOr<std::optional<VrfIndex>> VrfOfInterface(const Socket& socket,
                                                       const PortSettings& port,
                                                       const std::vector<VrfSettings>& vrfs,
                                                       uint32_t main_table) {
  const std::string& interface = port.LinuxInterface();
  const Link link = FindLink(socket, interface.c_str());
  const int master = link == nullptr ? 0 : rtnl_link_get_master(link.get());
  if (master == 0) return std::nullopt;
  const Link device = FindLink(socket, nullptr, master);
  const uint32_t table = TableOf(device);
  if (table == 0) return std::nullopt;
  if (table == main_table) return kMainVrf;
  const auto vrf = std::find_if(vrfs.begin(), vrfs.end(),
                                [&](const VrfSettings& known) { return known.table == table; });
  if (vrf != vrfs.end()) return vrf->index;
  return absl::FailedPreconditionError(
      absl::StrCat("port ", port.name, ": its interface ", interface, " is in the VRF ",
                   rtnl_link_get_name(device.get()), " of Linux, which vrfs does not name"));
}

absl::Status ReadPort(const Socket& socket, const std::vector<VrfSettings>& vrfs,
                      uint32_t main_table, PortSettings& port) {
  if (port.LinuxInterface().empty()) {
    port.vrf = port.vrf.value_or(kMainVrf);
    return absl::OkStatus();
  }
  const auto found = VrfOfInterface(socket, port, vrfs, main_table);
  if (!found.ok()) return found.status();
  const std::optional<VrfIndex> in_linux = *found;
  if (port.vrf.has_value() && in_linux.has_value() && *port.vrf != *in_linux) {
    return absl::FailedPreconditionError(absl::StrCat("port ", port.name, ": its interface ",
                                                      port.LinuxInterface(),
                                                      " is in another VRF of Linux"));
  }
  if (!port.vrf.has_value()) port.vrf = in_linux.value_or(kMainVrf);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadVrfDevices(std::vector<VrfSettings>& vrfs, std::vector<PortSettings>& ports,
                            uint32_t main_table) {
  const Socket socket(nl_socket_alloc(), nl_socket_free);
  if (socket == nullptr) return absl::ResourceExhaustedError("netlink: no memory");
  if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error != 0) {
    return absl::UnavailableError(absl::StrCat("netlink: connect: ", nl_geterror(error)));
  }
  for (VrfSettings& vrf : vrfs) {
    if (absl::Status status = ReadTable(socket, vrf); !status.ok()) return status;
  }
  for (PortSettings& port : ports) {
    if (absl::Status status = ReadPort(socket, vrfs, main_table, port); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace lns::dataplane
