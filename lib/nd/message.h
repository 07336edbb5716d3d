// Neighbour discovery messages as a router on a point-to-point link needs them: Router Solicitation
// and Advertisement, Neighbour Solicitation and Advertisement (RFC 4861 4), with the options Prefix
// Information, MTU (RFC 4861 4.6), Route Information (RFC 4191), RDNSS and DNSSL (RFC 8106 5).
// Bytes start at the ICMPv6 type and are all of the message; the checksum and the IPv6 header,
// whose hop limit must be 255, are the caller's (lib/net/icmpv6.h). Link-layer address options are
// never written: the links have none.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/net/address.h"

namespace lns::nd {

// RFC 4861 6.1, 7.1: whoever forwards a packet takes one off, so it came from this link.
inline constexpr uint8_t kHopLimit = 255;
inline constexpr uint32_t kInfinite = 0xffffffff;
// Of each kind in one message; what comes beyond is left out.
inline constexpr size_t kMaxPrefixes = 16;
inline constexpr size_t kMaxRoutes = 16;
inline constexpr size_t kMaxServers = 8;
inline constexpr size_t kMaxDomains = 8;

enum class NdError : uint8_t {
  kNone,
  kTruncated,  // the message or an option ends too early
  kType,       // another type, or a code that is not 0
  kOption,     // an option of length 0, or of a length its type cannot have
};
const char* ToString(NdError error);

// RFC 4861 4.6.2.
struct PrefixInformation {
  net::IpPrefix prefix;
  bool on_link = false;
  bool autonomous = false;
  uint32_t valid_s = 0;
  uint32_t preferred_s = 0;

  bool operator==(const PrefixInformation&) const = default;
};

// RFC 4191 2.3, of medium preference.
struct RouteInformation {
  net::IpPrefix prefix;
  uint32_t lifetime_s = 0;

  bool operator==(const RouteInformation&) const = default;
};

// RFC 4861 4.2.
struct RouterAdvertisement {
  uint8_t hop_limit = 0;  // for the hosts to use; 0: unspecified
  bool managed = false;   // addresses by DHCPv6
  bool other = false;     // other settings by DHCPv6
  uint16_t router_lifetime_s = 0;
  uint32_t reachable_ms = 0;
  uint32_t retransmit_ms = 0;
  std::vector<PrefixInformation> prefixes = {};
  std::optional<uint32_t> mtu = {};
  std::vector<RouteInformation> routes = {};
  // RFC 8106 5.1, 5.2; the lifetimes matter where there is something to live.
  std::vector<net::IpAddress> dns = {};
  uint32_t dns_lifetime_s = 0;
  std::vector<std::string> search = {};
  uint32_t search_lifetime_s = 0;

  bool operator==(const RouterAdvertisement&) const = default;
};

// Larger than what is written at most: prefixes, servers and domains beyond the bounds above, and
// names that are none, are left out.
Bytes Write(const RouterAdvertisement& advertisement);
Result<RouterAdvertisement, NdError> ParseRouterAdvertisement(ByteView message);

Bytes MakeRouterSolicitation();
// Whether `message` is a valid one (RFC 4861 6.1.1); its options say nothing to a router without
// link-layer addresses.
NdError CheckRouterSolicitation(ByteView message);

// RFC 4861 4.3, 4.4.
struct NeighbourAdvertisement {
  net::IpAddress target;
  bool router = false;
  bool solicited = false;
  bool override_known = false;
};
Bytes Write(const NeighbourAdvertisement& advertisement);
// The address asked about (RFC 4861 7.1.1).
Result<net::IpAddress, NdError> ParseNeighbourSolicitation(ByteView message);

// One line for people, whatever the bytes: "Router Advertisement, lifetime 1800 s, ...".
std::string Describe(ByteView message);

}  // namespace lns::nd
