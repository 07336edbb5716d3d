// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/tunnel_policy.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/radius/attributes.h"
#include "lib/radius/value.h"

namespace lns::controlplane {
namespace {

// What is said of one tunnel.
struct Described {
  bool restricts = false;
  bool fits = true;
  std::string_view group;
};

bool IsAddress(std::string_view text, const net::IpAddress& address) {
  return net::IpAddress::Parse(text) == address;
}

bool TextFits(radius::AttributeId id, std::string_view text, const CallDescription& call) {
  if (id == radius::kTunnelClientEndpoint) return IsAddress(text, call.tunnel.peer.address);
  if (id == radius::kTunnelServerEndpoint) return IsAddress(text, call.tunnel.local.address);
  if (id == radius::kTunnelClientAuthId) return text == call.lac_host_name;
  return text == call.lns_host_name;
}

bool IsNumber(radius::AttributeId id) {
  return id == radius::kTunnelType || id == radius::kTunnelMediumType;
}
bool IsText(radius::AttributeId id) {
  return id == radius::kTunnelClientEndpoint || id == radius::kTunnelServerEndpoint ||
         id == radius::kTunnelClientAuthId || id == radius::kTunnelServerAuthId;
}

}  // namespace

TunnelPolicy ReadTunnelPolicy(ByteView attributes, const CallDescription& call) {
  std::array<Described, radius::kMaxTag + 1> tunnels{};
  TunnelPolicy policy;
  const uint32_t medium =
      call.tunnel.peer.address.is_v6() ? radius::kTunnelMediumIpv6 : radius::kTunnelMediumIpv4;
  radius::AttributeReader reader(attributes);
  for (radius::Attribute attribute; reader.Next(attribute);) {
    if (IsNumber(attribute.id)) {
      const auto number = radius::ReadTaggedInteger(attribute.value);
      if (!number || number->tag > radius::kMaxTag) {
        policy.malformed = true;
        continue;
      }
      Described& tunnel = tunnels[number->tag];
      tunnel.restricts = true;
      const bool is_type = attribute.id == radius::kTunnelType;
      tunnel.fits &= number->value == (is_type ? radius::kTunnelTypeL2tp : medium);
    } else if (IsText(attribute.id)) {
      const radius::TaggedText text = radius::ReadTaggedText(attribute.value);
      Described& tunnel = tunnels[text.tag];
      tunnel.restricts = true;
      tunnel.fits &= TextFits(attribute.id, AsText(text.text), call);
    } else if (attribute.id == radius::kTunnelPrivateGroupId) {
      const radius::TaggedText text = radius::ReadTaggedText(attribute.value);
      tunnels[text.tag].group = AsText(text.text);
    }
  }
  const Described* chosen = nullptr;
  bool restricted = false;
  for (const Described& tunnel : tunnels) {
    restricted |= tunnel.restricts;
    const bool better = chosen == nullptr || (tunnel.restricts && !chosen->restricts);
    const bool counts = tunnel.restricts || !tunnel.group.empty();
    if (counts && tunnel.fits && better) chosen = &tunnel;
  }
  policy.allowed = !restricted || (chosen != nullptr && chosen->restricts);
  if (policy.allowed && chosen != nullptr) policy.group = std::string(chosen->group);
  return policy;
}

}  // namespace lns::controlplane
