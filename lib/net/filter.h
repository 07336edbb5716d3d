// Packet filters and DSCP policies as values: what configuration, both processes and their tests
// say them in. A filter is a list of rules of which the first that matches decides; how packets are
// matched at speed is the data plane's business (dataplane/tables/compiled_filter.h). Pure; any
// thread.
//
// A rule matches where everything that is set matches; of a list one element is enough. A list of
// prefixes or next hops that has none of the packet's family does not match it, so one rule can
// speak of both families. Transport fields are those behind IPv6 extension headers. Of fragments
// only the first has them: a rule that looks at them permits the others of its addresses and
// protocol too, since they are worth nothing without the first, but never denies them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/net/address.h"

namespace lns::net {

enum class FilterVerdict : uint8_t {
  kPermit,
  kDeny,
  kRedirect,  // permit, by the rule's next hop instead of the destination's
};

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0xffff;

  bool operator==(const PortRange&) const = default;
};

struct FilterRule {
  FilterVerdict verdict = FilterVerdict::kDeny;
  Family family = Family::kNone;  // both
  std::vector<IpPrefix> sources;
  std::vector<IpPrefix> destinations;
  std::optional<uint8_t> protocol;
  std::vector<PortRange> source_ports;
  std::vector<PortRange> destination_ports;
  std::optional<uint8_t> icmp_type;
  std::optional<uint8_t> icmp_code;
  std::vector<uint8_t> dscps;
  bool established = false;      // TCP with ACK or RST
  bool later_fragments = false;  // fragments other than the first, and nothing else
  std::vector<IpAddress> next_hops;

  bool has_ports() const { return !source_ports.empty() || !destination_ports.empty(); }
  // What only a first fragment says.
  bool looks_at_transport() const {
    return has_ports() || icmp_type.has_value() || icmp_code.has_value() || established;
  }
  bool operator==(const FilterRule&) const = default;
};

struct Filter {
  std::string name;
  std::vector<FilterRule> rules;
  FilterVerdict rest = FilterVerdict::kDeny;  // of what no rule matches

  bool operator==(const Filter&) const = default;
};

inline constexpr size_t kMaxFilterName = 63;
inline constexpr size_t kMaxFilterRules = 512;
// What the lists of all rules make, of one family: every source with every destination, and so on.
inline constexpr size_t kMaxFilterProducts = 4096;

constexpr bool HasPorts(uint8_t protocol) {
  return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

// What is wrong with a filter, for people ("rule 3: ..."); empty: nothing.
std::string ProblemOf(const Filter& filter);

inline constexpr size_t kDscps = 64;
// What each DSCP becomes.
using DscpMap = std::array<uint8_t, kDscps>;

struct DscpPolicy {
  std::optional<DscpMap> uplink;  // none: they stay
  std::optional<DscpMap> downlink;
  std::optional<DscpMap> outer;  // from the inner one as it leaves; none: the session's own

  auto operator<=>(const DscpPolicy&) const = default;
};

}  // namespace lns::net
