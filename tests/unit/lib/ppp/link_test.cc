// A server and a client link, or one of them and frames written out by hand, over a perfect wire.
// Lossy ones are tests/sim/ppp's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "lib/ppp/chap.h"
#include "lib/ppp/control_packet.h"
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

// From here on the peer is, at least in part, written by hand.
Bytes Control(uint16_t protocol, uint8_t code, uint8_t id, const Bytes& data) {
  PacketBuilder packet(protocol, code, id);
  packet.Append(data);
  return std::move(packet).Finish();
}

TEST_F(LinkTest, EveryFramingOfTheHeaderIsAccepted) {
  LinkSettings client = Client();
  client.ask_pfc = client.ask_acfc = true;
  Make(Server(), client);
  server_.Start(now_);
  client_.Start(now_);
  for (int round = 0; round < 20; ++round) {
    for (const Bytes& frame : std::exchange(client_.frames, {})) {
      Bytes with_header = {0xff, 0x03};
      with_header.insert(with_header.end(), frame.begin(), frame.end());
      server_.Receive(round % 2 == 0 ? with_header : frame, now_);
    }
    for (const Bytes& frame : std::exchange(server_.frames, {})) client_.Receive(frame, now_);
  }
  EXPECT_TRUE(server_.Ipv4IsUp());
  EXPECT_TRUE(server_.Last<LinkOpened>()->send_pfc);
  EXPECT_TRUE(server_.Last<LinkOpened>()->send_acfc);
  EXPECT_FALSE(client_.Last<LinkOpened>()->send_pfc);
  EXPECT_FALSE(client_.Last<LinkOpened>()->send_acfc);
}

TEST_F(LinkTest, EveryTruncationOfEveryFrameIsHarmless) {
  Make(Server(), Client());
  server_.Start(now_);
  client_.Start(now_);
  for (int round = 0; round < 20; ++round) {
    std::vector<Bytes> up = std::exchange(client_.frames, {});
    std::vector<Bytes> down = std::exchange(server_.frames, {});
    for (Side* side : {&server_, &client_}) {
      for (const Bytes& frame : side == &server_ ? up : down) {
        for (size_t size = 0; size < frame.size(); ++size) {
          side->Receive(ByteView(frame).first(size), now_);
          EXPECT_TRUE(side->frames.empty()) << "an answer to " << size << " bytes of a frame";
        }
      }
    }
    for (const Bytes& frame : up) server_.Receive(frame, now_);
    for (const Bytes& frame : down) client_.Receive(frame, now_);
  }
  EXPECT_TRUE(server_.Ipv4IsUp());
  EXPECT_TRUE(client_.Ipv4IsUp());
  EXPECT_GT(server_.events[PppEvent::kFrameTruncated], 0);
  EXPECT_GT(server_.events[PppEvent::kControlMalformed], 0);
}

TEST_F(LinkTest, UnknownProtocolsAreRejectedWhenOpenAndIgnoredBefore) {
  const Bytes ccp = Control(kProtocolCcp, kConfigureRequest, 1, {18, 6, 1, 0, 0, 1});
  Make(Server(), Client());
  server_.answer = false;
  server_.Receive(ccp, now_);
  server_.Start(now_);
  std::exchange(server_.frames, {});
  server_.Receive(ccp, now_);
  EXPECT_TRUE(server_.frames.empty()) << "LCP is not open";
  server_ = {};
  Make(Server(), Client());
  server_.answer = false;
  StartBoth();
  ASSERT_EQ(server_.link->phase(), LinkPhase::kAuthenticate);
  server_.Receive(ccp, now_);
  EXPECT_TRUE(server_.frames.empty()) << "the peer is not authenticated";
  EXPECT_EQ(server_.events[PppEvent::kOutOfPhase], 1);
  server_.Judge(*server_.Last<AuthenticationNeeded>(), now_);
  server_.frames.clear();  // IPCP is now in flight
  server_.Receive(ccp, now_);
  ASSERT_EQ(server_.frames.size(), 1u);
  const Bytes& reject = server_.frames[0];
  EXPECT_EQ(Bytes(reject.begin(), reject.begin() + 3), (Bytes{0xc0, 0x21, kProtocolReject}));
  EXPECT_EQ(Bytes(reject.begin() + 6, reject.end()), ccp) << "protocol and information come back";
  EXPECT_EQ(server_.link->phase(), LinkPhase::kNetwork);
}

