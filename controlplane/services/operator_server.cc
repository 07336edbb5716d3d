// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/services/operator_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "lib/os/file_descriptor.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace lns::controlplane {
namespace {

// Operators, not subscribers: a handful of calls at once, each waiting for the loop.
constexpr int kMaxThreads = 16;
constexpr std::chrono::milliseconds kGoodbye(200);

// gRPC would take over any socket file silently, also one that another process serves.
absl::Status MakeWay(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(absl::StrCat(path, " is there and is not a socket"));
  }
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " is served by another process: stop that one or set `listen`"));
  }
  if (errno != ECONNREFUSED) return absl::ErrnoToStatus(errno, absl::StrCat("cannot use ", path));
  unlink(path.c_str());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<OperatorServer>> OperatorServer::Start(
    const std::string& target, OperatorService::Parts parts) {
  const std::string path(absl::StripPrefix(target, "unix:"));
  if (absl::Status status = MakeWay(path); !status.ok()) return status;
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<OperatorServer> self(new OperatorServer(path, std::move(parts)));
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort(target, grpc::InsecureServerCredentials(), &bound);
  builder.RegisterService(&self->service_);
  builder.RegisterService(&self->policy_);
  builder.SetResourceQuota(grpc::ResourceQuota("operators").SetMaxThreads(kMaxThreads));
  const mode_t before = umask(0177);  // the socket is made 0600
  self->server_ = builder.BuildAndStart();
  umask(before);
  if (self->server_ == nullptr || bound == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", path, ": does its directory exist, and may this user write there?"));
  }
  self->server_->GetHealthCheckService()->SetServingStatus(
      control::v1::Operator::service_full_name(), true);
  return self;
}

OperatorServer::~OperatorServer() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + kGoodbye);
  server_->Wait();
  unlink(path_.c_str());
}

}  // namespace lns::controlplane
