// A LAC with its subscribers, out of lib/l2tp and lib/ppp, for tests of the LNS engine in virtual
// time: one tunnel, calls placed on order, PPP clients behind them. Says what became of each.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/l2tp/tunnel.h"
#include "lib/net/address.h"
#include "lib/ppp/link.h"

namespace lns::test {

struct FakeLacSettings {
  net::Endpoint endpoint;
  l2tp::LocalTunnelId tunnel_id{100};
  l2tp::TunnelSettings tunnel;
  ppp::LinkSettings ppp;
  // Who answers the calls the LNS places; they are refused when tunnel.accept_outgoing_calls is not
  // set.
  ppp::Credentials called_party;
  l2tp::CallInfo answer{.framing_type = 1};  // what the LAC says of such a call, but its speed
  bool accepts_tunnels = false;              // that the LNS opens
  FakeLacSettings() { ppp.role = ppp::Role::kClient; }
};

class FakeLac {
 public:
  enum class CallState : uint8_t { kPlaced, kEstablished, kOnline, kEnded };
  struct Call {
    l2tp::LocalSessionId id;
    l2tp::PeerSessionId peer_id;  // the LNS's
    CallState state = CallState::kPlaced;
    uint32_t address = 0;
    bool ipv6_up = false;
    uint64_t interface_id = 0;        // agreed on by IPV6CP
    std::vector<Bytes> ipv6_packets;  // received
    bool authenticated = false;
    std::optional<l2tp::ResultCode> closed;  // how L2TP ended it
    std::optional<l2tp::PppDisconnectCause> ppp_cause;
    std::optional<l2tp::OutgoingCallInfo> outgoing;  // the LNS placed it
    std::optional<ppp::LinkDownCause> link_down;     // how PPP ended it
    std::string link_message;
    ppp::Credentials credentials;
    l2tp::CallInfo info;
    std::unique_ptr<ppp::Link> link;
  };

  FakeLac(const FakeLacSettings& settings, Rng& rng) : settings_(settings), rng_(rng) {}

  void Open(Instant now);
  Call& Place(const ppp::Credentials& credentials, const l2tp::CallInfo& info, Instant now);
  // The subscriber hangs up (LCP Terminate); the LAC hangs up (CDN).
  void Terminate(Call& call, Instant now);
  void Hangup(Call& call, Instant now);
  void SendIpv6(const Call& call, ByteView packet);
  void Close(const l2tp::ResultCode& result, Instant now);
  // Gone without a word.
  void Die();
  // From now on it sends from here, and is found here.
  void MoveTo(const net::Endpoint& endpoint) { settings_.endpoint = endpoint; }

  void OnDatagram(ByteView datagram, Instant now);
  void OnTimer(Instant now);
  Instant NextDeadline() const;
  // Datagrams to send to the LNS since the last call.
  std::vector<Bytes> TakeSent();

  bool established() const { return established_; }
  const std::optional<l2tp::TunnelClosed>& closed() const { return closed_; }
  std::vector<std::unique_ptr<Call>>& calls() { return calls_; }
  const FakeLacSettings& settings() const { return settings_; }
  l2tp::Tunnel* tunnel() { return tunnel_.get(); }
  const std::vector<l2tp::LinkInfo>& link_infos() const { return link_infos_; }
  size_t CountOf(CallState state) const;

 private:
  void CarryOut(l2tp::Actions& actions, Instant now);
  bool IsForAnother(ByteView datagram);
  void Answer(const l2tp::OutgoingCallRequested& request, Instant now);
  void CarryOut(Call& call, ppp::LinkActions& actions, Instant now);
  Call* Find(l2tp::LocalSessionId id);
  void SendPpp(const Call& call, ByteView frame);

  FakeLacSettings settings_;
  Rng& rng_;
  std::unique_ptr<l2tp::Tunnel> tunnel_;
  bool established_ = false;
  std::optional<l2tp::TunnelClosed> closed_;
  std::vector<std::unique_ptr<Call>> calls_;
  uint16_t next_session_ = 1;
  std::vector<l2tp::LinkInfo> link_infos_;  // SLIs received
  std::vector<Bytes> sent_;
};

// A data message as a LAC or an LNS sends PPP: no optional header fields, FF 03 first.
Bytes DataMessage(uint16_t tunnel_id, uint16_t session_id, ByteView frame);

}  // namespace lns::test
