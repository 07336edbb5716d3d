// Spends one hop of a forwarded packet (RFC 1812 5.2.3, RFC 8200 3): once per packet, in whichever
// pipeline it leaves by.
// Reads: meta.family, l3_offset.  Leaves by: drop(kHopLimit).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"
#include "lib/net/ipv4.h"

namespace lns::dataplane {

void HopLimit(Context& context, Batch& batch);

// How many are left; one that is left is not to be spent.
inline uint8_t HopsOf(net::Family family, const uint8_t* ip) {
  return ip[family == net::Family::kIpv4 ? 8 : 7];
}
inline void TakeHop(net::Family family, uint8_t* ip) {
  if (family == net::Family::kIpv4) {
    net::DecrementTtl(ip);
  } else {
    --ip[7];
  }
}

}  // namespace lns::dataplane
