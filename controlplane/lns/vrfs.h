// The VRFs that AAA, operators and pools mean by name. The data plane knows them by number alone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/net/vrf.h"

namespace lns::controlplane {

// One besides the main one.
struct VrfName {
  std::string name;
  net::VrfIndex index = 0;
};

// Empty is the main one; nullopt: there is none of this name.
inline std::optional<net::VrfIndex> FindVrf(const std::vector<VrfName>& vrfs,
                                            std::string_view name) {
  if (name.empty()) return net::kMainVrf;
  const auto found = std::find_if(vrfs.begin(), vrfs.end(),
                                  [name](const VrfName& vrf) { return vrf.name == name; });
  if (found == vrfs.end()) return std::nullopt;
  return found->index;
}

}  // namespace lns::controlplane
