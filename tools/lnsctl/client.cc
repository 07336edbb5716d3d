// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lnsctl/client.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lns::lnsctl {
namespace {

absl::Status Explain(const grpc::Status& status, const char* process, const std::string& target,
                     const char* option) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return absl::Status(
        code,
        absl::StrCat("cannot reach ", process, " at ", target, " (", status.error_message(),
                     "): is it running, and is this its run_dir? See --run-dir and ", option));
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return absl::Status(
        code, absl::StrCat(process, " at ", target, " did not answer in time: see --timeout"));
  }
  return absl::Status(code, status.error_message());
}

std::string Or(std::string target, const std::string& fallback) {
  return target.empty() ? fallback : std::move(target);
}

}  // namespace

Client::Client(Endpoints endpoints) : endpoints_(std::move(endpoints)) {
  const std::string& run_dir = endpoints_.run_dir;
  endpoints_.control = Or(endpoints_.control, absl::StrCat("unix:", run_dir, "/control.sock"));
  endpoints_.dataplane =
      Or(endpoints_.dataplane, absl::StrCat("unix:", run_dir, "/dataplane.sock"));
  const auto credentials = grpc::InsecureChannelCredentials();
  const auto control = grpc::CreateChannel(endpoints_.control, credentials);
  control_ = control::v1::Operator::NewStub(control);
  control_policy_ = control::v1::Policy::NewStub(control);
  const auto dataplane = grpc::CreateChannel(endpoints_.dataplane, credentials);
  forwarding_ = dataplane::v1::Forwarding::NewStub(dataplane);
  telemetry_ = dataplane::v1::Telemetry::NewStub(dataplane);
  protection_ = dataplane::v1::Protection::NewStub(dataplane);
  dataplane_policy_ = dataplane::v1::Policy::NewStub(dataplane);
  inspection_ = dataplane::v1::Inspection::NewStub(dataplane);
}

std::unique_ptr<grpc::ClientContext> Client::Context(uint32_t more_s) const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(endpoints_.timeout_s) + std::chrono::seconds(more_s));
  return context;
}

absl::Status Client::ControlStatus(const grpc::Status& status) const {
  return Explain(status, "lns-controlplane", endpoints_.control, "--control");
}

absl::Status Client::DataplaneStatus(const grpc::Status& status) const {
  return Explain(status, "lns-dataplane", endpoints_.dataplane, "--dataplane");
}

}  // namespace lns::lnsctl
