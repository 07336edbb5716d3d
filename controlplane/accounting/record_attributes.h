// Accounting records in RADIUS attributes: RFC 2866, RFC 2869, RFC 2867 for tunnels, RFC 3162, RFC
// 4818 and RFC 6911 for IPv6. A session's records share what describes it, encoded once; each adds
// what it counts. Pure functions.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

#include "controlplane/accounting/record.h"
#include "controlplane/lns/session_facts.h"
#include "controlplane/lns/terminate_cause.h"
#include "controlplane/lns/traffic.h"
#include "controlplane/radius/call_attributes.h"
#include "lib/base/bytes.h"

namespace lns::controlplane {

// What every record of the session says.
Bytes SessionAttributes(const SessionFacts& facts, const NasIdentity& nas);
// Of the tunnel, or of a call within that has no session: its serial number.
Bytes TunnelAttributes(const TunnelFacts& facts, const NasIdentity& nas, uint32_t call = 0);
// Of Accounting-On and -Off.
Bytes NasAttributes(const AccountingId& id, const NasIdentity& nas);

struct Event {
  RecordType type = RecordType::kStart;
  int64_t at = 0;                  // UNIX time
  std::optional<int64_t> seconds;  // since the session's start
  std::optional<Traffic> traffic;
  TerminateCause cause = TerminateCause::kNone;
};
// `about`, and what happened.
Bytes RecordAttributes(ByteView about, const Event& event);

}  // namespace lns::controlplane
