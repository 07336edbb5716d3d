// The seam to whatever takes packets off the wire for us (the AF_XDP program's maps,
// dataplane/xdp): told by the table writer which addresses and prefixes are ours, on the ports of
// their VRF. Calls come under
// the writer's mutex, from its callers' threads. Idempotent; an error fails the table update that
// caused it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/vrf.h"

#include "absl/status/status.h"

namespace lns::dataplane {

class AddressSteering {
 public:
  virtual ~AddressSteering() = default;
  virtual absl::Status AddLocalAddress(const VrfAddress& address) = 0;
  virtual absl::Status RemoveLocalAddress(const VrfAddress& address) = 0;
  virtual absl::Status AddSubscriberPrefix(const VrfPrefix& prefix) = 0;
  virtual absl::Status RemoveSubscriberPrefix(const VrfPrefix& prefix) = 0;
};

}  // namespace lns::dataplane
