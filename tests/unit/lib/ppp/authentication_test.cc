// The authentication phase of a link: which protocol, whose verdict, and what becomes of the link.
// The packets of each protocol are pap_test.cc's and chap_test.cc's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/link.h"
#include "tests/unit/lib/ppp/link_fixture.h"

namespace lns::ppp {
namespace {

// Those that can be done on this machine and say why they failed.
std::vector<AuthProtocol> Protocols() {
  std::vector<AuthProtocol> protocols = {AuthProtocol::kPap, AuthProtocol::kChapMd5};
  if (MsChapError().empty()) protocols.push_back(AuthProtocol::kMsChapV2);
  return protocols;
}

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
  for (const AuthProtocol protocol : Protocols()) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    LinkSettings client = Client();
    server.auth = client.auth = {protocol};
    Make(server, client, {"alice", "wrong"});
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

TEST_F(LinkTest, ALostSuccessIsSentAgainWhenTheResponseComesAgain) {
  for (const AuthProtocol protocol : Protocols()) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    LinkSettings client = Client();
    server.auth = client.auth = {protocol};
    Make(server, client);
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

TEST_F(LinkTest, ComesUpWithMsChapV2ThatThePeerPrefers) {
  if (!MsChapError().empty()) GTEST_SKIP() << MsChapError();
  LinkSettings server = Server();
  server.auth = {AuthProtocol::kChapMd5, AuthProtocol::kMsChapV2, AuthProtocol::kPap};
  LinkSettings client = Client();
  client.auth = {AuthProtocol::kMsChapV2};
  Make(server, client);
  StartBoth();
  EXPECT_TRUE(client_.Ipv4IsUp());
  ASSERT_NE(server_.Last<AuthenticationNeeded>(), nullptr);
  EXPECT_EQ(server_.Last<AuthenticationNeeded>()->protocol, AuthProtocol::kMsChapV2);
  EXPECT_EQ(server_.Last<AuthenticationNeeded>()->response.size(), 49u);
  EXPECT_EQ(client_.CountOf<Authenticated>(), 1);
}

TEST_F(LinkTest, MsChapV1IsNotSpokenUnlessSettingsSay) {
  LinkSettings client = Client();
  client.auth = {AuthProtocol::kMsChapV1};
  Make(Server(), client);
  StartBoth();
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAuthRefused);
}

class ReauthenticationLinkTest : public LinkTest {
 protected:
  void Open() {
    LinkSettings server = Server();
    server.reauthenticate = Duration::Seconds(300);
    server.echo_interval = Duration();
    LinkSettings client = Client();
    client.echo_interval = Duration();
    Make(server, client);
    StartBoth();
    ASSERT_TRUE(server_.Ipv4IsUp());
  }
};

TEST_F(ReauthenticationLinkTest, TheNetworkStaysUpWhileThePeerIsAskedAgain) {
  Open();
  RunUntil(now_ + Duration::Seconds(3600));
  EXPECT_GE(server_.CountOf<AuthenticationNeeded>(), 12);
  EXPECT_LE(server_.CountOf<AuthenticationNeeded>(), 20);
  EXPECT_TRUE(server_.Last<AuthenticationNeeded>()->again);
  EXPECT_EQ(server_.CountOf<Ipv4Down>() + client_.CountOf<Ipv4Down>(), 0);
  EXPECT_EQ(server_.CountOf<Ipv4Opening>(), 1);
  EXPECT_EQ(server_.link->phase(), LinkPhase::kNetwork);
  EXPECT_EQ(client_.CountOf<Authenticated>(), 1);
}

TEST_F(ReauthenticationLinkTest, ARefusalEndsTheLink) {
  Open();
  server_.password = "changed meanwhile";
  RunUntil(now_ + Duration::Seconds(320));
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAuthFailed);
  EXPECT_EQ(server_.CountOf<Ipv4Down>(), 1);
}

TEST_F(ReauthenticationLinkTest, SilenceEndsTheLink) {
  Open();
  for (int i = 0; i < 100 && server_.CountOf<LinkDown>() == 0; ++i) {
    now_ = std::max(now_, server_.link->NextDeadline());
    server_.Tick(now_);
  }
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAuthTimeout);
}

TEST_F(ReauthenticationLinkTest, AnotherUserEndsTheLink) {
  Open();
  now_ = server_.link->NextDeadline();
  server_.Tick(now_);  // what was said is forgotten
  now_ = server_.link->NextDeadline();
  server_.Tick(now_);
  ASSERT_EQ(server_.frames.size(), 1u);
  const uint8_t id = server_.frames[0][3];
  server_.frames.clear();
  Bytes response(1, 16);
  response.resize(17, 1);
  for (const char c : {'m', 'a', 'l'}) response.push_back(static_cast<uint8_t>(c));
  server_.Receive(Control(kProtocolChap, kChapResponse, id, response), now_);
  EXPECT_EQ(server_.CountOf<AuthenticationNeeded>(), 1) << "nobody is asked about the other";
  EXPECT_EQ(server_.link->phase(), LinkPhase::kTerminate);
  Exchange();
  RunUntil(now_ + Duration::Seconds(10));
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAuthNameChanged);
}

}  // namespace
}  // namespace lns::ppp
