// What the attributes of an Access-Accept or a CoA-Request say of the service a user gets: one
// table, a row for each attribute (RFC 2865, RFC 2869, RFC 3162, RFC 4818, RFC 6911, and vendors'
// where the RFCs have none). Pure; any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "controlplane/lns/service.h"
#include "lib/base/bytes.h"
#include "lib/radius/packet.h"

namespace lns::controlplane {

struct ServiceReading {
  ServiceProfile profile;
  uint32_t malformed = 0;  // attributes of the table that say nothing one can do
  uint32_t ignored = 0;    // attributes that nothing here knows
};

// `base` with what `attributes` say in place of what it said: where an attribute may come several
// times, those of the packet replace all of the base's.
ServiceReading ReadService(ByteView attributes, const ServiceProfile& base = {});

// Whether ReadService takes the attribute.
bool IsServiceAttribute(radius::AttributeId id);

// The text of Framed-Route and Framed-IPv6-Route: "192.0.2.0/24 192.0.2.1 1", of which only the
// prefix must be there; without a length that of its class (RFC 2865 5.22). nullopt: no route.
std::optional<FramedRoute> ParseFramedRoute(std::string_view text, net::Family family);

}  // namespace lns::controlplane
