// LCP echoes as the data plane does them for the sessions that it is told to, in virtual time: asks
// at each interval, answers, takes answers, and says who has not answered. For the simulated world.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "controlplane/lns/actions.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/packet_builder.h"

namespace lns::test {

class FakeEchoes {
 public:
  using Sessions = std::map<controlplane::SessionKey, controlplane::SessionEntry>;
  struct Outcome {
    std::vector<std::pair<controlplane::SessionKey, Bytes>> frames;  // to be sent
    std::vector<controlplane::SessionKey> missing;
  };

  Instant NextDeadline() const {
    Instant next = Instant::Never();
    for (const auto& [key, asking] : asking_) next = std::min(next, asking.due);
    return next;
  }

  // `sessions` is what the data plane holds now.
  void Run(const Sessions& sessions, Instant now, Outcome& out) {
    std::erase_if(asking_, [&](const auto& each) {
      const auto session = sessions.find(each.first);
      return session == sessions.end() || !IsAsked(session->second) ||
             session->second.echo->magic != each.second.magic;
    });
    for (const auto& [key, session] : sessions) {
      if (IsAsked(session)) Ask(session, now, out);
    }
  }

  // A frame of the subscriber's. False: it is for the engine.
  bool Take(const controlplane::SessionEntry& session, ByteView frame, Outcome& out) {
    if (!session.echo) return false;
    const ppp::FrameHeader header = ppp::ParseFrameHeader(frame);
    if (!header.ok() || header.protocol != ppp::kProtocolLcp) return false;
    const auto packet = ppp::ParseControlPacket(frame.subspan(header.length));
    if (!packet.ok() || packet->data.size() < 4) return false;
    if (LoadBe32(packet->data.data()) == session.echo->magic) return false;
    const auto asking = asking_.find(session.key);
    switch (packet->code) {
      case ppp::kEchoRequest: {
        ppp::PacketBuilder reply(ppp::kProtocolLcp, ppp::kEchoReply, packet->id);
        reply.AppendU32(session.echo->magic);
        reply.Append(packet->data.subspan(4));
        out.frames.emplace_back(session.key, std::move(reply).Finish());
        break;
      }
      case ppp::kEchoReply:
        break;
      default:
        return false;
    }
    if (asking != asking_.end()) asking->second.unanswered = 0;
    ++taken_;
    return true;
  }

  uint64_t sent() const { return sent_; }
  uint64_t taken() const { return taken_; }

 private:
  struct Asking {
    uint32_t magic = 0;
    Instant due;
    uint8_t id = 0;
    int unanswered = 0;
  };

  static bool IsAsked(const controlplane::SessionEntry& session) {
    return session.echo.has_value() && session.echo->interval_s != 0;
  }

  void Ask(const controlplane::SessionEntry& session, Instant now, Outcome& out) {
    const Duration interval = Duration::Seconds(session.echo->interval_s);
    const auto [at, is_new] = asking_.try_emplace(session.key);
    Asking& asking = at->second;
    if (is_new) asking = {.magic = session.echo->magic, .due = now + interval};
    if (asking.due > now) return;
    asking.due = now + interval;
    if (asking.unanswered >= session.echo->max_misses) out.missing.push_back(session.key);
    ++asking.unanswered;
    ppp::PacketBuilder request(ppp::kProtocolLcp, ppp::kEchoRequest, ++asking.id);
    request.AppendU32(asking.magic);
    out.frames.emplace_back(session.key, std::move(request).Finish());
    ++sent_;
  }

  std::map<controlplane::SessionKey, Asking> asking_;
  uint64_t sent_ = 0;
  uint64_t taken_ = 0;
};

}  // namespace lns::test
