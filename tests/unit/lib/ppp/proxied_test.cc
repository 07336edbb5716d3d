// What a LAC negotiated and asked before the link was ours: when it is taken over, whom it asks
// about, and what the peer hears of it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "lib/ppp/control_packet.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/pap.h"
#include "lib/ppp/proxied.h"
#include "tests/unit/lib/ppp/link_fixture.h"

namespace lns::ppp {
namespace {

const Bytes kSentChap = {1, 4, 5, 0xd4, 3, 5, 0xc2, 0x23, 5, 5, 6, 1, 2, 3, 4};
const Bytes kSentPap = {1, 4, 5, 0xd4, 3, 4, 0xc0, 0x23, 5, 6, 1, 2, 3, 4};
const Bytes kSentNothing = {1, 4, 5, 0xd4, 5, 6, 1, 2, 3, 4};
const Bytes kReceived = {1, 4, 5, 0x78, 5, 6, 9, 9, 9, 9, 7, 2};
const Bytes kChallenge(16, 7);
const Bytes kPassword = {'s', 'e', 'c', 'r', 'e', 't'};
constexpr uint8_t kId = 0x42;

Bytes ChapResponse() {
  const ChapValue digest = ChapMd5(kId, "secret", kChallenge);
  return Bytes(digest.begin(), digest.end());
}

ProxiedLcp WithChap(const Bytes& response) {
  return {.initial_received = kReceived,
          .last_sent = kSentChap,
          .last_received = kReceived,
          .authen_type = 2,
          .authen_name = "alice@example",
          .authen_challenge = kChallenge,
          .authen_id = kId,
          .authen_response = response};
}

ProxiedLcp WithPap() {
  return {.last_sent = kSentPap,
          .last_received = kReceived,
          .authen_type = 3,
          .authen_name = "alice@example",
          .authen_id = kId,
          .authen_response = kPassword};
}

TEST(ProxiedAnswerTest, IsTheQuestionTheLinkWouldHaveAsked) {
  const Bytes response = ChapResponse();
  const auto chap = ProxiedAnswer(WithChap(response), AuthProtocol::kChapMd5);
  ASSERT_TRUE(chap);
  EXPECT_EQ(chap->protocol, AuthProtocol::kChapMd5);
  EXPECT_EQ(chap->user_name, "alice@example");
  EXPECT_EQ(chap->identifier, kId);
  EXPECT_EQ(chap->challenge, kChallenge);
  EXPECT_EQ(chap->response, response);
  EXPECT_TRUE(chap->proxied);
  const auto pap = ProxiedAnswer(WithPap(), AuthProtocol::kPap);
  ASSERT_TRUE(pap);
  EXPECT_EQ(pap->protocol, AuthProtocol::kPap);
  EXPECT_EQ(pap->password, "secret");
  EXPECT_TRUE(pap->response.empty());
}

TEST(ProxiedAnswerTest, IsNoneWhereItDoesNotAnswerForWhatLcpAgreedOn) {
  const Bytes response = ChapResponse();
  struct Row {
    const char* what;
    AuthProtocol agreed;
    ProxiedLcp proxied;
    bool usable;
  };
  std::vector<Row> rows;
  const auto row = [&](const char* what, AuthProtocol agreed, ProxiedLcp proxied, bool usable,
                       auto change) {
    change(proxied);
    rows.push_back({what, agreed, proxied, usable});
  };
  const auto chap = AuthProtocol::kChapMd5;
  row("CHAP", chap, WithChap(response), true, [](ProxiedLcp&) {});
  row("another protocol was agreed on", AuthProtocol::kPap, WithChap(response), false,
      [](ProxiedLcp&) {});
  row("PAP where CHAP was agreed on", chap, WithPap(), false, [](ProxiedLcp&) {});
  row("type 4, none", chap, WithChap(response), false, [](ProxiedLcp& p) { p.authen_type = 4; });
  row("no type", chap, WithChap(response), false, [](ProxiedLcp& p) { p.authen_type.reset(); });
  row("a type of its own", chap, WithChap(response), false,
      [](ProxiedLcp& p) { p.authen_type = 9; });
  row("no identifier", chap, WithChap(response), false, [](ProxiedLcp& p) { p.authen_id.reset(); });
  row("no challenge", chap, WithChap(response), false,
      [](ProxiedLcp& p) { p.authen_challenge = {}; });
  row("a short response", chap, WithChap(response), false,
      [](ProxiedLcp& p) { p.authen_response = p.authen_response.first(15); });
  const Bytes long_response(49, 1);
  row("MS-CHAPv1", AuthProtocol::kMsChapV1, WithChap(long_response), true,
      [](ProxiedLcp& p) { p.authen_type = 5; });
  row("MS-CHAPv2 under the number of CHAP", AuthProtocol::kMsChapV2, WithChap(long_response), true,
      [](ProxiedLcp&) {});
  row("PAP without an identifier", AuthProtocol::kPap, WithPap(), false,
      [](ProxiedLcp& p) { p.authen_id.reset(); });
  row("a text login", AuthProtocol::kNone, WithPap(), true,
      [](ProxiedLcp& p) { p.authen_type = 1; });
  row("a text login, but the peer expects PAP", AuthProtocol::kPap, WithPap(), false,
      [](ProxiedLcp& p) { p.authen_type = 1; });
  row("nothing agreed on, nothing known", AuthProtocol::kNone, WithPap(), false,
      [](ProxiedLcp& p) { p.authen_type = 4; });
  row("a login without a name", AuthProtocol::kNone, WithPap(), false, [](ProxiedLcp& p) {
    p.authen_type = 1;
    p.authen_name = {};
  });
  const std::string long_name(256, 'n');
  row("a name no packet could carry", chap, WithChap(response), false,
      [&](ProxiedLcp& p) { p.authen_name = long_name; });
  for (const Row& each : rows) {
    EXPECT_EQ(ProxiedAnswer(each.proxied, each.agreed).has_value(), each.usable) << each.what;
  }
}

class ProxiedLinkTest : public LinkTest {
 protected:
  void MakeServer(Renegotiate policy) {
    LinkSettings server = Server();
    server.proxy.renegotiate = policy;
    Make(server, Client());
  }
  // The code of the only frame sent of `protocol`; 0 where there is not one.
  uint8_t SentCode(uint16_t protocol) const {
    uint8_t code = 0;
    for (const Bytes& frame : server_.frames) {
      if (LoadBe16(frame.data()) != protocol) continue;
      EXPECT_EQ(code, 0) << "more than one";
      code = frame[2];
    }
    return code;
  }
};

TEST_F(ProxiedLinkTest, OpensWithoutAPacketAndAnswersTheLacsChallenge) {
  MakeServer(Renegotiate::kOnMismatch);
  server_.answer = false;
  const Bytes response = ChapResponse();
  server_.StartProxied(WithChap(response), now_);
  EXPECT_TRUE(server_.frames.empty());
  EXPECT_EQ(server_.events[PppEvent::kProxyAdopted], 1);
  ASSERT_NE(server_.Last<LinkOpened>(), nullptr);
  EXPECT_TRUE(server_.Last<LinkOpened>()->proxied);
  EXPECT_EQ(server_.Last<LinkOpened>()->peer_mru, 1400);
  EXPECT_TRUE(server_.Last<LinkOpened>()->send_pfc);
  ASSERT_NE(server_.Last<AuthenticationNeeded>(), nullptr);
  server_.Judge(*server_.Last<AuthenticationNeeded>(), now_);
  ASSERT_FALSE(server_.frames.empty());
  EXPECT_EQ(Bytes(server_.frames[0].begin(), server_.frames[0].begin() + 4),
            (Bytes{0xc2, 0x23, kChapSuccess, kId}));
  EXPECT_EQ(SentCode(kProtocolIpcp), kConfigureRequest);
  EXPECT_EQ(server_.link->phase(), LinkPhase::kNetwork);
}

TEST_F(ProxiedLinkTest, AWrongProxiedPasswordIsRefusedAsThePeerExpects) {
  MakeServer(Renegotiate::kOnMismatch);
  const Bytes wrong(16, 0);
  server_.StartProxied(WithChap(wrong), now_);
  EXPECT_EQ(SentCode(kProtocolChap), kChapFailure);
  EXPECT_EQ(SentCode(kProtocolLcp), kTerminateRequest);
}

TEST_F(ProxiedLinkTest, ProxiedPapIsAcknowledgedWithItsIdentifier) {
  MakeServer(Renegotiate::kOnMismatch);
  server_.StartProxied(WithPap(), now_);
  ASSERT_FALSE(server_.frames.empty());
  EXPECT_EQ(Bytes(server_.frames[0].begin(), server_.frames[0].begin() + 4),
            (Bytes{0xc0, 0x23, kPapAck, kId}));
  // The Ack was lost and the peer asks once more.
  server_.frames.clear();
  server_.Receive(Control(kProtocolPap, kPapRequest, 0x43, {1, 'a', 1, 'b'}), now_);
  EXPECT_EQ(SentCode(kProtocolPap), kPapAck);
  EXPECT_EQ(server_.CountOf<AuthenticationNeeded>(), 1);
}

TEST_F(ProxiedLinkTest, ATextLoginIsAskedAboutAndNothingIsSaidToThePeer) {
  MakeServer(Renegotiate::kOnMismatch);
  ProxiedLcp proxied = WithPap();
  proxied.last_sent = kSentNothing;
  proxied.authen_type = 1;
  proxied.authen_id.reset();
  server_.StartProxied(proxied, now_);
  ASSERT_NE(server_.Last<AuthenticationNeeded>(), nullptr);
  EXPECT_EQ(server_.Last<AuthenticationNeeded>()->protocol, AuthProtocol::kPap);
  EXPECT_EQ(SentCode(kProtocolPap), 0);
  EXPECT_EQ(SentCode(kProtocolIpcp), kConfigureRequest);
}

TEST_F(ProxiedLinkTest, WithoutAnAnswerThePeerIsAskedHere) {
  for (const bool rechallenge : {false, true}) {
    server_ = {};
    LinkSettings settings = Server();
    settings.proxy.rechallenge = rechallenge;
    Make(settings, Client());
    const Bytes response = ChapResponse();
    ProxiedLcp proxied = WithChap(response);
    if (!rechallenge) proxied.authen_type = 4;
    server_.StartProxied(proxied, now_);
    EXPECT_EQ(SentCode(kProtocolChap), kChapChallenge) << rechallenge;
    EXPECT_EQ(SentCode(kProtocolLcp), 0);
    EXPECT_EQ(server_.CountOf<AuthenticationNeeded>(), 0);
  }
}

TEST_F(ProxiedLinkTest, AnAbsentTypeBeginsAuthenticationFromScratch) {
  MakeServer(Renegotiate::kOnMismatch);
  server_.StartProxied({.last_sent = kSentChap, .last_received = kReceived}, now_);
  EXPECT_EQ(SentCode(kProtocolChap), kChapChallenge);
}

TEST_F(ProxiedLinkTest, APolicyDecidesOnWhatIsNotAcceptableOrNotThere) {
  const Bytes response = ChapResponse();
  ProxiedLcp multilink = WithChap(response);
  const Bytes mrru = {1, 4, 5, 0xd4, 17, 4, 5, 0xdc};
  multilink.last_received = mrru;
  enum class Outcome { kAdopted, kNegotiates, kEnds };
  struct Row {
    const char* what;
    Renegotiate policy;
    ProxiedLcp proxied;
    Outcome outcome;
  };
  const Row rows[] = {
      {"never, acceptable", Renegotiate::kNever, WithChap(response), Outcome::kAdopted},
      {"never, not acceptable", Renegotiate::kNever, multilink, Outcome::kEnds},
      {"never, absent", Renegotiate::kNever, {}, Outcome::kEnds},
      {"on mismatch, acceptable", Renegotiate::kOnMismatch, WithChap(response), Outcome::kAdopted},
      {"on mismatch, not acceptable", Renegotiate::kOnMismatch, multilink, Outcome::kNegotiates},
      {"on mismatch, absent", Renegotiate::kOnMismatch, {}, Outcome::kNegotiates},
      {"always, acceptable", Renegotiate::kAlways, WithChap(response), Outcome::kNegotiates},
      {"always, absent", Renegotiate::kAlways, {}, Outcome::kNegotiates},
  };
  for (const Row& row : rows) {
    server_ = {};
    MakeServer(row.policy);
    server_.StartProxied(row.proxied, now_);
    EXPECT_EQ(server_.CountOf<LinkOpened>(), row.outcome == Outcome::kAdopted ? 1 : 0) << row.what;
    EXPECT_EQ(SentCode(kProtocolLcp), row.outcome == Outcome::kNegotiates ? kConfigureRequest : 0)
        << row.what;
    ASSERT_EQ(server_.CountOf<LinkDown>(), row.outcome == Outcome::kEnds ? 1 : 0) << row.what;
    if (row.outcome == Outcome::kEnds) {
      EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kProxyRequired);
      EXPECT_EQ(server_.link->NextDeadline(), Instant::Never());
    }
  }
}

// The peer is in Opened with the LAC; our request makes it begin again (RFC 1661 4.3, RCR).
TEST_F(ProxiedLinkTest, ARenegotiationBringsAPeerUpThatWasOpenWithTheLac) {
  LinkSettings lac = Server();
  lac.mru = 1500;
  Make(lac, Client());
  StartBoth();
  ASSERT_TRUE(client_.Ipv4IsUp());
  server_ = {};
  LinkSettings settings = Server();
  server_.link = Link::MakeServer(settings, server_rng_);
  server_.StartProxied({.last_sent = kSentNothing, .last_received = kReceived}, now_);
  EXPECT_EQ(server_.events[PppEvent::kProxyRefused], 1);
  Exchange();
  RunUntil(now_ + Duration::Seconds(5));
  EXPECT_TRUE(server_.Ipv4IsUp());
  EXPECT_TRUE(client_.Ipv4IsUp());
  server_.link.reset();
}

TEST_F(ProxiedLinkTest, AnAdoptedLinkRenegotiatesLikeAnyOther) {
  MakeServer(Renegotiate::kOnMismatch);
  const Bytes response = ChapResponse();
  server_.StartProxied(WithChap(response), now_);
  server_.frames.clear();
  client_.Start(now_);
  RunUntil(now_ + Duration::Seconds(5));
  EXPECT_EQ(server_.CountOf<LinkRenegotiating>(), 1);
  EXPECT_FALSE(server_.Last<LinkOpened>()->proxied);
  EXPECT_FALSE(server_.Last<AuthenticationNeeded>()->proxied);
  EXPECT_TRUE(server_.Ipv4IsUp());
  EXPECT_TRUE(client_.Ipv4IsUp());
}

TEST_F(ProxiedLinkTest, OnlyALinkThatHasNotBegunCanBeTakenOver) {
  MakeServer(Renegotiate::kOnMismatch);
  server_.Start(now_);
  const size_t frames = server_.frames.size();
  const Bytes response = ChapResponse();
  server_.StartProxied(WithChap(response), now_);
  EXPECT_EQ(server_.frames.size(), frames);
  EXPECT_EQ(server_.CountOf<LinkOpened>(), 0);
}

TEST_F(ProxiedLinkTest, TheLacIsToldBothSidesOptionsWhereItNamedItsOwn) {
  MakeServer(Renegotiate::kOnMismatch);
  server_.link->SetInterfaceOptions(Bytes{2, 6, 0, 0, 0, 0}, {});
  StartBoth();
  ASSERT_NE(server_.Last<LinkOpened>(), nullptr);
  const LinkOpened& opened = *server_.Last<LinkOpened>();
  EXPECT_EQ(opened.receive_accm, 0u);
  EXPECT_EQ(opened.send_accm, 0xffffffffu);
  EXPECT_FALSE(opened.sent_options.empty());
  EXPECT_FALSE(opened.received_options.empty());
  EXPECT_EQ(opened.received_options[0], 1) << "the client's MRU";
  server_ = {};
  client_ = {};
  MakeServer(Renegotiate::kOnMismatch);
  StartBoth();
  EXPECT_TRUE(server_.Last<LinkOpened>()->sent_options.empty());
}

}  // namespace
}  // namespace lns::ppp
