// The network phase of a link (RFC 1661 3.6): IPCP and IPV6CP, each with its automaton, opened and
// closed by itself. The link says when the phase begins and ends, gives them their packets, and
// does what the NetworkSteps say.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/ipcp.h"
#include "lib/ppp/ipv6cp.h"
#include "lib/ppp/link.h"
#include "lib/ppp/option_fsm.h"

namespace lns::ppp {

// What the link has to know of an input.
struct NetworkStep {
  bool opened = false;                            // a network protocol is open now
  LinkDownCause ended_by = LinkDownCause::kNone;  // else the last one ended and this is why
};

class NetworkProtocols {
 public:
  NetworkProtocols(const LinkSettings& settings, Rng& rng)
      : ipcp_(settings),
        ipv6cp_(settings.role, rng),
        server_(settings.role == Role::kServer),
        ipcp_fsm_(ipcp_, settings),
        ipv6cp_fsm_(ipv6cp_, settings) {}

  // Server: what to agree on; before Begin.
  void Assign(const AuthenticationVerdict& verdict);
  void set_peer_mru(uint16_t mru);

  // False: the settings and the user leave no protocol to negotiate.
  bool Begin(const LinkSettings& settings, Instant now, LinkActions& out);
  // Back to where they were before Begin, wherever they are.
  void Stop(Instant now, LinkActions& out);

  // Whether `protocol` is that of an NCP now in use.
  bool Uses(uint16_t protocol) const;
  // A packet of an NCP in use.
  NetworkStep OnPacket(uint16_t protocol, const ControlPacket& packet, Instant now,
                       LinkActions& out);
  // The peer rejected `protocol`: an NCP, what an NCP is for, or something we never send.
  NetworkStep OnProtocolReject(uint16_t protocol, Instant now, LinkActions& out);
  NetworkStep OnTimer(Instant now, LinkActions& out);
  Instant NextDeadline() const;

 private:
  bool Alive() const { return !ipcp_fsm_.idle() || !ipv6cp_fsm_.idle(); }
  void Start(OptionFsm& ncp, Instant now, LinkActions& out);
  void Stop(OptionFsm& ncp, Instant now, LinkActions& out);
  // What an automaton asks for. `reason`: the cause where the last protocol ends because of this
  // input and nothing better is known.
  NetworkStep Carry(const OptionFsm& ncp, OptionOutputs& outputs, LinkDownCause reason,
                    LinkActions& out);
  // Server: what the peer may do once it has the Configure-Ack about to be sent.
  void TellOpening(const OptionFsm& ncp, LinkActions& out);
  // Takes that back where the negotiation fell behind the Ack without ever reaching Opened.
  void TakeBackOpening(const OptionFsm& ncp, LinkActions& out);
  void OnLayerUp(const OptionFsm& ncp, LinkActions& out);
  void OnLayerDown(const OptionFsm& ncp, LinkActions& out);

  Ipcp ipcp_;
  Ipv6cp ipv6cp_;
  // What the owner was told to be opening or open; 0: nothing.
  uint64_t opening_interface_id_ = 0;
  uint32_t opening_address_ = 0;
  const bool server_;
  bool ipv6_granted_ = true;  // to this user
  OptionFsm ipcp_fsm_;
  OptionFsm ipv6cp_fsm_;
};

}  // namespace lns::ppp
