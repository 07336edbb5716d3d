// What operators ask of the LNS beyond listing and clearing: to explain, to drain, to dial.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/services/convert.h"
#include "controlplane/services/operator_service.h"
#include "controlplane/services/session_filter.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr uint32_t kMaxTunnelId = 65535;

// What the engine answered to an order.
template <typename T>
struct Answer {
  absl::Status status;
  T value{};

  explicit Answer(absl::StatusOr<T> answer) : status(answer.status()) {
    if (answer.ok()) value = *std::move(answer);
  }
};

struct Stories {
  std::vector<Explanation> stories;
  Instant now;
};

}  // namespace

absl::Status OperatorService::ForEachStory(
    const grpc::ServerContext& context, const control::v1::ExplainRequest& request,
    const std::function<bool(const Explanation&, Instant)>& visit) {
  const auto tell = [&](const Stories& told) -> absl::Status {
    for (const Explanation& story : told.stories) {
      if (!visit(story, told.now)) return absl::CancelledError("the caller went away");
    }
    return absl::OkStatus();
  };
  if (!request.has_sessions()) {
    if (request.local_tunnel_id() == 0 || request.local_tunnel_id() > kMaxTunnelId) {
      return absl::InvalidArgumentError("local_tunnel_id: expected 1 to 65535");
    }
    const l2tp::LocalTunnelId id(static_cast<uint16_t>(request.local_tunnel_id()));
    const auto told = OnLoop<Stories>(context, [id](Engine& engine, Instant now, EngineActions&) {
      Stories out{engine.Ended([id](const Explanation& story) {
                    return !story.is_session() && story.key.tunnel == id;
                  }),
                  now};
      std::reverse(out.stories.begin(), out.stories.end());
      if (auto story = engine.Explain(id)) out.stories.push_back(*std::move(story));
      return out;
    });
    return told.ok() ? tell(*told) : told.status();
  }
  const absl::StatusOr<SessionFilter> filter = SessionFilter::From(request.sessions());
  if (!filter.ok()) return filter.status();
  if (filter->MatchesAll()) {
    return absl::InvalidArgumentError("expected a session, a user, a tunnel or an address");
  }
  const auto ended = OnLoop<Stories>(context, [filter = *filter](Engine& engine, Instant now,
                                                                 EngineActions&) {
    Stories out{engine.Ended([&](const Explanation& story) { return filter.Matches(story); }), now};
    std::reverse(out.stories.begin(), out.stories.end());
    return out;
  });
  if (!ended.ok()) return ended.status();
  if (absl::Status status = tell(*ended); !status.ok()) return status;
  return ForEachPage(context, request.sessions(), [&](const Page& page) -> absl::Status {
    if (page.sessions.empty()) return absl::OkStatus();
    const auto living =
        OnLoop<Stories>(context, [page](Engine& engine, Instant now, EngineActions&) {
          Stories out{{}, now};
          for (const SessionView& view : page.sessions) {
            if (auto story = engine.Explain(view.key)) out.stories.push_back(*std::move(story));
          }
          return out;
        });
    return living.ok() ? tell(*living) : living.status();
  });
}

grpc::Status OperatorService::Explain(grpc::ServerContext* context,
                                      const control::v1::ExplainRequest* request,
                                      grpc::ServerWriter<control::v1::Explanation>* writer) {
  bool any = false;
  const absl::Status status =
      ForEachStory(*context, *request, [&](const Explanation& story, Instant now) {
        any = true;
        control::v1::Explanation out;
        ToProto(story, now, out);
        return writer->Write(out);
      });
  if (!status.ok()) return ToGrpc(status);
  if (!any) {
    return {grpc::StatusCode::NOT_FOUND,
            absl::StrCat("nothing is known of ", request->ShortDebugString())};
  }
  return grpc::Status::OK;
}

grpc::Status OperatorService::SetDrain(grpc::ServerContext* context,
                                       const control::v1::SetDrainRequest* request,
                                       control::v1::DrainState* reply) {
  const auto done =
      OnLoop<bool>(*context, [on = request->on()](Engine& engine, Instant now, EngineActions& out) {
        engine.SetDrain(on, now, out);
        return engine.draining();
      });
  if (!done.ok()) return ToGrpc(done.status());
  reply->set_draining(*done);
  return grpc::Status::OK;
}

grpc::Status OperatorService::OpenTunnel(grpc::ServerContext* context,
                                         const control::v1::OpenTunnelRequest* request,
                                         control::v1::OpenTunnelReply* reply) {
  using Opened = Answer<l2tp::LocalTunnelId>;
  const auto opened = OnLoop<Opened>(
      *context, [peer = request->peer()](Engine& engine, Instant now, EngineActions& out) {
        return Opened(engine.OpenTunnel(peer, now, out));
      });
  if (!opened.ok()) return ToGrpc(opened.status());
  reply->set_local_tunnel_id(opened->value.value());
  return ToGrpc(opened->status);
}

grpc::Status OperatorService::PlaceCall(grpc::ServerContext* context,
                                        const control::v1::PlaceCallRequest* request,
                                        control::v1::PlaceCallReply* reply) {
  if (request->local_tunnel_id() > kMaxTunnelId) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "local_tunnel_id: expected at most 65535"};
  }
  if ((request->local_tunnel_id() == 0) == request->peer().empty()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "expected either a tunnel or a peer"};
  }
  if (request->called_number().empty()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "called_number: expected a number"};
  }
  OutgoingCall call{
      .called_number = request->called_number(),
      .sub_address = request->sub_address(),
      .tunnel = l2tp::LocalTunnelId(static_cast<uint16_t>(request->local_tunnel_id())),
      .peer = request->peer()};
  if (request->minimum_bps() != 0) call.minimum_bps = request->minimum_bps();
  if (request->maximum_bps() != 0) call.maximum_bps = request->maximum_bps();
  if (call.minimum_bps > call.maximum_bps) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "minimum_bps: expected at most maximum_bps"};
  }
  using Placed = Answer<SessionKey>;
  const auto placed =
      OnLoop<Placed>(*context, [call](Engine& engine, Instant now, EngineActions& out) {
        return Placed(engine.PlaceCall(call, now, out));
      });
  if (!placed.ok()) return ToGrpc(placed.status());
  reply->mutable_key()->set_local_tunnel_id(placed->value.tunnel.value());
  reply->mutable_key()->set_local_session_id(placed->value.session.value());
  return ToGrpc(placed->status);
}

grpc::Status OperatorService::RequestLineSpeed(grpc::ServerContext* context,
                                               const control::v1::RequestLineSpeedRequest* request,
                                               control::v1::RequestLineSpeedReply*) {
  const absl::StatusOr<SessionKey> key = ToKey(request->key());
  if (!key.ok()) return ToGrpc(key.status());
  using Asked = Answer<bool>;
  const auto asked =
      OnLoop<Asked>(*context, [key = *key](Engine& engine, Instant now, EngineActions& out) {
        const absl::Status status = engine.RequestLineSpeed(key, now, out);
        return Asked(status.ok() ? absl::StatusOr<bool>(true) : absl::StatusOr<bool>(status));
      });
  return ToGrpc(asked.ok() ? asked->status : asked.status());
}

}  // namespace lns::controlplane