TEST_F(LinkTest, ProtocolRejectIsCutToThePeersMru) {
  LinkSettings client = Client();
  client.mru = 256;
  Make(Server(), client);
  StartBoth();
  server_.Receive(Control(kProtocolCcp, kConfigureRequest, 1, Bytes(1000, 0)), now_);
  ASSERT_EQ(server_.frames.size(), 1u);
  EXPECT_EQ(server_.frames[0].size(), 2u + 256);
}

TEST_F(LinkTest, CcpInFlightDoesNotHarmIpcp) {
  Make(Server(), Client());
  server_.Start(now_);
  client_.Start(now_);
  for (int round = 0; round < 20; ++round) {
    std::vector<Bytes> up = std::exchange(client_.frames, {});
    std::vector<Bytes> down = std::exchange(server_.frames, {});
    server_.Receive(Control(kProtocolCcp, kConfigureRequest, 1, {18, 6, 1, 0, 0, 1}), now_);
    for (const Bytes& frame : up) server_.Receive(frame, now_);
    for (const Bytes& frame : down) client_.Receive(frame, now_);
  }
  EXPECT_TRUE(server_.Ipv4IsUp());
  EXPECT_TRUE(client_.Ipv4IsUp());
  EXPECT_EQ(server_.CountOf<Ipv4Down>(), 0);
}

TEST_F(LinkTest, IpcpBeforeTheVerdictIsIgnored) {
  Make(Server(), Client());
  server_.answer = false;
  StartBoth();
  server_.Receive(Control(kProtocolIpcp, kConfigureRequest, 1, {3, 6, 0, 0, 0, 0}), now_);
  EXPECT_TRUE(server_.frames.empty());
  EXPECT_EQ(server_.CountOf<Ipv4Up>(), 0);
  EXPECT_EQ(server_.events[PppEvent::kOutOfPhase], 1);
}

TEST_F(LinkTest, ALostSuccessIsSentAgainWhenTheResponseComesAgain) {
  for (const AuthProtocol protocol : {AuthProtocol::kPap, AuthProtocol::kChapMd5}) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    server.auth = {protocol};
    Make(server, Client());
    server_.Start(now_);
    client_.Start(now_);
    const uint16_t wire = protocol == AuthProtocol::kPap ? kProtocolPap : kProtocolChap;
    const uint8_t verdict = protocol == AuthProtocol::kPap ? 2 : 3;
    bool lost = false;
    for (int round = 0; round < 20; ++round) {
      for (const Bytes& frame : std::exchange(client_.frames, {})) server_.Receive(frame, now_);
      for (const Bytes& frame : std::exchange(server_.frames, {})) {
        if (!lost && LoadBe16(frame.data()) == wire && frame[2] == verdict) {
          lost = true;
        } else {
          client_.Receive(frame, now_);
        }
      }
    }
    ASSERT_TRUE(lost);
    EXPECT_EQ(client_.CountOf<Authenticated>(), 0);
    EXPECT_EQ(server_.link->phase(), LinkPhase::kNetwork);
    RunUntil(now_ + Duration::Seconds(7));
    EXPECT_EQ(server_.CountOf<AuthenticationNeeded>(), 1) << "AAA is asked once";
    EXPECT_EQ(server_.events[PppEvent::kAuthRepeated], 1);
    EXPECT_TRUE(client_.Ipv4IsUp());
  }
}

TEST_F(LinkTest, AClientThatWillNotAuthenticateIsRefused) {
  LinkSettings client = Client();
  client.auth.clear();
  Make(Server(), client);
  StartBoth();
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAuthRefused);
  EXPECT_EQ(server_.CountOf<AuthenticationNeeded>(), 0);
}

TEST_F(LinkTest, NoAuthenticationStillAsksTheOwnerForTheAddress) {
  LinkSettings server = Server();
  server.auth = {AuthProtocol::kNone};
  Make(server, Client());
  StartBoth();
  ASSERT_NE(server_.Last<AuthenticationNeeded>(), nullptr);
  EXPECT_EQ(server_.Last<AuthenticationNeeded>()->protocol, AuthProtocol::kNone);
  EXPECT_TRUE(client_.Ipv4IsUp());
  EXPECT_EQ(client_.CountOf<Authenticated>(), 0);
}

