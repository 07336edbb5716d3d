// The engine around a session's Ipv6Service: what it needs to know goes in, its packets and changes
// of prefixes go out. A packet that tells the subscriber of a new prefix waits until the data plane
// has confirmed it, as a Configure-Ack does (held_frames.cc).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "controlplane/lns/engine_impl.h"
#include "lib/ppp/frame.h"

#include "absl/strings/str_join.h"

namespace lns::controlplane {
namespace {

constexpr uint16_t kLeastMtu = 1280;  // RFC 8200 5

Bytes FrameOf(ByteView packet) {
  Bytes frame(2 + packet.size());
  StoreBe16(frame.data(), ppp::kProtocolIpv6);
  std::copy(packet.begin(), packet.end(), frame.begin() + 2);
  return frame;
}

Ipv6Terms TermsOf(const ServiceProfile& service) {
  return {.link_prefixes = service.ipv6_prefixes,
          .link_pools = service.ipv6_pools,
          .addresses = service.ipv6_addresses,
          .address_pools = service.ipv6_address_pools,
          .delegated_prefixes = service.delegated_prefixes,
          .delegated_pools = service.delegated_pools,
          .announced_routes = service.announced_routes,
          .dns = service.dns6};
}

std::string TextOf(const std::vector<net::IpPrefix>& prefixes) {
  return absl::StrJoin(prefixes, ", ", [](std::string* out, const net::IpPrefix& prefix) {
    out->append(prefix.ToString());
  });
}

}  // namespace

// The user is known, and with them what they are to get.
Ipv6Environment EngineImpl::Around(const SessionRecord& session, Turn turn) {
  return {.settings = settings_.ipv6,
          .terms = TermsOf(*session.service),
          .book = BookOf(session),
          .owner = session.slot + 1,
          .user_name = session.user_name,
          .rng = rng_,
          .now = turn.now};
}

// False: it is another protocol's frame.
bool EngineImpl::TakeIpv6Packet(SessionRecord& session, ByteView frame, Turn turn) {
  const ppp::FrameHeader header = ppp::ParseFrameHeader(frame);
  if (header.protocol != ppp::kProtocolIpv6 || session.ipv6 == nullptr) return false;
  Ipv6Output output;
  session.ipv6->OnPacket(frame.subspan(header.length), Around(session, turn), output);
  CarryOut(session, output, turn);
  return true;
}

// Both ends can receive what is said on the link from now on.
void EngineImpl::OnIpv6Up(SessionRecord& session, const ppp::Ipv6Up& up, Turn turn) {
  if (session.ipv6 == nullptr) return;
  uint16_t mtu = std::min(session.peer_mru, LinkSettingsOf(session).mru);
  if (session.service->mtu != 0) mtu = std::min(mtu, session.service->mtu);
  mtu = std::max(mtu, kLeastMtu);
  Ipv6Output output;
  session.ipv6->LinkUp({.local_interface_id = up.local_interface_id,
                        .peer_interface_id = up.peer_interface_id,
                        .mtu = mtu},
                       Around(session, turn), output);
  CarryOut(session, output, turn);
}

void EngineImpl::OnIpv6Timer(SessionRecord& session, Turn turn) {
  Ipv6Output output;
  session.ipv6->OnTimer(Around(session, turn), output);
  CarryOut(session, output, turn);
}

// The subscriber was served by `before` until now.
void EngineImpl::TellIpv6Change(SessionRecord& session, const ServiceProfile& before, Turn turn) {
  if (session.ipv6 == nullptr) return;
  Ipv6Output output;
  session.ipv6->OnTermsChanged(TermsOf(before), Around(session, turn), output);
  CarryOut(session, output, turn);
}

void EngineImpl::SayGoodbye(SessionRecord& session, Turn turn) {
  if (session.ipv6 == nullptr) return;
  Ipv6Output output;
  session.ipv6->SayGoodbye(Around(session, turn), output);
  CarryOut(session, output, turn);
}

void EngineImpl::CarryOut(SessionRecord& session, Ipv6Output& output, Turn turn) {
  for (const Ipv6Event event : output.events) counters_.Add(event);
  if (session.ipv6_open && (output.prefixes_added || output.prefixes_removed)) {
    ++session.revision;
    SessionEntry entry = EntryOf(session);
    Note(session, output.prefixes_added ? TrailNote::kPrefixes : TrailNote::kPrefixesLeft,
         TextOf(entry.prefixes), turn);
    if (output.prefixes_removed) DropHeldDhcpReplies(session);
    if (output.prefixes_added) BeginHolding(session, turn);
    turn.out.push_back(ProgramSession{std::move(entry), session.awaits_dataplane()});
  }
  if (output.holdings_changed) TellChange(session, turn);
  for (Ipv6Output::Packet& packet : output.packets) {
    Bytes frame = FrameOf(packet.bytes);
    if (!packet.periodic) RecordPpp(session, TrailKind::kPppSent, frame, turn);
    SendOrHold(session, std::move(frame), turn);
  }
  Reschedule(session);
}

}  // namespace lns::controlplane
