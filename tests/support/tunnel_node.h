// A node that opens tunnels to one peer and takes those the peer opens, breaking ties as an owner
// of lib/l2tp must (RFC 2661 4.4.3): for tests of simultaneous opens. Datagrams for the peer are
// left in `sent`; time is the test's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/rng.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/tunnel.h"

namespace lns::test {

class TunnelNode {
 public:
  TunnelNode(uint16_t first_id, const l2tp::TunnelSettings& settings, Rng& rng)
      : next_id_(first_id), settings_(settings), rng_(rng) {}

  void Open(Instant now) {
    Add(l2tp::Tunnel::Open(settings_, l2tp::LocalTunnelId(next_id_++), rng_, now, actions_), {});
  }

  void OnDatagram(const Bytes& datagram, Instant now) {
    const auto sccrq = l2tp::PeekSccrq(datagram);
    if (sccrq.ok()) return OnSccrq(datagram, *sccrq, now);
    l2tp::Header header;
    if (l2tp::ParseHeader(datagram, header) != l2tp::HeaderError::kNone) return;
    for (Entry& entry : tunnels_) {
      if (entry.tunnel->local_id().value() != header.tunnel_id) continue;
      entry.tunnel->OnDatagram(datagram, now, actions_);
      return Take();
    }
  }

  void OnTimer(Instant now) {
    for (Entry& entry : tunnels_) {
      if (entry.tunnel->NextDeadline() <= now) entry.tunnel->OnTimer(now, actions_);
    }
    Take();
  }
  Instant NextDeadline() const {
    Instant next = Instant::Never();
    for (const Entry& entry : tunnels_) next = std::min(next, entry.tunnel->NextDeadline());
    return next;
  }

  // All of them, or those in one state.
  size_t tunnels() const { return tunnels_.size(); }
  size_t CountIn(l2tp::TunnelState state) const {
    return static_cast<size_t>(
        std::count_if(tunnels_.begin(), tunnels_.end(),
                      [&](const Entry& entry) { return entry.tunnel->state() == state; }));
  }

  std::deque<Bytes> sent;
  size_t stop_ccns = 0;

 private:
  struct Entry {
    std::unique_ptr<l2tp::Tunnel> tunnel;
    l2tp::PeerTunnelId sccrq_peer_id;  // of one the peer opened
  };

  void OnSccrq(const Bytes& datagram, const l2tp::SccrqInfo& info, Instant now) {
    for (Entry& entry : tunnels_) {
      if (entry.sccrq_peer_id != info.peer_tunnel_id) continue;
      entry.tunnel->OnDatagram(datagram, now, actions_);  // the same again
      return Take();
    }
    bool drop = false;
    for (Entry& entry : tunnels_) {
      if (entry.tunnel->state() != l2tp::TunnelState::kWaitCtlReply) continue;
      switch (l2tp::BreakTie(entry.tunnel->tie_breaker(), info.tie_breaker)) {
        case l2tp::TieVerdict::kKeepBoth:
          break;
        case l2tp::TieVerdict::kKeepOurs:
          drop = true;
          break;
        case l2tp::TieVerdict::kDropBoth:
          drop = true;
          [[fallthrough]];
        case l2tp::TieVerdict::kKeepTheirs:
          entry.tunnel->Discard(now, actions_);
          break;
      }
    }
    Take();
    if (drop) return;
    Add(l2tp::Tunnel::Accept(settings_, l2tp::LocalTunnelId(next_id_++), datagram, rng_, now,
                             actions_),
        info.peer_tunnel_id);
  }

  void Add(std::unique_ptr<l2tp::Tunnel> tunnel, l2tp::PeerTunnelId sccrq_peer_id) {
    tunnels_.push_back({std::move(tunnel), sccrq_peer_id});
    Take();
  }

  void Take() {
    for (l2tp::Action& action : actions_) {
      auto* send = std::get_if<l2tp::SendDatagram>(&action);
      if (send == nullptr) continue;
      if (send->bytes.size() > l2tp::kControlHeaderLength) {
        stop_ccns += l2tp::TypeOf(send->bytes) == l2tp::MessageType::kStopCcn;
      }
      sent.push_back(std::move(send->bytes));
    }
    actions_.clear();
    std::erase_if(tunnels_, [](const Entry& entry) {
      return entry.tunnel->state() == l2tp::TunnelState::kIdle;
    });
  }

  uint16_t next_id_;
  l2tp::TunnelSettings settings_;
  Rng& rng_;
  std::vector<Entry> tunnels_;
  l2tp::Actions actions_;
};

}  // namespace lns::test
