// Builds the data plane's form of a tunnel: what received packets are compared with and the outer
// headers of what is sent, with their partial checksums.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/tables/entries.h"
#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {

// Of everything we send outside.
inline constexpr uint8_t kOuterHopLimit = 64;

// Both endpoints must be of one family.
TunnelEntry MakeTunnelEntry(const TunnelConfig& tunnel);

}  // namespace lns::dataplane