TEST_F(LinkTest, ALoopIsRecognisedByItsMagicNumber) {
  Make(Server(), Client());
  server_.Start(now_);
  for (int round = 0; round < 50 && server_.CountOf<LinkDown>() == 0; ++round) {
    std::vector<Bytes> sent = std::exchange(server_.frames, {});
    // A server rejects its own demand to authenticate, so a loop shows where none is made.
    for (const Bytes& frame : sent) server_.Receive(frame, now_);
  }
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_TRUE(server_.Last<LinkDown>()->cause == LinkDownCause::kLoopback ||
              server_.Last<LinkDown>()->cause == LinkDownCause::kAuthRefused);
  server_ = {};
  LinkSettings open = Server();
  open.auth = {AuthProtocol::kNone};
  Make(open, Client());
  server_.Start(now_);
  for (int round = 0; round < 50 && server_.CountOf<LinkDown>() == 0; ++round) {
    std::vector<Bytes> sent = std::exchange(server_.frames, {});
    for (const Bytes& frame : sent) server_.Receive(frame, now_);
  }
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kLoopback);
  EXPECT_EQ(server_.CountOf<LinkOpened>(), 0);
}

TEST_F(LinkTest, ARestartedClientNegotiatesAndAuthenticatesAgain) {
  Make(Server(), Client());
  StartBoth();
  client_ = {};
  client_.link = Link::MakeClient(client_settings_, {"alice", "secret"}, client_rng_);
  client_.Start(now_);
  Exchange();
  EXPECT_EQ(server_.CountOf<LinkRenegotiating>(), 1);
  EXPECT_EQ(server_.CountOf<Ipv4Down>(), 1);
  EXPECT_EQ(server_.CountOf<Ipv4Up>(), 2);
  EXPECT_EQ(server_.CountOf<AuthenticationNeeded>(), 2);
  EXPECT_TRUE(client_.Ipv4IsUp());
}

TEST_F(LinkTest, AVerdictForAnAuthenticationThatIsOverChangesNothing) {
  Make(Server(), Client());
  server_.answer = false;
  StartBoth();
  ASSERT_EQ(server_.CountOf<AuthenticationNeeded>(), 1);
  const AuthenticationNeeded first = *server_.Last<AuthenticationNeeded>();
  server_.Receive(Control(kProtocolLcp, kConfigureRequest, 99, {5, 6, 1, 2, 3, 4}), now_);
  ASSERT_EQ(server_.CountOf<LinkRenegotiating>(), 1);
  server_.frames.clear();
  server_.Judge(first, now_);
  EXPECT_TRUE(server_.frames.empty());
  EXPECT_EQ(server_.link->phase(), LinkPhase::kEstablish);
}

TEST_F(LinkTest, AVerdictFromBeforeARenegotiationDoesNotAdmitTheNextUser) {
  Make(Server(), Client());
  server_.answer = false;
  StartBoth();
  const AuthenticationNeeded first = *server_.Last<AuthenticationNeeded>();
  // Another client takes the line and is asked, but has not answered.
  client_ = {};
  client_.link = Link::MakeClient(client_settings_, {"mallory", "guess"}, client_rng_);
  client_.Start(now_);
  for (int round = 0; round < 20; ++round) {
    for (const Bytes& frame : std::exchange(client_.frames, {})) {
      if (LoadBe16(frame.data()) == kProtocolLcp) server_.Receive(frame, now_);
    }
    for (const Bytes& frame : std::exchange(server_.frames, {})) client_.Receive(frame, now_);
  }
  ASSERT_EQ(server_.link->phase(), LinkPhase::kAuthenticate);
  ASSERT_EQ(server_.CountOf<AuthenticationNeeded>(), 1);
  server_.Judge(first, now_);
  EXPECT_TRUE(server_.frames.empty());
  EXPECT_EQ(server_.link->phase(), LinkPhase::kAuthenticate);
}

TEST_F(LinkTest, ProtocolRejectCountsOnlyWhenOpenAndOfLcpEndsTheLink) {
  Make(Server(), Client());
  const Bytes reject = Control(kProtocolLcp, kProtocolReject, 1, {0xc0, 0x21, 1, 1, 0, 4});
  server_.Start(now_);
  server_.Receive(reject, now_);
  EXPECT_EQ(server_.CountOf<LinkDown>(), 0);
  EXPECT_EQ(server_.link->phase(), LinkPhase::kEstablish);
  client_.Start(now_);
  RunUntil(now_ + Duration::Seconds(4));
  ASSERT_TRUE(server_.Ipv4IsUp());
  server_.Receive(reject, now_);
  EXPECT_EQ(server_.link->phase(), LinkPhase::kTerminate);
  RunUntil(now_ + Duration::Seconds(10));
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kLcpRefused);
}

