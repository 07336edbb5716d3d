// Between the API's messages and the table writer's values. Every value is checked here, so that
// the writer sees none that cannot be; what is wrong is INVALID_ARGUMENT that names the field and
// the value. Pure functions; gRPC threads.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <span>
#include <string>

#include "dataplane/tables/table_writer.h"
#include "lib/net/address.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lns/dataplane/v1/forwarding.pb.h"
#include "lns/dataplane/v1/telemetry.pb.h"
#include "lns/types/v1/types.pb.h"

namespace lns::dataplane {

// Names of the ports, in the order of their index.
using PortNames = std::span<const std::string>;

absl::StatusOr<net::IpAddress> ToAddress(const types::v1::IpAddress& message,
                                         const std::string& field);
absl::StatusOr<net::IpPrefix> ToPrefix(const types::v1::IpPrefix& message,
                                       const std::string& field);
absl::StatusOr<VrfIndex> ToVrf(uint32_t value, const std::string& field);
absl::StatusOr<VrfAddress> ToLocalAddress(const v1::LocalAddress& message,
                                          const std::string& field);
// Of SubscriberPrefix and VrfPrefix.
template <typename Message>
absl::StatusOr<VrfPrefix> ToVrfPrefix(const Message& message, const std::string& field) {
  const auto vrf = ToVrf(message.vrf(), field + ".vrf");
  if (!vrf.ok()) return vrf.status();
  const auto prefix = ToPrefix(message.prefix(), field + ".prefix");
  if (!prefix.ok()) return prefix.status();
  return VrfPrefix(*vrf, *prefix);
}
absl::StatusOr<l2tp::LocalTunnelId> ToTunnelId(uint32_t value, const std::string& field);
absl::StatusOr<SessionKey> ToSessionKey(const types::v1::SessionKey& message,
                                        const std::string& field);
absl::StatusOr<TunnelConfig> ToTunnel(const v1::Tunnel& message);
absl::StatusOr<SessionConfig> ToSession(const v1::Session& message);
// NOT_FOUND for a port that does not exist.
absl::StatusOr<RouteConfig> ToRoute(const v1::Route& message, PortNames ports);
absl::StatusOr<NeighbourConfig> ToNeighbour(const v1::Neighbour& message, PortNames ports);

types::v1::IpAddress FromAddress(const net::IpAddress& address);
types::v1::IpPrefix FromPrefix(const net::IpPrefix& prefix);
types::v1::SessionKey FromSessionKey(const SessionKey& key);
types::v1::SessionTraffic FromCounts(const SessionCounts& counts);
v1::AggregateStatus FromAggregateCounts(const AggregateCounts& counts);
v1::PathLimit FromPathLimit(const PathLimit& limit, Instant now);
v1::EchoCounters FromEchoCounts(const EchoCounts& counts);
v1::Tunnel FromTunnel(const TunnelConfig& tunnel);
v1::Session FromSession(const SessionConfig& session);
v1::Route FromRoute(const RouteConfig& route, PortNames ports);
v1::Neighbour FromNeighbour(const NeighbourConfig& neighbour, PortNames ports);

// "kWrongPeer" without its k to "wrong_peer": the name of a counter in the API.
std::string CounterName(std::string_view name);

}  // namespace lns::dataplane
