// Neighbour discovery messages in words (RFC 4861 4).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <string>

#include "lib/nd/message.h"
#include "lib/net/icmpv6.h"

namespace lns::nd {
namespace {

constexpr size_t kMaxLine = 400;

std::string Seconds(uint32_t seconds) {
  return seconds == kInfinite ? "for ever" : std::to_string(seconds) + " s";
}

std::string Details(const RouterAdvertisement& in) {
  std::string text = ", router for " + Seconds(in.router_lifetime_s);
  if (in.managed) text += ", addresses by DHCPv6";
  if (in.other) text += ", other settings by DHCPv6";
  for (const PrefixInformation& prefix : in.prefixes) {
    text += ", prefix " + prefix.prefix.ToString() + " valid " + Seconds(prefix.valid_s);
    if (prefix.autonomous) text += " autonomous";
    if (prefix.on_link) text += " on-link";
  }
  if (in.mtu) text += ", mtu " + std::to_string(*in.mtu);
  for (const RouteInformation& route : in.routes) {
    text += ", route " + route.prefix.ToString() + " valid " + Seconds(route.lifetime_s);
  }
  for (const net::IpAddress& server : in.dns) text += ", dns " + server.ToString();
  for (const std::string& domain : in.search) text += ", search " + domain;
  return text;
}

std::string Line(ByteView message) {
  if (message.empty()) return "ICMPv6, empty";
  switch (message[0]) {
    case net::kIcmpv6EchoRequest:
      return "ICMPv6 Echo Request";
    case net::kIcmpv6EchoReply:
      return "ICMPv6 Echo Reply";
    case net::kIcmpv6RouterSolicitation:
      return "Router Solicitation";
    case net::kIcmpv6RouterAdvertisement: {
      const auto parsed = ParseRouterAdvertisement(message);
      if (parsed.ok()) return "Router Advertisement" + Details(*parsed);
      return std::string("Router Advertisement, ") + ToString(parsed.error());
    }
    case net::kIcmpv6NeighbourSolicitation: {
      const auto parsed = ParseNeighbourSolicitation(message);
      if (parsed.ok()) return "Neighbour Solicitation for " + parsed->ToString();
      return std::string("Neighbour Solicitation, ") + ToString(parsed.error());
    }
    case net::kIcmpv6NeighbourAdvertisement:
      return "Neighbour Advertisement";
    default:
      return "ICMPv6 type " + std::to_string(message[0]);
  }
}

}  // namespace

std::string Describe(ByteView message) {
  std::string line = Line(message);
  if (line.size() > kMaxLine) line.replace(kMaxLine - 3, std::string::npos, "...");
  return line;
}

}  // namespace lns::nd
