// The phases of a link (RFC 1661 3) put around LCP, one authentication and the network protocols:
// the implementation of Link. LCP's automaton decides when a phase begins and ends; what happens in
// it is Authentication's, NetworkProtocols' and, while LCP is open, Echo's.
//
// Whatever ends a link goes through CloseWith (we want it to end: Terminate-Request) or Finish (LCP
// is finished: the last action, LinkDown).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/append_action.h"
#include "lib/ppp/auth_step.h"
#include "lib/ppp/authentication.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/event.h"
#include "lib/ppp/lcp.h"
#include "lib/ppp/lcp_services.h"
#include "lib/ppp/link.h"
#include "lib/ppp/network_protocols.h"
#include "lib/ppp/option_fsm.h"

namespace lns::ppp {

// Unknown protocols are answered so often in a second; the rest is dropped. A peer that offers all
// it knows at once offers fewer.
inline constexpr uint8_t kMaxRejectsPerSecond = 16;
// A peer that takes LCP down more often than this within a minute takes the network with it each
// time and never uses it: it is sent away.
inline constexpr uint8_t kMaxRenegotiationsPerMinute = 10;

class PhasedLink final : public Link {
 public:
  PhasedLink(const LinkSettings& settings, std::unique_ptr<const Credentials> credentials, Rng& rng)
      : settings_(settings),
        rng_(rng),
        lcp_(settings, rng),
        lcp_fsm_(lcp_, settings),
        network_(settings, rng),
        authentication_(std::move(credentials)) {}

  void Start(Instant now, LinkActions& out) override;
  void StartProxied(const ProxiedLcp& proxied, Instant now, LinkActions& out) override;
  void SetInterfaceOptions(ByteView want, ByteView allow) override;
  void OnFrame(ByteView frame, Instant now, LinkActions& out) override;
  void OnAuthentication(const AuthenticationVerdict& verdict, Instant now,
                        LinkActions& out) override;
  void Close(Instant now, LinkActions& out) override;
  void OnDataSeen() override { echo_.OnSignOfLife(); }
  void SetEchoElsewhere(bool elsewhere, Instant now) override;
  void OnEchoTimeout(Instant now, LinkActions& out) override;
  void OnTimer(Instant now, LinkActions& out) override;
  Instant NextDeadline() const override;
  LinkPhase phase() const override { return phase_; }

 private:
  bool server() const { return settings_.role == Role::kServer; }
  void Count(PppEvent event, LinkActions& out) { Append(out, CountEvent{event}); }

  // Frames, by protocol.
  void OnLcpFrame(ByteView information, Instant now, LinkActions& out);
  void OnAuthFrame(uint16_t protocol, ByteView information, Instant now, LinkActions& out);
  void OnNcpFrame(uint16_t protocol, ByteView information, Instant now, LinkActions& out);
  void OnProtocolReject(const ControlPacket& packet, Instant now, LinkActions& out);

  // What LCP's automaton asks for, in order. `reason`: the cause where LCP goes down or ends
  // because of this input and nothing better is known.
  void Carry(OptionOutputs& outputs, LinkDownCause reason, Instant now, LinkActions& out);
  void OnLcpUp(const ProxiedLcp* proxied, Instant now, LinkActions& out);
  void TellOpened(bool proxied, LinkActions& out);
  void OnLcpDown(LinkDownCause reason, Instant now, LinkActions& out);

  // Phases.
  // The automaton has its own counters; this bounds even a peer that renews them for ever.
  Instant EstablishDeadline(Instant now) const {
    return now + settings_.restart * (2 * settings_.max_configure);
  }
  // Null: the peer has to be asked.
  void EnterAuthenticate(const ProxiedLcp* proxied, Instant now, LinkActions& out);
  void TakeAuthStep(const AuthStep& step, Instant now, LinkActions& out);
  void EnterNetwork(Instant now, LinkActions& out);
  void TakeNetworkStep(const NetworkStep& step, Instant now, LinkActions& out);
  void Blame(LinkDownCause cause, std::string_view message = {});
  void CloseWith(LinkDownCause cause, std::string_view message, Instant now, LinkActions& out);
  void Finish(LinkDownCause reason, LinkActions& out);

  // Bounds: a peer can make us work, but not for ever.
  bool MayReject(Instant now);
  void CountRenegotiation(Instant now);
  // LCP did not open, or ended without a word more.
  LinkDownCause SilenceCause() const;

  void OnPhaseTimer(Instant now, LinkActions& out);

  const LinkSettings& settings_;
  Rng& rng_;
  Lcp lcp_;
  OptionFsm lcp_fsm_;
  NetworkProtocols network_;
  Authentication authentication_;
  Echo echo_;
  Instant phase_deadline_ = Instant::Never();
  Instant second_;  // the one that rejects_ counts in
  Instant minute_;  // the one that renegotiations_ counts in
  // For LinkDown; the text only when there is one.
  std::unique_ptr<std::string> message_;
  LinkDownCause cause_ = LinkDownCause::kNone;
  LinkPhase phase_ = LinkPhase::kDead;
  uint8_t rejects_ = 0;          // Protocol-Rejects sent
  uint8_t renegotiations_ = 0;   // of LCP, from Opened
  bool over_ = false;            // LinkDown was given
  bool lcp_heard_ = false;       // anything readable at all
  bool terminate_seen_ = false;  // the peer tried to end a link that was not open yet
};

}  // namespace lns::ppp
