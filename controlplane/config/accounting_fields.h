// Accounting, limits of sessions and AAA's requests in the configuration.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controlplane/aaa/local_users.h"
#include "controlplane/accounting/accountant.h"
#include "controlplane/coa/dynamic_authorization.h"
#include "controlplane/config/field_checks.h"
#include "lib/net/address.h"
#include "lib/radius/client.h"

#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

struct AccountingSettings {
  AccountantSettings accountant;
  radius::ClientSettings client;
  std::string spool;
  bool survives_power_loss = true;
  CoaSettings coa;
  std::vector<net::Endpoint> coa_addresses;
};

// `nas`: how the LNS names itself to authentication servers, and so to these; `addresses`: its own.
AccountingSettings ReadAccounting(const config::v1::ControlplaneConfig& config,
                                  const NasIdentity& nas,
                                  const std::vector<net::IpAddress>& addresses,
                                  const std::string& run_dir, FieldChecks& check);

// Adds the limits of `users` to what was read of them, in their order.
void ReadUserLimits(const config::v1::ControlplaneConfig& config, FieldChecks& check,
                    std::vector<LocalUser>& users);

}  // namespace lns::controlplane
