// Which peer profile an SCCRQ belongs to: the first whose host name and address both match.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string_view>
#include <vector>

#include "controlplane/lns/engine.h"
#include "lib/net/address.h"

namespace lns::controlplane {

// `pattern`: empty is any, a trailing '*' is a prefix; else the whole name, byte for byte.
bool HostNameMatches(std::string_view pattern, std::string_view host_name);

// nullptr: none.
const PeerProfile* MatchProfile(const std::vector<PeerProfile>& profiles,
                                std::string_view host_name, const net::IpAddress& address);

}  // namespace lns::controlplane
