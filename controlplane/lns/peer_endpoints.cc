// Peers that are not where their tunnel says, or do not say which tunnel they mean: those that
// answer from another port (RFC 2661 8.1), that moved, that write tunnel id 0. Nothing here is
// believed without the tunnel's own numbers, and the last two only where the profile allows them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/engine_impl.h"
#include "lib/l2tp/reliable_channel.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

// The very next message of the peer, with an acknowledgement that can be one.
bool IsNextMessage(const l2tp::Tunnel& tunnel, const l2tp::Header& header) {
  const int behind = l2tp::SequenceDistance(header.nr, tunnel.ns());
  return header.payload_length() > 0 && header.ns == tunnel.nr() && behind >= 0 &&
         behind <= l2tp::ReliableChannel::kMaxPeerWindow;
}

// It, or one sent before, or a lone acknowledgement.
bool IsPlausible(const l2tp::Tunnel& tunnel, const l2tp::Header& header) {
  constexpr int kWindow = l2tp::ReliableChannel::kMaxPeerWindow;
  const int ahead = l2tp::SequenceDistance(tunnel.nr(), header.ns);
  const int behind = l2tp::SequenceDistance(header.nr, tunnel.ns());
  return ahead >= -kWindow && ahead <= kWindow && behind >= 0 && behind <= kWindow;
}

}  // namespace

bool EngineImpl::MayComeFrom(const TunnelRecord& tunnel, const net::EndpointPair& endpoints,
                             const l2tp::Header& header) const {
  if (tunnel.refused() || tunnel.endpoints.local != endpoints.local) return false;
  // RFC 2661 8.1: the answer to our SCCRQ may come from any port.
  if (tunnel.l2tp->state() == l2tp::TunnelState::kWaitCtlReply) {
    return tunnel.endpoints.peer.address == endpoints.peer.address;
  }
  return tunnel.profile->treatment.peer_move == PeerMovePolicy::kAllowIfIdsMatch &&
         tunnel.l2tp->state() == l2tp::TunnelState::kEstablished &&
         IsNextMessage(*tunnel.l2tp, header);
}

void EngineImpl::MovePeer(TunnelRecord& tunnel, const net::EndpointPair& endpoints, Turn turn) {
  const std::string name = NameOf(tunnel);
  admission_.MoveCalls(tunnel.endpoints, endpoints, tunnel.session_count);
  tunnels_.Move(tunnel, endpoints);
  Note(tunnel, TrailNote::kTunnelMoved, endpoints.peer.ToString(), turn);
  if (!tunnel.programmed) return;
  counters_.Add(Counter::kTunnelMoved);
  Log(LogLevel::kInfo, absl::StrCat(name, " moved to ", endpoints.peer.ToString()), turn);
  turn.out.push_back(ProgramTunnel{tunnel.entry()});
}

// Only where exactly one tunnel of the sender may have been meant.
TunnelRecord* EngineImpl::FindUnnamedTunnel(const net::EndpointPair& endpoints,
                                            const l2tp::Header& header) {
  TunnelRecord* found = nullptr;
  for (const l2tp::LocalTunnelId id : tunnels_.Between(endpoints)) {
    TunnelRecord* tunnel = tunnels_.Find(id);
    if (tunnel->refused() || !tunnel->profile->tunnel.tolerate.zero_tunnel_id ||
        !IsPlausible(*tunnel->l2tp, header)) {
      continue;
    }
    if (found != nullptr) return nullptr;
    found = tunnel;
  }
  return found;
}

}  // namespace lns::controlplane
