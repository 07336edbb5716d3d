// What becomes of DSCPs, ready to be looked up: shared by all sessions with the same policy
// (tables/dscp_book.h). Constant while published.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "lib/net/filter.h"

namespace lns::dataplane {

struct alignas(64) DscpProfile {
  net::DscpMap uplink;  // where the policy says nothing: to itself
  net::DscpMap downlink;
  net::DscpMap outer;
  bool has_outer = false;  // else the session's own, or the tunnel's
};

}  // namespace lns::dataplane
