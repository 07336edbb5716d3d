// A server and a client link, or one of them and frames written out by hand, over a perfect wire.
// Lossy ones are tests/sim/ppp's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "lib/ppp/chap.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/link.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {
namespace {

constexpr Ipv4Parameters kAssigned{
    .local = 0x64400001, .peer = 0x64400007, .dns = {0x08080808, 0x08080404}};

LinkSettings Server() {
  LinkSettings settings;
  settings.local_name = "lns";
  return settings;
}

LinkSettings Client() {
  LinkSettings settings;
  settings.role = Role::kClient;
  return settings;
}

// One link, what it said, and the owner's part of the game.
struct Side {
  std::unique_ptr<Link> link;
  LinkActions actions;  // everything so far but frames
  std::vector<Bytes> frames;
  std::map<PppEvent, int> events;
  bool answer = true;  // AuthenticationNeeded at once
  std::string password = "secret";

  template <typename T>
  int CountOf() const {
    int count = 0;
    for (const LinkAction& action : actions) count += std::holds_alternative<T>(action) ? 1 : 0;
    return count;
  }
  template <typename T>
  const T* Last() const {
    for (auto it = actions.rbegin(); it != actions.rend(); ++it) {
      if (const T* found = std::get_if<T>(&*it)) return found;
    }
    return nullptr;
  }

  // Sorts what a call produced; answers questions.
  void Take(LinkActions& out, Instant now) {
    for (LinkAction& action : out) {
      if (auto* frame = std::get_if<SendFrame>(&action)) {
        frames.push_back(std::move(frame->bytes));
      } else if (const auto* event = std::get_if<CountEvent>(&action)) {
        ++events[event->event];
      } else {
        actions.push_back(std::move(action));
        const auto* needed = std::get_if<AuthenticationNeeded>(&actions.back());
        if (needed != nullptr && answer) Judge(*needed, now);
      }
    }
  }
  void Judge(const AuthenticationNeeded& needed, Instant now) {
    const bool good =
        needed.protocol == AuthProtocol::kNone ||
        (needed.protocol == AuthProtocol::kPap && needed.password == password) ||
        (needed.protocol == AuthProtocol::kChapMd5 &&
         ChapMd5Matches(needed.identifier, password, needed.challenge, needed.response));
    LinkActions out;
    link->OnAuthentication({.accepted = good && needed.user_name != "nobody",
                            .message = good ? "welcome" : "go away",
                            .ipv4 = kAssigned},
                           now, out);
    Take(out, now);
  }
  void Start(Instant now) {
    LinkActions out;
    link->Start(now, out);
    Take(out, now);
  }
  void Receive(ByteView frame, Instant now) {
    LinkActions out;
    link->OnFrame(frame, now, out);
    Take(out, now);
  }
  void Close(Instant now) {
    LinkActions out;
    link->Close(now, out);
    Take(out, now);
  }
  void Tick(Instant now) {
    LinkActions out;
    link->OnTimer(now, out);
    Take(out, now);
  }
  bool Ipv4IsUp() const { return CountOf<Ipv4Up>() == CountOf<Ipv4Down>() + 1; }
};

class LinkTest : public testing::Test {
 protected:
  void Make(LinkSettings server, LinkSettings client,
            Credentials credentials = {"alice@example", "secret"}) {
    server_settings_ = std::move(server);
    client_settings_ = std::move(client);
    server_.link = Link::MakeServer(server_settings_, server_rng_);
    client_.link = Link::MakeClient(client_settings_, credentials, client_rng_);
  }
  void StartBoth() {
    server_.Start(now_);
    client_.Start(now_);
    Exchange();
  }
  // Delivers until both are silent.
  void Exchange() {
    for (int round = 0; round < 200; ++round) {
      std::vector<Bytes> up = std::exchange(client_.frames, {});
      std::vector<Bytes> down = std::exchange(server_.frames, {});
      if (up.empty() && down.empty()) return;
      for (const Bytes& frame : up) server_.Receive(frame, now_);
      for (const Bytes& frame : down) client_.Receive(frame, now_);
    }
    FAIL() << "the two sides never stop talking";
  }
  // Runs timers (and deliveries) until `end`.
  void RunUntil(Instant end) {
    for (int step = 0; step < 10000; ++step) {
      const Instant next = std::min(server_.link->NextDeadline(), client_.link->NextDeadline());
      if (next > end) break;
      now_ = std::max(now_, next);
      server_.Tick(now_);
      client_.Tick(now_);
      Exchange();
    }
    now_ = end;
  }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  SeededRng server_rng_{1};
  SeededRng client_rng_{2};
  LinkSettings server_settings_;
  LinkSettings client_settings_;
  Side server_;
  Side client_;
};

TEST_F(LinkTest, ComesUpWithChapAndBothSidesAgreeOnAddressAndDns) {
  Make(Server(), Client());
  StartBoth();
  ASSERT_TRUE(server_.Ipv4IsUp());
  ASSERT_TRUE(client_.Ipv4IsUp());
  EXPECT_EQ(server_.link->phase(), LinkPhase::kNetwork);
  const AuthenticationNeeded* asked = server_.Last<AuthenticationNeeded>();
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->protocol, AuthProtocol::kChapMd5);
  EXPECT_EQ(asked->user_name, "alice@example");
  EXPECT_TRUE(asked->password.empty());
  EXPECT_EQ(client_.CountOf<Authenticated>(), 1);
  const Ipv4Parameters& mine = client_.Last<Ipv4Up>()->parameters;
  EXPECT_EQ(mine.local, kAssigned.peer);
  EXPECT_EQ(mine.peer, kAssigned.local);
  EXPECT_EQ(mine.dns, kAssigned.dns);
  EXPECT_EQ(server_.Last<Ipv4Up>()->parameters.peer, kAssigned.peer);
  EXPECT_EQ(server_.Last<LinkOpened>()->peer_mru, 1492);
}

