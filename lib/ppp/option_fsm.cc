// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/option_fsm.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {
namespace {

void Emit(OptionOutput::Kind kind, OptionOutputs& out) { out.push_back({.kind = kind}); }
void Send(Bytes frame, OptionOutputs& out) {
  out.push_back({.kind = OptionOutput::Kind::kSend, .frame = std::move(frame)});
}
void Count(PppEvent event, OptionOutputs& out) {
  out.push_back({.kind = OptionOutput::Kind::kCount, .event = event});
}

// Counters in the settings are ints; here they are small, and zero would never send anything.
uint8_t Limit(int value) { return static_cast<uint8_t>(std::clamp(value, 1, 255)); }

// FNV-1a: tells a copy from a new request; nothing depends on it being hard to forge.
uint32_t Digest(ByteView bytes) {
  uint32_t digest = 2166136261u;
  for (const uint8_t byte : bytes) digest = (digest ^ byte) * 16777619u;
  return digest;
}

bool Contains(ByteView list, const Option& wanted) {
  OptionReader reader(list);
  while (const std::optional<Option> option = reader.Next()) {
    if (std::ranges::equal(option->whole, wanted.whole)) return true;
  }
  return false;
}

bool ContainsType(ByteView list, uint8_t type) {
  OptionReader reader(list);
  while (const std::optional<Option> option = reader.Next()) {
    if (option->type == type) return true;
  }
  return false;
}

}  // namespace

void OptionFsm::OnPacket(const ControlPacket& packet, Instant now, OptionOutputs& out) {
  const Cause cause{.packet = &packet};
  switch (packet.code) {
    case kConfigureRequest:
      return OnConfigureRequest(packet, now, out);
    case kConfigureAck:
    case kConfigureNak:
    case kConfigureReject:
      return OnConfigureReply(packet, now, out);
    case kTerminateRequest:
      return Apply(FsmEvent::kTerminateRequest, &cause, now, out);
    case kTerminateAck:
      return Apply(FsmEvent::kTerminateAck, &cause, now, out);
    case kCodeReject:
      return OnCodeReject(packet, now, out);
    default:
      Count(PppEvent::kUnknownCode, out);
      return Apply(FsmEvent::kUnknownCode, &cause, now, out);
  }
}

void OptionFsm::OnConfigureRequest(const ControlPacket& packet, Instant now, OptionOutputs& out) {
  if (!OptionsAreWellFormed(packet.data)) return Count(PppEvent::kOptionsMalformed, out);
  // While closed or closing the answer does not depend on the options.
  if (state_ == FsmState::kClosed || state_ == FsmState::kClosing ||
      state_ == FsmState::kStopping || state_ <= FsmState::kStarting) {
    const Cause cause{.packet = &packet};
    return Apply(FsmEvent::kRequestGood, &cause, now, out);
  }
  if (RepeatsAckedRequest(packet)) {
    ++repeats_;
    PacketBuilder ack(policy_.protocol(), kConfigureAck, packet.id);
    ack.Append(packet.data);
    Count(PppEvent::kRepeatedRequest, out);
    return Send(std::move(ack).Finish(), out);
  }
  bool good = false;
  const Bytes reply = ReplyTo(packet, good);
  const Cause cause{.packet = &packet, .reply = &reply};
  Apply(good ? FsmEvent::kRequestGood : FsmEvent::kRequestBad, &cause, now, out);
  if (policy_.refusal() != LinkDownCause::kNone) Close(now, out);
}

// In Opened the table renegotiates on any Configure-Request. A copy of the one already
// acknowledged, identifier and all, is a wire that duplicates or reorders, or our Ack lost: another
// Ack is what the peer wants, and the network layers stay up. A peer that did start over with the
// very same bytes repeats them, and is believed then.
bool OptionFsm::RepeatsAckedRequest(const ControlPacket& packet) const {
  return state_ == FsmState::kOpened && repeats_ < kMaxRepeatedRequests &&
         Digest(packet.whole) == acked_digest_;
}

