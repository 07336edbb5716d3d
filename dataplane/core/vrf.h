// The routing instances (VRFs) of the data plane. A port is in one of them; a tunnel's packets
// travel in one, and a subscriber's in one, which may be another.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "lib/net/vrf.h"

namespace lns::dataplane {

using net::kMainVrf;
using net::kMaxVrfs;
using net::VrfAddress;
using net::VrfIndex;
using net::VrfPrefix;

}  // namespace lns::dataplane
