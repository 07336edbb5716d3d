// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/forwarding_service.h"

#include <array>
#include <map>
#include <utility>

#include "dataplane/services/convert.h"
#include "dataplane/services/grpc_status.h"
#include "dataplane/services/pages.h"
#include "dataplane/services/policy_convert.h"
#include "lib/os/clock.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr int kMaxUpdatesPerRequest = 1024;

// Converts, then calls; an error of either is the update's.
template <typename Value, typename Call>
absl::Status With(const absl::StatusOr<Value>& value, Call&& call) {
  return value.ok() ? call(*value) : value.status();
}

}  // namespace

ForwardingService::ForwardingService(ForwardingInfo info, TableWriter& writer,
                                     std::vector<std::string> port_names)
    : info_(std::move(info)), writer_(writer), port_names_(std::move(port_names)) {}

grpc::Status ForwardingService::GetInfo(grpc::ServerContext*, const v1::GetInfoRequest*,
                                        v1::Info* reply) {
  const TableLimits limits = writer_.limits();
  reply->set_generation(info_.generation);
  reply->set_version(info_.version);
  reply->set_workers(info_.workers);
  reply->set_max_tunnels(limits.max_tunnels);
  reply->set_max_sessions(limits.max_sessions);
  reply->set_max_routes(limits.max_routes);
  reply->set_max_neighbours(limits.max_neighbours);
  reply->set_tunnels(writer_.tunnel_count());
  reply->set_sessions(writer_.session_count());
  reply->set_punt_socket(info_.punt_socket);
  reply->mutable_vrfs()->Assign(info_.vrfs.begin(), info_.vrfs.end());
  return grpc::Status::OK;
}

grpc::Status ForwardingService::Apply(
    grpc::ServerContext*, grpc::ServerReaderWriter<v1::ApplyReply, v1::ApplyRequest>* stream) {
  v1::ApplyRequest request;
  v1::ApplyReply reply;
  while (stream->Read(&request)) {
    if (request.updates_size() > kMaxUpdatesPerRequest) {
      return {grpc::StatusCode::INVALID_ARGUMENT,
              absl::StrCat("updates: expected at most ", kMaxUpdatesPerRequest, ", found ",
                           request.updates_size())};
    }
    reply.Clear();
    reply.set_batch_id(request.batch_id());
    uint32_t applied = 0;
    bool removes = false;
    for (int i = 0; i < request.updates_size(); ++i) {
      const absl::Status status = ApplyOne(request.updates(i));
      removes |= request.updates(i).has_remove_session();
      if (status.ok()) {
        ++applied;
        continue;
      }
      v1::ApplyError* error = reply.add_errors();
      error->set_index(static_cast<uint32_t>(i));
      error->set_code(static_cast<uint32_t>(status.code()));
      error->set_message(std::string(status.message()));
    }
    reply.set_applied(applied);
    if (removes) {
      for (const SessionCounts& counts : writer_.TakeLastCounts()) {
        *reply.add_removed() = FromCounts(counts);
      }
    }
    if (!stream->Write(reply)) break;  // the client is gone
  }
  return grpc::Status::OK;
}

