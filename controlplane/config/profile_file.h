// One profile: the file deploy/profiles/NAME.yaml (proto message ProfileConfig), read, checked and
// laid over the general settings. Called at start and for --check.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <string>

#include "controlplane/lns/profiles.h"
#include "lib/l2tp/tunnel.h"
#include "lib/ppp/link.h"

#include "absl/status/statusor.h"

namespace lns::controlplane {

struct Profile {
  std::string name = "default";
  std::shared_ptr<const PeerMatch> match;  // none: nothing is recognised by it
  l2tp::TunnelSettings tunnel;
  std::shared_ptr<const ppp::LinkSettings> link;  // none: the general ones
  PeerTreatment treatment;
};

// `defaults` hold the general settings. NOT_FOUND when there is no such file.
absl::StatusOr<Profile> LoadProfile(const std::string& directory, const std::string& name,
                                    const Profile& defaults);

}  // namespace lns::controlplane
