// What a frame is about that goes to Linux by its port's mirror: under which reason of the punt
// policy it is limited, so that a flood of one kind takes nothing from another, and who sends it.
// Pure; by workers, for what is not ours alone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/punt/punt_reason.h"

namespace lns::dataplane {

struct MirroredFrame {
  punt::PuntReason reason = punt::PuntReason::kLinuxHost;
  // Of IPv6 the /64; of what is no IP the MAC address.
  uint64_t source = 0;
  bool operator==(const MirroredFrame&) const = default;
};

// From the Ethernet header on, of any length; VLAN tags are looked behind.
MirroredFrame DescribeMirrored(ByteView frame);

}  // namespace lns::dataplane
