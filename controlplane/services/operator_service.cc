// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/services/operator_service.h"

#include <algorithm>

#include "controlplane/services/convert.h"
#include "controlplane/services/session_filter.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {
constexpr uint32_t kMaxTunnelId = 65535;
}

grpc::Status OperatorService::GetStatus(grpc::ServerContext* context,
                                        const control::v1::GetStatusRequest*,
                                        control::v1::Status* reply) {
  auto status =
      OnLoop<control::v1::Status>(*context, [this](Engine& engine, Instant now, EngineActions&) {
        control::v1::Status out;
        const Links links = parts_.links();
        out.set_version(parts_.version);
        out.set_uptime_ns(static_cast<uint64_t>((now - parts_.started).nanoseconds()));
        out.set_dataplane_connected(links.dataplane_connected);
        out.set_dataplane_generation(links.dataplane_generation);
        out.set_punt_attached(links.punt_attached);
        const EngineCounts counts = engine.Counts();
        out.set_tunnels(counts.tunnels);
        out.set_sessions(counts.sessions);
        out.set_sessions_online(counts.sessions_online);
        out.set_draining(engine.draining());
        for (const PoolView& pool : engine.Pools()) ToProto(pool, *out.add_pools());
        return out;
      });
  if (!status.ok()) return ToGrpc(status.status());
  *reply = std::move(*status);
  return grpc::Status::OK;
}

grpc::Status OperatorService::ListTunnels(grpc::ServerContext* context,
                                          const control::v1::ListTunnelsRequest* request,
                                          grpc::ServerWriter<control::v1::Tunnel>* writer) {
  if (request->local_tunnel_id() > kMaxTunnelId) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "local_tunnel_id: expected at most 65535"};
  }
  return ToGrpc(ForEachTunnelPage(*context, request->local_tunnel_id(),
                                  [&](const TunnelPage& page) -> absl::Status {
                                    for (const TunnelView& view : page.tunnels) {
                                      control::v1::Tunnel tunnel;
                                      ToProto(view, page.now, tunnel);
                                      if (!writer->Write(tunnel))
                                        return absl::CancelledError("the caller went away");
                                    }
                                    return absl::OkStatus();
                                  }));
}

absl::Status OperatorService::ForEachTunnelPage(
    const grpc::ServerContext& context, uint32_t wanted,
    const std::function<absl::Status(const TunnelPage&)>& visit) {
  // The one that is wanted is the first after the id below it.
  l2tp::LocalTunnelId after(static_cast<uint16_t>(wanted == 0 ? 0 : wanted - 1));
  const size_t limit = wanted == 0 ? kPage : 1;
  while (true) {
    absl::StatusOr<TunnelPage> page =
        OnLoop<TunnelPage>(context, [after, limit](Engine& engine, Instant now, EngineActions&) {
          return TunnelPage{engine.TunnelsAfter(after, limit), now};
        });
    if (!page.ok()) return page.status();
    const bool last = wanted != 0 || page->tunnels.size() < limit;
    if (wanted != 0) {
      std::erase_if(page->tunnels,
                    [&](const TunnelView& view) { return view.local_id.value() != wanted; });
    }
    if (!page->tunnels.empty()) after = page->tunnels.back().local_id;
    if (absl::Status status = visit(*page); !status.ok()) return status;
    if (last) return absl::OkStatus();
  }
}

absl::Status OperatorService::ForEachPage(const grpc::ServerContext& context,
                                          const control::v1::ListSessionsRequest& request,
                                          const std::function<absl::Status(const Page&)>& visit) {
  const absl::StatusOr<SessionFilter> filter = SessionFilter::From(request);
  if (!filter.ok()) return filter.status();
  // Sessions are ordered by tunnel, then by session.
  SessionKey after{filter->tunnel.value_or(l2tp::LocalTunnelId()), {}};
  while (true) {
    absl::StatusOr<Page> page = OnLoop<Page>(
        context, [&filter = *filter, after](Engine& engine, Instant now, EngineActions&) {
          if (!filter.key) return Page{engine.SessionsAfter(after, kPage), now};
          const std::optional<SessionView> found = engine.FindSession(*filter.key);
          return Page{found ? std::vector<SessionView>{*found} : std::vector<SessionView>{}, now};
        });
    if (!page.ok()) return page.status();
    std::vector<SessionView>& sessions = page->sessions;
    const bool last = sessions.size() < kPage ||
                      (filter->tunnel && sessions.back().key.tunnel != *filter->tunnel);
    if (!sessions.empty()) after = sessions.back().key;
    std::erase_if(sessions, [&](const SessionView& view) { return !filter->Matches(view); });
    if (absl::Status status = visit(*page); !status.ok()) return status;
    if (last) return absl::OkStatus();
  }
}

