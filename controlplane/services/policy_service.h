// lns.control.v1.Policy: filters that operators set while sessions use them. Handlers run on gRPC's
// threads, read what was written, post to the protocol loop and wait, as those of Operator do.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "controlplane/loop/mailbox.h"

#include "lns/control/v1/policy.grpc.pb.h"

namespace lns::controlplane {

class PolicyService final : public control::v1::Policy::Service {
 public:
  explicit PolicyService(Mailbox& mailbox) : mailbox_(mailbox) {}

  grpc::Status SetFilter(grpc::ServerContext* context, const control::v1::SetFilterRequest* request,
                         control::v1::SetFilterReply* reply) override;
  grpc::Status RemoveFilter(grpc::ServerContext* context,
                            const control::v1::RemoveFilterRequest* request,
                            control::v1::RemoveFilterReply* reply) override;

 private:
  Mailbox& mailbox_;
};

}  // namespace lns::controlplane
