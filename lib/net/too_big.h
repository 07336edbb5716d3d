// The other side of icmp_error.h: what a router says where a UDP packet of ours was longer than the
// next link takes, Fragmentation Needed (RFC 792, RFC 1191 4) or Packet Too Big (RFC 4443 3.2), and
// the part of the packet that it quotes. Anybody can write such a message: what of it is believed
// is the caller's affair. Pure; any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::net {

struct TooBig {
  EndpointPair ends;  // of the packet that was too long; `local` sent it
  // Octets of an IP packet that the next link takes. Routers older than RFC 1191 name none: then
  // the next of its plateaus below the packet's length (RFC 1191 7.1).
  uint32_t mtu = 0;
  ByteView payload;  // of UDP, as far as it is quoted
};

// Whether an ICMP message, from its header on, says so.
bool IsTooBig(Family family, ByteView message);

// `message` begins with the ICMP header; `family` is the carrier's and the quote's. None: another
// message, a wrong checksum (of IPv6 it is not looked at: the kernel has), or a quote that is not
// about the beginning of a UDP packet or ends before its payload.
std::optional<TooBig> ReadTooBig(Family family, ByteView message);

}  // namespace lns::net
