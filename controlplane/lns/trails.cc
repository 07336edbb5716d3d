// What the engine keeps for `explain`: which message belongs to the story of which tunnel or
// session, within the memory the settings allow, and the stories of those that ended lately.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "controlplane/ipv6/link_packet.h"
#include "controlplane/lns/engine_impl.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message_table.h"
#include "lib/l2tp/reliable_channel.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"

namespace lns::controlplane {
namespace {

// A 16-bit AVP of a control message; nullopt where it is absent or hidden.
std::optional<uint16_t> FindU16(ByteView message, l2tp::AvpType type) {
  l2tp::AvpReader reader(message.subspan(l2tp::kControlHeaderLength));
  for (l2tp::Avp avp; reader.Next(avp);) {
    if (avp.vendor != 0 || avp.type != static_cast<uint16_t>(type)) continue;
    if (avp.hidden || avp.value.size() != 2) return std::nullopt;
    return LoadBe16(avp.value.data());
  }
  return std::nullopt;
}

bool OffersCall(ByteView message) {
  return FindU16(message, l2tp::AvpType::kMessageType) ==
         static_cast<uint16_t>(l2tp::MessageType::kIcrq);
}

bool HasMessage(const l2tp::Header& header) { return header.payload_length() > 0; }

// LCP echoes go to and fro for days and would push out all else; so would what hosts tell each
// other on every link they have.
bool IsWorthKeeping(ByteView frame) {
  const ppp::FrameHeader header = ppp::ParseFrameHeader(frame);
  if (header.ok() && header.protocol == ppp::kProtocolIpv6) {
    return IsAddressing(frame.subspan(header.length));
  }
  if (!header.ok() || header.protocol != ppp::kProtocolLcp || frame.size() <= header.length) {
    return true;
  }
  const uint8_t code = frame[header.length];
  return code != ppp::kEchoRequest && code != ppp::kEchoReply && code != ppp::kDiscardRequest;
}

}  // namespace

void EngineImpl::Record(SessionRecord& session, TrailKind kind, ByteView bytes, Turn turn) {
  const TrailSettings& limits = settings_.trails;
  const uint32_t budget = trail_bytes_ < limits.total_bytes
                              ? limits.session_bytes
                              : std::min(limits.session_bytes, TrailSettings::kFloorBytes);
  const size_t before = session.trail.capacity();
  session.trail.Add(kind, turn.now, bytes, budget);
  trail_bytes_ = trail_bytes_ + session.trail.capacity() - before;
}

void EngineImpl::Record(TunnelRecord& tunnel, TrailKind kind, ByteView bytes, Turn turn) {
  tunnel.trail.Add(kind, turn.now, bytes, settings_.trails.tunnel_bytes);
}

void EngineImpl::Note(SessionRecord& session, TrailNote note, std::string_view detail, Turn turn) {
  if (settings_.trails.session_bytes == 0) return;
  Record(session, TrailKind::kNote, MakeNote(note, detail, scratch_), turn);
}

void EngineImpl::Note(TunnelRecord& tunnel, TrailNote note, std::string_view detail, Turn turn) {
  if (settings_.trails.tunnel_bytes == 0) return;
  Record(tunnel, TrailKind::kNote, MakeNote(note, detail, scratch_), turn);
}

ByteView EngineImpl::BlottedControl(ByteView message) {
  scratch_.assign(message.begin(), message.end());
  BlotControl(scratch_);
  return scratch_;
}

// Before the message is processed, so that what follows from it comes after it. An ICRQ waits for
// the session it may bring (OnIncomingCall); without one it stays the tunnel's.
void EngineImpl::RecordReceived(TunnelRecord& tunnel, const l2tp::Header& header, ByteView message,
                                Turn turn) {
  if (!HasMessage(header)) return;
  SessionRecord* session = nullptr;
  if (header.session_id != 0) {
    session = sessions_.Find({tunnel.id, l2tp::LocalSessionId(header.session_id)});
  }
  const auto record = [&](TrailKind kind, ByteView bytes) {
    session == nullptr ? Record(tunnel, kind, bytes, turn) : Record(*session, kind, bytes, turn);
  };
  if (l2tp::SequenceDistance(tunnel.l2tp->nr(), header.ns) < 0) {
    return record(TrailKind::kControlRepeated, message.subspan(l2tp::kControlNsOffset, 2));
  }
  message = message.first(header.end);
  if (session == nullptr && OffersCall(message)) {
    offered_call_ = message;
  } else {
    record(TrailKind::kControlReceived, BlottedControl(message));
  }
}

// The message at hand may offer another call than the one delivered (it was kept until now).
void EngineImpl::TakeOfferedCall(SessionRecord& session, Turn turn) {
  if (offered_call_.empty() ||
      FindU16(offered_call_, l2tp::AvpType::kAssignedSessionId) != session.peer_id.value()) {
    return;
  }
  Record(session, TrailKind::kControlReceived, BlottedControl(offered_call_), turn);
  offered_call_ = {};
}

void EngineImpl::RecordUntakenOffer(TunnelRecord& tunnel, Turn turn) {
  if (offered_call_.empty()) return;
  Record(tunnel, TrailKind::kControlReceived, BlottedControl(offered_call_), turn);
  offered_call_ = {};
}

// Messages about a call name it by the id we gave it, or are told by the header to be about one.
void EngineImpl::RecordSent(TunnelRecord& tunnel, ByteView message, Turn turn) {
  l2tp::Header header;
  if (l2tp::ParseHeader(message, header) != l2tp::HeaderError::kNone || !HasMessage(header)) return;
  const auto id = FindU16(message, l2tp::AvpType::kAssignedSessionId);
  SessionRecord* session = id ? sessions_.Find({tunnel.id, l2tp::LocalSessionId(*id)}) : nullptr;
  if (id && *id != 0 && session == nullptr) return;  // its story has been closed
  const auto record = [&](TrailKind kind, ByteView bytes) {
    session == nullptr ? Record(tunnel, kind, bytes, turn) : Record(*session, kind, bytes, turn);
  };
  if (tunnel.recorded_ns && l2tp::SequenceDistance(*tunnel.recorded_ns, header.ns) <= 0) {
    return record(TrailKind::kControlResent, message.subspan(l2tp::kControlNsOffset, 2));
  }
  tunnel.recorded_ns = header.ns;
  record(TrailKind::kControlSent, BlottedControl(message));
}

void EngineImpl::RecordPpp(SessionRecord& session, TrailKind kind, ByteView frame, Turn turn) {
  if (settings_.trails.session_bytes == 0 || !IsWorthKeeping(frame)) return;
  scratch_.assign(frame.begin(), frame.end());
  BlotPpp(scratch_);
  Record(session, kind, scratch_, turn);
}

void EngineImpl::KeepStory(SessionRecord& session, Ending ending) {
  trail_bytes_ -= session.trail.capacity();
  if (settings_.trails.ended == 0) return;
  Explanation story = StoryOf(session);
  story.ending = std::move(ending);
  story.state = "ended";
  ended_sessions_.push_back(std::move(story));
  if (ended_sessions_.size() > settings_.trails.ended) ended_sessions_.pop_front();
}

// Those refused are not kept: anybody can bring them about, by the thousand.
void EngineImpl::KeepStory(TunnelRecord& tunnel) {
  if (settings_.trails.ended == 0 || tunnel.refused()) return;
  ended_tunnels_.push_back(StoryOf(tunnel));
  ended_tunnels_.back().state = "ended";
  ended_tunnels_.back().trail = std::move(tunnel.trail);
  if (ended_tunnels_.size() > settings_.trails.ended) ended_tunnels_.pop_front();
}

Explanation EngineImpl::StoryOf(const SessionRecord& session) const {
  Explanation story = StoryOf(*session.tunnel);
  story.key = session.key;
  story.user_name = session.user_name;
  story.state = StateOf(session);
  story.created = session.created;
  story.ending.reset();
  story.trail = session.trail;
  return story;
}

Explanation EngineImpl::StoryOf(const TunnelRecord& tunnel) const {
  Explanation story{.key = {tunnel.id, {}},
                    .host_name = tunnel.l2tp->peer_host_name(),
                    .peer_endpoint = tunnel.endpoints.peer,
                    .state = l2tp::ToString(tunnel.l2tp->state()),
                    .created = tunnel.created,
                    .ending = tunnel.ending};
  if (!tunnel.refused()) {
    story.peer = tunnel.profile->name;
    story.profile = tunnel.profile->profile;
  }
  return story;
}

std::optional<Explanation> EngineImpl::Explain(const SessionKey& key) const {
  if (const SessionRecord* session = sessions_.Find(key)) return StoryOf(*session);
  return std::nullopt;
}

std::optional<Explanation> EngineImpl::Explain(l2tp::LocalTunnelId id) const {
  const TunnelRecord* tunnel = tunnels_.Find(id);
  if (tunnel == nullptr) return std::nullopt;
  Explanation story = StoryOf(*tunnel);
  story.trail = tunnel->trail;
  return story;
}

std::vector<Explanation> EngineImpl::Ended(
    const std::function<bool(const Explanation&)>& wanted) const {
  std::vector<Explanation> stories;
  for (const auto* ended : {&ended_tunnels_, &ended_sessions_}) {
    std::copy_if(ended->rbegin(), ended->rend(), std::back_inserter(stories), wanted);
  }
  return stories;
}

}  // namespace lns::controlplane
