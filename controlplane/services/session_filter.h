// Which sessions an operator means: the checked form of lns.control.v1.ListSessionsRequest. Every
// set field must match. A plain value.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <optional>
#include <string>

#include "controlplane/lns/engine.h"
#include "lib/net/address.h"

#include "absl/status/statusor.h"
#include "lns/control/v1/operator.pb.h"

namespace lns::controlplane {

struct SessionFilter {
  std::optional<SessionKey> key;
  std::optional<l2tp::LocalTunnelId> tunnel;
  std::string user_name;
  net::IpAddress address;

  static absl::StatusOr<SessionFilter> From(const control::v1::ListSessionsRequest& request);
  bool MatchesAll() const { return !key && !tunnel && user_name.empty() && address.is_none(); }
  bool Matches(const SessionView& session) const;
  // Of one that ended; it has no address any more.
  bool Matches(const Explanation& session) const;
};

// kInvalidArgument unless both ids are 16 bits and not 0.
absl::StatusOr<SessionKey> ToKey(const types::v1::SessionKey& key);

}  // namespace lns::controlplane
