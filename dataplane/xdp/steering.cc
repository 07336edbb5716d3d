// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/xdp/steering.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dataplane/xdp/near_local.h"
#include "lib/base/check.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {

const std::array<std::string_view, STEER_VERDICT_COUNT> kSteeringCounterNames = {
    "passed",
    "l2tp_redirected",
    "l2tp_fragment_redirected",
    "subscriber_redirected",
    "no_socket_dropped",
    "not_ready_dropped",
};

namespace {

constexpr size_t kMaxProgramMaps = 32;
constexpr std::array<const char*, 6> kMapNames = {
    LNS_STEER_LOCAL_V4,       LNS_STEER_LOCAL_V6, LNS_STEER_SUBSCRIBERS_V4,
    LNS_STEER_SUBSCRIBERS_V6, LNS_STEER_SETTINGS, LNS_STEER_COUNTERS,
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

absl::Status SystemError(const std::string& what, int error) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(error));
  if (error == EPERM || error == EACCES) {
    return absl::PermissionDeniedError(
        absl::StrCat(text, " (needs root or CAP_BPF, CAP_NET_ADMIN)"));
  }
  return absl::InternalError(text);
}

struct Attached {
  uint32_t id = 0;    // 0: none
  uint32_t mode = 0;  // XDP_FLAGS_*_MODE to detach it by
  std::string name;
};

absl::StatusOr<Attached> QueryAttached(const std::string& interface, unsigned index) {
  bpf_xdp_query_opts query{};
  query.sz = sizeof(query);
  if (const int error = bpf_xdp_query(static_cast<int>(index), 0, &query); error != 0) {
    return SystemError(absl::StrCat("cannot ask for the XDP program on ", interface), -error);
  }
  Attached attached;
  if (query.drv_prog_id != 0) {
    attached = {query.drv_prog_id, XDP_FLAGS_DRV_MODE, ""};
  } else if (query.skb_prog_id != 0) {
    attached = {query.skb_prog_id, XDP_FLAGS_SKB_MODE, ""};
  } else if (query.hw_prog_id != 0) {
    attached = {query.hw_prog_id, XDP_FLAGS_HW_MODE, ""};
  } else {
    return attached;
  }
  const Descriptor program(bpf_prog_get_fd_by_id(attached.id));
  if (program.get() < 0) {
    return SystemError(absl::StrCat("cannot open the XDP program on ", interface), errno);
  }
  bpf_prog_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) {
    return SystemError(absl::StrCat("cannot read about the XDP program on ", interface), errno);
  }
  attached.name = info.name;
  return attached;
}

absl::StatusOr<unsigned> InterfaceIndex(const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return absl::NotFoundError(absl::StrCat("no network interface ", interface));
  return index;
}

steer_prefix_v4 KeyV4(const net::IpPrefix& prefix) {
  steer_prefix_v4 key{.length = prefix.length, .address = {}};
  std::memcpy(key.address, prefix.address.bytes().data(), sizeof(key.address));
  return key;
}
steer_prefix_v6 KeyV6(const net::IpPrefix& prefix) {
  steer_prefix_v6 key{.length = prefix.length, .address = {}};
  std::memcpy(key.address, prefix.address.bytes().data(), sizeof(key.address));
  return key;
}

}  // namespace

Steering::~Steering() {
  for (const Interface& interface : interfaces_) {
    for (const int map : interface.maps) close(map);
  }
}

absl::StatusOr<bool> Steering::DetachOwn(const std::string& interface) {
  const absl::StatusOr<unsigned> index = InterfaceIndex(interface);
  if (!index.ok()) return index.status();
  const absl::StatusOr<Attached> attached = QueryAttached(interface, *index);
  if (!attached.ok()) return attached.status();
  if (attached->id == 0) return false;
  if (attached->name != LNS_STEER_PROGRAM) {
    return absl::FailedPreconditionError(
        absl::StrCat("interface ", interface, " already has the XDP program '", attached->name,
                     "' (id ", attached->id, "): take it off with `ip link set dev ", interface,
                     " xdp off` or use another interface"));
  }
  if (const int error = bpf_xdp_detach(static_cast<int>(*index), attached->mode, nullptr);
      error != 0) {
    return SystemError(absl::StrCat("cannot take the old XDP program off ", interface), -error);
  }
  return true;
}

