// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <vector>

#include "lib/ppp/pap.h"
#include "tests/unit/lib/ppp/auth_packets.h"

namespace lns::ppp {
namespace {

const Bytes kAliceRequest = {5, 'a', 'l', 'i', 'c', 'e', 6, 's', 'e', 'c', 'r', 'e', 't'};

TEST(PapTest, ReadsARequestAndRefusesEveryTruncation) {
  const auto read = ParsePapRequest(kAliceRequest);
  ASSERT_TRUE(read);
  EXPECT_EQ(AsText(read->user_name), "alice");
  EXPECT_EQ(AsText(read->password), "secret");
  for (size_t size = 0; size < kAliceRequest.size(); ++size) {
    EXPECT_FALSE(ParsePapRequest(ByteView(kAliceRequest).first(size))) << size;
  }
}

TEST(PapTest, MessagesAreReadAndBounded) {
  const Bytes message = {2, 'o', 'k', 0};
  EXPECT_EQ(AsText(*ParsePapMessage(message)), "ok");
  EXPECT_TRUE(ParsePapMessage(ByteView())->empty());
  EXPECT_FALSE(ParsePapMessage(ByteView(message).first(2)));
}

TEST(PapAuthenticatorTest, AsksOnceAndAnswersTheNewestRequest) {
  PapAuthenticator pap;
  LinkActions out;
  pap.OnPacket(Make(kPapRequest, 1, kAliceRequest).view(), kNow, out);
  pap.OnPacket(Make(kPapRequest, 2, kAliceRequest).view(), kNow, out);
  const auto asked = All<AuthenticationNeeded>(out);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].user_name, "alice");
  EXPECT_EQ(asked[0].password, "secret");
  EXPECT_TRUE(All<SendFrame>(out).empty());
  out.clear();
  pap.OnVerdict(true, "hello", out);
  const Packet ack = SentPacket(out, kProtocolPap);
  EXPECT_EQ(ack.bytes, (Bytes{kPapAck, 2, 0, 10, 5, 'h', 'e', 'l', 'l', 'o'}));
}

TEST(PapAuthenticatorTest, RepeatedRequestsGetTheSameAnswerAgain) {
  for (const bool accepted : {true, false}) {
    PapAuthenticator pap;
    LinkActions out;
    pap.OnPacket(Make(kPapRequest, 1, kAliceRequest).view(), kNow, out);
    pap.OnVerdict(accepted, "", out);
    out.clear();
    pap.OnPacket(Make(kPapRequest, 7, kAliceRequest).view(), kNow, out);
    EXPECT_TRUE(All<AuthenticationNeeded>(out).empty());
    const Packet again = SentPacket(out, kProtocolPap);
    EXPECT_EQ(again.bytes[0], accepted ? kPapAck : kPapNak);
    EXPECT_EQ(again.bytes[1], 7);
    EXPECT_TRUE(Counted(out, PppEvent::kAuthRepeated));
  }
}

TEST(PapAuthenticatorTest, UnreadableAndUnexpectedPacketsAreOnlyCounted) {
  PapAuthenticator pap;
  LinkActions out;
  pap.OnPacket(Make(kPapRequest, 1, {9, 'a'}).view(), kNow, out);
  EXPECT_TRUE(Counted(out, PppEvent::kAuthMalformed));
  pap.OnPacket(Make(kPapAck, 1, {0}).view(), kNow, out);
  EXPECT_TRUE(Counted(out, PppEvent::kAuthUnexpected));
  EXPECT_EQ(out.size(), 2u);
}

TEST(PapPeerTest, RepeatsWithANewIdentifierAndTakesAnAnswerToAny) {
  LinkSettings settings;
  PapPeer pap(settings, kAlice);
  LinkActions out;
  pap.Start(kNow, out);
  EXPECT_EQ(SentPacket(out, kProtocolPap).bytes, Make(kPapRequest, 1, kAliceRequest).bytes);
  out.clear();
  EXPECT_EQ(pap.NextDeadline(), kNow + Duration::Seconds(3));
  pap.OnTimer(kNow + Duration::Seconds(3), out);
  EXPECT_EQ(SentPacket(out, kProtocolPap).bytes[1], 2);
  out.clear();
  // One never sent.
  EXPECT_EQ(pap.OnPacket(Make(kPapAck, 3, {0}).view(), kNow, out).outcome, AuthOutcome::kPending);
  EXPECT_EQ(pap.OnPacket(Make(kPapAck, 1, {0}).view(), kNow, out).outcome, AuthOutcome::kAccepted);
  EXPECT_EQ(pap.NextDeadline(), Instant::Never());
  // The answer to the repetition changes nothing.
  EXPECT_EQ(pap.OnPacket(Make(kPapNak, 2, {0}).view(), kNow, out).outcome, AuthOutcome::kPending);
}

TEST(PapPeerTest, StopsAfterMaxConfigureRequests) {
  LinkSettings settings;
  PapPeer pap(settings, kAlice);
  LinkActions out;
  Instant now = kNow;
  pap.Start(now, out);
  for (int i = 0; i < 100 && pap.NextDeadline() != Instant::Never(); ++i) {
    pap.OnTimer(pap.NextDeadline(), out);
  }
  EXPECT_EQ(All<SendFrame>(out).size(), 10u);
}

TEST(PapPeerTest, TheRefusalsTextIsMadePrintable) {
  LinkSettings settings;
  PapPeer pap(settings, kAlice);
  LinkActions out;
  pap.Start(kNow, out);
  const AuthStep step = pap.OnPacket(Make(kPapNak, 1, {4, 'n', 'o', 0x1b, 0x80}).view(), kNow, out);
  EXPECT_EQ(step.outcome, AuthOutcome::kRejected);
  EXPECT_EQ(step.message, "no..");
}

}  // namespace
}  // namespace lns::ppp
