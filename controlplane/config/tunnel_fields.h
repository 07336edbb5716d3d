// Fields that a peer, a profile and the general settings share: their ranges, and what their words
// mean to the protocol engines. Each reads what is written and keeps what was there where nothing
// is.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controlplane/config/field_checks.h"
#include "controlplane/lns/profiles.h"
#include "lib/l2tp/tunnel.h"
#include "lib/ppp/link.h"

#include "google/protobuf/repeated_field.h"
#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {

// A window of 0 is a protocol error (RFC 2661 4.4.3), one above 1024 only buys memory.
inline constexpr Range kWindow{1, 1024};
inline constexpr Range kHelloSeconds{0, 86400};
inline constexpr Range kRetransmitMs{50, 60000};
inline constexpr Range kRetransmits{1, 100};
// RFC 1661 6.1: every implementation takes 1500; smaller than 128 no packet of use fits.
inline constexpr Range kMru{128, 16384};
inline constexpr Range kEchoSeconds{0, 86400};

// The fields of `in` (PeerConfig or ProfileConfig) that say when to send again; `prefix` is the
// path of the message, with its dot.
template <typename Message>
void ReadRetransmission(const Message& in, const std::string& prefix, FieldChecks& check,
                        l2tp::TunnelSettings& tunnel) {
  tunnel.hello_interval = check.Seconds(prefix + "hello_interval_s", in.hello_interval_s(),
                                        kHelloSeconds, tunnel.hello_interval);
  tunnel.retransmit_initial =
      check.Milliseconds(prefix + "retransmit_initial_ms", in.retransmit_initial_ms(),
                         kRetransmitMs, tunnel.retransmit_initial);
  if (tunnel.retransmit_cap < tunnel.retransmit_initial) {
    tunnel.retransmit_cap = tunnel.retransmit_initial;
  }
  tunnel.retransmit_cap = check.Milliseconds(prefix + "retransmit_cap_ms", in.retransmit_cap_ms(),
                                             kRetransmitMs, tunnel.retransmit_cap);
  if (tunnel.retransmit_cap < tunnel.retransmit_initial) {
    check.Fail(prefix + "retransmit_cap_ms", "expected at least retransmit_initial_ms");
  }
  if (check.Has(prefix + "max_retransmits")) {
    tunnel.max_retransmits = static_cast<int>(
        check.Number(prefix + "max_retransmits", in.max_retransmits(), kRetransmits, 0));
    tunnel.max_retransmits_established = tunnel.max_retransmits;
  }
}

// Nothing changes where `policy` is unspecified.
void ReadChallenge(config::v1::ChallengePolicy policy, l2tp::TunnelSettings& tunnel);

// `path` names the list. `otherwise` where it is empty.
std::vector<ppp::AuthProtocol> ReadAuth(const google::protobuf::RepeatedField<int>& in,
                                        std::string_view path, FieldChecks& check,
                                        const std::vector<ppp::AuthProtocol>& otherwise);

}  // namespace lns::controlplane
