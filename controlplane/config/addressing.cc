// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/addressing.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "lib/crypto/md5.h"
#include "lib/dhcpv6/message.h"
#include "lib/net/domain_name.h"
#include "lib/net/prefix.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// RFC 4861 6.2.1.
constexpr Range kAdvertisementSeconds{4, 1800};
constexpr Range kRouterLifetimeSeconds{0, 9000};
constexpr Range kLifetimeSeconds{60, 0xfffffffe};
constexpr Range kDelegations{0, 8};
constexpr Range kDelegatedLength{16, 64};
constexpr size_t kMaxNameServers = 8;

std::string OneOf(const std::string& list, int index) { return Element(list, index, ""); }

// "198.51.100.10-198.51.100.99", or one address.
std::optional<AddressRange> ParseRange(const std::string& text) {
  const size_t dash = text.find('-');
  const auto first = net::IpAddress::Parse(text.substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : net::IpAddress::Parse(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  return AddressRange{*first, *last};
}

void ReadRanges(const config::v1::PoolConfig& in, int index, FieldChecks& check,
                AddressPoolSettings& pool) {
  const std::string list = Element("pools", index, "ranges");
  for (int i = 0; i < in.ranges_size(); ++i) {
    const std::optional<AddressRange> range = ParseRange(in.ranges(i));
    if (!range) {
      check.Fail(OneOf(list, i), absl::StrCat("expected an address, or two with a hyphen between "
                                              "them, got \"",
                                              in.ranges(i), "\""));
    } else if (!pool.prefix.Contains(range->first) || !pool.prefix.Contains(range->last) ||
               range->last < range->first) {
      check.Fail(OneOf(list, i), absl::StrCat("expected a range in ", pool.prefix.ToString(),
                                              ", got ", in.ranges(i)));
    } else {
      pool.ranges.push_back(*range);
    }
  }
}

AddressPoolSettings ReadPool(const config::v1::PoolConfig& in, int index, FieldChecks& check) {
  const auto at = [index](const char* field) { return Element("pools", index, field); };
  AddressPoolSettings pool{in.name(), check.Prefix(at("prefix"), in.prefix()),
                           check.Ipv4Address(at("gateway"), in.gateway())};
  if (pool.prefix.length == 0) check.Fail(at("prefix"), "expected a prefix longer than /0");
  if (!pool.gateway.is_none() && !pool.prefix.Contains(pool.gateway)) {
    check.Fail(at("gateway"), absl::StrCat("expected an address in ", pool.prefix.ToString(),
                                           ", got ", in.gateway()));
  }
  ReadRanges(in, index, check, pool);
  if (in.has_delegate()) {
    if (pool.prefix.address.is_v4()) check.Fail(at("delegate"), "IPv4 prefixes are not delegated");
    pool.delegated_length =
        static_cast<uint8_t>(check.Number(at("delegate"), in.delegate(), kDelegatedLength, 56));
  }
  pool.addresses = in.addresses();
  if (pool.addresses && pool.prefix.address.is_v4()) {
    check.Fail(at("addresses"),
               "expected an IPv6 prefix; of IPv4 single addresses are given anyway");
  } else if (pool.addresses && in.has_delegate()) {
    check.Fail(at("addresses"), "expected either this or delegate");
  } else if (pool.addresses && pool.prefix.length < kLinkPrefixLength) {
    check.Fail(at("prefix"), absl::StrCat("expected a /64 or longer, got ", in.prefix()));
  }
  if (pool.prefix.address.is_v6() && pool.prefix.length > UnitLength(pool)) {
    check.Fail(at("prefix"), absl::StrCat(in.prefix(), " holds no /", int{UnitLength(pool)}));
  }
  pool.next = in.next();
  return pool;
}

const AddressPoolSettings* Named(const std::vector<AddressPoolSettings>& pools,
                                 const std::string& name) {
  const auto it = std::find_if(pools.begin(), pools.end(),
                               [&name](const auto& pool) { return pool.name == name; });
  return it == pools.end() ? nullptr : &*it;
}

const char* KindOf(PoolUse use) {
  switch (use) {
    case PoolUse::kAddress:
      return "pool of IPv4 addresses";
    case PoolUse::kLink:
      return "pool of IPv6 link prefixes";
    case PoolUse::kHostAddress:
      return "pool of IPv6 addresses";
    case PoolUse::kDelegation:
      break;
  }
  return "pool of prefixes to delegate";
}

std::vector<std::string> ReadPoolName(const std::string& path, const std::string& name, PoolUse use,
                                      net::VrfIndex vrf,
                                      const std::vector<AddressPoolSettings>& pools,
                                      FieldChecks& check) {
  if (name.empty()) return {};
  const AddressPoolSettings* pool = Named(pools, name);
  if (pool == nullptr) {
    check.Fail(path, absl::StrCat("there is no pool \"", name, "\""));
  } else if (UseOf(*pool) != use) {
    check.Fail(path, absl::StrCat("\"", name, "\" is no ", KindOf(use)));
  } else if (pool->vrf != vrf) {
    check.Fail(path, absl::StrCat("pool \"", name, "\" is of another VRF"));
  }
  return {name};
}

net::IpPrefix Ipv6Prefix(const std::string& path, const std::string& text, FieldChecks& check) {
  if (text.empty()) return {};
  const net::IpPrefix prefix = check.Prefix(path, text);
  if (prefix.address.is_v4()) {
    check.Fail(path, absl::StrCat("expected an IPv6 prefix, got ", text));
  }
  return prefix;
}

std::vector<net::IpAddress> ReadNameServers(const config::v1::Ipv6Config& in, FieldChecks& check) {
  std::vector<net::IpAddress> servers;
  for (int i = 0; i < in.dns_size(); ++i) {
    const std::string path = OneOf("ipv6.dns", i);
    const net::IpAddress server = check.Address(path, in.dns(i));
    if (!server.is_v6()) check.Fail(path, "expected an IPv6 address");
    servers.push_back(server);
  }
  if (servers.size() > kMaxNameServers) check.Fail("ipv6.dns", "expected at most eight servers");
  return servers;
}

std::vector<std::string> ReadSearchDomains(const config::v1::Ipv6Config& in, FieldChecks& check) {
  std::vector<std::string> domains(in.search().begin(), in.search().end());
  for (int i = 0; i < in.search_size(); ++i) {
    if (net::EncodeDomainName(in.search(i))) continue;
    check.Fail(OneOf("ipv6.search", i),
               absl::StrCat("expected a domain name, got \"", in.search(i), "\""));
  }
  if (domains.size() > kMaxNameServers) check.Fail("ipv6.search", "expected at most eight domains");
  return domains;
}

Bytes ReadDuid(const config::v1::Ipv6Config& in, const std::string& name, FieldChecks& check) {
  if (in.server_duid().empty()) return dhcpv6::MakeDuid(crypto::Md5({AsBytes(name)}));
  const std::string& digits = in.server_duid();
  const std::string duid = absl::HexStringToBytes(digits);
  const bool is_hex =
      digits.size() % 2 == 0 && std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit);
  if (!is_hex || duid.size() < dhcpv6::kMinDuid || duid.size() > dhcpv6::kMaxDuid) {
    check.Fail("ipv6.server_duid", "expected 3 to 130 bytes in hexadecimal digits");
  }
  return {duid.begin(), duid.end()};
}

void ReadLifetimes(const config::v1::Ipv6Config& in, FieldChecks& check, Ipv6Settings& out) {
  const auto seconds = [&check](const char* path, uint64_t value, Range range, Duration& time) {
    time = check.Seconds(path, value, range, time);
  };
  seconds("ipv6.advertisement_interval_s", in.advertisement_interval_s(), kAdvertisementSeconds,
          out.advertisement_interval);
  seconds("ipv6.router_lifetime_s", in.router_lifetime_s(), kRouterLifetimeSeconds,
          out.router_lifetime);
  seconds("ipv6.prefix_valid_s", in.prefix_valid_s(), kLifetimeSeconds, out.prefix_valid);
  seconds("ipv6.prefix_preferred_s", in.prefix_preferred_s(), kLifetimeSeconds,
          out.prefix_preferred);
  seconds("ipv6.lease_valid_s", in.lease_valid_s(), kLifetimeSeconds, out.lease_valid);
  seconds("ipv6.lease_preferred_s", in.lease_preferred_s(), kLifetimeSeconds, out.lease_preferred);
  if (out.prefix_preferred > out.prefix_valid) {
    check.Fail("ipv6.prefix_preferred_s", "expected no more than prefix_valid_s");
  }
  if (out.lease_preferred > out.lease_valid) {
    check.Fail("ipv6.lease_preferred_s", "expected no more than lease_valid_s");
  }
  if (out.router_lifetime != Duration() && out.router_lifetime < out.advertisement_interval) {
    check.Fail("ipv6.router_lifetime_s", "expected 0 or no less than advertisement_interval_s");
  }
}

}  // namespace

