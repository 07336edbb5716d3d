// gRPC service Policy (proto/lns/dataplane/v1/policy.proto): filters as they are in force, and what
// they have matched. gRPC's threads.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "dataplane/tables/table_writer.h"

#include "lns/dataplane/v1/policy.grpc.pb.h"

namespace lns::dataplane {

class PolicyService final : public v1::Policy::Service {
 public:
  // Outlives the service.
  explicit PolicyService(TableWriter& writer) : writer_(writer) {}

  grpc::Status ListFilters(grpc::ServerContext*, const v1::ListFiltersRequest* request,
                           grpc::ServerWriter<v1::FilterState>* out) override;

 private:
  TableWriter& writer_;
};

}  // namespace lns::dataplane
