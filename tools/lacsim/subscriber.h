// One emulated subscriber: an L2TP session of its LAC's tunnel with a PPP client on it. Plain
// state, small because there are many; Lac drives it, everything else reads it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/ids.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/link.h"
#include "tools/lacsim/ipv6_client.h"

namespace lns::lacsim {

enum class SubscriberState : uint8_t {
  kIdle,          // not called yet
  kAwaitingCall,  // the LNS is to call it
  kCalling,       // ICRQ sent, or OCRP
  kNegotiating,   // session up, PPP on its way
  kOnline,        // IPCP open, or IPV6CP where there is no IPv4
  kHangingUp,     // we sent LCP Terminate
  kLinkDown,      // PPP ended without us: the LNS's CDN should follow
  kGone,
};
const char* ToString(SubscriberState state);

// Why a subscriber failed or was lost.
struct Ending {
  SubscriberState stage = SubscriberState::kIdle;  // where it stood when things went wrong
  bool timed_out = false;                          // our patience ended
  bool tunnel_lost = false;                        // its tunnel closed, or never came up
  // Where PPP stood when the session was cleared under it; none without PPP.
  std::optional<ppp::LinkPhase> ppp_phase;
  ppp::LinkDownCause ppp_cause = ppp::LinkDownCause::kNone;  // PPP ended by itself
  std::string ppp_message;
  std::optional<l2tp::ResultCode> cdn;  // or StopCCN when tunnel_lost
  bool by_peer = false;                 // it was the LNS's, not ours
};

struct Subscriber {
  uint32_t index = 0;  // over all LACs; the flow number in traffic
  SubscriberState state = SubscriberState::kIdle;
  bool was_online = false;
  // Plays dead: neither hears nor says anything more, and its LAC does not know.
  bool silent = false;
  bool noticed = false;  // the LNS has begun to end such a session
  l2tp::PeerSessionId peer_session_id;
  ppp::FrameFormat format;  // what the LNS lets us leave out
  uint16_t peer_mru = 1500;
  uint32_t address = 0;       // assigned, host order
  uint32_t peer_address = 0;  // the LNS's end
  // What IPV6CP agreed on: fe80:: and this is our address on the link; 0: it is not open.
  uint64_t interface_id = 0;
  std::unique_ptr<Ipv6Client> ipv6;  // none: IPV6CP is not open, or somebody else's host is behind
  Instant called_at;
  Instant silent_since;
  Instant deadline = Instant::Never();  // of set-up, or of waiting for a CDN
  std::unique_ptr<ppp::Link> link;
  // With a LAC that negotiates itself, until there is a session: the link, and what it says first.
  struct BeforeCall {
    std::unique_ptr<ppp::Link> link;
    ppp::LinkActions said;
  };
  std::unique_ptr<BeforeCall> before_call;
  std::unique_ptr<Ending> ending;  // only when something went wrong
};

}  // namespace lns::lacsim
