// One subscriber with an Ipv6Service, and the packets it sends and gets, for tests in virtual time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/ipv6/ipv6_service.h"
#include "controlplane/ipv6/link_packet.h"
#include "lib/base/rng.h"
#include "lib/dhcpv6/client_packet.h"
#include "lib/dhcpv6/message.h"
#include "lib/nd/message.h"
#include "lib/net/icmpv6.h"
#include "lib/net/prefix.h"

namespace lns::test {

inline net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
inline net::IpPrefix Prefix(const char* text) { return *net::IpPrefix::Parse(text); }

inline std::vector<controlplane::AddressPoolSettings> Ipv6Pools() {
  return {{.name = "links", .prefix = Prefix("2001:db8::/48")},
          {.name = "pd", .prefix = Prefix("2001:db8:1000::/40"), .delegated_length = 56},
          {.name = "hosts", .prefix = Prefix("2001:db8:2000::/126"), .addresses = true}};
}

class Ipv6Subscriber {
 public:
  static constexpr uint64_t kOurs = 1;
  static constexpr uint64_t kTheirs = 0xbeef;
  const net::IpAddress kRouter = net::LinkLocal(kOurs);
  const net::IpAddress kHost = net::LinkLocal(kTheirs);

  Ipv6Subscriber() {
    settings.server_duid = {0, 4, 1, 2, 3};
    settings.dns = {Address("2001:db8::53")};
    settings.search = {"example.net"};
  }

  controlplane::Ipv6Environment Around() {
    return {.settings = settings,
            .terms = terms,
            .book = book,
            .owner = 7,
            .user_name = user_name,
            .rng = rng,
            .now = now};
  }
  void Up(uint16_t mtu = 1492) {
    service.Grant(Around());
    service.LinkUp({kOurs, kTheirs, mtu}, Around(), out);
  }
  void SendIcmpv6(const net::IpAddress& from, const net::IpAddress& to, ByteView message) {
    service.OnPacket(controlplane::MakeIcmpv6Packet({from, to}, message), Around(), out);
  }
  void SendDhcp(const dhcpv6::Message& message, std::optional<net::IpAddress> from = {},
                std::optional<net::IpAddress> to = {}) {
    service.OnPacket(dhcpv6::ClientPacket(message, from.value_or(kHost),
                                          to.value_or(controlplane::AllDhcpServers())),
                     Around(), out);
  }
  void Wait(Duration time) {
    const Instant until = now + time;
    // A deadline a turn; none is ever so many.
    for (int turns = 0; turns < 10'000 && service.NextDeadline() <= until; ++turns) {
      now = std::max(now, service.NextDeadline());
      service.OnTimer(Around(), out);
    }
    now = until;
  }

  // What was sent since the last call.
  std::vector<Bytes> Take() {
    std::vector<Bytes> packets;
    for (auto& packet : out.packets) packets.push_back(std::move(packet.bytes));
    out.packets.clear();
    return packets;
  }
  std::vector<nd::RouterAdvertisement> TakeAdvertisements() {
    std::vector<nd::RouterAdvertisement> all;
    for (const Bytes& bytes : Take()) {
      const auto packet = controlplane::ReadLinkPacket(bytes);
      if (packet.kind != controlplane::LinkPacketKind::kIcmpv6) continue;
      const auto parsed = nd::ParseRouterAdvertisement(packet.payload);
      if (parsed.ok() && packet.hop_limit == 255 && packet.source == kRouter)
        all.push_back(*parsed);
    }
    return all;
  }
  // The only DHCPv6 message among them.
  std::optional<dhcpv6::Message> TakeDhcp() {
    std::optional<dhcpv6::Message> found;
    for (const Bytes& bytes : Take()) {
      const auto packet = controlplane::ReadLinkPacket(bytes);
      if (packet.kind != controlplane::LinkPacketKind::kDhcpv6) continue;
      const auto parsed = dhcpv6::Parse(packet.payload);
      if (found || !parsed.ok() || packet.destination != kHost) return std::nullopt;
      found = *parsed;
    }
    return found;
  }
  std::vector<net::IpPrefix> Prefixes() const {
    std::vector<net::IpPrefix> prefixes;
    service.AppendPrefixes(prefixes);
    return prefixes;
  }
  size_t Counted(controlplane::Ipv6Event event) const {
    return static_cast<size_t>(std::count(out.events.begin(), out.events.end(), event));
  }

  controlplane::Ipv6Settings settings;
  controlplane::Ipv6Terms terms;
  controlplane::AddressBook book{Ipv6Pools(), {}};
  std::string user_name = "alice";
  SeededRng rng{1};
  Instant now = Instant() + Duration::Seconds(1000);
  controlplane::Ipv6Service service;
  controlplane::Ipv6Output out;
};

}  // namespace lns::test
