// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/policy_service.h"

#include "dataplane/services/policy_convert.h"

namespace lns::dataplane {

grpc::Status PolicyService::ListFilters(grpc::ServerContext*, const v1::ListFiltersRequest* request,
                                        grpc::ServerWriter<v1::FilterState>* out) {
  for (const FilterStatus& filter : writer_.Filters(request->name())) {
    if (!out->Write(FromFilter(filter))) break;
  }
  return grpc::Status::OK;
}

}  // namespace lns::dataplane