absl::Status ForwardingService::ApplyOne(const v1::Update& update) {
  switch (update.update_case()) {
    case v1::Update::kLocalAddress:
      return With(ToLocalAddress(update.local_address(), "local_address"),
                  [&](const auto& v) { return writer_.AddLocalAddress(v); });
    case v1::Update::kRemoveLocalAddress:
      return With(ToLocalAddress(update.remove_local_address(), "remove_local_address"),
                  [&](const auto& v) { return writer_.RemoveLocalAddress(v); });
    case v1::Update::kSubscriberPrefix:
      return With(ToVrfPrefix(update.subscriber_prefix(), "subscriber_prefix"),
                  [&](const auto& v) { return writer_.AddSubscriberPrefix(v); });
    case v1::Update::kRemoveSubscriberPrefix:
      return With(ToVrfPrefix(update.remove_subscriber_prefix(), "remove_subscriber_prefix"),
                  [&](const auto& v) { return writer_.RemoveSubscriberPrefix(v); });
    case v1::Update::kTunnel:
      return With(ToTunnel(update.tunnel()),
                  [&](const auto& v) { return writer_.UpsertTunnel(v); });
    case v1::Update::kRemoveTunnel:
      return With(ToTunnelId(update.remove_tunnel(), "remove_tunnel"),
                  [&](const auto& v) { return writer_.RemoveTunnel(v); });
    case v1::Update::kSession:
      return With(ToSession(update.session()),
                  [&](const auto& v) { return writer_.UpsertSession(v); });
    case v1::Update::kRemoveSession:
      return With(ToSessionKey(update.remove_session(), "remove_session"),
                  [&](const auto& v) { return writer_.RemoveSession(v); });
    case v1::Update::kRoute:
      return With(ToRoute(update.route(), port_names_),
                  [&](const auto& v) { return writer_.UpsertRoute(v); });
    case v1::Update::kRemoveRoute:
      return With(ToPrefix(update.remove_route(), "remove_route"),
                  [&](const auto& v) { return writer_.RemoveRoute(v, Origin::kApi); });
    case v1::Update::kRemoveVrfRoute:
      return With(ToVrfPrefix(update.remove_vrf_route(), "remove_vrf_route"),
                  [&](const auto& v) { return writer_.RemoveRoute(v, Origin::kApi); });
    case v1::Update::kNeighbour:
      return With(ToNeighbour(update.neighbour(), port_names_),
                  [&](const auto& v) { return writer_.UpsertNeighbour(v); });
    case v1::Update::kRemoveNeighbour:
      return With(ToNeighbour(update.remove_neighbour(), port_names_),
                  [&](const auto& v) { return writer_.RemoveNeighbour(v.address, v.port); });
    case v1::Update::kDrain:
      writer_.SetDraining(update.drain().on());
      return absl::OkStatus();
    case v1::Update::kFilter:
      return With(ToFilter(update.filter()),
                  [&](const auto& v) { return writer_.UpsertFilter(v); });
    case v1::Update::kRemoveFilter:
      return writer_.RemoveFilter(update.remove_filter());
    case v1::Update::UPDATE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("update: nothing is set, or a kind this release does not know");
}

grpc::Status ForwardingService::Sync(grpc::ServerContext*, const v1::SyncRequest* request,
                                     v1::SyncReply* reply) {
  switch (request->step()) {
    case v1::SyncRequest::STEP_BEGIN:
      writer_.BeginSync();
      return grpc::Status::OK;
    case v1::SyncRequest::STEP_END: {
      const absl::StatusOr<SweepResult> swept = writer_.EndSync();
      if (!swept.ok()) return ToGrpc(swept.status());
      reply->set_swept_tunnels(swept->tunnels);
      reply->set_swept_sessions(swept->sessions);
      reply->set_swept_other(swept->other);
      return grpc::Status::OK;
    }
    default:
      return {grpc::StatusCode::INVALID_ARGUMENT, "step: expected STEP_BEGIN or STEP_END"};
  }
}

// Lists are copies made under the writer's mutex, those of sessions a page at a time; a client that
// reads slowly holds up nobody.

grpc::Status ForwardingService::ListTunnels(grpc::ServerContext*, const v1::ListTunnelsRequest*,
                                            grpc::ServerWriter<v1::Tunnel>* out) {
  for (const TunnelConfig& tunnel : writer_.Tunnels()) {
    if (!out->Write(FromTunnel(tunnel))) break;
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListAggregates(grpc::ServerContext*,
                                               const v1::ListAggregatesRequest*,
                                               grpc::ServerWriter<v1::AggregateStatus>* out) {
  for (const AggregateCounts& counts : writer_.Aggregates()) {
    if (!out->Write(FromAggregateCounts(counts))) break;
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListSessions(grpc::ServerContext*,
                                             const v1::ListSessionsRequest* request,
                                             grpc::ServerWriter<v1::Session>* out) {
  std::vector<SessionKey> keys = writer_.SessionKeys();
  if (const uint32_t tunnel = request->local_tunnel_id(); tunnel != 0) {
    std::erase_if(keys, [&](const SessionKey& key) { return key.tunnel.value() != tunnel; });
  }
  for (const std::span<const SessionKey> page : PagesOf(keys)) {
    for (const SessionConfig& session : writer_.Sessions(page)) {
      if (!out->Write(FromSession(session))) return grpc::Status::OK;
    }
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListRoutes(grpc::ServerContext*, const v1::ListRoutesRequest*,
                                           grpc::ServerWriter<v1::Route>* out) {
  for (const RouteConfig& route : writer_.Routes()) {
    if (!out->Write(FromRoute(route, port_names_))) break;
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListNeighbours(grpc::ServerContext*,
                                               const v1::ListNeighboursRequest*,
                                               grpc::ServerWriter<v1::Neighbour>* out) {
  for (const NeighbourConfig& neighbour : writer_.Neighbours()) {
    if (!out->Write(FromNeighbour(neighbour, port_names_))) break;
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListLocalAddresses(grpc::ServerContext*,
                                                   const v1::ListLocalAddressesRequest*,
                                                   grpc::ServerWriter<v1::LocalAddress>* out) {
  for (const VrfAddress& address : writer_.LocalAddresses()) {
    v1::LocalAddress message;
    *message.mutable_address() = FromAddress(address.address);
    message.set_vrf(address.vrf);
    if (!out->Write(message)) break;
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListSubscriberPrefixes(
    grpc::ServerContext*, const v1::ListSubscriberPrefixesRequest*,
    grpc::ServerWriter<v1::SubscriberPrefix>* out) {
  for (const VrfPrefix& prefix : writer_.SubscriberPrefixes()) {
    v1::SubscriberPrefix message;
    *message.mutable_prefix() = FromPrefix(prefix.prefix);
    message.set_vrf(prefix.vrf);
    if (!out->Write(message)) break;
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListPathLimits(grpc::ServerContext*,
                                               const v1::ListPathLimitsRequest*,
                                               grpc::ServerWriter<v1::PathLimit>* out) {
  const Instant now = MonotonicNow();
  for (const PathLimit& limit : writer_.PathLimits()) {
    if (!out->Write(FromPathLimit(limit, now))) break;
  }
  return grpc::Status::OK;
}

grpc::Status ForwardingService::ListVrfs(grpc::ServerContext*, const v1::ListVrfsRequest*,
                                         grpc::ServerWriter<v1::VrfStatus>* out) {
  std::map<uint32_t, v1::VrfStatus> rows;
  for (const v1::Vrf& vrf : info_.vrfs) *rows[vrf.id()].mutable_vrf() = vrf;
  const auto count = [&](uint32_t vrf, auto get, auto set) {
    v1::VrfStatus& row = rows[vrf];
    (row.*set)((row.*get)() + 1);
  };
  for (const RouteConfig& route : writer_.Routes()) {
    count(route.vrf, &v1::VrfStatus::routes, &v1::VrfStatus::set_routes);
  }
  for (const VrfAddress& address : writer_.LocalAddresses()) {
    count(address.vrf, &v1::VrfStatus::local_addresses, &v1::VrfStatus::set_local_addresses);
  }
  for (const VrfPrefix& prefix : writer_.SubscriberPrefixes()) {
    count(prefix.vrf, &v1::VrfStatus::subscriber_prefixes, &v1::VrfStatus::set_subscriber_prefixes);
  }
  for (const TunnelConfig& tunnel : writer_.Tunnels()) {
    count(tunnel.endpoints.vrf, &v1::VrfStatus::tunnels, &v1::VrfStatus::set_tunnels);
  }
  const std::array<uint32_t, kMaxVrfs> sessions = writer_.SessionsPerVrf();
  for (uint32_t vrf = 0; vrf < kMaxVrfs; ++vrf) {
    if (sessions[vrf] != 0) rows[vrf].set_sessions(sessions[vrf]);
  }
  for (const auto& [id, row] : rows) {
    if (!out->Write(row)) break;
  }
  return grpc::Status::OK;
}

}  // namespace lns::dataplane
