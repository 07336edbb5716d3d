// The subscribers of a measurement: which tunnel, session id and address the i-th session has, all
// by arithmetic, so that a traffic source touches no table of its own. Session ids are spread over
// their 16 bits, since a real LNS gives them out at random.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "dataplane/tables/table_writer.h"

namespace lns::bench {

inline constexpr uint32_t kMaxSessionsPerTunnel = 65535;
inline constexpr uint32_t kMaxTunnels = 200;  // LACs share one /24 here

struct Population {
  uint32_t sessions = 1024;
  uint32_t tunnels = 16;
  bool udp_checksum_off = false;  // of what we send (RFC 2661 8.1)

  auto operator<=>(const Population&) const = default;

  bool IsPossible() const {
    return sessions > 0 && tunnels > 0 && tunnels <= kMaxTunnels && sessions >= tunnels &&
           (sessions + tunnels - 1) / tunnels <= kMaxSessionsPerTunnel;
  }

  uint32_t TunnelOf(uint32_t session) const { return session % tunnels; }
  static uint16_t TunnelId(uint32_t tunnel) { return static_cast<uint16_t>(0x1100 + tunnel); }
  // 1..65535: an odd factor permutes the 16-bit numbers and leaves 0 where it is.
  uint16_t SessionId(uint32_t session) const {
    return static_cast<uint16_t>((session / tunnels + 1) * 40503u);
  }
  uint32_t SessionKey(uint32_t session) const {
    return static_cast<uint32_t>(TunnelId(TunnelOf(session))) << 16 | SessionId(session);
  }
  static constexpr uint32_t kFirstAddress = 0x64400001;  // 100.64.0.1, of 100.64.0.0/10
  static uint32_t Address(uint32_t session) { return kFirstAddress + session; }
  static std::string LacAddress(uint32_t tunnel) {
    return "198.51.100." + std::to_string(11 + tunnel);
  }
};

inline constexpr uint16_t kAccess = 0;
inline constexpr uint16_t kCore = 1;
inline constexpr char kAccessMac[] = "02:00:00:00:00:01";
inline constexpr char kCoreMac[] = "02:00:00:00:00:02";
inline constexpr char kLacMac[] = "02:00:00:00:01:11";
inline constexpr char kHostMac[] = "02:00:00:00:02:10";
inline constexpr char kLns[] = "198.51.100.1";
inline constexpr char kHost[] = "203.0.113.10";
// Destinations of subscribers: 512 /24s of one route, 198.18.0.0/15.
inline constexpr uint32_t kFirstDestination = 0xc6120000;
inline constexpr uint32_t kDestinationMask = 0x0001ffff;

// Programs routes, neighbours, tunnels and sessions. Exits the process when the tables refuse.
void Program(dataplane::TableWriter& writer, const Population& population);

}  // namespace lns::bench
