// The seam to whatever takes packets off the wire for us (the AF_XDP program's maps,
// dataplane/xdp): told by the table writer which addresses and prefixes are ours. Calls come under
// the writer's mutex, from its callers' threads. Idempotent; an error fails the table update that
// caused it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "lib/net/address.h"

#include "absl/status/status.h"

namespace lns::dataplane {

class AddressSteering {
 public:
  virtual ~AddressSteering() = default;
  virtual absl::Status AddLocalAddress(const net::IpAddress& address) = 0;
  virtual absl::Status RemoveLocalAddress(const net::IpAddress& address) = 0;
  virtual absl::Status AddSubscriberPrefix(const net::IpPrefix& prefix) = 0;
  virtual absl::Status RemoveSubscriberPrefix(const net::IpPrefix& prefix) = 0;
};

}  // namespace lns::dataplane
