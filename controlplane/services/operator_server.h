// The gRPC server of the operator API: the Operator and Policy services with health and reflection
// on a unix socket that only the owner may use. Made and stopped by main.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "controlplane/services/operator_service.h"
#include "controlplane/services/policy_service.h"

#include "absl/status/statusor.h"

namespace lns::controlplane {

class OperatorServer {
 public:
  // `target` is "unix:/path". A socket nobody listens on is removed; one that is in use is
  // ALREADY_EXISTS, and anything else in its place is left alone.
  static absl::StatusOr<std::unique_ptr<OperatorServer>> Start(const std::string& target,
                                                               OperatorService::Parts parts);
  // Cancels what is under way and removes the socket. The mailbox is closed first, so that no
  // handler waits for a loop that has ended.
  ~OperatorServer();

 private:
  OperatorServer(std::string path, OperatorService::Parts parts)
      : path_(std::move(path)), policy_(parts.mailbox), service_(std::move(parts)) {}

  std::string path_;
  PolicyService policy_;
  OperatorService service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace lns::controlplane
