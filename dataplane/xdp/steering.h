// Fills the maps of the XDP programs (steer.bpf.c) that DPDK's net_af_xdp attached to our
// interfaces, and reads their counters. The driver loads the object itself, once per interface, so
// each interface has a program and maps of its own; they are found here through the kernel, by
// interface and id, never through a pinned path.
//
// The process owns it. Interfaces are added while ports start (main thread); the AddressSteering
// calls then come under the table writer's mutex; Counters() may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/address_steering.h"
#include "dataplane/xdp/steer_maps.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::dataplane {

struct SteeringRole {
  bool is_access = false;
  bool is_core = false;
  VrfIndex vrf = kMainVrf;  // it is told of what is ours in this one
};

using SteeringCounters = std::array<uint64_t, STEER_VERDICT_COUNT>;
// Names of the counters, in the order of enum steer_verdict.
extern const std::array<std::string_view, STEER_VERDICT_COUNT> kSteeringCounterNames;

class Steering final : public AddressSteering {
 public:
  Steering() = default;
  Steering(const Steering&) = delete;
  Steering& operator=(const Steering&) = delete;
  ~Steering() override;

  // Takes a program of ours off the interface: one that a killed process left behind. True if there
  // was one. FAILED_PRECONDITION if another program holds the interface.
  static absl::StatusOr<bool> DetachOwn(const std::string& interface);

  // Takes charge of the program now attached to the interface.
  absl::Status AddInterface(const std::string& interface, SteeringRole role);

  absl::Status AddLocalAddress(const VrfAddress& address) override;
  absl::Status RemoveLocalAddress(const VrfAddress& address) override;
  absl::Status AddSubscriberPrefix(const VrfPrefix& prefix) override;
  absl::Status RemoveSubscriberPrefix(const VrfPrefix& prefix) override;

  // Summed over processors and interfaces.
  SteeringCounters Counters() const;

 private:
  enum MapIndex { kLocalV4, kLocalV6, kSubscribersV4, kSubscribersV6, kSettings, kVerdicts, kMaps };
  struct Interface {
    std::string name;
    steer_settings settings{};  // as in the map
    VrfIndex vrf = kMainVrf;
    std::array<int, kMaps> maps{-1, -1, -1, -1, -1, -1};
  };

  absl::Status FindMaps(int program, Interface& interface);
  static absl::Status WriteSettings(const Interface& interface);
  // AddNear or RemoveNear, on the interfaces of the VRF; an IPv6 address changes nothing.
  absl::Status ChangeNear(const VrfAddress& at, void (*change)(steer_settings&, __be32));
  // On the interfaces of the VRF.
  absl::Status Put(VrfIndex vrf, MapIndex map, const void* key);
  absl::Status Erase(VrfIndex vrf, MapIndex map, const void* key);
  absl::Status BecomeReady();

  std::vector<Interface> interfaces_;
  bool is_ready_ = false;
};

}  // namespace lns::dataplane
