// gRPC service Protection (proto/lns/dataplane/v1/protection.proto): shows and changes what each
// interface group may send up to the control plane. gRPC's threads, one change at a time; workers
// see it with their next packet.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "dataplane/core/punt_guard.h"
#include "dataplane/core/punt_policy.h"

#include "lns/dataplane/v1/protection.grpc.pb.h"

namespace lns::dataplane {

class ProtectionService final : public v1::Protection::Service {
 public:
  // The workers' guards; all outlive the service.
  ProtectionService(PuntPolicy& policy, std::vector<const PuntGuard*> guards)
      : policy_(policy), guards_(std::move(guards)) {}

  grpc::Status ListPuntLimits(grpc::ServerContext*, const v1::ListPuntLimitsRequest*,
                              v1::ListPuntLimitsReply* reply) override;
  grpc::Status SetPuntLimits(grpc::ServerContext*, const v1::SetPuntLimitsRequest* request,
                             v1::SetPuntLimitsReply* reply) override;

 private:
  PuntPolicy& policy_;
  const std::vector<const PuntGuard*> guards_;
  std::mutex mutex_;  // of the policy
};

}  // namespace lns::dataplane