grpc::Status OperatorService::ListSessions(grpc::ServerContext* context,
                                           const control::v1::ListSessionsRequest* request,
                                           grpc::ServerWriter<control::v1::Session>* writer) {
  return ToGrpc(ForEachPage(*context, *request, [&](const Page& page) {
    for (const SessionView& view : page.sessions) {
      control::v1::Session session;
      ToProto(view, page.now, session);
      if (!writer->Write(session)) return absl::CancelledError("the caller went away");
    }
    return absl::OkStatus();
  }));
}

grpc::Status OperatorService::ClearSessions(grpc::ServerContext* context,
                                            const control::v1::ClearSessionsRequest* request,
                                            control::v1::ClearReply* reply) {
  const absl::StatusOr<SessionFilter> filter = SessionFilter::From(request->filter());
  if (!filter.ok()) return ToGrpc(filter.status());
  if (filter->MatchesAll() != request->all()) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            "expected either a filter or `all`, to clear every session"};
  }
  uint32_t cleared = 0;
  const absl::Status status =
      ForEachPage(*context, request->filter(), [&](const Page& page) -> absl::Status {
        if (page.sessions.empty()) return absl::OkStatus();
        const auto begun =
            OnLoop<uint32_t>(*context, [page](Engine& engine, Instant now, EngineActions& out) {
              uint32_t count = 0;
              for (const SessionView& view : page.sessions) {
                // Gone between the page and now: not ours to count.
                if (engine.ClearSession(view.key, now, out).ok()) ++count;
              }
              return count;
            });
        cleared += begun.value_or(0);
        return begun.status();
      });
  if (!status.ok()) return ToGrpc(status);
  if (cleared == 0) {
    return {grpc::StatusCode::NOT_FOUND,
            absl::StrCat("no session matches ", request->filter().ShortDebugString())};
  }
  reply->set_cleared(cleared);
  return grpc::Status::OK;
}

grpc::Status OperatorService::ClearTunnels(grpc::ServerContext* context,
                                           const control::v1::ClearTunnelsRequest* request,
                                           control::v1::ClearReply* reply) {
  const uint32_t wanted = request->local_tunnel_id();
  if (wanted > kMaxTunnelId) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "local_tunnel_id: expected at most 65535"};
  }
  if ((wanted == 0) != request->all()) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            "expected either a tunnel id or `all`, to clear every tunnel"};
  }
  uint32_t cleared = 0;
  const absl::Status status = ForEachTunnelPage(*context, wanted, [&](const TunnelPage& page) {
    const auto begun =
        OnLoop<uint32_t>(*context, [page](Engine& engine, Instant now, EngineActions& out) {
          uint32_t count = 0;
          for (const TunnelView& view : page.tunnels) {
            if (engine.ClearTunnel(view.local_id, now, out).ok()) ++count;
          }
          return count;
        });
    cleared += begun.value_or(0);
    return begun.status();
  });
  if (!status.ok()) return ToGrpc(status);
  if (cleared == 0) {
    return {grpc::StatusCode::NOT_FOUND, absl::StrCat("there is no tunnel ", wanted)};
  }
  reply->set_cleared(cleared);
  return grpc::Status::OK;
}

grpc::Status OperatorService::GetRadius(grpc::ServerContext* context,
                                        const control::v1::GetRadiusRequest*,
                                        control::v1::Radius* reply) {
  // Translated on the loop: what the views point at lives there.
  auto radius = OnLoop<control::v1::Radius>(*context, [this](Engine&, Instant, EngineActions&) {
    control::v1::Radius out;
    if (parts_.radius) ToProto(parts_.radius(), out);
    return out;
  });
  if (!radius.ok()) return ToGrpc(radius.status());
  *reply = std::move(*radius);
  return grpc::Status::OK;
}

grpc::Status OperatorService::GetCounters(grpc::ServerContext* context,
                                          const control::v1::GetCountersRequest*,
                                          control::v1::Counters* reply) {
  const auto counters =
      OnLoop<NamedCounters>(*context, [this](Engine& engine, Instant, EngineActions&) {
        NamedCounters all = engine.Counters();
        NamedCounters others = parts_.counters();
        std::move(others.begin(), others.end(), std::back_inserter(all));
        return all;
      });
  if (!counters.ok()) return ToGrpc(counters.status());
  for (const auto& [name, value] : *counters) {
    types::v1::NamedCounter& out = *reply->add_counters();
    out.set_name(name);
    out.set_value(value);
  }
  return grpc::Status::OK;
}

}  // namespace lns::controlplane
