// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/nd/message.h"

#include <algorithm>
#include <array>
#include <span>

#include "lib/net/domain_name.h"
#include "lib/net/icmpv6.h"
#include "lib/net/prefix.h"

namespace lns::nd {
namespace {

enum OptionType : uint8_t {
  kOptionPrefix = 3,  // RFC 4861 4.6.2
  kOptionMtu = 5,     // RFC 4861 4.6.4
  kOptionRoute = 24,  // RFC 4191 2.3
  kOptionRdnss = 25,  // RFC 8106 5.1
  kOptionDnssl = 31,  // RFC 8106 5.2
};

constexpr size_t kUnit = 8;  // option lengths count these
constexpr size_t kMaxMessage = 2560;
constexpr size_t kSolicitationLength = 8;
constexpr size_t kAdvertisementLength = 16;
constexpr size_t kNeighbourLength = 24;
constexpr uint8_t kManaged = 0x80;
constexpr uint8_t kOther = 0x40;
constexpr uint8_t kOnLink = 0x80;
constexpr uint8_t kAutonomous = 0x40;
constexpr uint8_t kRouter = 0x80;
constexpr uint8_t kSolicited = 0x40;
constexpr uint8_t kOverride = 0x20;

void WriteZeros(Writer& out, size_t count) {
  for (size_t i = 0; i < count; ++i) out.WriteU8(0);
}

//   0       1       2       3       4
//  | type  | code  |   checksum    |
void WriteIcmpv6(Writer& out, uint8_t type) {
  out.WriteU8(type);
  WriteZeros(out, 3);
}

//   0       1       2       3       4
//  |   3   |   4   |length |L|A|   |   valid, preferred lifetime, reserved, prefix (16)
void WritePrefix(Writer& out, const PrefixInformation& prefix) {
  out.WriteU8(kOptionPrefix);
  out.WriteU8(4);
  out.WriteU8(prefix.prefix.length);
  out.WriteU8(
      static_cast<uint8_t>((prefix.on_link ? kOnLink : 0) | (prefix.autonomous ? kAutonomous : 0)));
  out.WriteU32(prefix.valid_s);
  out.WriteU32(prefix.preferred_s);
  out.WriteU32(0);
  out.WriteBytes(prefix.prefix.address.raw());
}

//   0       1       2       3       4
//  |  24   |length |length |  |Prf||   |   lifetime, prefix (0, 8 or 16)
void WriteRoute(Writer& out, const RouteInformation& route) {
  const size_t units = route.prefix.length == 0 ? 0 : route.prefix.length <= 64 ? 1 : 2;
  out.WriteU8(kOptionRoute);
  out.WriteU8(static_cast<uint8_t>(1 + units));
  out.WriteU8(route.prefix.length);
  out.WriteU8(0);
  out.WriteU32(route.lifetime_s);
  out.WriteBytes(ByteView(route.prefix.address.raw()).first(units * kUnit));
}

void WriteDns(Writer& out, std::span<const net::IpAddress> servers, uint32_t lifetime_s) {
  if (servers.empty()) return;
  out.WriteU8(kOptionRdnss);
  out.WriteU8(static_cast<uint8_t>(1 + 2 * servers.size()));
  out.WriteU16(0);
  out.WriteU32(lifetime_s);
  for (const net::IpAddress& server : servers) out.WriteBytes(server.raw());
}

void WriteSearch(Writer& out, std::span<const std::string> domains, uint32_t lifetime_s) {
  Bytes names;
  for (const std::string& domain : domains) {
    if (const auto name = net::EncodeDomainName(domain)) {
      names.insert(names.end(), name->begin(), name->end());
    }
  }
  if (names.empty()) return;
  names.resize((names.size() + kUnit - 1) / kUnit * kUnit);
  out.WriteU8(kOptionDnssl);
  out.WriteU8(static_cast<uint8_t>(1 + names.size() / kUnit));
  out.WriteU16(0);
  out.WriteU32(lifetime_s);
  out.WriteBytes(names);
}

template <typename T>
std::span<const T> AtMost(const std::vector<T>& all, size_t limit) {
  return std::span(all).first(std::min(all.size(), limit));
}

NdError CheckHead(ByteView message, uint8_t type, size_t length) {
  if (message.size() < 2) return NdError::kTruncated;
  if (message[0] != type || message[1] != 0) return NdError::kType;
  return message.size() < length ? NdError::kTruncated : NdError::kNone;
}

// Visits each option with its type and all its bytes: NdError(uint8_t, ByteView). Each takes at
// least one unit, so the message bounds the loop.
template <typename Visitor>
NdError ForEachOption(ByteView options, Visitor visit) {
  while (!options.empty()) {
    if (options.size() < 2) return NdError::kTruncated;
    const size_t length = options[1] * kUnit;
    if (length == 0) return NdError::kOption;
    if (length > options.size()) return NdError::kTruncated;
    const NdError error = visit(options[0], options.first(length));
    if (error != NdError::kNone) return error;
    options = options.subspan(length);
  }
  return NdError::kNone;
}

NdError ReadPrefix(ByteView option, RouterAdvertisement& out) {
  constexpr size_t kPrefixOption = 32;
  if (option.size() != kPrefixOption || option[2] > 128) return NdError::kOption;
  if (out.prefixes.size() >= kMaxPrefixes) return NdError::kNone;
  out.prefixes.push_back(
      {.prefix = net::PrefixOf(net::IpAddress::V6(option.subspan(16, 16)), option[2]),
       .on_link = (option[3] & kOnLink) != 0,
       .autonomous = (option[3] & kAutonomous) != 0,
       .valid_s = LoadBe32(option.data() + 4),
       .preferred_s = LoadBe32(option.data() + 8)});
  return NdError::kNone;
}

NdError ReadRoute(ByteView option, RouterAdvertisement& out) {
  const size_t units = option.size() / kUnit - 1;
  const uint8_t length = option[2];
  if (length > 128 || units > 2 || length > units * 64) return NdError::kOption;
  if (out.routes.size() >= kMaxRoutes) return NdError::kNone;
  std::array<uint8_t, 16> prefix{};
  const ByteView octets = option.subspan(kUnit);
  std::copy(octets.begin(), octets.end(), prefix.begin());
  out.routes.push_back({.prefix = net::PrefixOf(net::IpAddress::V6(prefix), length),
                        .lifetime_s = LoadBe32(option.data() + 4)});
  return NdError::kNone;
}

NdError ReadDns(ByteView option, RouterAdvertisement& out) {
  // RFC 8106 5.3.1: one address at least, and whole ones.
  if (option.size() < 3 * kUnit || (option.size() - kUnit) % 16 != 0) return NdError::kOption;
  out.dns_lifetime_s = LoadBe32(option.data() + 4);
  for (size_t at = kUnit; at < option.size() && out.dns.size() < kMaxServers; at += 16) {
    out.dns.push_back(net::IpAddress::V6(option.subspan(at, 16)));
  }
  return NdError::kNone;
}

NdError ReadSearch(ByteView option, RouterAdvertisement& out) {
  if (option.size() < 2 * kUnit) return NdError::kOption;
  out.search_lifetime_s = LoadBe32(option.data() + 4);
  Reader names(option.subspan(kUnit));
  while (names.remaining() > 0 && out.search.size() < kMaxDomains) {
    const std::optional<std::string> name = net::ReadDomainName(names);
    if (!name) return NdError::kOption;
    if (name->empty()) break;  // padding
    out.search.push_back(*name);
  }
  return NdError::kNone;
}

NdError ReadOption(uint8_t type, ByteView option, RouterAdvertisement& out) {
  switch (type) {
    case kOptionPrefix:
      return ReadPrefix(option, out);
    case kOptionMtu:
      if (option.size() != kUnit) return NdError::kOption;
      out.mtu = LoadBe32(option.data() + 4);
      return NdError::kNone;
    case kOptionRoute:
      return ReadRoute(option, out);
    case kOptionRdnss:
      return ReadDns(option, out);
    case kOptionDnssl:
      return ReadSearch(option, out);
    default:
      return NdError::kNone;  // RFC 4861 4.6: unknown ones are passed over
  }
}

}  // namespace

const char* ToString(NdError error) {
  switch (error) {
    case NdError::kNone:
      return "none";
    case NdError::kTruncated:
      return "truncated";
    case NdError::kType:
      return "of another type";
    case NdError::kOption:
      return "with a malformed option";
  }
  return "?";
}

//   0       1       2       3       4
//  |  134  |   0   |   checksum    |hop lim|M|O|   | router life   | reachable, retransmit time
Bytes Write(const RouterAdvertisement& advertisement) {
  std::array<uint8_t, kMaxMessage> buffer;
  Writer out(buffer);
  WriteIcmpv6(out, net::kIcmpv6RouterAdvertisement);
  out.WriteU8(advertisement.hop_limit);
  out.WriteU8(static_cast<uint8_t>((advertisement.managed ? kManaged : 0) |
                                   (advertisement.other ? kOther : 0)));
  out.WriteU16(advertisement.router_lifetime_s);
  out.WriteU32(advertisement.reachable_ms);
  out.WriteU32(advertisement.retransmit_ms);
  for (const PrefixInformation& prefix : AtMost(advertisement.prefixes, kMaxPrefixes)) {
    WritePrefix(out, prefix);
  }
  if (advertisement.mtu) {
    out.WriteU8(kOptionMtu);
    out.WriteU8(1);
    out.WriteU16(0);
    out.WriteU32(*advertisement.mtu);
  }
  for (const RouteInformation& route : AtMost(advertisement.routes, kMaxRoutes)) {
    WriteRoute(out, route);
  }
  WriteDns(out, AtMost(advertisement.dns, kMaxServers), advertisement.dns_lifetime_s);
  if (out.remaining() > kMaxDomains * net::kMaxDomainName / 2) {
    WriteSearch(out, AtMost(advertisement.search, kMaxDomains), advertisement.search_lifetime_s);
  }
  const ByteView written = out.written();
  return {written.begin(), written.end()};
}

Result<RouterAdvertisement, NdError> ParseRouterAdvertisement(ByteView message) {
  NdError error = CheckHead(message, net::kIcmpv6RouterAdvertisement, kAdvertisementLength);
  if (error != NdError::kNone) return Failure(error);
  RouterAdvertisement out;
  out.hop_limit = message[4];
  out.managed = (message[5] & kManaged) != 0;
  out.other = (message[5] & kOther) != 0;
  out.router_lifetime_s = LoadBe16(message.data() + 6);
  out.reachable_ms = LoadBe32(message.data() + 8);
  out.retransmit_ms = LoadBe32(message.data() + 12);
  error = ForEachOption(
      message.subspan(kAdvertisementLength),
      [&out](uint8_t type, ByteView option) { return ReadOption(type, option, out); });
  if (error != NdError::kNone) return Failure(error);
  return out;
}

Bytes MakeRouterSolicitation() {
  Bytes message(kSolicitationLength);
  message[0] = net::kIcmpv6RouterSolicitation;
  return message;
}

NdError CheckRouterSolicitation(ByteView message) {
  const NdError error = CheckHead(message, net::kIcmpv6RouterSolicitation, kSolicitationLength);
  if (error != NdError::kNone) return error;
  return ForEachOption(message.subspan(kSolicitationLength),
                       [](uint8_t, ByteView) { return NdError::kNone; });
}

//   0       1       2       3       4
//  |  136  |   0   |   checksum    |R|S|O| reserved                | target (16)
Bytes Write(const NeighbourAdvertisement& advertisement) {
  Bytes message(kNeighbourLength);
  Writer out(message);
  WriteIcmpv6(out, net::kIcmpv6NeighbourAdvertisement);
  out.WriteU8(static_cast<uint8_t>((advertisement.router ? kRouter : 0) |
                                   (advertisement.solicited ? kSolicited : 0) |
                                   (advertisement.override_known ? kOverride : 0)));
  WriteZeros(out, 3);
  out.WriteBytes(advertisement.target.raw());
  return message;
}

Result<net::IpAddress, NdError> ParseNeighbourSolicitation(ByteView message) {
  NdError error = CheckHead(message, net::kIcmpv6NeighbourSolicitation, kNeighbourLength);
  if (error == NdError::kNone) {
    error = ForEachOption(message.subspan(kNeighbourLength),
                          [](uint8_t, ByteView) { return NdError::kNone; });
  }
  if (error != NdError::kNone) return Failure(error);
  return net::IpAddress::V6(message.subspan(8, 16));
}

}  // namespace lns::nd
