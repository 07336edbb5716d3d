// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <vector>

#include "lib/ppp/chap.h"
#include "tests/unit/lib/ppp/auth_packets.h"

namespace lns::ppp {
namespace {

TEST(ChapTest, ReadsAChallengeAndRefusesEveryTruncation) {
  const Bytes data = {3, 1, 2, 3, 'l', 'n', 's'};
  const auto read = ParseChapPacket(data);
  ASSERT_TRUE(read);
  EXPECT_EQ(Copy(read->value), (Bytes{1, 2, 3}));
  EXPECT_EQ(AsText(read->name), "lns");
  for (size_t size = 0; size < 4; ++size) {
    EXPECT_FALSE(ParseChapPacket(ByteView(data).first(size))) << size;
  }
  EXPECT_FALSE(ParseChapPacket(Bytes{0, 'a'})) << "a value of no bytes";
  Bytes long_name = {1, 9};
  long_name.resize(2 + 255, 'n');
  EXPECT_TRUE(ParseChapPacket(long_name));
  long_name.push_back('n');
  EXPECT_FALSE(ParseChapPacket(long_name));
}

// Identifier 1, secret "secret", challenge 00 01 .. 0f. The digest was computed by another program,
// over 01 73 65 63 72 65 74 00 01 02 .. 0f.
TEST(ChapTest, ResponseIsTheDigestOfIdentifierSecretAndChallenge) {
  Bytes challenge;
  for (uint8_t i = 0; i < 16; ++i) challenge.push_back(i);
  const ChapValue expected = {0x74, 0x0e, 0x86, 0x46, 0x3b, 0xda, 0x3a, 0x4d,
                              0x70, 0x17, 0xd6, 0xe0, 0xfb, 0xa0, 0x69, 0x9d};
  EXPECT_EQ(ChapMd5(1, "secret", challenge), expected);
  EXPECT_TRUE(ChapMd5Matches(1, "secret", challenge, expected));
  EXPECT_FALSE(ChapMd5Matches(2, "secret", challenge, expected));
  EXPECT_FALSE(ChapMd5Matches(1, "Secret", challenge, expected));
  EXPECT_FALSE(ChapMd5Matches(1, "secret", challenge, ByteView(expected).first(15)));
}

TEST(ChapAuthenticatorTest, EveryChallengeHasANewIdentifierAndValue) {
  LinkSettings settings;
  settings.local_name = "lns";
  SeededRng rng(1);
  ChapAuthenticator chap(settings, rng);
  LinkActions out;
  chap.Start(kNow, out);
  for (int i = 0; i < 100 && chap.NextDeadline() != Instant::Never(); ++i) {
    const AuthStep step = chap.OnTimer(chap.NextDeadline(), out);
    if (i < 9) {
      EXPECT_EQ(step.outcome, AuthOutcome::kPending) << i;
    } else {
      EXPECT_EQ(step.outcome, AuthOutcome::kTimedOut);
    }
  }
  const std::vector<SendFrame> frames = All<SendFrame>(out);
  ASSERT_EQ(frames.size(), 10u);
  for (size_t i = 1; i < frames.size(); ++i) {
    EXPECT_NE(frames[i].bytes[3], frames[i - 1].bytes[3]);
    EXPECT_NE(Bytes(frames[i].bytes.begin() + 7, frames[i].bytes.begin() + 23),
              Bytes(frames[i - 1].bytes.begin() + 7, frames[i - 1].bytes.begin() + 23));
  }
  EXPECT_EQ(frames[0].bytes.size(), 2u + 4 + 1 + 16 + 3);
}

// Both ends; returns the response the peer gave to the authenticator's challenge.
Packet Respond(ChapAuthenticator& chap, ChapPeer& peer) {
  LinkActions out;
  chap.Start(kNow, out);
  const Packet challenge = SentPacket(out, kProtocolChap);
  out.clear();
  peer.OnPacket(challenge.view(), kNow, out);
  return SentPacket(out, kProtocolChap);
}

TEST(ChapAuthenticatorTest, AsksOnceAndAnswersTheResponseEachTimeItComes) {
  for (const bool accepted : {true, false}) {
    LinkSettings settings;
    SeededRng rng(1);
    ChapAuthenticator chap(settings, rng);
    ChapPeer peer(settings, kAlice);
    const Packet response = Respond(chap, peer);
    LinkActions out;
    chap.OnPacket(response.view(), kNow, out);
    chap.OnPacket(response.view(), kNow, out);
    const auto asked = All<AuthenticationNeeded>(out);
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].user_name, "alice");
    EXPECT_TRUE(
        ChapMd5Matches(asked[0].identifier, "secret", asked[0].challenge, asked[0].response));
    EXPECT_EQ(chap.NextDeadline(), Instant::Never()) << "no challenge while the answer is awaited";
    EXPECT_TRUE(All<SendFrame>(out).empty());
    out.clear();
    chap.OnVerdict(accepted, "text", out);
    const Packet answer = SentPacket(out, kProtocolChap);
    EXPECT_EQ(answer.bytes[0], accepted ? kChapSuccess : kChapFailure);
    EXPECT_EQ(answer.bytes[1], response.bytes[1]);
    EXPECT_EQ(AsText(answer.view().data), "text");
    out.clear();
    chap.OnPacket(response.view(), kNow, out);
    const Packet again = SentPacket(out, kProtocolChap);
    EXPECT_EQ(again.bytes[0], answer.bytes[0]);
    EXPECT_EQ(again.bytes[1], answer.bytes[1]);
    EXPECT_TRUE(All<AuthenticationNeeded>(out).empty());
  }
}

