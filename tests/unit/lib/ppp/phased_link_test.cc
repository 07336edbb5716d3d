// The phases of a link: how it begins, renegotiates and ends, and what it makes of any frame.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

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
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kNoLcp);
}

TEST_F(LinkTest, APeerThatOnlyTalksOtherThingsIsToldFromASilentOne) {
  Make(Server(), Client());
  server_.Start(now_);
  for (int i = 0; i < 100 && server_.link->NextDeadline() != Instant::Never(); ++i) {
    server_.Receive(Control(kProtocolLcp, kConfigureRequest, 1, {1, 4, 0, 1}), now_);
    server_.Tick(server_.link->NextDeadline());
  }
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kLcpTimeout);
}

// A peer that never repeats a request and never keeps what it has negotiated.
TEST_F(LinkTest, RenegotiationWithoutEndEndsTheLink) {
  Make(Server(), Client());
  StartBoth();
  uint8_t id = 100;
  for (int storm = 0; storm < 100 && server_.CountOf<LinkDown>() == 0; ++storm) {
    ++id;
    server_.Receive(Control(kProtocolLcp, kConfigureRequest, id, {5, 6, 1, 2, 3, id}), now_);
    // Our new request, acknowledged at once.
    for (Bytes frame : std::exchange(server_.frames, {})) {
      if (LoadBe16(frame.data()) != kProtocolLcp || frame[2] != kConfigureRequest) continue;
      frame[2] = kConfigureAck;
      server_.Receive(frame, now_);
    }
    server_.Tick(now_);
  }
  EXPECT_EQ(server_.events[PppEvent::kRenegotiated], 11);
  RunUntil(now_ + Duration::Seconds(10));
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kLcpRefused);
  EXPECT_EQ(server_.Last<LinkDown>()->message, "LCP renegotiated without end");
}

TEST_F(LinkTest, RenegotiationNowAndThenIsEverybodysRight) {
  Make(Server(), Client());
  StartBoth();
  for (int day = 0; day < 30; ++day) {
    now_ = now_ + Duration::Seconds(61);
    client_ = {};
    client_.link = Link::MakeClient(client_settings_, {"alice", "secret"}, client_rng_);
    client_.Start(now_);
    Exchange();
    ASSERT_TRUE(client_.Ipv4IsUp()) << day;
  }
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

TEST_F(LinkTest, ALoopIsRecognisedByItsMagicNumber) {
  Make(Server(), Client());
  server_.Start(now_);
  for (int round = 0; round < 50 && server_.CountOf<LinkDown>() == 0; ++round) {
    std::vector<Bytes> sent = std::exchange(server_.frames, {});
    for (const Bytes& frame : sent) server_.Receive(frame, now_);
  }
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kLoopback);
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

TEST_F(LinkTest, TerminateTextIsReportedPrintable) {
  Make(Server(), Client());
  StartBoth();
  server_.Receive(Control(kProtocolLcp, kTerminateRequest, 1, {'b', 'y', 'e', 7}), now_);
  server_.Tick(now_ + Duration::Seconds(3));
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kTerminatedByPeer);
  EXPECT_EQ(server_.Last<LinkDown>()->message, "bye.");
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