std::vector<AddressPoolSettings> ReadPools(const config::v1::ControlplaneConfig& config,
                                           const std::vector<VrfName>& vrfs,
                                           const std::vector<net::VrfAddress>& ours,
                                           FieldChecks& check) {
  std::vector<AddressPoolSettings> pools;
  std::set<std::string> names;
  for (int i = 0; i < config.pools_size(); ++i) {
    const config::v1::PoolConfig& in = config.pools(i);
    const std::string prefix_path = Element("pools", i, "prefix");
    check.UniqueName(Element("pools", i, "name"), in.name(), names);
    AddressPoolSettings pool = ReadPool(in, i, check);
    pool.vrf = ReadVrf(Element("pools", i, "vrf"), in.vrf(), vrfs, check);
    for (const AddressPoolSettings& other : pools) {
      if (pool.vrf != other.vrf || !net::Overlap(pool.prefix, other.prefix)) continue;
      check.Fail(prefix_path, absl::StrCat(in.prefix(), " overlaps pool \"", other.name, "\", ",
                                           other.prefix.ToString()));
    }
    for (const net::VrfAddress& address : ours) {
      if (pool.vrf != address.vrf || !pool.prefix.Contains(address.address)) continue;
      check.Fail(prefix_path, absl::StrCat(in.prefix(), " holds the LNS's own address ",
                                           address.address.ToString()));
    }
    pools.push_back(std::move(pool));
  }
  for (int i = 0; i < config.pools_size(); ++i) {
    const AddressPoolSettings& pool = pools[static_cast<size_t>(i)];
    ReadPoolName(Element("pools", i, "next"), pool.next, UseOf(pool), pool.vrf, pools, check);
  }
  // What is left to find are chains that never end.
  if (check.status().ok()) {
    const absl::Status status = ValidatePools(pools);
    if (!status.ok()) check.Fail("pools", std::string(status.message()));
  }
  return pools;
}

