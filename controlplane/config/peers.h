// The peers of the configuration, each under every profile it can be recognised as: what the engine
// matches an SCCRQ against.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <vector>

#include "controlplane/config/field_checks.h"
#include "controlplane/config/profile_file.h"
#include "controlplane/lns/profiles.h"

#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

// `file` is the configuration's, beside which the profiles are; `defaults` the general settings.
std::vector<PeerProfile> ReadPeers(const config::v1::ControlplaneConfig& config,
                                   const std::string& file, const Profile& defaults,
                                   FieldChecks& check);

}  // namespace lns::controlplane
