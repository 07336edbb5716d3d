// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/api_server.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "dataplane/services/forwarding_service.h"
#include "dataplane/services/inspection_service.h"
#include "dataplane/services/policy_service.h"
#include "dataplane/services/protection_service.h"
#include "dataplane/services/telemetry_service.h"

#include "absl/strings/str_cat.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"

namespace lns::dataplane {
namespace {

constexpr std::chrono::milliseconds kShutdownGrace{500};
constexpr int kMaxThreads = 32;  // calls in progress at once; more are refused by gRPC

std::vector<std::string> PortNamesOf(const PortSet& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports.ports()) names.push_back(port.settings.name);
  return names;
}

std::vector<const PuntGuard*> GuardsOf(const std::vector<Worker*>& workers) {
  std::vector<const PuntGuard*> guards;
  for (const Worker* worker : workers) guards.push_back(&worker->punt_guard());
  return guards;
}

// The main one, "main", first.
std::vector<v1::Vrf> VrfsOf(const ProcessView& process) {
  std::vector<v1::Vrf> vrfs(1);
  vrfs[0].set_name("main");
  vrfs[0].set_table(process.main_table);
  for (const VrfSettings& vrf : process.vrfs) {
    v1::Vrf& message = vrfs.emplace_back();
    message.set_id(vrf.index);
    message.set_name(vrf.name);
    message.set_table(vrf.table);
  }
  for (v1::Vrf& vrf : vrfs) {
    for (const Port& port : process.ports->ports()) {
      if (port.settings.vrf.value_or(kMainVrf) == vrf.id()) vrf.add_ports(port.settings.name);
    }
  }
  return vrfs;
}

class GrpcServer final : public ApiServer {
 public:
  GrpcServer(std::string path, const ProcessView& process)
      : path_(std::move(path)),
        forwarding_({.generation = process.generation,
                     .version = process.version,
                     .workers = static_cast<uint32_t>(process.workers.size()),
                     .punt_socket = process.punt_socket,
                     .vrfs = VrfsOf(process)},
                    *process.writer, PortNamesOf(*process.ports)),
        telemetry_(process),
        protection_(*process.punt_policy, GuardsOf(process.workers)),
        policy_(*process.writer),
        inspection_(process) {}

  ~GrpcServer() override {
    telemetry_.Stop();
    inspection_.Stop();
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    server_->Wait();
    unlink(path_.c_str());
  }

  absl::Status Listen() {
    if (path_.size() >= sizeof(sockaddr_un{}.sun_path)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "API socket ", path_, ": path is longer than ", sizeof(sockaddr_un{}.sun_path) - 1,
          " characters: choose a shorter run_dir or listen"));
    }
    unlink(path_.c_str());
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    grpc::ResourceQuota quota("dataplane-api");
    quota.SetMaxThreads(kMaxThreads);
    builder.SetResourceQuota(quota);
    builder.AddListeningPort("unix:" + path_, grpc::InsecureServerCredentials());
    builder.RegisterService(&forwarding_);
    builder.RegisterService(&telemetry_);
    builder.RegisterService(&protection_);
    builder.RegisterService(&policy_);
    builder.RegisterService(&inspection_);
    // Set around bind(), so that there is no moment at which others may connect.
    const mode_t old_mask = umask(0177);
    server_ = builder.BuildAndStart();
    umask(old_mask);
    if (server_ == nullptr || access(path_.c_str(), F_OK) != 0) {
      return absl::UnavailableError(absl::StrCat("API socket ", path_,
                                                 ": cannot listen: ", std::strerror(errno),
                                                 ": check the directory and its permissions"));
    }
    return absl::OkStatus();
  }

 private:
  std::string path_;
  ForwardingService forwarding_;
  TelemetryService telemetry_;
  ProtectionService protection_;
  PolicyService policy_;
  InspectionService inspection_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(const std::string& path,
                                                            const ProcessView& process) {
  auto server = std::make_unique<GrpcServer>(path, process);
  if (absl::Status status = server->Listen(); !status.ok()) return status;
  return server;
}

}  // namespace lns::dataplane
