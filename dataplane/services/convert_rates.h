// Rates of messages as the table writer knows them, and back: meters, shapers, limits of tunnels.
// Zeros that mean "by the rate" become numbers here. `field` names the message in errors.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "dataplane/tables/table_writer.h"

#include "absl/status/statusor.h"
#include "lns/dataplane/v1/forwarding.pb.h"

namespace lns::dataplane {

absl::StatusOr<MeterConfig> ToMeter(const v1::Meter& message, const std::string& field);
absl::StatusOr<ShaperConfig> ToShaper(const v1::Shaper& message, const std::string& field);
absl::StatusOr<AggregateConfig> ToAggregate(const v1::Aggregate& message);

void FromMeter(const MeterConfig& meter, v1::Meter& message);
void FromShaper(const ShaperConfig& shaper, v1::Shaper& message);
void FromAggregate(const AggregateConfig& aggregate, v1::Aggregate& message);

}  // namespace lns::dataplane