absl::Status Steering::AddInterface(const std::string& interface, SteeringRole role) {
  const absl::StatusOr<unsigned> index = InterfaceIndex(interface);
  if (!index.ok()) return index.status();
  const absl::StatusOr<Attached> attached = QueryAttached(interface, *index);
  if (!attached.ok()) return attached.status();
  if (attached->name != LNS_STEER_PROGRAM) {
    return absl::InternalError(absl::StrCat("the AF_XDP driver did not attach our XDP program to ",
                                            interface, " (found '", attached->name, "')"));
  }
  const Descriptor program(bpf_prog_get_fd_by_id(attached->id));
  if (program.get() < 0) {
    return SystemError(absl::StrCat("cannot open the XDP program on ", interface), errno);
  }
  Interface& added = interfaces_.emplace_back();
  added.name = interface;
  added.vrf = role.vrf;
  if (role.is_access) added.settings.flags |= LNS_STEER_ACCESS;
  if (role.is_core) added.settings.flags |= LNS_STEER_CORE;
  if (is_ready_) added.settings.flags |= LNS_STEER_READY;
  absl::Status status = FindMaps(program.get(), added);
  if (status.ok()) status = WriteSettings(added);
  return status;
}

absl::Status Steering::FindMaps(int program, Interface& interface) {
  std::array<uint32_t, kMaxProgramMaps> ids{};
  bpf_prog_info info{};
  info.nr_map_ids = static_cast<uint32_t>(ids.size());
  info.map_ids = reinterpret_cast<uintptr_t>(ids.data());
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(program, &info, &size) != 0) {
    return SystemError(absl::StrCat("cannot list the XDP maps of ", interface.name), errno);
  }
  for (uint32_t i = 0; i < info.nr_map_ids && i < ids.size(); ++i) {
    Descriptor map(bpf_map_get_fd_by_id(ids[i]));
    if (map.get() < 0) {
      return SystemError(absl::StrCat("cannot open an XDP map of ", interface.name), errno);
    }
    bpf_map_info map_info{};
    uint32_t map_size = sizeof(map_info);
    if (bpf_obj_get_info_by_fd(map.get(), &map_info, &map_size) != 0) {
      return SystemError(absl::StrCat("cannot read about an XDP map of ", interface.name), errno);
    }
    for (size_t name = 0; name < kMapNames.size(); ++name) {
      if (std::strcmp(map_info.name, kMapNames[name]) == 0) interface.maps[name] = map.Release();
    }
  }
  for (size_t name = 0; name < kMapNames.size(); ++name) {
    if (interface.maps[name] < 0) {
      return absl::InternalError(absl::StrCat("the XDP program on ", interface.name,
                                              " has no map '", kMapNames[name],
                                              "': it is of another release"));
    }
  }
  return absl::OkStatus();
}

absl::Status Steering::WriteSettings(const Interface& interface) {
  const uint32_t zero = 0;
  if (bpf_map_update_elem(interface.maps[kSettings], &zero, &interface.settings, BPF_ANY) != 0) {
    return SystemError(absl::StrCat("cannot set up the XDP program on ", interface.name), errno);
  }
  return absl::OkStatus();
}