// RFC 1661 5.2 to 5.4: any Reject makes the reply a Configure-Reject of just those options, else
// any Nak a Configure-Nak. After Max-Failure Naks without an Ack, what we would Nak is rejected and
// what we miss is not asked for again (RFC 1661 4.6): where it is indispensable, that is the end.
Bytes OptionFsm::ReplyTo(const ControlPacket& request, bool& good) {
  const bool patient = naks_sent_ < Limit(settings_.max_failure);
  OptionWriter naks;
  OptionWriter rejects;
  policy_.BeginPeerRequest(request.data);
  OptionReader reader(request.data);
  while (const std::optional<Option> option = reader.Next()) {
    const Judgement judgement = policy_.Judge(*option, naks);
    if (judgement == Judgement::kReject || (judgement == Judgement::kNak && !patient)) {
      rejects.Raw(option->whole);
    }
  }
  if (rejects.empty()) {
    OptionWriter missing;
    policy_.WriteMissing(missing);
    if (!missing.empty() && !patient) policy_.RefuseAsStubborn();
    naks.Raw(missing.bytes());
  }
  good = rejects.empty() && naks.empty();
  const uint8_t code = good ? kConfigureAck : rejects.empty() ? kConfigureNak : kConfigureReject;
  if (code == kConfigureAck) {
    naks_sent_ = 0;
    repeats_ = 0;
    acked_digest_ = Digest(request.whole);
  }
  if (code == kConfigureNak && patient) ++naks_sent_;
  PacketBuilder reply(policy_.protocol(), code, request.id);
  reply.Append(good ? request.data : rejects.empty() ? naks.bytes() : rejects.bytes());
  return std::move(reply).Finish();
}

// A reply counts once, for the request in flight only (RFC 1661 5.2: others are silently dropped);
// an Ack must repeat the request, a Reject may only name options that are in it.
bool OptionFsm::RepliesToOurRequest(const ControlPacket& packet) const {
  if (!request_open_ || packet.id != request_id_) return false;
  OptionWriter request;
  policy_.WriteRequest(request);
  if (packet.code == kConfigureAck) return std::ranges::equal(packet.data, request.bytes());
  if (packet.code == kConfigureNak) return true;
  OptionReader reader(packet.data);
  while (const std::optional<Option> option = reader.Next()) {
    if (!Contains(request.bytes(), *option)) return false;
  }
  return !packet.data.empty();
}

void OptionFsm::HearNaksAndRejects(const ControlPacket& packet) {
  OptionWriter request;
  policy_.WriteRequest(request);
  OptionReader reader(packet.data);
  while (const std::optional<Option> option = reader.Next()) {
    // A Nak may also name options the peer would like us to ask for; we ask for what we want.
    if (!ContainsType(request.bytes(), option->type)) continue;
    if (packet.code == kConfigureNak) {
      policy_.OnNak(*option);
    } else {
      policy_.OnReject(*option);
    }
  }
}

void OptionFsm::OnConfigureReply(const ControlPacket& packet, Instant now, OptionOutputs& out) {
  const Cause cause{.packet = &packet};
  const FsmEvent event = packet.code == kConfigureAck ? FsmEvent::kAck : FsmEvent::kNak;
  if (state_ <= FsmState::kStopping) return Apply(event, &cause, now, out);
  if (!OptionsAreWellFormed(packet.data)) return Count(PppEvent::kOptionsMalformed, out);
  if (!RepliesToOurRequest(packet)) return Count(PppEvent::kStaleReply, out);
  request_open_ = false;
  if (packet.code == kConfigureAck) {
    policy_.OnAck();
  } else {
    HearNaksAndRejects(packet);
    // Our side of Max-Failure: a peer that Naks for ever would otherwise renew our restart counter
    // for ever.
    if (++naks_received_ > 2 * settings_.max_failure) policy_.RefuseAsStubborn();
  }
  if (policy_.refusal() != LinkDownCause::kNone) return Close(now, out);
  Apply(event, &cause, now, out);
}

// RFC 1661 5.6: losing one of the codes every negotiation needs is fatal, another is not.
void OptionFsm::OnCodeReject(const ControlPacket& packet, Instant now, OptionOutputs& out) {
  if (packet.data.empty()) return Count(PppEvent::kControlMalformed, out);
  Count(PppEvent::kCodeRejected, out);
  const uint8_t code = packet.data[0];
  const bool fatal = code >= kConfigureRequest && code <= kCodeReject;
  Apply(fatal ? FsmEvent::kRejectFatal : FsmEvent::kRejectPermitted, nullptr, now, out);
}

void OptionFsm::OnTimer(Instant now, OptionOutputs& out) {
  if (deadline_ > now) return;
  Apply(restart_count_ > 0 ? FsmEvent::kTimeout : FsmEvent::kTimeoutLast, nullptr, now, out);
}

