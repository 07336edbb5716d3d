// What the engine and its neighbours show as messages of lns.control.v1. Pure functions.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <grpcpp/support/status.h>

#include "controlplane/lns/engine.h"
#include "controlplane/radius/authenticator.h"
#include "lib/base/time.h"

#include "absl/status/status.h"
#include "lns/control/v1/operator.pb.h"

namespace lns::controlplane {

void ToProto(const TunnelView& view, Instant now, control::v1::Tunnel& out);
void ToProto(const SessionView& view, Instant now, control::v1::Session& out);
void ToProto(const PoolView& view, control::v1::Pool& out);
void ToProto(const RadiusStatus& status, control::v1::Radius& out);
void ToProto(const Explanation& story, Instant now, control::v1::Explanation& out);

// gRPC's codes are absl's.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace lns::controlplane
