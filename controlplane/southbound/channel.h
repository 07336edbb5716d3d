// The connection to the data plane's gRPC server, for those who ask it now and then.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace lns::controlplane {

// A data plane that comes back is found again soon.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target);

}  // namespace lns::controlplane
