// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/service_attributes.h"

#include <algorithm>
#include <bit>
#include <bitset>
#include <charconv>
#include <string>

#include "lib/radius/attributes.h"
#include "lib/radius/value.h"

#include "absl/strings/str_split.h"

namespace lns::controlplane {
namespace {

using radius::AttributeId;

// RFC 2865 5.8: chosen by the user, and by the NAS; both are the pool's business here.
constexpr uint32_t kAddressOfTheUser = 0xffffffff;
constexpr uint32_t kAddressOfTheNas = 0xfffffffe;
// RFC 2869 2.1: no shorter.
constexpr uint32_t kShortestInterimSeconds = 60;
constexpr uint32_t kSmallestMtu = 64;  // RFC 2865 5.12
// Of one kind in one packet; a packet has no room for many more.
constexpr size_t kMaxOfAKind = 64;

// False: malformed, and nothing has changed.
using Apply = bool (*)(ByteView value, ServiceProfile& out);
using Clear = void (*)(ServiceProfile& out);

struct Row {
  AttributeId id;
  Apply apply;
  Clear clear = nullptr;  // before the first of a packet
};

template <typename T>
bool Push(std::vector<T>& list, T value) {
  if (list.size() >= kMaxOfAKind) return false;
  list.push_back(std::move(value));
  return true;
}

template <auto kMember>
constexpr Row Seconds(AttributeId id) {
  return {.id = id, .apply = [](ByteView value, ServiceProfile& out) {
            const auto seconds = radius::ReadInteger(value);
            if (seconds) out.*kMember = Duration::Seconds(*seconds);
            return seconds.has_value();
          }};
}
template <auto kMember>
constexpr Row Number(AttributeId id) {
  return {.id = id, .apply = [](ByteView value, ServiceProfile& out) {
            const auto number = radius::ReadInteger(value);
            if (number) out.*kMember = *number;
            return number.has_value();
          }};
}
template <auto kMember>
constexpr Row Text(AttributeId id) {
  return {.id = id, .apply = [](ByteView value, ServiceProfile& out) {
            if (value.empty()) return false;
            out.*kMember = std::string(AsText(value));
            return true;
          }};
}
template <auto kMember>
constexpr void Empty(ServiceProfile& out) {
  (out.*kMember).clear();
}
template <auto kMember>
constexpr Row Texts(AttributeId id) {
  return {.id = id,
          .apply =
              [](ByteView value, ServiceProfile& out) {
                return !value.empty() && Push(out.*kMember, std::string(AsText(value)));
              },
          .clear = &Empty<kMember>};
}
// A list of what `kRead` makes of a value.
template <auto kMember, auto kRead>
constexpr Row Values(AttributeId id) {
  return {.id = id,
          .apply =
              [](ByteView value, ServiceProfile& out) {
                const auto read = kRead(value);
                return read && Push(out.*kMember, *read);
              },
          .clear = &Empty<kMember>};
}
std::optional<FramedRoute> ReadRoute4(ByteView value) {
  return ParseFramedRoute(AsText(value), net::Family::kIpv4);
}
std::optional<FramedRoute> ReadRoute6(ByteView value) {
  return ParseFramedRoute(AsText(value), net::Family::kIpv6);
}

bool ApplyAddress(ByteView value, ServiceProfile& out) {
  const auto address = radius::ReadIpv4(value);
  if (!address || address->v4() == 0) return false;
  const bool pool = address->v4() == kAddressOfTheUser || address->v4() == kAddressOfTheNas;
  out.ipv4_address = pool ? net::IpAddress() : *address;
  return true;
}

bool ApplyMtu(ByteView value, ServiceProfile& out) {
  const auto mtu = radius::ReadInteger(value);
  if (!mtu || *mtu < kSmallestMtu || *mtu > UINT16_MAX) return false;
  out.mtu = static_cast<uint16_t>(*mtu);
  return true;
}

bool ApplyInterim(ByteView value, ServiceProfile& out) {
  const auto seconds = radius::ReadInteger(value);
  if (!seconds) return false;
  out.interim_interval =
      Duration::Seconds(*seconds == 0 ? 0 : std::max(*seconds, kShortestInterimSeconds));
  return true;
}

bool ApplyInterfaceId(ByteView value, ServiceProfile& out) {
  const auto id = radius::ReadInterfaceId(value);
  if (!id || *id == 0) return false;
  out.ipv6_interface_id = *id;
  return true;
}

bool ApplyClass(ByteView value, ServiceProfile& out) {
  return !value.empty() && Push(out.classes, Bytes(value.begin(), value.end()));
}

// RFC 2548 2.6: one attribute for each of two places.
template <size_t kPlace>
bool ApplyDns(ByteView value, ServiceProfile& out) {
  const auto address = radius::ReadIpv4(value);
  if (!address || address->v4() == 0) return false;
  if (kPlace < out.dns.size()) {
    out.dns[kPlace] = *address;
  } else {
    out.dns.push_back(*address);
  }
  return true;
}

bool ApplyQuota(ByteView value, ServiceProfile& out) {
  const auto low = radius::ReadInteger(value);
  if (!low) return false;
  out.quota_octets = (out.quota_octets & ~uint64_t{UINT32_MAX}) | *low;
  return true;
}
bool ApplyQuotaHigh(ByteView value, ServiceProfile& out) {
  const auto high = radius::ReadInteger(value);
  if (!high) return false;
  out.quota_octets = (out.quota_octets & UINT32_MAX) | uint64_t{*high} << 32;
  return true;
}

// The pairs that have a meaning here; others are for other equipment.
bool ApplyCiscoPair(ByteView value, ServiceProfile& out) {
  constexpr std::string_view kVrf = "ip:vrf-id=";
  constexpr std::string_view kToTheUser = "ip:sub-qos-policy-out=";
  const std::string_view text = AsText(value);
  if (text.starts_with(kVrf)) out.vrf = std::string(text.substr(kVrf.size()));
  if (text.starts_with(kToTheUser)) {
    const std::string_view policy = text.substr(kToTheUser.size());
    if (policy == "shape" || policy == "police") out.shape_down = policy == "shape";
  }
  return true;
}

// An attribute cannot be empty (RFC 2865 5): a word says that there is no portal any more.
bool ApplyRedirectUrl(ByteView value, ServiceProfile& out) {
  const std::string_view text = AsText(value);
  if (text.empty()) return false;
  out.redirect_url = text == "none" ? std::string() : std::string(text);
  return true;
}

using S = ServiceProfile;
constexpr Row kRows[] = {
    Text<&S::user_name>(radius::kUserName),
    {radius::kFramedIpAddress, &ApplyAddress},
    Texts<&S::filters>(radius::kFilterId),
    {radius::kFramedMtu, &ApplyMtu},
    Values<&S::ipv4_routes, &ReadRoute4>(radius::kFramedRoute),
    {radius::kClass, &ApplyClass, &Empty<&S::classes>},
    Seconds<&S::session_timeout>(radius::kSessionTimeout),
    Seconds<&S::idle_timeout>(radius::kIdleTimeout),
    Number<&S::max_sessions>(radius::kPortLimit),
    {radius::kAcctInterimInterval, &ApplyInterim},
    Texts<&S::ipv4_pools>(radius::kFramedPool),
    {radius::kFramedInterfaceId, &ApplyInterfaceId},
    Values<&S::ipv6_prefixes, &radius::ReadIpv6Prefix>(radius::kFramedIpv6Prefix),
    Values<&S::ipv6_routes, &ReadRoute6>(radius::kFramedIpv6Route),
    Texts<&S::ipv6_pools>(radius::kFramedIpv6Pool),
    Values<&S::delegated_prefixes, &radius::ReadIpv6Prefix>(radius::kDelegatedIpv6Prefix),
    Values<&S::ipv6_addresses, &radius::ReadIpv6>(radius::kFramedIpv6Address),
    Values<&S::dns6, &radius::ReadIpv6>(radius::kDnsServerIpv6Address),
    Values<&S::announced_routes, &radius::ReadIpv6Prefix>(radius::kRouteIpv6Information),
    Texts<&S::delegated_pools>(radius::kDelegatedIpv6PrefixPool),
    Texts<&S::ipv6_address_pools>(radius::kStatefulIpv6AddressPool),
    {radius::kMsPrimaryDnsServer, &ApplyDns<0>},
    {radius::kMsSecondaryDnsServer, &ApplyDns<1>},
    Number<&S::rate_up_bps>(radius::kWisprBandwidthMaxUp),
    Number<&S::rate_down_bps>(radius::kWisprBandwidthMaxDown),
    {radius::kWisprRedirectionUrl, &ApplyRedirectUrl},
    {radius::kMikrotikTotalLimit, &ApplyQuota},
    {radius::kMikrotikTotalLimitGigawords, &ApplyQuotaHigh},
    Text<&S::vrf>(radius::kErxVirtualRouterName),
    {radius::kCiscoAvPair, &ApplyCiscoPair},
};

// Understood elsewhere (tunnel_policy.h), or rightly of no effect.
constexpr AttributeId kElsewhere[] = {
    radius::kServiceType,
    radius::kFramedProtocol,
    radius::kFramedIpNetmask,
    radius::kReplyMessage,
    radius::kState,
    radius::kProxyState,
    radius::kTerminationAction,
    radius::kMessageAuthenticator,
    radius::kMsChapError,
    radius::kMsChap2Success,
    radius::kMsChapMppeKeys,
    radius::kMsMppeSendKey,
    radius::kMsMppeRecvKey,
    radius::kAcctSessionId,
    radius::kTunnelType,
    radius::kTunnelMediumType,
    radius::kTunnelClientEndpoint,
    radius::kTunnelServerEndpoint,
    radius::kTunnelPrivateGroupId,
    radius::kTunnelAssignmentId,
    radius::kTunnelPreference,
    radius::kTunnelClientAuthId,
    radius::kTunnelServerAuthId,
    radius::kTunnelPassword,
};

const Row* FindRow(AttributeId id) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                [&](const Row& candidate) { return candidate.id == id; });
  return row == std::end(kRows) ? nullptr : row;
}

