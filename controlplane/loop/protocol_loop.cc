// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/loop/protocol_loop.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "lib/punt/layout.h"

namespace lns::controlplane {
namespace {

struct ClassBurst {
  punt::PuntClass punt_class;
  size_t frames;
};
constexpr ClassBurst kBursts[] = {
    {punt::PuntClass::kTunnelControl, ProtocolLoop::kTunnelControlBurst},
    {punt::PuntClass::kSessionControl, ProtocolLoop::kSessionControlBurst},
    {punt::PuntClass::kUnproven, ProtocolLoop::kUnprovenBurst},
};

}  // namespace

ProtocolLoop::ProtocolLoop(Parts parts) : parts_(std::move(parts)) {}

bool ProtocolLoop::Turn(Instant now) {
  now_ = now;
  if (parts_.engine.NextDeadline() <= now) {
    parts_.engine.OnTimer(now, actions_);
    CarryOut();
  }
  if (parts_.authenticator.NextDeadline() <= now) parts_.authenticator.OnTimer(now);
  if (parts_.transport.NextDeadline() <= now) parts_.transport.OnTimer(now);
  bool more = false;
  for (const ClassBurst& burst : kBursts) {
    more |= parts_.transport.Receive(burst.punt_class, burst.frames, *this) == burst.frames;
  }
  more |= kCommandBurst == parts_.mailbox.Drain(kCommandBurst, [this](Mailbox::Command& command) {
    command(parts_.engine, now_, actions_);
    CarryOut();
  });
  more |= DeliverVerdicts() > 0;  // which may have asked for more
  parts_.transport.Flush();
  return more || NextDeadline() <= now;
}

Instant ProtocolLoop::NextDeadline() const {
  return std::min({parts_.engine.NextDeadline(), parts_.authenticator.NextDeadline(),
                   parts_.transport.NextDeadline()});
}

void ProtocolLoop::BeginShutdown(Instant now) {
  now_ = now;
  stopping_ = true;
  parts_.engine.Shutdown(now, actions_);
  CarryOut();
  parts_.transport.Flush();
}

bool ProtocolLoop::Stopped() const {
  return stopping_ && parts_.engine.ShutdownComplete() && parts_.dataplane.Settled();
}

void ProtocolLoop::OnFrame(const PuntedFrame& frame) {
  switch (frame.kind) {
    case punt::FrameKind::kL2tpControl:
      parts_.engine.OnControl(frame.endpoints, frame.payload, now_, actions_);
      break;
    case punt::FrameKind::kPpp:
      parts_.engine.OnPpp(frame.session, frame.payload, now_, actions_);
      break;
    case punt::FrameKind::kEchoTimeout:
      parts_.engine.OnEchoTimeout(frame.session, now_, actions_);
      break;
    default:  // a newer data plane
      ++unknown_frames_;
      break;
  }
  CarryOut();
}

size_t ProtocolLoop::DeliverVerdicts() {
  verdicts_.clear();
  parts_.authenticator.TakeOutcomes(verdicts_);
  for (const AuthOutcome& outcome : verdicts_) {
    parts_.engine.OnAuthVerdict(outcome.request_id, outcome.verdict, now_, actions_);
    CarryOut();
  }
  return verdicts_.size();
}

void ProtocolLoop::CarryOut() {
  for (const EngineAction& action : actions_) CarryOut(action);
  actions_.clear();
}

void ProtocolLoop::CarryOut(const EngineAction& action) {
  struct Visitor {
    ProtocolLoop& loop;
    void operator()(const SendControl& a) const { loop.parts_.transport.SendControl(a); }
    void operator()(const SendPpp& a) const { loop.parts_.transport.SendPpp(a); }
    void operator()(const ProgramTunnel& a) const { loop.parts_.dataplane.ProgramTunnel(a.entry); }
    void operator()(const RemoveTunnel& a) const { loop.parts_.dataplane.RemoveTunnel(a.id); }
    void operator()(const ProgramSession& a) const {
      loop.parts_.dataplane.ProgramSession(a.entry, a.confirm);
    }
    void operator()(const RemoveSession& a) const { loop.parts_.dataplane.RemoveSession(a.key); }
    void operator()(const AuthenticateUser& a) const {
      loop.parts_.authenticator.Authenticate(a, loop.now_);
    }
    void operator()(const SessionStarted& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnSessionStarted(a);
    }
    void operator()(const SessionChanged& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnSessionChanged(a);
    }
    void operator()(const SessionStopped& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnSessionStopped(a);
    }
    void operator()(const TunnelStarted& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnTunnelStarted(a);
    }
    void operator()(const TunnelStopped& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnTunnelStopped(a);
    }
    void operator()(const ProgramFilter& a) const { loop.parts_.dataplane.ProgramFilter(a.filter); }
    void operator()(const RemoveFilter& a) const { loop.parts_.dataplane.RemoveFilter(a.name); }
    void operator()(const TunnelRejected& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnTunnelRejected(a);
    }
    void operator()(const CallRejected& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnCallRejected(a);
    }
    void operator()(const ServiceOrderDone& a) const {
      if (loop.parts_.sessions != nullptr) loop.parts_.sessions->OnServiceOrderDone(a);
    }
    void operator()(const SetDraining& a) const { loop.parts_.dataplane.SetDraining(a.on); }
    void operator()(const LogLine& a) const { loop.parts_.log(a.level, a.text); }
  };
  std::visit(Visitor{*this}, action);
}

}  // namespace lns::controlplane
