// Prefixes out of addresses and out of other prefixes.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/net/address.h"

namespace lns::net {

// The prefix of this length that `address` lies in; `length` is at most the family's.
IpPrefix PrefixOf(const IpAddress& address, uint8_t length);

bool Overlap(const IpPrefix& a, const IpPrefix& b);

// Of the prefixes of `length` in `whole`, numbered from 0 as they lie: the one with this number,
// and back. `whole.length` <= `length`, and the number is below 2^(length - whole.length).
IpPrefix SubPrefix(const IpPrefix& whole, uint8_t length, uint64_t number);
// Of an address in `whole`: the number's low 64 bits.
uint64_t SubPrefixNumber(const IpPrefix& whole, uint8_t length, const IpAddress& address);

// An IPv6 address: the first 64 bits of `prefix`, and the interface identifier (RFC 4291 2.5.1).
IpAddress WithInterfaceId(const IpPrefix& prefix, uint64_t interface_id);
// fe80:: and the interface identifier (RFC 4291 2.5.6).
IpAddress LinkLocal(uint64_t interface_id);

}  // namespace lns::net
