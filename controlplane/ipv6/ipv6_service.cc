// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/ipv6/ipv6_service.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "controlplane/ipv6/link_packet.h"
#include "lib/nd/message.h"
#include "lib/net/icmpv6.h"
#include "lib/net/prefix.h"

namespace lns::controlplane {
namespace {

template <typename T>
std::vector<T> NotAmong(std::span<const T> some, std::span<const T> others) {
  std::vector<T> rest;
  std::ranges::copy_if(some, std::back_inserter(rest), [others](const T& one) {
    return std::ranges::find(others, one) == others.end();
  });
  return rest;
}

}  // namespace

std::optional<LeaseError> Ipv6Service::Grant(const Ipv6Environment& around) {
  // What DHCPv6 is to give later is looked at now, while the call can still be refused.
  const Ipv6Terms& terms = around.terms;
  if (!around.book.KnowsAnyOf(PoolUse::kDelegation, terms.delegated_pools) ||
      !around.book.KnowsAnyOf(PoolUse::kHostAddress, terms.address_pools)) {
    return LeaseError::kNoSuchPool;
  }
  const auto fixed = terms.link_prefixes;
  const bool fits = fixed.empty()
                        ? !links_.empty()
                        : std::equal(links_.begin(), links_.end(), fixed.begin(), fixed.end(),
                                     [](const Lease& lease, const net::IpPrefix& prefix) {
                                       return lease.prefix == prefix;
                                     });
  if (fits) return std::nullopt;
  Release(around);
  for (const net::IpPrefix& prefix : fixed) {
    const auto lease = around.book.Take(prefix, around.owner);
    if (!lease.ok()) return lease.error();
    links_.push_back(*lease);
  }
  if (!fixed.empty()) return std::nullopt;
  if (terms.link_pools.empty() && !around.book.HasPoolFor(PoolUse::kLink)) return std::nullopt;
  const auto lease = around.book.Allocate(PoolUse::kLink, terms.link_pools, around.owner,
                                          UserHash(around.user_name));
  if (!lease.ok()) return lease.error();
  links_.push_back(*lease);
  return std::nullopt;
}

void Ipv6Service::Release(const Ipv6Environment& around) {
  LinkDown();
  dhcp_.ReleaseAll(around);
  for (const Lease& lease : links_) around.book.Free(lease, UserHash(around.user_name));
  links_.clear();
}

void Ipv6Service::LinkUp(const Link& link, const Ipv6Environment& around, Ipv6Output& out) {
  link_ = link;
  advertiser_.Start(around.now);
  Advertise(around, out);
}

void Ipv6Service::LinkDown() {
  link_ = {};
  advertiser_.Stop();
}

void Ipv6Service::OnTermsChanged(const Ipv6Terms& before, const Ipv6Environment& around,
                                 Ipv6Output& out) {
  if (!up()) return;
  const auto dns_before = DnsOf(before, around.settings), dns = around.dns();
  const auto routes_before = before.announced_routes, routes = around.terms.announced_routes;
  if (std::ranges::equal(dns_before, dns) && std::ranges::equal(routes_before, routes)) return;
  const RouterAdvertiser::Withdrawn withdrawn{.dns = NotAmong(dns_before, dns),
                                              .routes = NotAmong(routes_before, routes)};
  if (!withdrawn.empty()) {
    const Bytes message = RouterAdvertiser::MakeWithdrawal(around, withdrawn);
    out.packets.push_back({MakeIcmpv6Packet({LocalAddress(), AllNodes()}, message)});
    out.Count(Ipv6Event::kAdvertisement);
  }
  Advertise(around, out);
}

void Ipv6Service::SayGoodbye(const Ipv6Environment& around, Ipv6Output& out) {
  if (!up()) return;
  const Bytes message = RouterAdvertiser::Make(around, links_, link_.mtu, Duration());
  out.packets.push_back({MakeIcmpv6Packet({LocalAddress(), AllNodes()}, message)});
  out.Count(Ipv6Event::kAdvertisement);
  LinkDown();
}

net::IpAddress Ipv6Service::LocalAddress() const {
  return net::LinkLocal(link_.local_interface_id);
}
net::IpAddress Ipv6Service::PeerAddress() const { return net::LinkLocal(link_.peer_interface_id); }

Ipv6Holdings Ipv6Service::Holdings() const {
  Ipv6Holdings holdings;
  for (const Lease& link : links_) holdings.links.push_back(link.prefix);
  for (const Dhcpv6Server::Binding& binding : dhcp_.bindings()) {
    if (!binding.committed) continue;
    if (binding.kind == dhcpv6::IaKind::kPrefix) {
      holdings.delegated.push_back(binding.lease.prefix);
    } else {
      holdings.addresses.push_back(binding.lease.prefix.address);
    }
  }
  return holdings;
}

void Ipv6Service::AppendPrefixes(std::vector<net::IpPrefix>& out) const {
  for (const Lease& link : links_) out.push_back(link.prefix);
  for (const Dhcpv6Server::Binding& binding : dhcp_.bindings()) {
    if (binding.committed && binding.leased) out.push_back(binding.lease.prefix);
  }
}

void Ipv6Service::OnTimer(const Ipv6Environment& around, Ipv6Output& out) {
  dhcp_.Expire(around, out);
  if (advertiser_.NextDeadline() <= around.now) Advertise(around, out);
}

Instant Ipv6Service::NextDeadline() const {
  return std::min(advertiser_.NextDeadline(), dhcp_.NextDeadline());
}

void Ipv6Service::Advertise(const Ipv6Environment& around, Ipv6Output& out) {
  const Bytes message =
      RouterAdvertiser::Make(around, links_, link_.mtu, around.settings.router_lifetime);
  out.packets.push_back({.bytes = MakeIcmpv6Packet({LocalAddress(), AllNodes()}, message),
                         .periodic = advertiser_.periodic()});
  out.Count(Ipv6Event::kAdvertisement);
  advertiser_.Sent(around);
}

void Ipv6Service::OnPacket(ByteView bytes, const Ipv6Environment& around, Ipv6Output& out) {
  if (!up()) return out.Count(Ipv6Event::kNotForUs);
  const LinkPacket packet = ReadLinkPacket(bytes);
  if (packet.kind == LinkPacketKind::kMalformed) return out.Count(Ipv6Event::kMalformed);
  if (packet.kind == LinkPacketKind::kOther) return out.Count(Ipv6Event::kNotForUs);
  if (!MayAnswer(around.now)) return out.Count(Ipv6Event::kTooMany);
  if (packet.kind == LinkPacketKind::kIcmpv6) return OnIcmpv6(packet, around, out);
  if (packet.source != PeerAddress()) return out.Count(Ipv6Event::kWrongSource);
  OnDhcpv6(packet, around, out);
}

// A bucket that is refilled each second.
bool Ipv6Service::MayAnswer(Instant now) {
  if (now - answers_since_ >= Duration::Seconds(1)) {
    answers_since_ = now;
    answers_ = 0;
  }
  if (answers_ >= kAnswersPerSecond) return false;
  ++answers_;
  return true;
}

void Ipv6Service::OnIcmpv6(const LinkPacket& packet, const Ipv6Environment& around,
                           Ipv6Output& out) {
  switch (packet.payload[0]) {
    case net::kIcmpv6RouterSolicitation:
      return OnSolicitation(packet, around, out);
    case net::kIcmpv6NeighbourSolicitation:
      return OnNeighbourSolicitation(packet, out);
    case net::kIcmpv6EchoRequest:
      return OnEchoRequest(packet, out);
    default:
      return out.Count(Ipv6Event::kNotForUs);
  }
}

// RFC 4861 6.1.1, 6.2.6.
void Ipv6Service::OnSolicitation(const LinkPacket& packet, const Ipv6Environment& around,
                                 Ipv6Output& out) {
  if (packet.hop_limit != nd::kHopLimit ||
      nd::CheckRouterSolicitation(packet.payload) != nd::NdError::kNone) {
    return out.Count(Ipv6Event::kSolicitationInvalid);
  }
  const net::IpAddress unspecified = net::IpAddress::V6(std::array<uint8_t, 16>{});
  if (packet.source != PeerAddress() && packet.source != unspecified) {
    return out.Count(Ipv6Event::kWrongSource);
  }
  out.Count(Ipv6Event::kSolicitation);
  advertiser_.OnSolicitation(around.now);
  if (advertiser_.NextDeadline() <= around.now) Advertise(around, out);
}

// RFC 4861 7.2.4: links without link-layer addresses still ask whether the neighbour is there.
void Ipv6Service::OnNeighbourSolicitation(const LinkPacket& packet, Ipv6Output& out) {
  const auto target = nd::ParseNeighbourSolicitation(packet.payload);
  if (!target.ok() || packet.hop_limit != nd::kHopLimit) {
    return out.Count(Ipv6Event::kMalformed);
  }
  if (*target != LocalAddress() || packet.source != PeerAddress()) {
    return out.Count(Ipv6Event::kNotForUs);
  }
  const Bytes message = nd::Write(nd::NeighbourAdvertisement{
      .target = LocalAddress(), .router = true, .solicited = true, .override_known = true});
  out.packets.push_back(
      {.bytes = MakeIcmpv6Packet({LocalAddress(), PeerAddress()}, message), .periodic = true});
  out.Count(Ipv6Event::kNeighbourAsked);
}

// RFC 4443 4.2: what was sent comes back.
void Ipv6Service::OnEchoRequest(const LinkPacket& packet, Ipv6Output& out) {
  const bool for_us = packet.destination == LocalAddress() || packet.destination == AllNodes() ||
                      packet.destination == AllRouters();
  if (!for_us || packet.source != PeerAddress()) return out.Count(Ipv6Event::kNotForUs);
  Bytes message(packet.payload.begin(), packet.payload.end());
  message[0] = net::kIcmpv6EchoReply;
  out.packets.push_back(
      {.bytes = MakeIcmpv6Packet({LocalAddress(), PeerAddress()}, message), .periodic = true});
  out.Count(Ipv6Event::kEchoed);
}

void Ipv6Service::OnDhcpv6(const LinkPacket& packet, const Ipv6Environment& around,
                           Ipv6Output& out) {
  const auto message = dhcpv6::Parse(packet.payload);
  if (!message.ok()) return out.Count(Ipv6Event::kDhcpMalformed);
  out.Count(Ipv6Event::kDhcpReceived);
  const bool by_multicast = packet.destination == AllDhcpServers();
  const auto reply = dhcp_.Answer(*message, by_multicast, links_, around, out);
  if (!reply) return;
  const Bytes bytes = dhcpv6::Write(*reply);
  if (bytes.empty()) return;
  out.packets.push_back({MakeDhcpv6Packet({LocalAddress(), PeerAddress()}, bytes)});
}

}  // namespace lns::controlplane