absl::Status Steering::ChangeNear(const VrfAddress& at, void (*change)(steer_settings&, __be32)) {
  if (!at.address.is_v4()) return absl::OkStatus();
  __be32 word;
  std::memcpy(&word, at.address.bytes().data(), sizeof(word));
  for (Interface& interface : interfaces_) {
    if (interface.vrf != at.vrf) continue;
    change(interface.settings, word);
    if (absl::Status status = WriteSettings(interface); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Steering::Put(VrfIndex vrf, MapIndex map, const void* key) {
  const uint8_t present = 1;
  for (const Interface& interface : interfaces_) {
    if (interface.vrf != vrf) continue;
    if (bpf_map_update_elem(interface.maps[map], key, &present, BPF_ANY) == 0) continue;
    if (errno == E2BIG || errno == ENOSPC) {
      return absl::ResourceExhaustedError(
          absl::StrCat("XDP map '", kMapNames[map], "' of ", interface.name, " is full"));
    }
    return SystemError(
        absl::StrCat("cannot write XDP map '", kMapNames[map], "' of ", interface.name), errno);
  }
  return absl::OkStatus();
}

absl::Status Steering::Erase(VrfIndex vrf, MapIndex map, const void* key) {
  for (const Interface& interface : interfaces_) {
    if (interface.vrf != vrf) continue;
    if (bpf_map_delete_elem(interface.maps[map], key) != 0 && errno != ENOENT) {
      return SystemError(
          absl::StrCat("cannot write XDP map '", kMapNames[map], "' of ", interface.name), errno);
    }
  }
  return absl::OkStatus();
}

absl::Status Steering::BecomeReady() {
  if (is_ready_) return absl::OkStatus();
  is_ready_ = true;
  for (Interface& interface : interfaces_) {
    interface.settings.flags |= LNS_STEER_READY;
    if (absl::Status status = WriteSettings(interface); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Steering::AddLocalAddress(const VrfAddress& at) {
  const net::IpAddress& address = at.address;
  LNS_CHECK(!address.is_none());
  absl::Status status = Put(at.vrf, address.is_v4() ? kLocalV4 : kLocalV6, address.bytes().data());
  if (status.ok()) status = ChangeNear(at, AddNear);
  return status.ok() ? BecomeReady() : status;
}

absl::Status Steering::RemoveLocalAddress(const VrfAddress& at) {
  const net::IpAddress& address = at.address;
  LNS_CHECK(!address.is_none());
  if (absl::Status status = ChangeNear(at, RemoveNear); !status.ok()) return status;
  return Erase(at.vrf, address.is_v4() ? kLocalV4 : kLocalV6, address.bytes().data());
}

absl::Status Steering::AddSubscriberPrefix(const VrfPrefix& at) {
  LNS_CHECK(!at.prefix.address.is_none());
  if (at.prefix.address.is_v4()) {
    const steer_prefix_v4 key = KeyV4(at.prefix);
    return Put(at.vrf, kSubscribersV4, &key);
  }
  const steer_prefix_v6 key = KeyV6(at.prefix);
  return Put(at.vrf, kSubscribersV6, &key);
}

absl::Status Steering::RemoveSubscriberPrefix(const VrfPrefix& at) {
  LNS_CHECK(!at.prefix.address.is_none());
  if (at.prefix.address.is_v4()) {
    const steer_prefix_v4 key = KeyV4(at.prefix);
    return Erase(at.vrf, kSubscribersV4, &key);
  }
  const steer_prefix_v6 key = KeyV6(at.prefix);
  return Erase(at.vrf, kSubscribersV6, &key);
}

SteeringCounters Steering::Counters() const {
  SteeringCounters sums{};
  std::vector<uint64_t> per_cpu(static_cast<size_t>(libbpf_num_possible_cpus()));
  for (const Interface& interface : interfaces_) {
    for (uint32_t verdict = 0; verdict < sums.size(); ++verdict) {
      if (bpf_map_lookup_elem(interface.maps[kVerdicts], &verdict, per_cpu.data()) != 0) continue;
      for (const uint64_t value : per_cpu) sums[verdict] += value;
    }
  }
  return sums;
}

}  // namespace lns::dataplane
