// Neighbour discovery decoders on any bytes. What is read can be written, and is read the same
// again.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstddef>
#include <cstdint>

#include "lib/base/check.h"
#include "lib/nd/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lns::nd;
  const lns::ByteView bytes(data, size);
  CheckRouterSolicitation(bytes);
  LNS_CHECK(Describe(bytes).size() <= 400);
  if (const auto target = ParseNeighbourSolicitation(bytes); target.ok()) {
    LNS_CHECK(target->is_v6());
  }
  const auto parsed = ParseRouterAdvertisement(bytes);
  if (!parsed.ok()) return 0;
  LNS_CHECK(parsed->prefixes.size() <= kMaxPrefixes && parsed->dns.size() <= kMaxServers &&
            parsed->search.size() <= kMaxDomains);
  const auto again = ParseRouterAdvertisement(Write(*parsed));
  LNS_CHECK(again.ok());
  LNS_CHECK(again->prefixes == parsed->prefixes && again->dns == parsed->dns &&
            again->mtu == parsed->mtu && again->router_lifetime_s == parsed->router_lifetime_s);
  return 0;
}
