// What LCP does for an open link beside negotiating it: echoes in both directions, which tell each
// side that the other is there (RFC 1661 5.8, 5.9), our Identification (RFC 1570 2.1), and the
// Protocol-Rejects we send (RFC 1661 5.7). The link owns the negotiation (Lcp and its OptionFsm)
// and passes it in.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/lcp.h"
#include "lib/ppp/link.h"
#include "lib/ppp/option_fsm.h"

namespace lns::ppp {

// Finds out whether the peer is alive: asks with an Echo-Request when nothing was heard for an
// interval, and answers the peer's.
class Echo {
 public:
  // LCP opened, and left Opened (or another does the asking; answers are given all the same).
  void Start(const LinkSettings& settings, Rng& rng, Instant now);
  void Stop() { deadline_ = Instant::Never(); }

  void OnSignOfLife() { heard_ = true; }
  // An Echo-Request, Echo-Reply or Discard-Request.
  void OnPacket(const ControlPacket& packet, const Lcp& lcp, OptionFsm& lcp_fsm, Instant now,
                LinkActions& out);
  // False: the peer has not answered too often.
  bool OnTimer(const LinkSettings& settings, const Lcp& lcp, OptionFsm& lcp_fsm, Instant now,
               LinkActions& out);
  Instant NextDeadline() const { return deadline_; }

 private:
  Instant deadline_ = Instant::Never();
  uint8_t misses_ = 0;
  bool heard_ = false;  // since the last timer
};

// Tells the peer who we are (RFC 1570 2.1), by the settings' text.
void Identify(const LinkSettings& settings, const Lcp& lcp, OptionFsm& lcp_fsm, LinkActions& out);

// Answers `frame`, whose protocol we do not know.
void RejectProtocol(const FrameHeader& header, ByteView frame, const Lcp& lcp, OptionFsm& lcp_fsm,
                    LinkActions& out);

}  // namespace lns::ppp
