// Two Tunnels joined by a perfect link in virtual time, and what their owners were told: the bench
// of the tunnel and session tests.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/rng.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/tunnel.h"

namespace lns::l2tp {

inline constexpr LocalTunnelId kLacTunnel{0x1111};
inline constexpr LocalTunnelId kLnsTunnel{0x2222};

// One side's owner: keeps what it was told, in order.
class Side {
 public:
  // Takes over the actions; datagrams go to `wire`.
  void Take(Actions& actions, std::deque<Bytes>& wire) {
    for (Action& action : actions) {
      if (auto* send = std::get_if<SendDatagram>(&action)) {
        sent.push_back(send->bytes);
        wire.push_back(std::move(send->bytes));
      } else if (const auto* count = std::get_if<CountEvent>(&action)) {
        events.push_back(count->event);
      } else {
        told.push_back(std::move(action));
      }
    }
    actions.clear();
  }

  template <typename T>
  std::vector<T> All() const {
    std::vector<T> found;
    for (const Action& action : told) {
      if (const auto* value = std::get_if<T>(&action)) found.push_back(*value);
    }
    return found;
  }
  template <typename T>
  std::optional<T> Last() const {
    const std::vector<T> found = All<T>();
    return found.empty() ? std::nullopt : std::make_optional(found.back());
  }
  // The last message it sent that is not a ZLB.
  Bytes LastMessage() const {
    for (auto datagram = sent.rbegin(); datagram != sent.rend(); ++datagram) {
      if (datagram->size() > kControlHeaderLength) return *datagram;
    }
    return {};
  }
  bool Counted(L2tpEvent event) const {
    return std::find(events.begin(), events.end(), event) != events.end();
  }

  std::unique_ptr<Tunnel> tunnel;
  std::vector<Action> told;
  std::vector<L2tpEvent> events;
  std::vector<Bytes> sent;
};

class TunnelPair {
 public:
  TunnelSettings lac_settings{.host_name = "lac"};
  TunnelSettings lns_settings{.host_name = "lns"};
  SeededRng rng{1};
  Instant now = Instant::FromNanoseconds(1'000'000'000);
  Side lac;
  Side lns;
  std::deque<Bytes> to_lac;
  std::deque<Bytes> to_lns;
  Actions actions;  // scratch

  void OpenLac() {
    lac.tunnel = Tunnel::Open(lac_settings, kLacTunnel, rng, now, actions);
    lac.Take(actions, to_lns);
  }
  // A new tunnel at the LNS for `first`, the LAC's first datagram.
  void AcceptAtLns(const Bytes& first) {
    lns.tunnel = Tunnel::Accept(lns_settings, kLnsTunnel, first, rng, now, actions);
    lns.Take(actions, to_lac);
  }
  // Delivers all that is under way, and all that follows from it, in no time.
  void Settle() {
    while (!to_lns.empty() || !to_lac.empty()) {
      if (!to_lns.empty()) DeliverToLns();
      if (!to_lac.empty()) DeliverToLac();
    }
  }
  void DeliverToLns() {
    const Bytes datagram = std::move(to_lns.front());
    to_lns.pop_front();
    if (lns.tunnel == nullptr) {
      ASSERT_TRUE(PeekSccrq(datagram).ok());
      AcceptAtLns(datagram);
    } else {
      InjectToLns(datagram);
    }
  }
  void DeliverToLac() {
    const Bytes datagram = std::move(to_lac.front());
    to_lac.pop_front();
    lac.tunnel->OnDatagram(datagram, now, actions);
    lac.Take(actions, to_lns);
  }
  // Hands `datagram` to the LNS as if from the LAC; nothing else moves.
  void InjectToLns(const Bytes& datagram) {
    lns.tunnel->OnDatagram(datagram, now, actions);
    lns.Take(actions, to_lac);
  }
  void InjectToLac(const Bytes& datagram) {
    lac.tunnel->OnDatagram(datagram, now, actions);
    lac.Take(actions, to_lns);
  }
  // A message as the other side's channel would send it next.
  static Bytes NextFor(const Side& to, const Message& message, uint16_t session = 0) {
    Bytes bytes = EncodeMessage(message, PeerTunnelId(to.tunnel->local_id().value()),
                                PeerSessionId(session), nullptr);
    StoreBe16(bytes.data() + kControlNsOffset, to.tunnel->nr());
    StoreBe16(bytes.data() + kControlNrOffset, to.tunnel->ns());
    return bytes;
  }
  void Establish() {
    OpenLac();
    Settle();
    ASSERT_EQ(lac.tunnel->state(), TunnelState::kEstablished);
    ASSERT_EQ(lns.tunnel->state(), TunnelState::kEstablished);
    // Let delayed acknowledgements go.
    Pass(Duration::Milliseconds(100));
  }
  // Runs every timer due within `time`, delivering as it goes.
  void Pass(Duration time) {
    const Instant end = now + time;
    while (true) {
      const Instant next = std::min(Deadline(lac), Deadline(lns));
      if (next > end) break;
      now = std::max(now, next);
      RunTimers();
      Settle();
    }
    now = end;
  }
  void RunTimers() {
    if (Deadline(lac) <= now) {
      lac.tunnel->OnTimer(now, actions);
      lac.Take(actions, to_lns);
    }
    if (Deadline(lns) <= now) {
      lns.tunnel->OnTimer(now, actions);
      lns.Take(actions, to_lac);
    }
  }

  // The LAC places a call and the LNS answers it.
  void Call(LocalSessionId lac_id, LocalSessionId lns_id, const CallInfo& info = {}) {
    lac.tunnel->PlaceCall(lac_id, info, now, actions);
    lac.Take(actions, to_lns);
    Settle();
    ASSERT_TRUE(lns.Last<IncomingCall>());
    ASSERT_TRUE(lns.tunnel->AcceptCall(PeerSessionId(lac_id.value()), lns_id, now, actions));
    lns.Take(actions, to_lac);
    Settle();
  }

 private:
  static Instant Deadline(const Side& side) {
    return side.tunnel == nullptr ? Instant::Never() : side.tunnel->NextDeadline();
  }
};

// What a datagram says, decoded with `secret`.
inline DecodedMessage Decode(const Bytes& datagram, std::string_view secret = {}) {
  Header header;
  EXPECT_EQ(ParseHeader(datagram, header), HeaderError::kNone);
  return DecodeMessage(ByteView(datagram).subspan(header.payload_offset), secret);
}
// The AVPs a datagram carries, in order.
inline std::vector<Avp> AvpsOf(const Bytes& datagram) {
  AvpReader reader(ByteView(datagram).subspan(kControlHeaderLength));
  std::vector<Avp> avps;
  Avp avp;
  while (reader.Next(avp)) avps.push_back(avp);
  EXPECT_FALSE(reader.malformed());
  return avps;
}
inline bool IsZlb(const Bytes& datagram) { return datagram.size() == kControlHeaderLength; }

}  // namespace lns::l2tp
