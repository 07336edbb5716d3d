// One LAC: an L2TP tunnel to the LNS over one Wire, and the subscribers that dial through it. Feeds
// lib/l2tp and lib/ppp with what arrives and with time, carries out what they answer, and tells a
// listener when something a test cares about happened. Main thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/l2tp/tunnel.h"
#include "lib/ppp/link.h"
#include "tools/lacsim/subscriber.h"
#include "tools/lacsim/timer_heap.h"
#include "tools/lacsim/wire.h"

namespace lns::lacsim {

class Lac;

class LacListener {
 public:
  virtual ~LacListener() = default;
  virtual void OnTunnelUp(Lac& lac) = 0;
  virtual void OnTunnelDown(Lac& lac) = 0;
  virtual void OnOnline(Lac& lac, Subscriber& subscriber, Instant now) = 0;
  // The LNS ends the session of a subscriber that is silent.
  virtual void OnNoticed(Subscriber& subscriber, Instant now) = 0;
  // Offline for good; `ending` is set unless we hung up.
  virtual void OnGone(Lac& lac, Subscriber& subscriber) = 0;
  // IPV6CP is open; before OnOnline or after it.
  virtual void OnIpv6Up(Subscriber& subscriber) = 0;
  virtual void OnIpPacket(Subscriber& subscriber, ByteView packet, Instant now) = 0;
};

// Shared by all LACs of a run; outlives them.
struct LacSettings {
  ppp::LinkSettings link;
  // The LAC negotiates LCP with the subscriber and asks it who it is, and the ICCN tells the LNS
  // (RFC 2661 4.4.5); none: it leaves both to the LNS.
  std::optional<ppp::LinkSettings> proxy;
  bool proxy_answer = true;  // false: the ICCN tells of LCP only
  Duration setup_timeout = Duration::Seconds(30);
  // Of IPv6: each subscriber but those with a device wants a prefix as well.
  bool delegate = false;
  std::optional<uint32_t> subscriber_with_device;
  std::string user_pattern;
  std::string password_pattern;
};

// An IPv4 or IPv6 packet for the LNS with kHeadroom writable bytes before it.
struct UplinkPacket {
  uint32_t local_index = 0;
  MutableByteView packet;
  bool sent = false;
};
inline constexpr size_t kHeadroom = 16;  // L2TP data header and PPP header

class Lac {
 public:
  struct Identity {
    uint32_t index = 0;
    l2tp::LocalTunnelId tunnel_id;
    l2tp::TunnelSettings tunnel;
  };
  struct Counters {
    uint64_t malformed = 0;          // datagrams that are not L2TPv2
    uint64_t stray = 0;              // for no tunnel or session of ours
    uint64_t control_unsent = 0;     // the wire took no more; retransmission heals it
    uint64_t unexpected_frames = 0;  // PPP protocol we do not speak, or no PPP
  };

  Lac(Identity identity, const LacSettings& settings, std::unique_ptr<Wire> wire,
      uint32_t subscriber_count, Rng& rng, LacListener& listener);

  void Open(Instant now);
  void PlaceCall(uint32_t local_index, Instant now);
  // The LNS is to call this subscriber.
  void AwaitCall(uint32_t local_index, Instant now);
  // LCP Terminate, then CDN.
  void HangUp(uint32_t local_index, Instant now);
  // The subscriber plays dead from now on.
  void FallSilent(uint32_t local_index, Instant now);
  // StopCCN.
  void Close(Instant now);

  void OnReadable(Instant now);
  void OnTimer(Instant now);
  Instant NextDeadline() const { return timers_.Next(); }

  // At most kMaxBurst packets; sets `sent` of those that left.
  void SendIp(std::span<UplinkPacket> packets);

  std::vector<Subscriber>& subscribers() { return subscribers_; }
  const std::vector<Subscriber>& subscribers() const { return subscribers_; }
  uint32_t index() const { return identity_.index; }
  bool up() const { return up_; }
  bool was_up() const { return was_up_; }
  // Nothing more is owed to the LNS: never opened, or closed and acknowledged.
  bool settled() const;
  // Why the tunnel is not up any more; none while it is, or was closed by us.
  const std::optional<l2tp::TunnelClosed>& failure() const { return failure_; }
  const l2tp::Tunnel::Statistics& statistics() const { return statistics_; }
  const Counters& counters() const { return counters_; }
  const Wire& wire() const { return *wire_; }

 private:
  static uint32_t TimerOf(uint32_t local_index) { return local_index + 1; }
  uint32_t LocalIndexOf(const Subscriber& subscriber) const {
    return static_cast<uint32_t>(&subscriber - subscribers_.data());
  }
  static l2tp::LocalSessionId SessionIdOf(uint32_t local_index) {
    return l2tp::LocalSessionId(static_cast<uint16_t>(local_index + 1));
  }
  Subscriber* FindSubscriber(uint16_t session_id);

  void OnControl(ByteView datagram, Instant now);
  void OnData(uint16_t session_id, ByteView frame, Instant now);
  // A frame for a subscriber that does not hear it.
  void OnUnheard(Subscriber& subscriber, ByteView frame, Instant now);
  void Notice(Subscriber& subscriber, Instant now);
  void OnSubscriberTimer(Subscriber& subscriber, Instant now);

  void CarryOut(l2tp::Actions& actions, Instant now);
  void CarryOut(Subscriber& subscriber, ppp::LinkActions& actions, Instant now);
  // The LNS wants a call made: the next waiting subscriber answers.
  void AnswerRequest(l2tp::PeerSessionId request, Instant now);
  // False, and the subscriber is gone, when the tunnel is not up.
  bool BeginCall(Subscriber& subscriber, SubscriberState state, Instant now);
  void OnEstablished(const l2tp::SessionEstablished& action, Instant now);
  void OnSessionClosed(const l2tp::SessionClosed& action, Instant now);
  void OnTunnelClosed(const l2tp::TunnelClosed& action);
  void OnNetworkUp(Subscriber& subscriber, Instant now);
  void StartIpv6(Subscriber& subscriber, uint64_t interface_id, Instant now);
  void SendIpv6(const Subscriber& subscriber, const std::vector<Bytes>& packets);
  void OnLinkDown(Subscriber& subscriber, const ppp::LinkDown& action, Instant now);
  std::unique_ptr<ppp::Link> MakeLink(const Subscriber& subscriber);
  void NegotiateForLns(Subscriber& subscriber, l2tp::CallInfo& info, Instant now);
  void StartLink(Subscriber& subscriber, Instant now);
  void CloseSession(Subscriber& subscriber, uint16_t result, Instant now);
  Ending& EndingOf(Subscriber& subscriber);
  void Gone(Subscriber& subscriber);

  void SendPpp(const Subscriber& subscriber, ByteView frame);
  void SendDatagram(ByteView datagram);
  void RefreshTunnelTimer();
  void RefreshTimer(Subscriber& subscriber);

  Identity identity_;
  const LacSettings& settings_;
  std::unique_ptr<Wire> wire_;
  Rng& rng_;
  LacListener& listener_;
  std::unique_ptr<l2tp::Tunnel> tunnel_;
  bool up_ = false;
  bool was_up_ = false;
  bool closing_ = false;
  bool tunnel_closing_ = false;  // the actions being carried out close it
  bool open_timed_out_ = false;
  Instant open_deadline_ = Instant::Never();
  std::optional<l2tp::TunnelClosed> failure_;
  l2tp::Tunnel::Statistics statistics_;
  Counters counters_;
  std::vector<Subscriber> subscribers_;
  TimerHeap timers_;  // 0: the tunnel; then the subscribers
};

}  // namespace lns::lacsim
