// gRPC service Forwarding (proto/lns/dataplane/v1/forwarding.proto): translates, validates, and
// calls the table writer, whose mutex orders the updates of all streams. gRPC's threads.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <vector>

#include "dataplane/tables/table_writer.h"

#include "absl/status/status.h"
#include "lns/dataplane/v1/forwarding.grpc.pb.h"

namespace lns::dataplane {

struct ForwardingInfo {
  uint64_t generation = 0;
  std::string version;
  uint32_t workers = 0;
  std::string punt_socket;
  std::vector<v1::Vrf> vrfs;  // the main one first
};

class ForwardingService final : public v1::Forwarding::Service {
 public:
  // The writer outlives the service.
  ForwardingService(ForwardingInfo info, TableWriter& writer, std::vector<std::string> port_names);

  grpc::Status GetInfo(grpc::ServerContext*, const v1::GetInfoRequest*, v1::Info*) override;
  grpc::Status Apply(grpc::ServerContext*,
                     grpc::ServerReaderWriter<v1::ApplyReply, v1::ApplyRequest>*) override;
  grpc::Status Sync(grpc::ServerContext*, const v1::SyncRequest*, v1::SyncReply*) override;
  grpc::Status ListTunnels(grpc::ServerContext*, const v1::ListTunnelsRequest*,
                           grpc::ServerWriter<v1::Tunnel>*) override;
  grpc::Status ListAggregates(grpc::ServerContext*, const v1::ListAggregatesRequest*,
                              grpc::ServerWriter<v1::AggregateStatus>*) override;
  grpc::Status ListSessions(grpc::ServerContext*, const v1::ListSessionsRequest*,
                            grpc::ServerWriter<v1::Session>*) override;
  grpc::Status ListRoutes(grpc::ServerContext*, const v1::ListRoutesRequest*,
                          grpc::ServerWriter<v1::Route>*) override;
  grpc::Status ListNeighbours(grpc::ServerContext*, const v1::ListNeighboursRequest*,
                              grpc::ServerWriter<v1::Neighbour>*) override;
  grpc::Status ListLocalAddresses(grpc::ServerContext*, const v1::ListLocalAddressesRequest*,
                                  grpc::ServerWriter<v1::LocalAddress>*) override;
  grpc::Status ListSubscriberPrefixes(grpc::ServerContext*,
                                      const v1::ListSubscriberPrefixesRequest*,
                                      grpc::ServerWriter<v1::SubscriberPrefix>*) override;
  grpc::Status ListVrfs(grpc::ServerContext*, const v1::ListVrfsRequest*,
                        grpc::ServerWriter<v1::VrfStatus>*) override;
  grpc::Status ListPathLimits(grpc::ServerContext*, const v1::ListPathLimitsRequest*,
                              grpc::ServerWriter<v1::PathLimit>*) override;

 private:
  absl::Status ApplyOne(const v1::Update& update);

  const ForwardingInfo info_;
  TableWriter& writer_;
  const std::vector<std::string> port_names_;
};

}  // namespace lns::dataplane
