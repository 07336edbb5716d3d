// RADIUS as configured: made by controlplane/config, every default filled in and checked.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "controlplane/radius/admission_queue.h"
#include "controlplane/radius/call_attributes.h"
#include "controlplane/radius/sockets.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/net/address.h"
#include "lib/radius/client.h"
#include "lib/radius/dictionary.h"

namespace lns::controlplane {

// Where a user is looked for when no server answers, in order; past the last: refused with CDN 4.
enum class Fallback : uint8_t { kCache, kLocalUsers };

struct RadiusSettings {
  radius::ClientSettings client;  // no servers: RADIUS is not used
  RadiusSource source;
  NasIdentity nas;
  Bytes extra;                                 // attributes added to every Access-Request
  std::vector<net::IpPrefix> framed_prefixes;  // servers assign from them, beside the pools
  bool local_users_first = true;  // a name of the configuration is never asked of a server
  std::vector<Fallback> when_down;
  uint32_t cache_users = 100'000;
  Duration cache_lifetime = Duration::Seconds(86'400);
  AdmissionSettings admission;
  std::shared_ptr<const radius::Dictionary> dictionary;  // names for people; never null

  bool used() const { return !client.servers.empty(); }
};

}  // namespace lns::controlplane
