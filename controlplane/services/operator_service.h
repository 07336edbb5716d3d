// lns.control.v1.Operator: what an operator does with the LNS. Handlers run on gRPC's threads; they
// translate, validate, post to the protocol loop and wait, never longer than the caller's deadline.
// Long lists are read from the loop page by page, so that listing or clearing a million sessions
// holds the loop no longer than one page takes.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/lns/engine.h"
#include "controlplane/loop/mailbox.h"
#include "controlplane/radius/authenticator.h"
#include "lib/base/time.h"

#include "absl/status/statusor.h"
#include "lns/control/v1/operator.grpc.pb.h"

namespace lns::controlplane {

class OperatorService final : public control::v1::Operator::Service {
 public:
  // Sessions or tunnels read or cleared per turn of the loop.
  static constexpr size_t kPage = 512;
  // For callers who set no deadline; bounds each wait for the loop.
  static constexpr Duration kPatience = Duration::Seconds(10);

  using NamedCounters = std::vector<std::pair<std::string, uint64_t>>;
  struct Links {
    bool dataplane_connected = false;
    uint64_t dataplane_generation = 0;
    bool punt_attached = false;
  };
  struct Parts {
    Mailbox& mailbox;
    std::string version;
    Instant started;
    // All are called on the loop thread.
    std::function<Links()> links;
    std::function<NamedCounters()> counters;  // beside the engine's
    std::function<RadiusStatus()> radius;
  };
  explicit OperatorService(Parts parts) : parts_(std::move(parts)) {}

  grpc::Status GetStatus(grpc::ServerContext* context, const control::v1::GetStatusRequest* request,
                         control::v1::Status* reply) override;
  grpc::Status ListTunnels(grpc::ServerContext* context,
                           const control::v1::ListTunnelsRequest* request,
                           grpc::ServerWriter<control::v1::Tunnel>* writer) override;
  grpc::Status ListSessions(grpc::ServerContext* context,
                            const control::v1::ListSessionsRequest* request,
                            grpc::ServerWriter<control::v1::Session>* writer) override;
  grpc::Status ClearSessions(grpc::ServerContext* context,
                             const control::v1::ClearSessionsRequest* request,
                             control::v1::ClearReply* reply) override;
  grpc::Status ClearTunnels(grpc::ServerContext* context,
                            const control::v1::ClearTunnelsRequest* request,
                            control::v1::ClearReply* reply) override;
  grpc::Status GetCounters(grpc::ServerContext* context,
                           const control::v1::GetCountersRequest* request,
                           control::v1::Counters* reply) override;
  grpc::Status GetRadius(grpc::ServerContext* context, const control::v1::GetRadiusRequest* request,
                         control::v1::Radius* reply) override;
  // operator_orders.cc
  grpc::Status Explain(grpc::ServerContext* context, const control::v1::ExplainRequest* request,
                       grpc::ServerWriter<control::v1::Explanation>* writer) override;
  grpc::Status SetDrain(grpc::ServerContext* context, const control::v1::SetDrainRequest* request,
                        control::v1::DrainState* reply) override;
  grpc::Status OpenTunnel(grpc::ServerContext* context,
                          const control::v1::OpenTunnelRequest* request,
                          control::v1::OpenTunnelReply* reply) override;
  grpc::Status PlaceCall(grpc::ServerContext* context, const control::v1::PlaceCallRequest* request,
                         control::v1::PlaceCallReply* reply) override;
  grpc::Status RequestLineSpeed(grpc::ServerContext* context,
                                const control::v1::RequestLineSpeedRequest* request,
                                control::v1::RequestLineSpeedReply* reply) override;

 private:
  struct Page {
    std::vector<SessionView> sessions;
    Instant now;
  };
  struct TunnelPage {
    std::vector<TunnelView> tunnels;
    Instant now;
  };

  // Runs `work(engine, now, out)` on the loop, within the caller's deadline.
  template <typename T, typename Work>
  absl::StatusOr<T> OnLoop(const grpc::ServerContext& context, Work work);
  // Visits the tunnel `wanted`, or every one if that is 0, page by page.
  absl::Status ForEachTunnelPage(const grpc::ServerContext& context, uint32_t wanted,
                                 const std::function<absl::Status(const TunnelPage&)>& visit);
  // Visits every session that matches, page by page; `visit` gets the matches of each page and may
  // end it all by an error.
  absl::Status ForEachPage(const grpc::ServerContext& context,
                           const control::v1::ListSessionsRequest& filter,
                           const std::function<absl::Status(const Page&)>& visit);

  // Stories of the tunnel, or of the sessions that match; newest last.
  absl::Status ForEachStory(const grpc::ServerContext& context,
                            const control::v1::ExplainRequest& request,
                            const std::function<bool(const Explanation&, Instant)>& visit);

  const Parts parts_;
};

template <typename T, typename Work>
absl::StatusOr<T> OperatorService::OnLoop(const grpc::ServerContext& context, Work work) {
  const auto patience =
      std::chrono::system_clock::now() + std::chrono::nanoseconds(kPatience.nanoseconds());
  return parts_.mailbox.Call<T>(std::min(context.deadline(), patience), std::move(work));
}

}  // namespace lns::controlplane
