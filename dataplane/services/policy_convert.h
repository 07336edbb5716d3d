// Filters and DSCP policies between the API's messages and values, as services/convert.h does it
// for everything else.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "dataplane/tables/filter_status.h"
#include "lib/net/filter.h"

#include "absl/status/statusor.h"
#include "lns/dataplane/v1/policy.pb.h"

namespace lns::dataplane {

absl::StatusOr<net::Filter> ToFilter(const v1::Filter& message);
absl::StatusOr<net::DscpPolicy> ToDscpPolicy(const v1::DscpPolicy& message,
                                             const std::string& field);

v1::FilterState FromFilter(const FilterStatus& status);
v1::DscpPolicy FromDscpPolicy(const net::DscpPolicy& policy);

}  // namespace lns::dataplane
