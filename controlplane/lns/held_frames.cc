// PPP frames to a subscriber whose Configure-Ack of a network protocol lets it send packets: they
// wait until the data plane has confirmed that it lets those pass. Everything the link sends
// meanwhile waits behind it, so order is kept. Bounded per session and in all.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "controlplane/ipv6/link_packet.h"
#include "controlplane/lns/engine_impl.h"
#include "lib/base/bytes.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"

namespace lns::controlplane {

void EngineImpl::SendOrHold(SessionRecord& session, Bytes frame, Turn turn) {
  if (session.held_frames == nullptr) {
    turn.out.push_back(SendPpp{session.key, std::move(frame)});
    return;
  }
  if (session.held_frames->size() >= settings_.max_held_frames_per_session ||
      held_frames_ >= settings_.max_held_frames) {
    counters_.Add(Counter::kPppHeldDropped);
    return;
  }
  counters_.Add(Counter::kPppHeld);
  session.held_frames->push_back(std::move(frame));
  ++held_frames_;
}

// Called again while it waits, the wait is for the newest entry but ends no later.
void EngineImpl::BeginHolding(SessionRecord& session, Turn turn) {
  if (session.held_frames != nullptr) return;
  session.held_frames = std::make_unique<std::vector<Bytes>>();
  session.give_up = turn.now + settings_.program_timeout;
  session.own_deadline = std::min(turn.now + settings_.program_retry, session.give_up);
}

void EngineImpl::SendHeldFrames(SessionRecord& session, Turn turn) {
  if (session.held_frames == nullptr) return;
  for (Bytes& frame : *session.held_frames) {
    turn.out.push_back(SendPpp{session.key, std::move(frame)});
  }
  DropHeldFrames(session);
}

// What does not stand any more must not reach a subscriber: the Ack it would open on, and packets
// of the network itself, in which it is told of prefixes (an NCP's number is its network protocol's
// plus 0x8000).
void EngineImpl::DropHeldGrants(SessionRecord& session, uint16_t control_protocol) {
  EraseHeld(session, [&](ByteView frame) {
    const uint16_t protocol = LoadBe16(frame.data());
    return protocol == (control_protocol ^ 0x8000) ||
           (protocol == control_protocol && frame[2] == ppp::kConfigureAck);
  });
}

// One that waits may name a prefix that has left meanwhile; clients ask again (RFC 8415 15).
void EngineImpl::DropHeldDhcpReplies(SessionRecord& session) {
  EraseHeld(session, [](ByteView frame) {
    return LoadBe16(frame.data()) == ppp::kProtocolIpv6 &&
           ReadLinkPacket(frame.subspan(2)).kind == LinkPacketKind::kDhcpv6;
  });
}

void EngineImpl::EraseHeld(SessionRecord& session, absl::FunctionRef<bool(ByteView)> unwanted) {
  if (session.held_frames == nullptr) return;
  held_frames_ -= static_cast<uint32_t>(
      std::erase_if(*session.held_frames, [&](const Bytes& frame) { return unwanted(frame); }));
}

void EngineImpl::DropHeldFrames(SessionRecord& session) {
  if (session.held_frames == nullptr) return;
  held_frames_ -= static_cast<uint32_t>(session.held_frames->size());
  session.held_frames.reset();
  // One that is being cleared has another deadline by now, one whose service changes needs it.
  if (session.stage == SessionStage::kLink && !session.service_waits)
    session.own_deadline = Instant::Never();
}

}  // namespace lns::controlplane
