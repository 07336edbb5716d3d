// Rates of users and of peers: limits of what they may be, and where they go.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <optional>

#include "controlplane/config/field_checks.h"
#include "controlplane/lns/rates.h"
#include "controlplane/lns/service.h"

#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

// Of users[index].
void ReadRates(const config::v1::UserConfig& in, int index, FieldChecks& check,
               ServiceProfile& out);
RateSettings ReadRates(const config::v1::PppConfig& in, FieldChecks& check);
// Of peers[index].
std::optional<AggregateLimit> ReadAggregate(const config::v1::PeerConfig& in, int index,
                                            FieldChecks& check);

}  // namespace lns::controlplane
