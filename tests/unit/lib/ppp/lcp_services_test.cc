// What LCP does while a link is open: echoes, Protocol-Rejects and Code-Rejects.
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
#include "lib/ppp/packet_builder.h"
#include "tests/unit/lib/ppp/link_fixture.h"

namespace lns::ppp {
namespace {

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

TEST_F(LinkTest, EchoIsSentInSpiteOfDataWhereTheSettingsSayAlways) {
  LinkSettings settings = Server();
  settings.echo_always = true;
  Make(settings, Client());
  StartBoth();
  const Instant until = now_ + Duration::Seconds(600);
  while (server_.link->NextDeadline() < until) {
    server_.link->OnDataSeen();
    server_.Tick(server_.link->NextDeadline());
  }
  EXPECT_EQ(server_.CountOf<LinkDown>(), 0) << "data is a sign of life all the same";
  EXPECT_GE(server_.events[PppEvent::kEchoSent], 19);
}

TEST_F(LinkTest, EchoesThatAnotherDoesAreNotDoneTwice) {
  Make(Server(), Client());
  StartBoth();
  ASSERT_TRUE(server_.Ipv4IsUp());
  server_.link->SetEchoElsewhere(true, now_);
  const Instant until = now_ + Duration::Seconds(3600);
  while (server_.link->NextDeadline() < until) server_.Tick(server_.link->NextDeadline());
  EXPECT_EQ(server_.events[PppEvent::kEchoSent], 0);
  // The peer's that come here after all are answered.
  server_.frames.clear();
  server_.Receive(Control(kProtocolLcp, kEchoRequest, 5, {9, 9, 9, 9}), now_);
  EXPECT_EQ(server_.frames.size(), 1u);
  server_.frames.clear();
  server_.link->SetEchoElsewhere(false, now_);
  while (server_.link->NextDeadline() <= now_ + Server().echo_interval) {
    server_.Tick(server_.link->NextDeadline());
  }
  EXPECT_EQ(server_.events[PppEvent::kEchoSent], 1);
}

TEST_F(LinkTest, APeerThatAnotherFoundMissingIsLeftAsAfterOurOwnEchoes) {
  Make(Server(), Client());
  StartBoth();
  LinkActions actions;
  server_.link->OnEchoTimeout(now_, actions);
  bool terminates = false;
  for (const LinkAction& action : actions) {
    const auto* frame = std::get_if<SendFrame>(&action);
    if (frame != nullptr && frame->bytes[2] == kTerminateRequest) terminates = true;
  }
  EXPECT_TRUE(terminates);
  for (int i = 0; i < 20 && server_.CountOf<LinkDown>() == 0; ++i) {
    server_.Tick(server_.link->NextDeadline());
  }
  ASSERT_EQ(server_.CountOf<LinkDown>(), 1);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kEchoTimeout);
  actions.clear();
  server_.link->OnEchoTimeout(now_, actions);
  EXPECT_TRUE(actions.empty()) << "it is over";
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

TEST_F(LinkTest, AStormOfUnknownProtocolsIsAnsweredSoOftenASecond) {
  Make(Server(), Client());
  StartBoth();
  for (int second = 0; second < 3; ++second) {
    server_.frames.clear();
    for (int i = 0; i < 100; ++i) {
      server_.Receive(Control(kProtocolCcp, kConfigureRequest, static_cast<uint8_t>(i), {}), now_);
    }
    EXPECT_EQ(server_.frames.size(), 16u);
    now_ = now_ + Duration::Seconds(1);
  }
  EXPECT_EQ(server_.events[PppEvent::kRejectSuppressed], 3 * 84);
  EXPECT_TRUE(server_.Ipv4IsUp());
}

// RFC 1990, RFC 3772, ECP, BCP, MPLSCP, ACSP, LQR, EAP, BAP and what has no name.
TEST_F(LinkTest, EveryProtocolWeDoNotSpeakIsRejectedByItsNumber) {
  Make(Server(), Client());
  StartBoth();
  const std::vector<uint16_t> protocols = {0x80fd, 0x8053, 0x003d, 0x8031, 0x8281, 0x8235, 0xc025,
                                           0xc227, 0xc02b, 0xc02d, 0x00fd, 0x80ab, 0x8057};
  for (const uint16_t protocol : protocols) {
    now_ = now_ + Duration::Seconds(1);
    server_.frames.clear();
    server_.Receive(Control(protocol, kConfigureRequest, 1, {}), now_);
    ASSERT_EQ(server_.frames.size(), 1u) << protocol;
    EXPECT_EQ(server_.frames[0][2], kProtocolReject);
    EXPECT_EQ(LoadBe16(server_.frames[0].data() + 6), protocol);
  }
  EXPECT_TRUE(server_.Ipv4IsUp());
  EXPECT_EQ(server_.CountOf<Ipv4Down>(), 0);
}

TEST_F(LinkTest, IdentificationIsSentWhenLcpOpensWhereSettingsSay) {
  LinkSettings server = Server();
  server.identification = "Terminus";
  Make(server, Client());
  server_.Start(now_);
  client_.Start(now_);
  std::vector<Bytes> told;
  for (int round = 0; round < 20; ++round) {
    for (const Bytes& frame : std::exchange(client_.frames, {})) server_.Receive(frame, now_);
    for (const Bytes& frame : std::exchange(server_.frames, {})) {
      if (LoadBe16(frame.data()) == kProtocolLcp && frame[2] == kIdentification) {
        told.push_back(frame);
      }
      client_.Receive(frame, now_);
    }
  }
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(LoadBe32(told[0].data() + 6), 0u) << "our magic number";
  EXPECT_EQ(AsText(ByteView(told[0]).subspan(10)), "Terminus");
  EXPECT_TRUE(client_.Ipv4IsUp());
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

}  // namespace
}  // namespace lns::ppp
