// gRPC service Telemetry (proto/lns/dataplane/v1/telemetry.proto): sums what workers, ports and XDP
// programs counted, when asked. gRPC's threads; workers notice nothing.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <condition_variable>
#include <mutex>

#include "dataplane/services/process_view.h"

#include "lns/dataplane/v1/telemetry.grpc.pb.h"

namespace lns::dataplane {

class TelemetryService final : public v1::Telemetry::Service {
 public:
  explicit TelemetryService(const ProcessView& process) : process_(process) {}

  grpc::Status GetCounters(grpc::ServerContext*, const v1::GetCountersRequest*,
                           v1::Counters*) override;
  grpc::Status WatchCounters(grpc::ServerContext*, const v1::WatchCountersRequest*,
                             grpc::ServerWriter<v1::Counters>*) override;
  grpc::Status ListSessionCounters(grpc::ServerContext*, const v1::ListSessionCountersRequest*,
                                   grpc::ServerWriter<v1::SessionCounters>*) override;
  grpc::Status ReadSessionTraffic(grpc::ServerContext*, const v1::ReadSessionTrafficRequest*,
                                  v1::ReadSessionTrafficReply*) override;
  grpc::Status ReadTunnelTraffic(grpc::ServerContext*, const v1::ReadTunnelTrafficRequest*,
                                 v1::ReadTunnelTrafficReply*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersReply*) override;
  grpc::Status ListPorts(grpc::ServerContext*, const v1::ListPortsRequest*,
                         v1::ListPortsReply*) override;

  // Ends the watches.
  void Stop();

 private:
  void Fill(v1::Counters* counters) const;
  // True when it is time to stop.
  bool SleepFor(uint32_t milliseconds, grpc::ServerContext* context);

  const ProcessView process_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopping_ = false;
};

}  // namespace lns::dataplane