TEST_F(LinkTest, ProtocolRejectOfIpcpEndsIpv4AndOnlyThat) {
  for (const bool ipv6 : {true, false}) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    LinkSettings client = Client();
    server.ipv6 = client.ipv6 = ipv6;
    Make(server, client);
    StartBoth();
    server_.Receive(Control(kProtocolLcp, kProtocolReject, 1, {0x80, 0x21, 1, 1, 0, 4}), now_);
    EXPECT_EQ(server_.CountOf<Ipv4Down>(), 1);
    EXPECT_EQ(server_.CountOf<Ipv6Down>(), 0);
    Exchange();
    RunUntil(now_ + Duration::Seconds(10));
    EXPECT_EQ(server_.CountOf<LinkDown>(), ipv6 ? 0 : 1);
    if (!ipv6) {
      EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kNoNetworkProtocol);
    }
  }
}

TEST_F(LinkTest, AUserWithoutAnAddressGetsIpv6OnlyOrNothing) {
  for (const bool ipv6 : {true, false}) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    LinkSettings client = Client();
    server.ipv6 = client.ipv6 = ipv6;
    Make(server, client);
    server_.answer = false;
    StartBoth();
    LinkActions out;
    server_.link->OnAuthentication({.accepted = true}, now_, out);
    server_.Take(out, now_);
    Exchange();
    EXPECT_EQ(server_.CountOf<Ipv4Up>() + client_.CountOf<Ipv4Up>(), 0);
    EXPECT_EQ(server_.CountOf<Ipv6Up>(), ipv6 ? 1 : 0);
    if (!ipv6) {
      ASSERT_NE(server_.Last<LinkDown>(), nullptr);
      EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kNoNetworkProtocol);
    }
  }
}

TEST_F(LinkTest, APeerThatWillNotTakeItsAddressIsRefused) {
  Make(Server(), Client());
  StartBoth();
  server_.frames.clear();
  const Bytes other = {3, 6, 10, 9, 9, 9};
  for (uint8_t id = 100; id < 120 && server_.CountOf<LinkDown>() == 0; ++id) {
    server_.Receive(Control(kProtocolIpcp, kConfigureRequest, id, other), now_);
    server_.Receive(Control(kProtocolIpcp, kConfigureRequest, ++id, {}), now_);
    // It acknowledges the end of IPCP, then of the link.
    for (const Bytes& frame : std::exchange(server_.frames, {})) {
      if (frame[2] == kTerminateRequest) {
        server_.Receive(Control(LoadBe16(frame.data()), kTerminateAck, frame[3], {}), now_);
      }
    }
  }
  for (const Bytes& frame : std::exchange(server_.frames, {})) {
    if (frame[2] == kTerminateRequest) {
      server_.Receive(Control(LoadBe16(frame.data()), kTerminateAck, frame[3], {}), now_);
    }
  }
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAddressRefused);
}

TEST_F(LinkTest, NobodyAnswersTheChallenge) {
  Make(Server(), Client());
  server_.answer = false;  // nor does AAA, elsewhere the same limit applies
  StartBoth();
  const Instant opened = now_;
  for (int i = 0; i < 100 && server_.CountOf<LinkDown>() == 0; ++i) {
    now_ = server_.link->NextDeadline();
    server_.Tick(now_);
  }
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAuthTimeout);
  EXPECT_LE(now_ - opened, Duration::Seconds(30 + 3 * 3));
}

TEST_F(LinkTest, NoNetworkProtocolOpensInTime) {
  Make(Server(), Client());
  server_.answer = false;
  StartBoth();
  server_.Judge(*server_.Last<AuthenticationNeeded>(), now_);
  for (int i = 0; i < 100 && server_.CountOf<LinkDown>() == 0; ++i) {
    now_ = server_.link->NextDeadline();
    server_.Tick(now_);
  }
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kNetworkTimeout);
}

