// A LAC and its subscribers against the server halves of lib/l2tp and lib/ppp, over a wire in
// memory and in virtual time. What is tested is what Lac makes of the engines: order, timeouts,
// outcomes and their reasons. That the engines speak the protocol is for their own tests and peers.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "lib/l2tp/header.h"
#include "lib/ppp/frame.h"
#include "tools/lacsim/inner_packet.h"
#include "tools/lacsim/lac.h"

namespace lns::lacsim {
namespace {

constexpr uint32_t kPool = 0x64400000;
constexpr Instant kStart = Instant::FromNanoseconds(1'000'000'000);

// The LAC's end: what it sends waits in `sent`, what it shall receive in `arriving`.
class MemoryWire final : public Wire {
 public:
  int fd() const override { return -1; }
  size_t Send(std::span<const ByteView> datagrams) override {
    for (const ByteView d : datagrams) sent.emplace_back(d.begin(), d.end());
    return datagrams.size();
  }
  std::span<const ByteView> Receive() override {
    received_.clear();
    views_.clear();
    for (; !arriving.empty() && received_.size() < kMaxBurst; arriving.pop_front()) {
      received_.push_back(std::move(arriving.front()));
    }
    for (const Bytes& datagram : received_) views_.emplace_back(datagram);
    return views_;
  }
  uint64_t receive_drops() const override { return 0; }

  std::deque<Bytes> sent;
  std::deque<Bytes> arriving;

 private:
  std::vector<Bytes> received_;
  std::vector<ByteView> views_;
};

// The LNS's end: accepts the tunnel and every call, checks passwords, gives out addresses.
class Server {
 public:
  l2tp::TunnelSettings tunnel_settings;
  ppp::LinkSettings link_settings;
  std::string password = "secret";
  bool refuse_tunnel = false;
  bool reject_calls = false;
  bool silent = false;  // to everything
  bool mute = false;    // to calls
  uint32_t frames_before_iccn = 0;

  explicit Server(MemoryWire& wire) : wire_(wire) {}

  void OnDatagram(const Bytes& datagram, Instant now) {
    if (silent) return;
    l2tp::Header header;
    ASSERT_EQ(l2tp::ParseHeader(datagram, header), l2tp::HeaderError::kNone);
    if (!header.control) {
      OnData(header, ByteView(datagram).subspan(header.payload_offset), now);
      return;
    }
    l2tp::Actions actions;
    if (tunnel != nullptr) {
      tunnel->OnDatagram(datagram, now, actions);
    } else if (refuse_tunnel) {
      tunnel = l2tp::Tunnel::Refuse(tunnel_settings, kTunnelId, datagram,
                                    {.result = 4, .message = "not you"}, rng_, now, actions);
    } else {
      tunnel = l2tp::Tunnel::Accept(tunnel_settings, kTunnelId, datagram, rng_, now, actions);
    }
    CarryOut(actions, now);
  }

  void OnTimer(Instant now) {
    if (tunnel != nullptr && tunnel->NextDeadline() <= now) {
      l2tp::Actions actions;
      tunnel->OnTimer(now, actions);
      CarryOut(actions, now);
    }
    for (auto& [id, call] : calls) {
      if (call.link == nullptr || call.link->NextDeadline() > now) continue;
      ppp::LinkActions actions;
      call.link->OnTimer(now, actions);
      CarryOut(id, actions, now);
    }
  }

  Instant NextDeadline() const {
    Instant next = tunnel == nullptr ? Instant::Never() : tunnel->NextDeadline();
    for (const auto& [id, call] : calls) {
      if (call.link != nullptr) next = std::min(next, call.link->NextDeadline());
    }
    return next;
  }

  void SendFrame(uint16_t id, ByteView frame) {
    const l2tp::Header header{.tunnel_id = tunnel->peer_id().value(),
                              .session_id = calls.at(id).peer_id.value()};
    Bytes datagram(l2tp::kMinHeaderLength);
    l2tp::WriteHeader(header, frame.size(), datagram);
    datagram.insert(datagram.end(), frame.begin(), frame.end());
    wire_.arriving.push_back(std::move(datagram));
  }

  void CloseCall(uint16_t id, l2tp::ResultCode result, Instant now) {
    l2tp::Actions actions;
    tunnel->CloseSession(l2tp::LocalSessionId(id), result, now, actions);
    CarryOut(actions, now);
  }
  void PlaceOutgoingCall(Instant now) {
    l2tp::Actions actions;
    tunnel->PlaceOutgoingCall(l2tp::LocalSessionId(++last_id_), {.called_number = "5551234"}, now,
                              actions);
    CarryOut(actions, now);
  }
  void CloseTunnel(l2tp::ResultCode result, Instant now) {
    l2tp::Actions actions;
    tunnel->Close(result, now, actions);
    CarryOut(actions, now);
  }

  struct Call {
    l2tp::PeerSessionId peer_id;
    l2tp::CallInfo info;
    bool proxied = false;  // LCP was taken over
    std::unique_ptr<ppp::Link> link;
    std::vector<Bytes> ip_packets;
    bool terminated = false;  // LCP Terminate-Request came before the CDN
    bool closed = false;
  };
  std::unique_ptr<l2tp::Tunnel> tunnel;
  std::map<uint16_t, Call> calls;

 private:
  static constexpr l2tp::LocalTunnelId kTunnelId{777};

  void OnData(const l2tp::Header& header, ByteView frame, Instant now) {
    Call& call = calls.at(header.session_id);
    if (call.link == nullptr) {
      ++frames_before_iccn;
      return;
    }
    const ppp::FrameHeader ppp = ppp::ParseFrameHeader(frame);
    if (ppp.protocol == ppp::kProtocolIpv4) {
      const ByteView packet = frame.subspan(ppp.length);
      call.ip_packets.emplace_back(packet.begin(), packet.end());
      return;
    }
    ppp::LinkActions actions;
    call.link->OnFrame(frame, now, actions);
    CarryOut(header.session_id, actions, now);
  }

  void CarryOut(l2tp::Actions& actions, Instant now) {
    for (l2tp::Action& action : actions) {
      if (auto* send = std::get_if<l2tp::SendDatagram>(&action)) {
        wire_.arriving.push_back(std::move(send->bytes));
      } else if (auto* incoming = std::get_if<l2tp::IncomingCall>(&action)) {
        if (!mute) Answer(*incoming, now);
      } else if (auto* up = std::get_if<l2tp::SessionEstablished>(&action)) {
        const uint16_t id = up->local_session_id.value();
        calls[id].peer_id = up->peer_session_id;
        calls[id].link = ppp::Link::MakeServer(link_settings, rng_);
        ppp::LinkActions link_actions;
        calls[id].link->StartProxied(ProxiedOf(up->info), now, link_actions);
        calls[id].info = up->info;
        CarryOut(id, link_actions, now);
      } else if (auto* closed = std::get_if<l2tp::SessionClosed>(&action)) {
        calls[closed->local_session_id.value()].closed = true;
      }
    }
  }

  static ppp::ProxiedLcp ProxiedOf(const l2tp::CallInfo& info) {
    return {.initial_received = info.initial_received_confreq,
            .last_sent = info.last_sent_confreq,
            .last_received = info.last_received_confreq,
            .authen_type = info.proxy_authen_type,
            .authen_name = info.proxy_authen_name,
            .authen_challenge = info.proxy_authen_challenge,
            .authen_id = info.proxy_authen_id,
            .authen_response = info.proxy_authen_response};
  }

  void Answer(const l2tp::IncomingCall& incoming, Instant now) {
    l2tp::Actions actions;
    if (reject_calls) {
      tunnel->RejectCall(incoming.peer_session_id, {.result = 4, .message = "no room"}, now,
                         actions);
    } else {
      const uint16_t id = ++last_id_;
      calls[id].peer_id = incoming.peer_session_id;
      tunnel->AcceptCall(incoming.peer_session_id, l2tp::LocalSessionId(id), now, actions);
    }
    CarryOut(actions, now);
  }

  void CarryOut(uint16_t id, ppp::LinkActions& actions, Instant now) {
    Call& call = calls.at(id);
    for (ppp::LinkAction& action : actions) {
      if (auto* send = std::get_if<ppp::SendFrame>(&action)) {
        SendFrame(id, send->bytes);
      } else if (auto* opened = std::get_if<ppp::LinkOpened>(&action)) {
        call.proxied = opened->proxied;
      } else if (auto* needed = std::get_if<ppp::AuthenticationNeeded>(&action)) {
        ppp::AuthenticationVerdict verdict;
        verdict.accepted = needed->password == password;
        verdict.message = verdict.accepted ? "" : "go away";
        verdict.ipv4 = {.local = kPool, .peer = kPool + id};
        ppp::LinkActions more;
        call.link->OnAuthentication(verdict, now, more);
        CarryOut(id, more, now);
      } else if (auto* down = std::get_if<ppp::LinkDown>(&action)) {
        call.terminated = down->cause == ppp::LinkDownCause::kTerminatedByPeer;
        if (!call.closed) CloseCall(id, {.result = 3, .message = "PPP ended"}, now);
      }
    }
  }

  MemoryWire& wire_;
  SeededRng rng_{2};
  uint16_t last_id_ = 0;
};

class LacTest : public testing::Test, public LacListener {
 protected:
  LacTest() {
    settings.link.role = ppp::Role::kClient;
    settings.link.auth = {ppp::AuthProtocol::kPap};
    settings.user_pattern = "user%d";
    settings.password_pattern = "secret";
    auto owned = std::make_unique<MemoryWire>();
    wire = owned.get();
    owned_wire_ = std::move(owned);
    server = std::make_unique<Server>(*wire);
    server->tunnel_settings.host_name = "lns";
    server->link_settings.auth = {ppp::AuthProtocol::kPap};
  }

  void Make(uint32_t subscribers) {
    lac = std::make_unique<Lac>(
        Lac::Identity{.tunnel_id = l2tp::LocalTunnelId(42),
                      .tunnel = {.host_name = "lac", .accept_outgoing_calls = outgoing}},
        settings, std::move(owned_wire_), subscribers, rng_, *this);
  }
  void Open(uint32_t subscribers) {
    Make(subscribers);
    lac->Open(now);
    Run(Duration::Seconds(1));
    ASSERT_TRUE(lac->up());
  }

  // Lets packets and timers work for `duration`.
  void Run(Duration duration) {
    const Instant end = now + duration;
    for (int turn = 0; turn < 100'000; ++turn) {
      if (!wire->sent.empty()) {
        const Bytes datagram = std::move(wire->sent.front());
        wire->sent.pop_front();
        server->OnDatagram(datagram, now);
      } else if (!wire->arriving.empty()) {
        lac->OnReadable(now);
      } else {
        const Instant next = std::min(lac->NextDeadline(), server->NextDeadline());
        if (next > end) break;
        now = std::max(now, next);
        lac->OnTimer(now);
        server->OnTimer(now);
      }
    }
    now = end;
  }

  const Ending& EndingOf(uint32_t local_index) {
    static const Ending kNone;
    const auto& ending = lac->subscribers()[local_index].ending;
    EXPECT_NE(ending, nullptr);
    return ending == nullptr ? kNone : *ending;
  }
  size_t Count(SubscriberState state) const {
    return static_cast<size_t>(
        std::count_if(lac->subscribers().begin(), lac->subscribers().end(),
                      [&](const Subscriber& subscriber) { return subscriber.state == state; }));
  }

  void OnTunnelUp(Lac&) override { ++tunnels_up; }
  void OnTunnelDown(Lac&) override { ++tunnels_down; }
  void OnOnline(Lac&, Subscriber&, Instant) override { ++online; }
  void OnNoticed(Subscriber& subscriber, Instant when) override {
    noticed.push_back(when - subscriber.silent_since);
  }
  void OnGone(Lac&, Subscriber&) override { ++gone; }
  void OnIpv6Up(Subscriber&) override {}
  void OnIpPacket(Subscriber& subscriber, ByteView packet, Instant) override {
    ip_packets[subscriber.index].emplace_back(packet.begin(), packet.end());
  }

  LacSettings settings;
  bool outgoing = false;
  MemoryWire* wire;
  std::unique_ptr<Server> server;
  std::unique_ptr<Lac> lac;
  Instant now = kStart;
  int tunnels_up = 0, tunnels_down = 0, online = 0, gone = 0;
  std::vector<Duration> noticed;
  std::map<uint32_t, std::vector<Bytes>> ip_packets;

 private:
  std::unique_ptr<MemoryWire> owned_wire_;
  SeededRng rng_{1};
};

TEST_F(LacTest, SubscribersComeOnlineAndLeaveInOrder) {
  Open(3);
  for (uint32_t i = 0; i < 3; ++i) lac->PlaceCall(i, now);
  Run(Duration::Seconds(2));
  ASSERT_EQ(online, 3);
  std::vector<uint32_t> addresses;
  for (const Subscriber& subscriber : lac->subscribers()) {
    EXPECT_EQ(subscriber.peer_address, kPool);
    addresses.push_back(subscriber.address);
  }
  std::sort(addresses.begin(), addresses.end());
  EXPECT_EQ(addresses, (std::vector<uint32_t>{kPool + 1, kPool + 2, kPool + 3}));

  for (uint32_t i = 0; i < 3; ++i) lac->HangUp(i, now);
  Run(Duration::Seconds(10));
  EXPECT_EQ(gone, 3);
  for (const auto& [id, call] : server->calls) EXPECT_TRUE(call.terminated && call.closed) << id;
  for (const Subscriber& subscriber : lac->subscribers()) EXPECT_EQ(subscriber.ending, nullptr);

  lac->Close(now);
  Run(Duration::Seconds(1));
  EXPECT_TRUE(lac->settled());
  EXPECT_FALSE(lac->failure());
  EXPECT_EQ(server->tunnel->state(), l2tp::TunnelState::kRetained);
  EXPECT_EQ(tunnels_down, 1);
}

TEST_F(LacTest, ASubscriberThatPlaysDeadIsNoticedByTheLnsAlone) {
  server->link_settings.echo_interval = Duration::Seconds(1);
  server->link_settings.echo_max_misses = 3;
  settings.link.echo_interval = Duration::Seconds(1);
  Open(2);
  for (uint32_t i = 0; i < 2; ++i) lac->PlaceCall(i, now);
  Run(Duration::Seconds(20));
  ASSERT_EQ(online, 2);
  EXPECT_TRUE(noticed.empty()) << "echoes are answered";
  lac->FallSilent(1, now);
  wire->sent.clear();
  Run(Duration::Seconds(30));
  ASSERT_EQ(noticed.size(), 1u);
  EXPECT_GE(noticed[0], Duration::Seconds(3));
  EXPECT_LE(noticed[0], Duration::Seconds(5));
  EXPECT_EQ(lac->subscribers()[0].state, SubscriberState::kOnline);
  EXPECT_NE(lac->subscribers()[1].state, SubscriberState::kHangingUp) << "it did not hear it";
}

// RFC 2661 4.4.5.
TEST_F(LacTest, ALacThatNegotiatesTellsTheLnsWhatItLearned) {
  for (const bool answer : {true, false}) {
    settings.proxy = settings.link;
    settings.proxy->role = ppp::Role::kServer;
    settings.proxy_answer = answer;
    if (answer) Open(2);
    const uint32_t index = answer ? 0 : 1;
    lac->PlaceCall(index, now);
    Run(Duration::Seconds(5));  // without an answer the subscriber repeats its own after 3 s
    ASSERT_EQ(online, static_cast<int>(index) + 1);
    const Server::Call& call = server->calls.rbegin()->second;
    EXPECT_FALSE(call.info.initial_received_confreq.empty());
    EXPECT_FALSE(call.info.last_sent_confreq.empty());
    EXPECT_FALSE(call.info.last_received_confreq.empty());
    EXPECT_EQ(call.info.proxy_authen_type.has_value(), answer);
    if (answer) {
      EXPECT_EQ(call.info.proxy_authen_type, 3);
      EXPECT_EQ(call.info.proxy_authen_name, "user1");
      EXPECT_EQ(AsText(call.info.proxy_authen_response), "secret");
    }
    EXPECT_TRUE(call.proxied);
  }
}

TEST_F(LacTest, ASubscriberThatWillNotNegotiateWithTheLacIsCalledForAllTheSame) {
  settings.proxy = settings.link;
  settings.proxy->role = ppp::Role::kServer;
  settings.proxy->auth = {ppp::AuthProtocol::kChapMd5};
  Open(1);
  lac->PlaceCall(0, now);
  Run(Duration::Seconds(2));
  EXPECT_EQ(online, 1);
  EXPECT_TRUE(server->calls.rbegin()->second.info.last_sent_confreq.empty());
}

TEST_F(LacTest, HangingUpBeforeTheCallIsAnsweredEndsItAtOnce) {
  settings.proxy = settings.link;
  settings.proxy->role = ppp::Role::kServer;
  server->mute = true;
  Open(1);
  lac->PlaceCall(0, now);
  Run(Duration::Seconds(1));
  lac->HangUp(0, now);
  EXPECT_EQ(gone, 1);
}

TEST_F(LacTest, PppNeverOvertakesTheIccnThroughASmallWindow) {
  server->tunnel_settings.receive_window = 1;
  Open(20);
  for (uint32_t i = 0; i < 20; ++i) lac->PlaceCall(i, now);
  Run(Duration::Seconds(2));
  EXPECT_EQ(online, 20);
  EXPECT_EQ(server->frames_before_iccn, 0u);
}

TEST_F(LacTest, TheLnssCallsReachTheSubscribersThatWait) {
  outgoing = true;
  Open(3);
  lac->AwaitCall(0, now);
  lac->AwaitCall(1, now);
  lac->AwaitCall(2, now);
  server->PlaceOutgoingCall(now);
  server->PlaceOutgoingCall(now);
  Run(Duration::Seconds(2));
  EXPECT_EQ(online, 2);
  EXPECT_EQ(Count(SubscriberState::kOnline), 2u);
  EXPECT_EQ(server->frames_before_iccn, 0u);
  // The third is never called.
  Run(settings.setup_timeout);
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(EndingOf(2).stage, SubscriberState::kAwaitingCall);
  EXPECT_TRUE(EndingOf(2).timed_out);
  // And nobody waits for a fourth call.
  server->PlaceOutgoingCall(now);
  Run(Duration::Seconds(1));
  EXPECT_EQ(server->tunnel->session_count(), 2u);
}

TEST_F(LacTest, AWrongPasswordEndsWithPppsReasonAndTheServersCdn) {
  settings.password_pattern = "wrong";
  Open(1);
  lac->PlaceCall(0, now);
  Run(Duration::Seconds(20));
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(online, 0);
  const Ending& ending = EndingOf(0);
  EXPECT_EQ(ending.stage, SubscriberState::kNegotiating);
  EXPECT_EQ(ending.ppp_cause, ppp::LinkDownCause::kAuthFailed);
  EXPECT_EQ(ending.ppp_message, "go away");
  EXPECT_FALSE(ending.timed_out);
  ASSERT_TRUE(ending.cdn);
  EXPECT_TRUE(ending.by_peer);
  EXPECT_EQ(ending.cdn->message, "PPP ended");
}

TEST_F(LacTest, ARejectedCallKeepsTheServersResult) {
  server->reject_calls = true;
  Open(1);
  lac->PlaceCall(0, now);
  Run(Duration::Seconds(2));
  EXPECT_EQ(gone, 1);
  const Ending& ending = EndingOf(0);
  EXPECT_EQ(ending.stage, SubscriberState::kCalling);
  ASSERT_TRUE(ending.cdn);
  EXPECT_TRUE(ending.by_peer);
  EXPECT_EQ(ending.cdn->result, 4);
  EXPECT_EQ(ending.cdn->message, "no room");
  EXPECT_FALSE(ending.tunnel_lost);
}

TEST_F(LacTest, ARefusedTunnelSaysWhyAndItsCallsFail) {
  server->refuse_tunnel = true;
  Make(2);
  lac->Open(now);
  Run(Duration::Seconds(2));
  ASSERT_TRUE(lac->failure());
  EXPECT_TRUE(lac->failure()->by_peer);
  EXPECT_EQ(lac->failure()->result.result, 4);
  EXPECT_EQ(lac->failure()->result.message, "not you");
  lac->PlaceCall(0, now);
  EXPECT_EQ(gone, 1);
  EXPECT_TRUE(EndingOf(0).tunnel_lost);
}

TEST_F(LacTest, ASilentServerTimesTheTunnelOutInTheTimeGiven) {
  settings.setup_timeout = Duration::Seconds(5);
  server->silent = true;
  Make(0);
  lac->Open(now);
  Run(Duration::Seconds(4));
  EXPECT_FALSE(lac->failure());
  Run(Duration::Seconds(2));
  ASSERT_TRUE(lac->failure());
  EXPECT_TRUE(lac->failure()->timed_out);
  EXPECT_EQ(tunnels_down, 1);
}

TEST_F(LacTest, AnUnansweredCallTimesOutInTheTimeGiven) {
  settings.setup_timeout = Duration::Seconds(5);
  server->mute = true;
  Open(1);
  lac->PlaceCall(0, now);
  Run(Duration::Seconds(4));
  EXPECT_EQ(gone, 0);
  Run(Duration::Seconds(2));
  EXPECT_EQ(gone, 1);
  EXPECT_TRUE(EndingOf(0).timed_out);
  EXPECT_EQ(EndingOf(0).stage, SubscriberState::kCalling);
}

TEST_F(LacTest, ALostTunnelTakesItsSubscribersWithIt) {
  Open(2);
  for (uint32_t i = 0; i < 2; ++i) lac->PlaceCall(i, now);
  Run(Duration::Seconds(2));
  ASSERT_EQ(online, 2);
  server->CloseTunnel({.result = 6, .message = "maintenance"}, now);
  Run(Duration::Seconds(2));
  EXPECT_EQ(gone, 2);
  EXPECT_EQ(Count(SubscriberState::kGone), 2u);
  EXPECT_TRUE(EndingOf(0).tunnel_lost);
  EXPECT_EQ(EndingOf(0).stage, SubscriberState::kOnline);
  ASSERT_TRUE(lac->failure());
  EXPECT_EQ(lac->failure()->result.message, "maintenance");
}

TEST_F(LacTest, ACallClearedByTheServerIsLostWithItsResult) {
  Open(1);
  lac->PlaceCall(0, now);
  Run(Duration::Seconds(2));
  server->CloseCall(1, {.result = 3, .message = "cleared"}, now);
  Run(Duration::Seconds(1));
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(EndingOf(0).stage, SubscriberState::kOnline);
  EXPECT_EQ(EndingOf(0).cdn->message, "cleared");
}

TEST_F(LacTest, IpPacketsPassBothWaysAndStrayOnesAreCounted) {
  Open(2);
  for (uint32_t i = 0; i < 2; ++i) lac->subscribers()[i].index = i;
  for (uint32_t i = 0; i < 2; ++i) lac->PlaceCall(i, now);
  Run(Duration::Seconds(2));
  ASSERT_EQ(online, 2);

  Bytes memory(kHeadroom + 28 + 10);
  const MutableByteView packet = MutableByteView(memory).subspan(kHeadroom);
  WriteIpv4Udp({lac->subscribers()[1].address, 0x01020304}, {1, 2}, 3, packet);
  UplinkPacket out{.local_index = 1, .packet = packet};
  lac->SendIp({&out, 1});
  EXPECT_TRUE(out.sent);
  Run(Duration::Seconds(1));
  const auto receiver = std::find_if(
      server->calls.begin(), server->calls.end(),
      [&](const auto& row) { return kPool + row.first == lac->subscribers()[1].address; });
  ASSERT_NE(receiver, server->calls.end());
  ASSERT_EQ(receiver->second.ip_packets.size(), 1u);
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), receiver->second.ip_packets[0].begin()));

  // Compressed and full framing are both a packet; an unknown session is not.
  for (const Bytes& prefix : {Bytes{0x21}, Bytes{0xff, 0x03, 0x00, 0x21}}) {
    Bytes frame = prefix;
    frame.insert(frame.end(), packet.begin(), packet.end());
    server->SendFrame(receiver->first, frame);
  }
  server->calls[99].peer_id = l2tp::PeerSessionId(99);
  server->SendFrame(99, Bytes{0x21, 0x45});
  wire->arriving.push_back({0x00});
  Run(Duration::Seconds(1));
  ASSERT_EQ(ip_packets[1].size(), 2u);
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), ip_packets[1][0].begin()));
  EXPECT_EQ(ip_packets.count(0), 0u);
  EXPECT_EQ(lac->counters().stray, 1u);
  EXPECT_EQ(lac->counters().malformed, 1u);
}

}  // namespace
}  // namespace lns::lacsim