TEST_F(LinkTest, ComesUpWithPapWhenTheClientKnowsNothingElse) {
  LinkSettings client = Client();
  client.auth = {AuthProtocol::kPap};
  Make(Server(), client);
  StartBoth();
  EXPECT_TRUE(client_.Ipv4IsUp());
  ASSERT_NE(server_.Last<AuthenticationNeeded>(), nullptr);
  EXPECT_EQ(server_.Last<AuthenticationNeeded>()->protocol, AuthProtocol::kPap);
  EXPECT_EQ(server_.Last<AuthenticationNeeded>()->password, "secret");
  EXPECT_EQ(server_.Last<LinkOpened>()->auth, AuthProtocol::kPap);
}

TEST_F(LinkTest, WrongPasswordEndsBothSidesWithAuthFailed) {
  for (const AuthProtocol protocol : {AuthProtocol::kPap, AuthProtocol::kChapMd5}) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    server.auth = {protocol};
    Make(server, Client(), {"alice", "wrong"});
    StartBoth();
    ASSERT_NE(server_.Last<LinkDown>(), nullptr);
    ASSERT_NE(client_.Last<LinkDown>(), nullptr);
    EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAuthFailed);
    EXPECT_EQ(client_.Last<LinkDown>()->cause, LinkDownCause::kAuthFailed);
    EXPECT_EQ(client_.Last<LinkDown>()->message, "go away");
    EXPECT_EQ(server_.CountOf<Ipv4Up>(), 0);
    EXPECT_EQ(client_.CountOf<Authenticated>(), 0);
  }
}

TEST_F(LinkTest, Ipv6ComesUpBesideIpv4WithDifferentIdentifiers) {
  LinkSettings server = Server();
  LinkSettings client = Client();
  server.ipv6 = client.ipv6 = true;
  Make(server, client);
  StartBoth();
  ASSERT_NE(server_.Last<Ipv6Up>(), nullptr);
  ASSERT_NE(client_.Last<Ipv6Up>(), nullptr);
  EXPECT_EQ(server_.Last<Ipv6Up>()->peer_interface_id, client_.Last<Ipv6Up>()->local_interface_id);
  EXPECT_EQ(client_.Last<Ipv6Up>()->peer_interface_id, server_.Last<Ipv6Up>()->local_interface_id);
  EXPECT_NE(client_.Last<Ipv6Up>()->peer_interface_id, client_.Last<Ipv6Up>()->local_interface_id);
  EXPECT_TRUE(server_.Ipv4IsUp());
}

