// Filters and DSCP policies: from what people write to values (lib/net/filter.h). Of the
// configuration file, and of filters that operators set while the LNS runs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "controlplane/config/field_checks.h"
#include "controlplane/lns/policies.h"
#include "lib/net/filter.h"

#include "absl/status/statusor.h"
#include "lns/config/v1/controlplane.pb.h"
#include "lns/config/v1/policy.pb.h"

namespace lns::controlplane {

PolicySettings ReadPolicies(const config::v1::ControlplaneConfig& config, FieldChecks& check);

// A filter that stands alone; what is wrong names the field.
absl::StatusOr<FilterPtr> ReadFilter(const config::v1::FilterConfig& config);

}  // namespace lns::controlplane
