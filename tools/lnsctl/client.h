// The connections to the two processes: which sockets, how long to wait, and what to tell the
// operator when one does not answer.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "lns/control/v1/operator.grpc.pb.h"
#include "lns/control/v1/policy.grpc.pb.h"
#include "lns/dataplane/v1/forwarding.grpc.pb.h"
#include "lns/dataplane/v1/inspection.grpc.pb.h"
#include "lns/dataplane/v1/policy.grpc.pb.h"
#include "lns/dataplane/v1/protection.grpc.pb.h"
#include "lns/dataplane/v1/telemetry.grpc.pb.h"

namespace lns::lnsctl {

struct Endpoints {
  std::string run_dir = "/run/terminus";
  std::string control;    // gRPC target; empty: <run_dir>/control.sock
  std::string dataplane;  // gRPC target; empty: <run_dir>/dataplane.sock
  int timeout_s = 10;
};

class Client {
 public:
  explicit Client(Endpoints endpoints);

  control::v1::Operator::Stub& control() { return *control_; }
  dataplane::v1::Forwarding::Stub& forwarding() { return *forwarding_; }
  dataplane::v1::Telemetry::Stub& telemetry() { return *telemetry_; }
  dataplane::v1::Protection::Stub& protection() { return *protection_; }
  control::v1::Policy::Stub& control_policy() { return *control_policy_; }
  dataplane::v1::Policy::Stub& dataplane_policy() { return *dataplane_policy_; }
  dataplane::v1::Inspection::Stub& inspection() { return *inspection_; }

  // `more_s`: how much longer than --timeout the call may take.
  std::unique_ptr<grpc::ClientContext> Context(uint32_t more_s = 0) const;
  // OK, or one sentence: which process on which socket, and what to do about it.
  absl::Status ControlStatus(const grpc::Status& status) const;
  absl::Status DataplaneStatus(const grpc::Status& status) const;

 private:
  Endpoints endpoints_;
  std::unique_ptr<control::v1::Operator::Stub> control_;
  std::unique_ptr<dataplane::v1::Forwarding::Stub> forwarding_;
  std::unique_ptr<dataplane::v1::Telemetry::Stub> telemetry_;
  std::unique_ptr<dataplane::v1::Protection::Stub> protection_;
  std::unique_ptr<control::v1::Policy::Stub> control_policy_;
  std::unique_ptr<dataplane::v1::Policy::Stub> dataplane_policy_;
  std::unique_ptr<dataplane::v1::Inspection::Stub> inspection_;
};

}  // namespace lns::lnsctl
