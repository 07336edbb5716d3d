// The control plane's configuration: the file's schema (proto/lns/config/v1/controlplane.proto) in
// typed form, every default filled in and every value checked. Whatever is wrong is one line that
// names file, line, column, field and what was expected. Called once at start and for --check.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <vector>

#include "controlplane/aaa/local_users.h"
#include "controlplane/config/accounting_fields.h"
#include "controlplane/leases/settings.h"
#include "controlplane/lns/engine.h"
#include "controlplane/radius/settings.h"
#include "lib/config/yaml.h"
#include "lib/net/address.h"
#include "lib/net/vrf.h"

#include "absl/status/statusor.h"
#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

struct Settings {
  std::string run_dir;
  std::string listen;                          // gRPC target, "unix:/path"
  std::string dataplane;                       // gRPC target, "unix:/path"
  std::string log_level;                       // trace, debug, info, warn, error
  std::vector<net::IpAddress> addresses;       // of the main VRF
  std::vector<net::VrfAddress> vrf_addresses;  // of the others
  EngineSettings engine;
  std::vector<LocalUser> users;
  RadiusSettings radius;
  AccountingSettings accounting;
  LeaseSettings leases;
  std::string metrics;  // "address:port"; empty: none
};

// The file at `path`, read and checked.
absl::StatusOr<Settings> LoadSettings(const std::string& path);

// The same for a message at hand; `source` says where its fields were written.
absl::StatusOr<Settings> CheckConfig(const config::v1::ControlplaneConfig& config,
                                     const config::SourceMap& source);

// The path of "unix:/path".
std::string SocketPath(const std::string& target);

}  // namespace lns::controlplane