TEST(ChapAuthenticatorTest, ResponsesToOtherChallengesOrOfOddSizeAreDropped) {
  LinkSettings settings;
  SeededRng rng(1);
  ChapAuthenticator chap(settings, rng);
  ChapPeer peer(settings, kAlice);
  Packet response = Respond(chap, peer);
  LinkActions out;
  Packet stale = response;
  --stale.bytes[1];
  chap.OnPacket(stale.view(), kNow, out);
  EXPECT_TRUE(Counted(out, PppEvent::kAuthUnexpected));
  Packet odd = Make(kChapResponse, response.bytes[1], {1, 0xaa, 'a'});
  chap.OnPacket(odd.view(), kNow, out);
  EXPECT_TRUE(Counted(out, PppEvent::kAuthMalformed));
  EXPECT_EQ(out.size(), 2u);
}

TEST(ChapPeerTest, RepeatsItsResponseUntilSuccessAndAnswersAgainLater) {
  LinkSettings settings;
  ChapPeer peer(settings, kAlice);
  const Packet challenge = Make(kChapChallenge, 5, {2, 1, 2, 'x'});
  LinkActions out;
  EXPECT_EQ(peer.OnPacket(Make(kChapSuccess, 5, {}).view(), kNow, out).outcome,
            AuthOutcome::kPending)
      << "a Success nobody asked for";
  out.clear();
  peer.OnPacket(challenge.view(), kNow, out);
  const Packet first = SentPacket(out, kProtocolChap);
  out.clear();
  peer.OnTimer(peer.NextDeadline(), out);
  EXPECT_EQ(SentPacket(out, kProtocolChap).bytes, first.bytes);
  EXPECT_EQ(peer.OnPacket(Make(kChapSuccess, 4, {}).view(), kNow, out).outcome,
            AuthOutcome::kPending);
  EXPECT_EQ(peer.OnPacket(Make(kChapSuccess, 5, {}).view(), kNow, out).outcome,
            AuthOutcome::kAccepted);
  EXPECT_EQ(peer.NextDeadline(), Instant::Never());
  out.clear();
  peer.OnPacket(Make(kChapChallenge, 6, {2, 3, 4}).view(), kNow, out);
  EXPECT_EQ(SentPacket(out, kProtocolChap).bytes[1], 6);
}

TEST(ChapPeerTest, FailureCarriesItsText) {
  LinkSettings settings;
  ChapPeer peer(settings, kAlice);
  LinkActions out;
  peer.OnPacket(Make(kChapChallenge, 5, {2, 1, 2}).view(), kNow, out);
  const AuthStep step = peer.OnPacket(Make(kChapFailure, 5, {'n', 'o'}).view(), kNow, out);
  EXPECT_EQ(step.outcome, AuthOutcome::kRejected);
  EXPECT_EQ(step.message, "no");
}

}  // namespace
}  // namespace lns::ppp
