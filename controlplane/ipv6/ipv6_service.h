// What a subscriber with IPv6 has beyond IPV6CP: the prefix of its link, Router Advertisements
// (RFC 4861), and a DHCPv6 server (RFC 8415) with the prefixes it delegated. Sans-IO: packets of
// the link and `now` in (Ipv6Environment), packets and changes of prefixes out (Ipv6Output). One
// for each session that may have IPv6; made and driven by the engine.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/ipv6/dhcpv6_server.h"
#include "controlplane/ipv6/environment.h"
#include "controlplane/ipv6/router_advertiser.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/net/address.h"

namespace lns::controlplane {

struct LinkPacket;

// What a subscriber has.
struct Ipv6Holdings {
  std::vector<net::IpPrefix> links;
  std::vector<net::IpAddress> addresses;  // by DHCPv6
  std::vector<net::IpPrefix> delegated;
};

class Ipv6Service {
 public:
  // What both ends of the link agreed on.
  struct Link {
    uint64_t local_interface_id = 0;
    uint64_t peer_interface_id = 0;
    uint16_t mtu = 0;
  };
  // Of answers to one session: a second's worth, saved up to twice as many.
  static constexpr uint8_t kAnswersPerSecond = 20;

  // Takes the link's prefixes, before IPV6CP; what is held and still fits stays. A user for whom
  // there is no pool at all has none, and may still be delegated prefixes.
  std::optional<LeaseError> Grant(const Ipv6Environment& around);
  // Gives everything back.
  void Release(const Ipv6Environment& around);

  // IPV6CP is up; is down, with all that is on the link, but for the leases.
  void LinkUp(const Link& link, const Ipv6Environment& around, Ipv6Output& out);
  void LinkDown();
  // From the IPv6 header on.
  void OnPacket(ByteView packet, const Ipv6Environment& around, Ipv6Output& out);
  void OnTimer(const Ipv6Environment& around, Ipv6Output& out);
  Instant NextDeadline() const;
  // AAA has changed the terms from `before` to those of `around`: who listens is told at once of
  // name servers and routes that came and went. DHCPv6 clients learn it when they ask again.
  void OnTermsChanged(const Ipv6Terms& before, const Ipv6Environment& around, Ipv6Output& out);
  // The last word before the link goes: a router no longer (RFC 4861 6.2.5).
  void SayGoodbye(const Ipv6Environment& around, Ipv6Output& out);

  bool up() const { return link_.local_interface_id != 0; }
  const std::vector<Lease>& links() const { return links_; }
  Ipv6Holdings Holdings() const;
  // What the data plane is to send to this session: the link's prefixes, and what DHCPv6 gave.
  void AppendPrefixes(std::vector<net::IpPrefix>& out) const;

 private:
  net::IpAddress LocalAddress() const;
  net::IpAddress PeerAddress() const;
  bool MayAnswer(Instant now);
  void Advertise(const Ipv6Environment& around, Ipv6Output& out);
  void OnIcmpv6(const LinkPacket& packet, const Ipv6Environment& around, Ipv6Output& out);
  void OnSolicitation(const LinkPacket& packet, const Ipv6Environment& around, Ipv6Output& out);
  void OnNeighbourSolicitation(const LinkPacket& packet, Ipv6Output& out);
  void OnEchoRequest(const LinkPacket& packet, Ipv6Output& out);
  void OnDhcpv6(const LinkPacket& packet, const Ipv6Environment& around, Ipv6Output& out);

  std::vector<Lease> links_;
  Link link_;
  RouterAdvertiser advertiser_;
  Dhcpv6Server dhcp_;
  Instant answers_since_;
  uint8_t answers_ = 0;
};

}  // namespace lns::controlplane
