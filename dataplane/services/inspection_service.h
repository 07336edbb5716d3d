// gRPC service Inspection (proto/lns/dataplane/v1/inspection.proto): what passes by, and what would
// become of a packet. gRPC's threads; workers take observers up with their next pipeline, and
// explain on their own thread between two turns.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "dataplane/core/observer.h"
#include "dataplane/explain.h"
#include "dataplane/services/process_view.h"

#include "lns/dataplane/v1/inspection.grpc.pb.h"

namespace lns::dataplane {

class InspectionService final : public v1::Inspection::Service {
 public:
  explicit InspectionService(const ProcessView& process) : process_(process) {}

  // Ends what is being watched.
  void Stop() { stopping_.store(true, std::memory_order_relaxed); }

  grpc::Status WatchPackets(grpc::ServerContext* context, const v1::WatchPacketsRequest* request,
                            grpc::ServerWriter<v1::WatchedPacket>* stream) override;
  grpc::Status ExplainPacket(grpc::ServerContext*, const v1::ExplainPacketRequest* request,
                             v1::ExplainPacketReply* reply) override;

 private:
  absl::StatusOr<const Port*> FindPort(const std::string& name, bool of_access) const;
  absl::StatusOr<Bytes> FrameOf(const v1::ExplainPacketRequest& request, const Port& port) const;
  std::string PortName(uint16_t index) const;
  void Describe(const ObservedPacket& packet, v1::WatchedPacket& message) const;
  void Describe(const PacketExplanation& explanation, v1::ExplainPacketReply& reply) const;

  const ProcessView process_;
  std::mutex watching_;
  std::atomic<bool> stopping_{false};
};

}  // namespace lns::dataplane
