// RADIUS in the configuration: servers and their timing, which accounting shares, and the settings
// of authentication.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controlplane/config/field_checks.h"
#include "controlplane/radius/settings.h"
#include "lib/radius/client.h"

#include "google/protobuf/repeated_field.h"
#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

inline constexpr uint16_t kRadiusPort = 1812;
inline constexpr uint16_t kRadiusAccountingPort = 1813;

// `list` is the path of the list of servers.
std::vector<radius::ServerSettings> ReadServers(
    const google::protobuf::RepeatedPtrField<config::v1::RadiusServer>& in, const std::string& list,
    uint16_t default_port, FieldChecks& check);

// The times of `client`; `prefix` is the path of the message, with its dot.
void ReadTimes(const config::v1::RadiusTimes& in, const std::string& prefix, FieldChecks& check,
               radius::ClientSettings& client);

// `file` is the configuration's, beside which dictionaries are; `host_name` and `address` what the
// LNS goes by where RADIUS is not told otherwise.
RadiusSettings ReadRadius(const config::v1::RadiusConfig& in, const std::string& file,
                          const NasIdentity& otherwise, FieldChecks& check);

}  // namespace lns::controlplane