void OptionFsm::Apply(FsmEvent event, const Cause* cause, Instant now, OptionOutputs& out) {
  const FsmTransition& transition = Lookup(state_, event);
  if (!transition.defined) return;
  for (const FsmAction action : transition.actions) {
    Perform(action, transition, event, cause, now, out);
  }
  SetState(transition.next);
}

// The only assignment of state_. The restart timer runs in the states the RFC says.
void OptionFsm::SetState(FsmState next) {
  state_ = next;
  if (!RestartTimerRuns(next)) deadline_ = Instant::Never();
}

void OptionFsm::Perform(FsmAction action, const FsmTransition& transition, FsmEvent event,
                        const Cause* cause, Instant now, OptionOutputs& out) {
  using Kind = OptionOutput::Kind;
  switch (action) {
    case FsmAction::kNothing:
      return;
    case FsmAction::kLayerUp:
      return Emit(Kind::kLayerUp, out);
    case FsmAction::kLayerDown:
      return Emit(Kind::kLayerDown, out);
    case FsmAction::kLayerStarted:
      return Emit(Kind::kLayerStarted, out);
    case FsmAction::kLayerFinished:
      return Emit(Kind::kLayerFinished, out);
    case FsmAction::kInitRestartCount:
      restart_count_ =
          transition.next == FsmState::kClosing || transition.next == FsmState::kStopping
              ? Limit(settings_.max_terminate)
              : Limit(settings_.max_configure);
      return;
    case FsmAction::kZeroRestartCount:
      // The peer gets one restart period for our Terminate-Ack to arrive (RFC 1661 4.4).
      restart_count_ = 0;
      return StartTimer(now);
    case FsmAction::kSendConfigureRequest:
      return SendConfigureRequest(event, now, out);
    case FsmAction::kSendConfigureAck:
    case FsmAction::kSendConfigureNak:
      LNS_CHECK(cause != nullptr && cause->reply != nullptr);
      return Send(*cause->reply, out);
    case FsmAction::kSendTerminateRequest:
      return SendTerminateRequest(event, now, out);
    case FsmAction::kSendTerminateAck:
      LNS_CHECK(cause != nullptr && cause->packet != nullptr);
      return Send(PacketBuilder(policy_.protocol(), kTerminateAck, cause->packet->id).Finish(),
                  out);
    case FsmAction::kSendCodeReject:
      LNS_CHECK(cause != nullptr && cause->packet != nullptr);
      return SendCodeReject(cause->packet->whole, out);
    case FsmAction::kSendEchoReply:
      return Emit(Kind::kEchoReply, out);
  }
}

// A retransmission keeps its identifier, so that a late reply still counts; anything else is a new
// request (RFC 1661 5.1).
void OptionFsm::SendConfigureRequest(FsmEvent event, Instant now, OptionOutputs& out) {
  const bool begins = state_ == FsmState::kStarting || state_ == FsmState::kClosed ||
                      state_ == FsmState::kStopped || state_ == FsmState::kOpened;
  if (begins) {
    policy_.Restart();
    naks_received_ = 0;
    naks_sent_ = 0;
    // From Opened the RFC's table sends without irc, on a counter that may have been used up.
    restart_count_ = Limit(settings_.max_configure);
  }
  if (begins || event != FsmEvent::kTimeout || !request_open_) request_id_ = TakeId();
  request_open_ = true;
  OptionWriter options;
  policy_.WriteRequest(options);
  PacketBuilder packet(policy_.protocol(), kConfigureRequest, request_id_);
  packet.Append(options.bytes());
  Send(std::move(packet).Finish(), out);
  if (restart_count_ > 0) --restart_count_;
  StartTimer(now);
}

void OptionFsm::SendTerminateRequest(FsmEvent event, Instant now, OptionOutputs& out) {
  if (event != FsmEvent::kTimeout) request_id_ = TakeId();
  request_open_ = false;
  Send(PacketBuilder(policy_.protocol(), kTerminateRequest, request_id_).Finish(), out);
  if (restart_count_ > 0) --restart_count_;
  StartTimer(now);
}

void OptionFsm::SendCodeReject(ByteView rejected, OptionOutputs& out) {
  const size_t room = std::max<size_t>(peer_mru_, kControlHeaderLength) - kControlHeaderLength;
  PacketBuilder packet(policy_.protocol(), kCodeReject, TakeId());
  packet.Append(rejected.first(std::min(rejected.size(), room)));
  Send(std::move(packet).Finish(), out);
}

}  // namespace lns::ppp