// RFC 2865 5.9: the user is the router of a network.
bool ApplyNetmask(ByteView value, ServiceProfile& out) {
  const auto mask = radius::ReadIpv4(value);
  if (!mask) return false;
  const uint32_t bits = mask->v4();
  const int length = std::countl_one(bits);
  if (std::popcount(bits) != length) return false;
  if (length == 0 || length == 32 || out.ipv4_address.is_none()) return true;
  const net::IpPrefix network{net::IpAddress::V4(out.ipv4_address.v4() & bits),
                              static_cast<uint8_t>(length)};
  return Push(out.ipv4_routes, FramedRoute{.prefix = network});
}

// RFC 2865 5.22: an address without a length has that of its class.
uint8_t LengthOfClass(uint32_t address) {
  if ((address & 0x8000'0000) == 0) return 8;
  return (address & 0x4000'0000) == 0 ? 16 : 24;
}

}  // namespace

std::optional<FramedRoute> ParseFramedRoute(std::string_view text, net::Family family) {
  const std::vector<std::string> fields =
      absl::StrSplit(std::string(text), absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
  if (fields.empty()) return std::nullopt;
  auto prefix = net::IpPrefix::Parse(fields[0]);
  if (!prefix || prefix->address.family() != family) return std::nullopt;
  if (family == net::Family::kIpv4 && fields[0].find('/') == std::string::npos) {
    prefix->length = LengthOfClass(prefix->address.v4());
    const uint32_t mask = UINT32_MAX << (32 - prefix->length);
    prefix->address = net::IpAddress::V4(prefix->address.v4() & mask);
  }
  FramedRoute route{.prefix = *prefix};
  if (fields.size() >= 2 && !net::IpAddress::Parse(fields[1])) return std::nullopt;
  if (fields.size() >= 3) {
    const std::string& metric = fields[2];
    const char* end = metric.data() + metric.size();
    const auto [stop, error] = std::from_chars(metric.data(), end, route.metric);
    if (error != std::errc() || stop != end) return std::nullopt;
  }
  return route;
}

bool IsServiceAttribute(AttributeId id) {
  return FindRow(id) != nullptr || id == radius::kFramedIpNetmask;
}

ServiceReading ReadService(ByteView attributes, const ServiceProfile& base) {
  ServiceReading reading{.profile = base};
  std::bitset<std::size(kRows)> seen;
  std::optional<ByteView> netmask;  // means something beside the address alone
  radius::AttributeReader reader(attributes);
  for (radius::Attribute attribute; reader.Next(attribute);) {
    if (attribute.id == radius::kFramedIpNetmask) netmask = attribute.value;
    const Row* row = FindRow(attribute.id);
    if (row == nullptr) {
      if (std::find(std::begin(kElsewhere), std::end(kElsewhere), attribute.id) ==
          std::end(kElsewhere)) {
        ++reading.ignored;
      }
      continue;
    }
    const size_t index = static_cast<size_t>(row - kRows);
    if (!seen[index] && row->clear != nullptr) row->clear(reading.profile);
    seen.set(index);
    if (!row->apply(attribute.value, reading.profile)) ++reading.malformed;
  }
  if (netmask && !ApplyNetmask(*netmask, reading.profile)) ++reading.malformed;
  return reading;
}

}  // namespace lns::controlplane
