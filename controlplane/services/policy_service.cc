// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/services/policy_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "controlplane/config/policy_fields.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/operator_service.h"

namespace lns::controlplane {
namespace {

struct Outcome {
  absl::Status status;
};

template <typename Work>
grpc::Status OnLoop(Mailbox& mailbox, const grpc::ServerContext& context, Work work) {
  const auto patience = std::chrono::system_clock::now() +
                        std::chrono::nanoseconds(OperatorService::kPatience.nanoseconds());
  const auto done = mailbox.Call<Outcome>(std::min(context.deadline(), patience), std::move(work));
  return ToGrpc(done.ok() ? done->status : done.status());
}

}  // namespace

grpc::Status PolicyService::SetFilter(grpc::ServerContext* context,
                                      const control::v1::SetFilterRequest* request,
                                      control::v1::SetFilterReply*) {
  const absl::StatusOr<FilterPtr> filter = ReadFilter(request->filter());
  if (!filter.ok()) return ToGrpc(filter.status());
  return OnLoop(mailbox_, *context,
                [filter = *filter](Engine& engine, Instant now, EngineActions& out) {
                  return Outcome{engine.SetFilter(filter, now, out)};
                });
}

grpc::Status PolicyService::RemoveFilter(grpc::ServerContext* context,
                                         const control::v1::RemoveFilterRequest* request,
                                         control::v1::RemoveFilterReply*) {
  return OnLoop(mailbox_, *context,
                [name = request->name()](Engine& engine, Instant now, EngineActions& out) {
                  return Outcome{engine.RemoveFilter(name, now, out)};
                });
}

}  // namespace lns::controlplane