TEST_F(LinkTest, EchoIsAnsweredOnlyWhenOpenWithOurMagicAndTheDataBack) {
  Make(Server(), Client());
  const Bytes request = Control(kProtocolLcp, kEchoRequest, 5, {9, 9, 9, 9, 'h', 'i'});
  server_.Start(now_);
  server_.frames.clear();
  server_.Receive(request, now_);
  EXPECT_TRUE(server_.frames.empty()) << "LCP is not open";
  client_.Start(now_);
  RunUntil(now_ + Duration::Seconds(4));
  ASSERT_TRUE(server_.Ipv4IsUp());
  server_.frames.clear();
  server_.Receive(request, now_);
  ASSERT_EQ(server_.frames.size(), 1u);
  const Bytes& reply = server_.frames[0];
  EXPECT_EQ(Bytes(reply.begin(), reply.begin() + 6), (Bytes{0xc0, 0x21, kEchoReply, 5, 0, 10}));
  EXPECT_NE(LoadBe32(reply.data() + 6), 0x09090909u);
  EXPECT_EQ(Bytes(reply.begin() + 10, reply.end()), (Bytes{'h', 'i'}));
  // Its own number in a request: a loop, no answer.
  const uint32_t magic = LoadBe32(reply.data() + 6);
  PacketBuilder looped(kProtocolLcp, kEchoRequest, 6);
  looped.AppendU32(magic);
  server_.frames.clear();
  server_.Receive(std::move(looped).Finish(), now_);
  EXPECT_TRUE(server_.frames.empty());
  EXPECT_EQ(server_.events[PppEvent::kOwnMagic], 1);
  server_.Receive(Control(kProtocolLcp, kDiscardRequest, 7, {1, 2, 3, 4}), now_);
  EXPECT_TRUE(server_.frames.empty());
}

TEST_F(LinkTest, IdentificationAndTimeRemainingHaveNoEffectInAnyState) {
  Make(Server(), Client());
  const auto tell = [&] {
    for (const uint8_t code : {kIdentification, kTimeRemaining}) {
      server_.Receive(Control(kProtocolLcp, code, 1, {0, 0, 0, 0, 'M', 'S'}), now_);
    }
  };
  tell();
  server_.Start(now_);
  server_.frames.clear();
  tell();
  EXPECT_TRUE(server_.frames.empty());
  client_.Start(now_);
  RunUntil(now_ + Duration::Seconds(4));
  tell();
  EXPECT_TRUE(server_.frames.empty());
  EXPECT_TRUE(server_.Ipv4IsUp());
}

TEST_F(LinkTest, VendorAndUnknownCodesAreCodeRejectedOnce) {
  Make(Server(), Client());
  StartBoth();
  for (const uint8_t code : {uint8_t{0}, uint8_t{77}}) {
    server_.Receive(Control(kProtocolLcp, code, 1, {0, 0, 0, 0, 1, 2, 3, 0}), now_);
    ASSERT_EQ(server_.frames.size(), 1u);
    EXPECT_EQ(server_.frames[0][2], kCodeReject);
    client_.Receive(server_.frames[0], now_);
    server_.frames.clear();
    EXPECT_TRUE(client_.frames.empty()) << "a Code-Reject is not answered";
  }
  EXPECT_TRUE(server_.Ipv4IsUp());
}

TEST_F(LinkTest, TerminateTextIsReportedPrintable) {
  Make(Server(), Client());
  StartBoth();
  server_.Receive(Control(kProtocolLcp, kTerminateRequest, 1, {'b', 'y', 'e', 7}), now_);
  server_.Tick(now_ + Duration::Seconds(3));
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kTerminatedByPeer);
  EXPECT_EQ(server_.Last<LinkDown>()->message, "bye.");
}

TEST_F(LinkTest, NetworkPacketsAreOnlyCounted) {
  Make(Server(), Client());
  StartBoth();
  server_.Receive(Bytes{0x00, 0x21, 0x45, 0, 0, 20}, now_);
  server_.Receive(Bytes{0x57, 0x60, 0, 0, 0}, now_);
  EXPECT_EQ(server_.events[PppEvent::kNetworkFrame], 2);
  EXPECT_TRUE(server_.frames.empty());
}

TEST_F(LinkTest, CloseBeforeStartEndsAtOnce) {
  Make(Server(), Client());
  server_.Close(now_);
  ASSERT_EQ(server_.CountOf<LinkDown>(), 1);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kClosedLocally);
  server_.Start(now_);
  server_.Close(now_);
  EXPECT_EQ(server_.CountOf<LinkDown>(), 1);
  EXPECT_TRUE(server_.frames.empty());
}

}  // namespace
}  // namespace lns::ppp
