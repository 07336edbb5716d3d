// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/population.h"

#include <cstdio>
#include <cstdlib>

namespace lns::bench {
namespace {

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "bench: %s\n", std::string(status.message()).c_str());
  std::exit(1);
}

net::IpAddress Address(std::string_view text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(std::string_view text) { return *net::IpPrefix::Parse(text); }

void ProgramRoutes(dataplane::TableWriter& writer, const Population& population) {
  using dataplane::Origin;
  Must(writer.AddLocalAddress(Address(kLns)));
  Must(writer.AddSubscriberPrefix(Prefix("100.64.0.0/10")));
  Must(writer.UpsertRoute(
      {.prefix = Prefix("198.51.100.0/24"), .port = kAccess, .origin = Origin::kKernel}));
  Must(writer.UpsertRoute(
      {.prefix = Prefix("203.0.113.0/24"), .port = kCore, .origin = Origin::kKernel}));
  Must(writer.UpsertRoute({.prefix = Prefix("198.18.0.0/15"),
                           .next_hop = Address(kHost),
                           .port = kCore,
                           .origin = Origin::kKernel}));
  const auto neighbour = [&](std::string_view address, uint16_t port, const char* mac) {
    Must(writer.UpsertNeighbour({.address = Address(address),
                                 .port = port,
                                 .mac = *net::ParseMac(mac),
                                 .origin = Origin::kKernel}));
  };
  neighbour(kHost, kCore, kHostMac);
  for (uint32_t tunnel = 0; tunnel < population.tunnels; ++tunnel) {
    neighbour(Population::LacAddress(tunnel), kAccess, kLacMac);
  }
}

}  // namespace

void Program(dataplane::TableWriter& writer, const Population& population) {
  ProgramRoutes(writer, population);
  for (uint32_t tunnel = 0; tunnel < population.tunnels; ++tunnel) {
    dataplane::TunnelConfig config;
    config.local_id = l2tp::LocalTunnelId(Population::TunnelId(tunnel));
    config.peer_id = l2tp::PeerTunnelId(static_cast<uint16_t>(1 + tunnel));
    config.endpoints = {.local = {Address(kLns), 1701},
                        .peer = {Address(Population::LacAddress(tunnel)), 1701}};
    config.udp_checksum_off = population.udp_checksum_off;
    Must(writer.UpsertTunnel(config));
  }
  for (uint32_t i = 0; i < population.sessions; ++i) {
    dataplane::SessionConfig config;
    config.key = {l2tp::LocalTunnelId(Population::TunnelId(population.TunnelOf(i))),
                  l2tp::LocalSessionId(population.SessionId(i))};
    config.peer_id = l2tp::PeerSessionId(static_cast<uint16_t>(i % 65535 + 1));
    config.ipv4_open = true;
    config.prefixes = {{net::IpAddress::V4(Population::Address(i)), 32}};
    Must(writer.UpsertSession(config));
  }
}

}  // namespace lns::bench