TEST_F(LinkTest, CloseFromEitherSideTakesEverythingDown) {
  for (const bool by_server : {true, false}) {
    server_ = {};
    client_ = {};
    Make(Server(), Client());
    StartBoth();
    (by_server ? server_ : client_).Close(now_);
    Exchange();
    // The side that was told lingers one restart period for its Terminate-Ack to arrive.
    RunUntil(now_ + Duration::Seconds(4));
    Side& closer = by_server ? server_ : client_;
    Side& other = by_server ? client_ : server_;
    ASSERT_NE(closer.Last<LinkDown>(), nullptr);
    ASSERT_NE(other.Last<LinkDown>(), nullptr);
    EXPECT_EQ(closer.Last<LinkDown>()->cause, LinkDownCause::kClosedLocally);
    EXPECT_EQ(other.Last<LinkDown>()->cause, LinkDownCause::kTerminatedByPeer);
    for (Side* side : {&server_, &client_}) {
      EXPECT_EQ(side->CountOf<Ipv4Down>(), 1);
      EXPECT_EQ(side->link->NextDeadline(), Instant::Never());
      EXPECT_EQ(side->link->phase(), LinkPhase::kDead);
      const size_t before = side->actions.size();
      side->Receive(Bytes{0xc0, 0x21, 1, 1, 0, 4}, now_);
      side->Tick(now_ + Duration::Seconds(1000));
      EXPECT_EQ(side->actions.size(), before);
      EXPECT_TRUE(side->frames.empty());
    }
  }
}

TEST_F(LinkTest, SilentPeerIsGivenUpAfterMaxConfigureRequests) {
  Make(Server(), Client());
  server_.Start(now_);
  int requests = 0;
  for (int i = 0; i < 100 && server_.link->NextDeadline() != Instant::Never(); ++i) {
    requests += static_cast<int>(std::exchange(server_.frames, {}).size());
    server_.Tick(server_.link->NextDeadline());
  }
  EXPECT_EQ(requests, 10);
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kLcpTimeout);
}

TEST_F(LinkTest, DeadPeerIsFoundByEchoAndDataKeepsTheLinkUp) {
  Make(Server(), Client());
  StartBoth();
  const Instant opened = now_;
  // Data flows, no control packet comes back: no echo is sent at all.
  while (server_.link->NextDeadline() < opened + Duration::Seconds(600)) {
    server_.link->OnDataSeen();
    server_.Tick(server_.link->NextDeadline());
  }
  EXPECT_EQ(server_.CountOf<LinkDown>(), 0);
  EXPECT_TRUE(server_.frames.empty());
  // Silence.
  for (int i = 0; i < 20 && server_.CountOf<LinkDown>() == 0; ++i) {
    server_.Tick(server_.link->NextDeadline());
  }
  ASSERT_EQ(server_.CountOf<LinkDown>(), 1);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kEchoTimeout);
  EXPECT_EQ(server_.events[PppEvent::kEchoSent], 3);
}

TEST_F(LinkTest, EchoRequestsAreAnsweredAndKeepBothSidesUp) {
  LinkSettings client = Client();
  client.echo_interval = Duration();  // the server's own echoes would be saved by the client's
  Make(Server(), client);
  StartBoth();
  RunUntil(now_ + Duration::Seconds(3600));
  EXPECT_EQ(server_.CountOf<LinkDown>() + client_.CountOf<LinkDown>(), 0);
  EXPECT_GT(server_.events[PppEvent::kEchoSent], 100);
}

}  // namespace
}  // namespace lns::ppp
