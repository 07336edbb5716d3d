// Who may connect and how each is treated. A profile describes a kind of peer (deploy/profiles); a
// PeerProfile is one configured peer under one profile, ready for use. An SCCRQ belongs to the
// first PeerProfile that matches it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/lns/outer_path.h"
#include "controlplane/lns/rates.h"
#include "lib/l2tp/tunnel.h"
#include "lib/net/address.h"
#include "lib/ppp/link.h"

namespace lns::controlplane {

// What an SCCRQ and its datagram say of the sender.
struct PeerTraits {
  std::string_view host_name;
  std::string_view vendor_name;
  net::IpAddress address;
};

// Every list that is not empty must hold a match.
struct PeerMatch {
  std::vector<std::string> host_names;
  std::vector<std::string> vendor_names;
  std::vector<net::IpPrefix> addresses;

  bool Matches(const PeerTraits& traits) const;
};

// RFC 2661 5.4: where data messages are numbered.
enum class SequencingPolicy : uint8_t {
  kAsAsked,  // where the LAC requires it
  kAlways,
};

// Whether a tunnel's peer may turn up at another address or port (a cluster that failed over, a NAT
// that forgot).
enum class PeerMovePolicy : uint8_t { kDeny, kAllowIfIdsMatch };

struct PeerTreatment {
  SequencingPolicy sequencing = SequencingPolicy::kAsAsked;
  uint16_t reorder_ms = 0;
  uint8_t data_dscp = 0;
  PeerMovePolicy peer_move = PeerMovePolicy::kDeny;
  OuterPath outer_path;
};

struct PeerProfile {
  std::string name;
  std::string match_host_name;  // empty: any; a trailing '*' matches a prefix
  std::optional<net::IpPrefix> match_address;
  l2tp::TunnelSettings tunnel;
  std::string match_vendor_name = {};  // as match_host_name
  // How it is treated, and what it must be recognised by to be treated so (none: nothing).
  std::string profile = "default";
  std::shared_ptr<const PeerMatch> recognised_by = {};
  std::shared_ptr<const ppp::LinkSettings> link = {};  // none: EngineSettings::ppp
  PeerTreatment treatment = {};
  std::optional<net::Endpoint> dial = {};        // where we open tunnels to it
  uint32_t max_sessions = 0;                     // over all its tunnels; zero: no limit
  std::optional<AggregateLimit> aggregate = {};  // none: no limit

  bool Matches(const PeerTraits& traits) const;
};

// `pattern`: empty is any, a trailing '*' is a prefix; else the whole name, byte for byte.
bool NameMatches(std::string_view pattern, std::string_view name);

// nullptr: none.
const PeerProfile* MatchProfile(const std::vector<PeerProfile>& profiles, const PeerTraits& traits);

}  // namespace lns::controlplane
