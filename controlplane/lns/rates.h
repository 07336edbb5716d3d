// Rates as the data plane is told them: of subscribers, by their service and the configuration, and
// of peers' sessions together.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/service.h"
#include "lib/l2tp/ids.h"

namespace lns::controlplane {

// Where neither the configuration of a user nor AAA says anything else.
struct RateSettings {
  bool shape_down =
      false;             // what is beyond the rate to a subscriber waits, instead of being dropped
  int16_t overhead = 0;  // octets counted on top of each packet
};

// What all sessions of a peer, or of each of its tunnels, may carry together. Rates of zero are no
// limit, bursts of zero go by the rate.
struct AggregateLimit {
  uint64_t rate_up_bps = 0;
  uint64_t rate_down_bps = 0;
  uint64_t burst_up_bytes = 0;
  uint64_t burst_down_bytes = 0;
  int16_t overhead = 0;
  bool per_tunnel = false;

  bool operator==(const AggregateLimit&) const = default;
};

// The meters or the shaper that the service's rates ask for.
void AppendRates(const ServiceProfile& service, const RateSettings& settings, SessionEntry& entry);

// A name of its own for each limit: tunnels that say the same share it.
AggregateEntry AggregateOf(const AggregateLimit& limit, const std::string& peer,
                           l2tp::LocalTunnelId tunnel);

}  // namespace lns::controlplane
