// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/ipv6/router_advertiser.h"

#include <algorithm>

#include "lib/nd/message.h"

namespace lns::controlplane {
namespace {

uint32_t Seconds(Duration time) { return static_cast<uint32_t>(time.milliseconds() / 1000); }

// Between a third of `longest` and all of it (RFC 4861 6.2.1).
Duration RandomInterval(Duration longest, Rng& rng) {
  const auto milliseconds = static_cast<uint32_t>(longest.milliseconds());
  const uint32_t least = milliseconds / 3;
  return Duration::Milliseconds(least + rng.Below(milliseconds - least + 1));
}

// The router, without anything on its link.
nd::RouterAdvertisement HeadOf(const Ipv6Environment& around, Duration lifetime) {
  const Ipv6Settings& settings = around.settings;
  // Who has addresses of their own is to ask for them.
  const bool has_addresses = !around.terms.addresses.empty() || !around.terms.address_pools.empty();
  return {.hop_limit = settings.hop_limit,
          .managed = settings.managed || has_addresses,
          .other = settings.other,
          .router_lifetime_s = static_cast<uint16_t>(Seconds(lifetime))};
}

}  // namespace

void RouterAdvertiser::Start(Instant now) {
  next_ = now;
  sent_ = 0;
  asked_ = false;
}

void RouterAdvertiser::OnSolicitation(Instant now) {
  asked_ = true;
  next_ = std::min(next_, sent_ == 0 ? now : std::max(now, last_ + kMinimumGap));
}

void RouterAdvertiser::Sent(const Ipv6Environment& around) {
  Duration interval = RandomInterval(around.settings.advertisement_interval, around.rng);
  if (sent_ < kInitial) {
    ++sent_;
    interval = std::min(interval, kInitialInterval);
  }
  last_ = around.now;
  next_ = around.now + interval;
  asked_ = false;
}

Bytes RouterAdvertiser::Make(const Ipv6Environment& around, std::span<const Lease> links,
                             uint16_t mtu, Duration lifetime) {
  const Ipv6Settings& settings = around.settings;
  nd::RouterAdvertisement message = HeadOf(around, lifetime);
  for (const Lease& link : links) {
    message.prefixes.push_back({.prefix = link.prefix,
                                .on_link = true,
                                .autonomous = link.prefix.length == kLinkPrefixLength,
                                .valid_s = Seconds(settings.prefix_valid),
                                .preferred_s = Seconds(settings.prefix_preferred)});
  }
  message.mtu = mtu;
  // As good as the router itself (RFC 4191 2.3).
  for (const net::IpPrefix& route : around.terms.announced_routes) {
    message.routes.push_back({.prefix = route, .lifetime_s = Seconds(lifetime)});
  }
  const auto dns = around.dns();
  message.dns.assign(dns.begin(), dns.end());
  message.search = settings.search;
  // RFC 8106 5.1: three intervals; what is there for no router is there no longer.
  const Duration known = lifetime == Duration() ? lifetime : settings.advertisement_interval * 3;
  message.dns_lifetime_s = Seconds(known);
  message.search_lifetime_s = Seconds(known);
  return nd::Write(message);
}

Bytes RouterAdvertiser::MakeWithdrawal(const Ipv6Environment& around, const Withdrawn& withdrawn) {
  nd::RouterAdvertisement message = HeadOf(around, around.settings.router_lifetime);
  message.dns = withdrawn.dns;
  for (const net::IpPrefix& route : withdrawn.routes) message.routes.push_back({.prefix = route});
  return nd::Write(message);
}

}  // namespace lns::controlplane
