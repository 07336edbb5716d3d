// What each verb of lnsctl does: asks one of the two processes and prints the answer, as a table
// for people or as JSON for programs. The errors returned are whole sentences for the operator.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "tools/lnsctl/client.h"
#include "tools/lnsctl/json.h"

#include "absl/status/status.h"
#include "lns/control/v1/operator.pb.h"
#include "lns/dataplane/v1/inspection.pb.h"
#include "lns/dataplane/v1/protection.pb.h"
#include "lns/dataplane/v1/telemetry.pb.h"

namespace lns::lnsctl {

struct Output {
  bool json = false;
};

// Of the control plane.
absl::Status ShowStatus(Client& client, Output output);
absl::Status ListPools(Client& client, Output output);
absl::Status ListTunnels(Client& client, Output output, uint32_t tunnel);
absl::Status ShowTunnel(Client& client, Output output, uint32_t tunnel);
absl::Status ClearTunnels(Client& client, Output output,
                          const control::v1::ClearTunnelsRequest& request);
absl::Status ListSessions(Client& client, Output output,
                          const control::v1::ListSessionsRequest& request);
// One session with everything known of it; NOT_FOUND when there is none.
absl::Status ShowSession(Client& client, Output output,
                         const control::v1::ListSessionsRequest& request);
// What the data plane counted, session by session.
absl::Status ListSessionCounters(Client& client, Output output);
absl::Status ClearSessions(Client& client, Output output,
                           const control::v1::ClearSessionsRequest& request);
absl::Status ShowControlCounters(Client& client, Output output);
absl::Status ShowRadius(Client& client, Output output);
// The story of a tunnel or of sessions, line by line.
absl::Status Explain(Client& client, Output output, const control::v1::ExplainRequest& request);
absl::Status SetDrain(Client& client, Output output, bool on);
absl::Status OpenTunnel(Client& client, Output output, const std::string& peer);
absl::Status PlaceCall(Client& client, Output output, const control::v1::PlaceCallRequest& request);
absl::Status RequestLineSpeed(Client& client, Output output, const types::v1::SessionKey& key);

// Of the data plane.
absl::Status ShowDataplane(Client& client, Output output);
// One group of the data plane's counters: an accessor of lns.dataplane.v1.Counters.
using CounterGroup = const CounterList& (dataplane::v1::Counters::*)() const;
absl::Status ShowDataplaneCounters(Client& client, Output output, CounterGroup group);
absl::Status ListWorkers(Client& client, Output output);
absl::Status ListPorts(Client& client, Output output);
absl::Status ListAggregates(Client& client, Output output);
absl::Status ListPathLimits(Client& client, Output output);
// Of one VRF, by name or number; of all where it is empty.
absl::Status ListRoutes(Client& client, Output output, const std::string& vrf);
absl::Status ListVrfs(Client& client, Output output);
absl::Status ShowPuntLimits(Client& client, Output output);
absl::Status SetPuntLimits(Client& client, Output output,
                           const dataplane::v1::SetPuntLimitsRequest& request);
// Packets as they leave the pipelines, a line each, or into a pcapng file ("-": standard output).
absl::Status TracePackets(Client& client, Output output,
                          const dataplane::v1::WatchPacketsRequest& request);
// To a collector, tools/lnsctl/tzsp.h.
absl::Status SendPackets(Client& client, Output output,
                         const dataplane::v1::WatchPacketsRequest& request,
                         const std::string& target);
absl::Status CapturePackets(Client& client, const dataplane::v1::WatchPacketsRequest& request,
                            const std::string& path);
// What every stage says of one packet.
absl::Status ExplainPacket(Client& client, Output output,
                           const dataplane::v1::ExplainPacketRequest& request);

// Filters as they are in force, one of them or all.
absl::Status ShowFilters(Client& client, Output output, const std::string& name);
// By the control plane.
absl::Status SetFilter(Client& client, Output output, const std::string& file);
absl::Status RemoveFilter(Client& client, Output output, const std::string& name);

}  // namespace lns::lnsctl
