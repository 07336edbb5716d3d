// One simulated life of a tunnel: a LAC and an LNS over a lossy link in virtual time, their owners
// placing, answering and ending calls of both directions at random, until one or both close it.
// Everything follows from the seed. Check() reports the first broken invariant and stops the run.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/l2tp/tunnel.h"
#include "tests/support/lossy_link.h"

namespace lns::l2tp {

// What one side's owner believes, from the actions alone.
struct SimEnd {
  enum class Phase : uint8_t { kOffered, kAnswered, kPlaced, kUp };
  struct Call {
    Phase phase;
    bool outgoing = false;  // asked for by the LNS
    LocalSessionId local;   // 0 while offered
    PeerSessionId peer;     // 0 while placed
    Instant act_at;         // of an offered call: to answer; of one the LAC dials: to connect
  };

  const char* name = "";
  int number = 0;  // on the link
  std::unique_ptr<Tunnel> tunnel;
  bool was_open = false;
  bool up = false;
  bool closed = false;
  int released = 0;
  // An offered call is keyed by the peer's id, any other by ours; the two never meet, because the
  // LAC's and the LNS's ids are drawn from different halves.
  std::map<uint16_t, Call> calls;
  // Of the wire: the highest acknowledgement that has reached this side, for the window.
  uint16_t acked = 0;
  std::set<uint16_t> connected;  // ICCNs and OCCNs sent, by the peer's session id
  // Who was asked for before, by the peer's session id: each id is used once.
  std::set<uint16_t> seen;
  uint32_t wen_crc_errors = 0;  // of the last WEN
  uint64_t offered = 0;
  uint64_t answered_up = 0;
};

class TunnelSim {
 public:
  explicit TunnelSim(uint64_t seed);
  // The first broken invariant, or nothing.
  std::optional<std::string> Run();
  std::string Summary() const;
  uint64_t calls_up() const { return lac_.answered_up; }
  uint64_t outgoing_up() const { return outgoing_up_; }
  bool was_established() const { return established_; }
  bool timed_out() const { return timed_out_; }

 private:
  static constexpr int kLac = 0;
  static constexpr int kLns = 1;

  void Phase(Instant until, bool with_users);
  bool StepOnce(Instant until, bool with_users);
  void Deliver(const test::LossyLink::Delivery& delivery);
  void RunTimer(SimEnd& end);
  void UserAct();
  void PlaceCalls();
  void PlaceOutgoingCall();
  void SendNews();
  void ActOnDueCalls(SimEnd& end);
  void Answer(SimEnd& end, const SimEnd::Call& call);
  void CloseAtRandom();
  void CloseSomeCall(SimEnd& end);
  void Take(SimEnd& end, Actions& actions);
  void TakeOne(SimEnd& end, const Action& action);
  void CheckSent(SimEnd& end, const Bytes& datagram);
  void CheckEnd(SimEnd& end);
  void CheckSettled();
  void CheckNothingLeft();
  void Check(bool holds, const std::string& what);
  void OnOffered(SimEnd& end, PeerSessionId peer, bool outgoing);
  void OnUp(SimEnd& end, const SessionEstablished& open);
  Instant NextAct(const SimEnd& end) const;
  SimEnd& Other(const SimEnd& end) { return end.number == kLac ? lns_ : lac_; }

  uint64_t seed_;
  SeededRng rng_;
  test::LossyLink link_;
  TunnelSettings lac_settings_;
  TunnelSettings lns_settings_;
  Instant now_ = Instant::FromNanoseconds(1);
  Instant next_user_act_;
  // In some runs the link is dead for a while, long enough to lose the tunnel or nearly.
  Instant blackout_from_ = Instant::Never();
  Instant blackout_until_ = Instant::Never();
  SimEnd lac_;
  SimEnd lns_;
  uint64_t outgoing_up_ = 0;
  uint32_t next_wen_ = 0;
  uint16_t next_lac_id_ = 1;
  uint16_t next_lns_id_ = 0x8001;
  uint16_t next_lns_tunnel_ = 0x2001;
  bool established_ = false;
  bool timed_out_ = false;
  std::optional<std::string> failure_;
};

}  // namespace lns::l2tp