Ipv6Settings ReadIpv6(const config::v1::Ipv6Config& in, const std::string& name,
                      FieldChecks& check) {
  Ipv6Settings out;
  ReadLifetimes(in, check, out);
  out.managed = in.managed();
  if (in.has_other()) out.other = in.other();
  if (in.has_rapid_commit()) out.rapid_commit = in.rapid_commit();
  out.max_delegations = static_cast<uint32_t>(check.Number(
      "ipv6.max_delegations", in.max_delegations(), kDelegations, out.max_delegations));
  out.dns = ReadNameServers(in, check);
  out.search = ReadSearchDomains(in, check);
  out.server_duid = ReadDuid(in, name, check);
  return out;
}

net::VrfIndex ReadVrf(const std::string& path, const std::string& name,
                      const std::vector<VrfName>& vrfs, FieldChecks& check) {
  const std::optional<net::VrfIndex> vrf = FindVrf(vrfs, name);
  if (!vrf.has_value()) check.Fail(path, absl::StrCat("there is no VRF \"", name, "\" in vrfs"));
  return vrf.value_or(net::kMainVrf);
}

ServiceProfile ReadAddressing(const config::v1::UserConfig& in, int index, net::VrfIndex vrf,
                              const std::vector<AddressPoolSettings>& pools, FieldChecks& check) {
  const auto at = [index](const char* field) { return Element("users", index, field); };
  ServiceProfile service;
  service.ipv4 = in.networks() != config::v1::NETWORKS_IPV6;
  service.ipv6 = in.networks() != config::v1::NETWORKS_IPV4;
  service.ipv4_address = check.Ipv4Address(at("address"), in.address());
  service.ipv4_pools = ReadPoolName(at("pool"), in.pool(), PoolUse::kAddress, vrf, pools, check);
  const net::IpPrefix link = Ipv6Prefix(at("ipv6_prefix"), in.ipv6_prefix(), check);
  if (!link.address.is_none()) service.ipv6_prefixes = {link};
  service.ipv6_pools =
      ReadPoolName(at("ipv6_pool"), in.ipv6_pool(), PoolUse::kLink, vrf, pools, check);
  service.ipv6_address_pools = ReadPoolName(at("ipv6_address_pool"), in.ipv6_address_pool(),
                                            PoolUse::kHostAddress, vrf, pools, check);
  for (int i = 0; i < in.delegated_prefixes_size(); ++i) {
    const std::string path = OneOf(at("delegated_prefixes"), i);
    service.delegated_prefixes.push_back(Ipv6Prefix(path, in.delegated_prefixes(i), check));
  }
  service.delegated_pools = ReadPoolName(at("delegated_pool"), in.delegated_pool(),
                                         PoolUse::kDelegation, vrf, pools, check);
  for (int i = 0; i < in.routes_size(); ++i) {
    const net::IpPrefix prefix = check.Prefix(OneOf(at("routes"), i), in.routes(i));
    auto& routes = prefix.address.is_v6() ? service.ipv6_routes : service.ipv4_routes;
    routes.push_back({.prefix = prefix});
  }
  return service;
}

}  // namespace lns::controlplane
