// The engine's entries as messages of lns.dataplane.v1, and status codes back. Pure functions.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include "controlplane/lns/actions.h"
#include "controlplane/lns/traffic.h"
#include "lib/net/address.h"
#include "lib/net/filter.h"

#include "absl/status/status.h"
#include "lns/dataplane/v1/forwarding.pb.h"

namespace lns::controlplane {

void ToProto(const net::IpAddress& address, types::v1::IpAddress& out);
void ToProto(const net::IpPrefix& prefix, types::v1::IpPrefix& out);
void ToProto(const SessionKey& key, types::v1::SessionKey& out);
void ToProto(const TunnelEntry& tunnel, dataplane::v1::Tunnel& out);
void ToProto(const MeterEntry& meter, dataplane::v1::Meter& out);
void ToProto(const ShaperEntry& shaper, dataplane::v1::Shaper& out);
void ToProto(const net::Filter& filter, dataplane::v1::Filter& out);
void ToProto(const net::DscpPolicy& policy, dataplane::v1::DscpPolicy& out);
void ToProto(const EchoEntry& echo, dataplane::v1::Echo& out);
void ToProto(const SessionEntry& session, dataplane::v1::Session& out);

SessionKey FromProto(const types::v1::SessionKey& key);
Traffic FromProto(const types::v1::SessionTraffic& session);

// google.rpc.Code numbers are those of absl::StatusCode; one that is neither is kUnknown.
absl::Status FromProto(const dataplane::v1::ApplyError& error);

}  // namespace lns::controlplane
