// An accounting record from the moment it is written until a server has acknowledged it, and what
// is kept of an open session beside. Plain values; the spool stores them, the delivery sends them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "controlplane/accounting/usage.h"
#include "controlplane/lns/accounting_id.h"
#include "controlplane/lns/actions.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"

namespace lns::controlplane {

// Acct-Status-Type (RFC 2866 5.1, RFC 2867 3).
enum class RecordType : uint8_t {
  kStart = 1,
  kStop = 2,
  kInterim = 3,
  kAccountingOn = 7,
  kAccountingOff = 8,
  kTunnelStart = 9,
  kTunnelStop = 10,
  kTunnelReject = 11,
  kTunnelLinkStart = 12,
  kTunnelLinkStop = 13,
  kTunnelLinkReject = 14,
};

// About the LNS itself: what was written before goes before, and what comes after, after.
inline bool ConcernsAll(RecordType type) {
  return type == RecordType::kAccountingOn || type == RecordType::kAccountingOff;
}

struct Record {
  uint64_t number = 0;   // in the order in which things happened, over restarts
  AccountingId session;  // whose records keep their order
  RecordType type = RecordType::kStart;
  int64_t at = 0;    // UNIX time of the event
  Bytes attributes;  // as they go into the packet; Acct-Delay-Time is the sender's to add
};

// When a session is to end by itself, and how often it is reported. Zero: never.
struct SessionTerms {
  Duration session_timeout;
  Duration idle_timeout;
  Duration interim_interval;
  uint64_t quota_octets = 0;  // both directions

  bool operator==(const SessionTerms&) const = default;
};

// Enough to report an open session's end when the process that accounted for it is gone.
struct SavedSession {
  AccountingId id;
  SessionKey key;
  int64_t started = 0;  // UNIX time
  Usage usage;
  SessionTerms terms;
  bool link_told = false;  // with a Tunnel-Link-Start
  Bytes attributes;        // those that every record of the session has
};

// The same of a tunnel whose Tunnel-Start was written.
struct SavedTunnel {
  AccountingId id;
  int64_t started = 0;  // UNIX time
  Bytes attributes;
};

}  // namespace lns::controlplane
