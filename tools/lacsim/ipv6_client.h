// One emulated subscriber's IPv6: asks for a router, makes an address up from what it advertises
// (RFC 4861 6.3.7, RFC 4862 5.5), and, where wanted, gets a prefix by DHCPv6 and gives it back
// (RFC 8415 18.2). Sans-IO: packets of the link and `now` in, packets out. Main thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/dhcpv6/message.h"
#include "lib/net/address.h"

namespace lns::lacsim {

class Ipv6Client {
 public:
  struct Settings {
    uint64_t interface_id = 0;  // what IPV6CP agreed on
    uint32_t number = 0;        // tells this client from others in its DUID
    bool wants_prefix = false;
  };
  explicit Ipv6Client(const Settings& settings);

  void Start(Instant now, std::vector<Bytes>& out);
  // False: not for this client (a subscriber's ordinary packet).
  bool OnPacket(ByteView packet, Instant now, std::vector<Bytes>& out);
  void OnTimer(Instant now, std::vector<Bytes>& out);
  Instant NextDeadline() const;
  // Gives the prefix back, once; no answer is waited for.
  void Release(std::vector<Bytes>& out);

  const std::optional<net::IpAddress>& address() const { return address_; }
  const std::optional<net::IpPrefix>& prefix() const { return prefix_; }
  // Has all that it wants.
  bool complete() const { return address_ && (prefix_ || !settings_.wants_prefix); }

 private:
  enum class Dhcp : uint8_t { kIdle, kSoliciting, kRequesting, kBound };

  void Solicit(Instant now, std::vector<Bytes>& out);
  void OnAdvertised(ByteView message, Instant now, std::vector<Bytes>& out);
  void OnDhcp(ByteView message, Instant now, std::vector<Bytes>& out);
  void SendDhcp(dhcpv6::MessageType type, Instant now, std::vector<Bytes>& out);

  Settings settings_;
  std::optional<net::IpAddress> address_;
  std::optional<net::IpPrefix> prefix_;
  Dhcp dhcp_ = Dhcp::kIdle;
  Bytes server_id_;
  uint32_t transaction_id_ = 0;
  Instant router_deadline_ = Instant::Never();
  Instant dhcp_deadline_ = Instant::Never();
  Duration dhcp_wait_;
  int solicitations_ = 0;
};

}  // namespace lns::lacsim
