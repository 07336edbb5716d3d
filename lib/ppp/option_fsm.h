// One option negotiation (LCP, IPCP, IPV6CP): the automaton of RFC 1661 4 with its restart timer,
// counters and identifiers. What the options mean is the OptionPolicy's. Sans-IO: packets and `now`
// in, OptionOutputs out, in the table's order; the link turns them into frames and phase changes.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/event.h"
#include "lib/ppp/link.h"
#include "lib/ppp/option_automaton.h"
#include "lib/ppp/options.h"

namespace lns::ppp {

// A copy of the Configure-Request we acknowledged last, arriving in Opened, is so often only
// acknowledged again before it counts as a new negotiation.
inline constexpr uint8_t kMaxRepeatedRequests = 2;

// One protocol's options and what has been agreed on so far.
class OptionPolicy {
 public:
  // `stubborn` is the cause when the two sides never agree.
  OptionPolicy(uint16_t protocol, LinkDownCause stubborn)
      : protocol_(protocol), stubborn_(stubborn) {}
  OptionPolicy(const OptionPolicy&) = delete;
  OptionPolicy& operator=(const OptionPolicy&) = delete;
  virtual ~OptionPolicy() = default;

  // A negotiation begins: ask for everything we want again.
  void Restart() {
    refusal_ = LinkDownCause::kNone;
    ResetWishes();
  }
  // The options of our Configure-Request; the same bytes until a Nak, a Reject or Restart.
  virtual void WriteRequest(OptionWriter& out) const = 0;
  // The peer's Configure-Request, `options` whole: forget its former options, judge each, then name
  // those it must send and did not.
  virtual void BeginPeerRequest(ByteView options) = 0;
  virtual Judgement Judge(const Option& option, OptionWriter& nak) = 0;
  virtual void WriteMissing(OptionWriter& nak) const = 0;
  // The peer's opinion of one of our options.
  virtual void OnNak(const Option& option) = 0;
  virtual void OnReject(const Option& option) = 0;
  // The peer took our request as it stands.
  virtual void OnAck() {}

  uint16_t protocol() const { return protocol_; }
  // Why this negotiation cannot succeed; kNone while it can.
  LinkDownCause refusal() const { return refusal_; }
  void Refuse(LinkDownCause cause) {
    if (refusal_ == LinkDownCause::kNone) refusal_ = cause;
  }
  void RefuseAsStubborn() { Refuse(stubborn_); }

 protected:
  virtual void ResetWishes() = 0;

 private:
  uint16_t protocol_;
  LinkDownCause stubborn_;
  LinkDownCause refusal_ = LinkDownCause::kNone;
};

struct OptionOutput {
  enum class Kind : uint8_t {
    kSend,           // `frame`
    kLayerUp,        // tlu
    kLayerDown,      // tld
    kLayerStarted,   // tls
    kLayerFinished,  // tlf
    kEchoReply,      // ser: the caller has the request
    kCount,          // `event`
  };
  Kind kind;
  Bytes frame;
  PppEvent event{};
};
using OptionOutputs = std::vector<OptionOutput>;

class OptionFsm {
 public:
  OptionFsm(OptionPolicy& policy, const LinkSettings& settings)
      : policy_(policy), settings_(settings) {}

  // From above and below.
  void Up(Instant now, OptionOutputs& out) { Apply(FsmEvent::kUp, nullptr, now, out); }
  void Down(Instant now, OptionOutputs& out) { Apply(FsmEvent::kDown, nullptr, now, out); }
  void Open(Instant now, OptionOutputs& out) { Apply(FsmEvent::kOpen, nullptr, now, out); }
  void Close(Instant now, OptionOutputs& out) { Apply(FsmEvent::kClose, nullptr, now, out); }

  // Instead of Up, with Open before: both requests have been acknowledged already, by somebody who
  // negotiated in our place (RFC 2661 4.4.5). tlu is the caller's to see to.
  void Adopt(uint8_t next_id) {
    next_id_ = next_id;
    SetState(FsmState::kOpened);
  }

  // A packet with any code but LCP's own (8 to 13). When policy.refusal() is set afterwards the
  // negotiation has been closed.
  void OnPacket(const ControlPacket& packet, Instant now, OptionOutputs& out);
  // LCP: an Echo-Request, Echo-Reply or Discard-Request.
  void OnEcho(Instant now, OptionOutputs& out) { Apply(FsmEvent::kEcho, nullptr, now, out); }
  // The peer sent a Protocol-Reject for this protocol.
  void OnProtocolReject(Instant now, OptionOutputs& out) {
    Apply(FsmEvent::kRejectFatal, nullptr, now, out);
  }

  void OnTimer(Instant now, OptionOutputs& out);
  Instant NextDeadline() const { return deadline_; }

  FsmState state() const { return state_; }
  bool opened() const { return state_ == FsmState::kOpened; }
  // Nothing is being negotiated and nothing will be unless the peer or the owner begins.
  bool idle() const { return state_ <= FsmState::kStopped; }
  // An identifier for a packet outside the automaton (Protocol-Reject, Echo-Request).
  uint8_t TakeId() { return next_id_++; }
  // Code-Rejects are cut to what the peer can receive.
  void set_peer_mru(uint16_t mru) { peer_mru_ = mru; }

 private:
  // What the actions of one transition need to know of its cause.
  struct Cause {
    const ControlPacket* packet = nullptr;
    const Bytes* reply = nullptr;  // sca and scn
  };

  void OnConfigureRequest(const ControlPacket& packet, Instant now, OptionOutputs& out);
  void OnConfigureReply(const ControlPacket& packet, Instant now, OptionOutputs& out);
  void OnCodeReject(const ControlPacket& packet, Instant now, OptionOutputs& out);
  // The reply, and in `good` whether it is an Ack.
  Bytes ReplyTo(const ControlPacket& request, bool& good);
  bool RepeatsAckedRequest(const ControlPacket& packet) const;
  bool RepliesToOurRequest(const ControlPacket& packet) const;
  void HearNaksAndRejects(const ControlPacket& packet);

  void Apply(FsmEvent event, const Cause* cause, Instant now, OptionOutputs& out);
  void Perform(FsmAction action, const FsmTransition& transition, FsmEvent event,
               const Cause* cause, Instant now, OptionOutputs& out);
  void SendConfigureRequest(FsmEvent event, Instant now, OptionOutputs& out);
  void SendTerminateRequest(FsmEvent event, Instant now, OptionOutputs& out);
  void SendCodeReject(ByteView rejected, OptionOutputs& out);
  void SetState(FsmState next);
  void StartTimer(Instant now) { deadline_ = now + settings_.restart; }

  OptionPolicy& policy_;
  const LinkSettings& settings_;
  Instant deadline_ = Instant::Never();
  uint16_t peer_mru_ = 1500;
  uint32_t acked_digest_ = 0;  // of the Configure-Request acknowledged last
  FsmState state_ = FsmState::kInitial;
  uint8_t repeats_ = 0;  // copies of it since Opened
  uint8_t next_id_ = 1;
  uint8_t request_id_ = 0;     // of the Configure- or Terminate-Request in flight
  bool request_open_ = false;  // no reply to that Configure-Request has been taken yet
  uint8_t restart_count_ = 0;  // RFC 1661 4.6
  uint8_t naks_sent_ = 0;      // since the last Ack we sent: Max-Failure
  uint8_t naks_received_ = 0;  // since the negotiation began: bounded by Max-Failure too
};

}  // namespace lns::ppp
