// When a subscriber's link hears Router Advertisements, and what is in them (RFC 4861 6.2): at the
// start three at short intervals, then at random ones, and at once where somebody asks, but not
// more often than kMinimumGap. Sans-IO; belongs to an Ipv6Service.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/ipv6/environment.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/net/address.h"

namespace lns::controlplane {

class RouterAdvertiser {
 public:
  // RFC 4861 10: MAX_INITIAL_RTR_ADVERTISEMENTS, MAX_INITIAL_RTR_ADVERT_INTERVAL.
  static constexpr uint8_t kInitial = 3;
  static constexpr Duration kInitialInterval = Duration::Seconds(16);
  // Within RFC 4861's MAX_RA_DELAY_TIME of the question, so that nobody asks again.
  static constexpr Duration kMinimumGap = Duration::Milliseconds(500);

  // The next one is due at once.
  void Start(Instant now);
  void Stop() { next_ = Instant::Never(); }
  // A host asks.
  void OnSolicitation(Instant now);
  Instant NextDeadline() const { return next_; }
  // One has left: when the next is due.
  void Sent(const Ipv6Environment& around);

  // The ICMPv6 message. `lifetime`: how long we are a router; zero says goodbye.
  static Bytes Make(const Ipv6Environment& around, std::span<const Lease> links, uint16_t mtu,
                    Duration lifetime);
  // What is told no longer.
  struct Withdrawn {
    std::vector<net::IpAddress> dns;
    std::vector<net::IpPrefix> routes;

    bool empty() const { return dns.empty() && routes.empty(); }
  };
  // Ends each of it at once (RFC 8106 5.1, RFC 4191 2.3), and says nothing of the rest.
  static Bytes MakeWithdrawal(const Ipv6Environment& around, const Withdrawn& withdrawn);
  // Whether the one due now answers somebody, or is one of the first.
  bool periodic() const { return !asked_ && sent_ > 0; }

 private:
  Instant next_ = Instant::Never();
  Instant last_;
  uint8_t sent_ = 0;  // up to kInitial
  bool asked_ = false;
};

}  // namespace lns::controlplane
