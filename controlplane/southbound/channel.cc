// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/southbound/channel.h"

#include <grpcpp/grpcpp.h>

namespace lns::controlplane {
namespace {
constexpr int kReconnectMs = 500;
}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace lns::controlplane
