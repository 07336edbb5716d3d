// What a run came to: filled in by Simulation, then judged, printed for people and written as JSON
// for scripts.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "tools/lacsim/histogram.h"
#include "tools/lacsim/subscriber.h"
#include "tools/lacsim/traffic.h"

namespace lns::lacsim {

// Why something failed, in values that compare, so that equal failures are counted together.
struct FailureCause {
  std::string stage;  // a subscriber's state when it went wrong, or "tunnel"
  bool timed_out = false;
  bool tunnel_lost = false;
  std::string ppp_cause;  // empty: not PPP's doing
  std::string ppp_message;
  std::string ppp_phase;    // where PPP stood, if it was not its doing
  bool has_result = false;  // a CDN or StopCCN said:
  bool by_peer = false;     // the LNS's; else ours
  uint16_t result = 0;
  uint16_t error = 0;
  std::string message;
  auto operator<=>(const FailureCause&) const = default;
};
FailureCause CauseOf(const Ending& ending);
FailureCause CauseOf(const l2tp::TunnelClosed& closed);
std::string ToString(const FailureCause& cause);

// Causes with text of their own per subscriber would be as many as there are subscribers: beyond
// kMaxCauses different ones, they are counted without their texts.
class FailureCounts {
 public:
  void Add(FailureCause cause);
  const std::map<FailureCause, uint32_t>& by_cause() const { return counts_; }

 private:
  static constexpr size_t kMaxCauses = 64;
  std::map<FailureCause, uint32_t> counts_;
};

struct Report {
  struct Population {
    uint32_t asked = 0;
    uint32_t established = 0;
    uint32_t failed = 0;  // never came up
    uint32_t lost = 0;    // came up, and went down before we closed
    Duration setup;       // from the first attempt to the last success
    Histogram setup_times;
    FailureCounts failures;
  };
  Population tunnels;
  Population sessions;
  // When the first and the last call were placed, and the last came up or failed.
  Instant first_call;
  Instant last_call;
  Instant last_answer;

  struct Control {
    uint64_t rx = 0;
    uint64_t tx = 0;
    uint64_t retransmissions = 0;
    uint64_t duplicates = 0;
    uint64_t out_of_order = 0;
    uint64_t malformed = 0;
    uint64_t stray = 0;
    uint64_t unsent = 0;
    uint64_t unexpected_frames = 0;
  };
  Control control;

  std::array<Traffic::Summary, 2> traffic;  // by Direction
  std::array<Histogram, 2> latency;
  uint64_t lac_socket_drops = 0;  // lacsim's own receive sockets overran
  uint64_t host_socket_drops = 0;
  uint64_t misdelivered = 0;  // for an address other than the subscriber's
  uint64_t undecodable = 0;   // not IPv4, or its header checksum wrong

  uint32_t ipv6_addressed = 0;  // subscribers with an address by Router Advertisement, in the end
  uint32_t ipv6_delegated = 0;  // and with a prefix by DHCPv6

  uint32_t pings_sent = 0;
  uint32_t pings_received = 0;
  Histogram ping_rtt;

  // Subscribers that played dead, and after what time the LNS began to end their sessions.
  uint32_t silent = 0;
  Histogram noticed_after;

  std::optional<int> exec_exit_code;
  bool exec_timed_out = false;
  uint32_t tunnels_unacknowledged = 0;  // StopCCN not answered in time
  bool interrupted = false;
  std::vector<std::string> errors;  // of lacsim or its surroundings
};

// All sessions came up and stayed (but those that played dead, which were noticed), and (unless
// `allow_loss`) nothing offered was lost, duplicated, reordered or damaged.
bool Passed(const Report& report, bool allow_loss);
void PrintSummary(const Report& report, bool passed, std::FILE* out);
std::string ToJson(const Report& report, bool passed);

}  // namespace lns::lacsim
