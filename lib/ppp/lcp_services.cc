// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/lcp_services.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "lib/ppp/append_action.h"
#include "lib/ppp/event.h"
#include "lib/ppp/packet_builder.h"
#include "lib/ppp/spread.h"

namespace lns::ppp {

// The first echo comes at a random part of the interval, so that links that opened together do not
// echo together.
void Echo::Start(const LinkSettings& settings, Rng& rng, Instant now) {
  misses_ = 0;
  heard_ = false;
  if (settings.echo_interval <= Duration()) return;
  deadline_ = now + Spread(settings.echo_interval, rng);
}

// An Echo-Request only where nothing else was heard for an interval.
bool Echo::OnTimer(const LinkSettings& settings, const Lcp& lcp, OptionFsm& lcp_fsm, Instant now,
                   LinkActions& out) {
  if (deadline_ > now) return true;
  deadline_ = now + settings.echo_interval;
  if (heard_) {
    heard_ = false;
    misses_ = 0;
    if (!settings.echo_always) return true;
  }
  if (misses_ >= settings.echo_max_misses) return false;
  ++misses_;
  Append(out, CountEvent{PppEvent::kEchoSent});
  PacketBuilder request(kProtocolLcp, kEchoRequest, lcp_fsm.TakeId());
  request.AppendU32(lcp.magic());
  Append(out, SendFrame{std::move(request).Finish()});
  return true;
}

// RFC 1661 5.8 and 5.9: only in Opened, our own magic number in the reply, the data returned.
void Echo::OnPacket(const ControlPacket& packet, const Lcp& lcp, OptionFsm& lcp_fsm, Instant now,
                    LinkActions& out) {
  const bool readable = packet.data.size() >= 4;
  if (!readable) return Append(out, CountEvent{PppEvent::kControlMalformed});
  const uint32_t magic = LoadBe32(packet.data.data());
  if (magic != 0 && magic == lcp.magic()) return Append(out, CountEvent{PppEvent::kOwnMagic});
  OptionOutputs outputs;
  lcp_fsm.OnEcho(now, outputs);
  const bool answered = !outputs.empty();  // ser: Opened
  if (!answered) return;
  if (packet.code == kEchoReply) misses_ = 0;
  if (packet.code != kEchoRequest) return;
  PacketBuilder reply(kProtocolLcp, kEchoReply, packet.id);
  reply.AppendU32(lcp.magic());
  const ByteView rest = packet.data.subspan(4);
  const size_t room = lcp.peer_mru() - kControlHeaderLength - 4u;
  reply.Append(rest.first(std::min(rest.size(), room)));
  Append(out, SendFrame{std::move(reply).Finish()});
}

void Identify(const LinkSettings& settings, const Lcp& lcp, OptionFsm& lcp_fsm, LinkActions& out) {
  PacketBuilder packet(kProtocolLcp, kIdentification, lcp_fsm.TakeId());
  packet.AppendU32(lcp.magic());
  const size_t room = lcp.peer_mru() - kControlHeaderLength - 4u;
  packet.Append(AsBytes(std::string_view(settings.identification).substr(0, room)));
  Append(out, SendFrame{std::move(packet).Finish()});
}

// RFC 1661 5.7: the rejected frame from its protocol field's information on, cut to the peer's MRU.
void RejectProtocol(const FrameHeader& header, ByteView frame, const Lcp& lcp, OptionFsm& lcp_fsm,
                    LinkActions& out) {
  Append(out, CountEvent{PppEvent::kUnknownProtocol});
  const ByteView information = frame.subspan(header.length);
  const size_t room = lcp.peer_mru() - kControlHeaderLength - 2u;
  PacketBuilder packet(kProtocolLcp, kProtocolReject, lcp_fsm.TakeId());
  packet.AppendU16(header.protocol);
  packet.Append(information.first(std::min(information.size(), room)));
  Append(out, SendFrame{std::move(packet).Finish()});
}

}  // namespace lns::ppp
