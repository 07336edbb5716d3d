// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/ppp/chap.h"
#include "lib/ppp/mschap.h"
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
  ChapAuthenticator chap(AuthProtocol::kChapMd5, settings, rng);
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
    ChapAuthenticator chap(AuthProtocol::kChapMd5, settings, rng);
    ChapPeer peer(AuthProtocol::kChapMd5, settings, kAlice, rng);
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
    EXPECT_EQ(chap.OnVerdict({.accepted = accepted, .message = "text"}, kNow, out), accepted);
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
  ChapAuthenticator chap(AuthProtocol::kChapMd5, settings, rng);
  ChapPeer peer(AuthProtocol::kChapMd5, settings, kAlice, rng);
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
  SeededRng rng(1);
  ChapPeer peer(AuthProtocol::kChapMd5, settings, kAlice, rng);
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
  SeededRng rng(1);
  ChapPeer peer(AuthProtocol::kChapMd5, settings, kAlice, rng);
  LinkActions out;
  peer.OnPacket(Make(kChapChallenge, 5, {2, 1, 2}).view(), kNow, out);
  const AuthStep step = peer.OnPacket(Make(kChapFailure, 5, {'n', 'o'}).view(), kNow, out);
  EXPECT_EQ(step.outcome, AuthOutcome::kRejected);
  EXPECT_EQ(step.message, "no");
}

TEST(ChapAuthenticatorTest, TheAnswerIsRepeatedWithItsTextUntilItIsForgotten) {
  LinkSettings settings;
  SeededRng rng(1);
  ChapAuthenticator chap(AuthProtocol::kChapMd5, settings, rng);
  ChapPeer peer(AuthProtocol::kChapMd5, settings, kAlice, rng);
  const Packet response = Respond(chap, peer);
  LinkActions out;
  chap.OnPacket(response.view(), kNow, out);
  chap.OnVerdict({.accepted = true, .message = "welcome"}, kNow, out);
  out.clear();
  chap.OnPacket(response.view(), kNow, out);
  EXPECT_EQ(AsText(SentPacket(out, kProtocolChap).view().data), "welcome");
  EXPECT_EQ(chap.NextDeadline(), kNow + settings.restart * settings.max_configure);
  chap.OnTimer(chap.NextDeadline(), out);
  EXPECT_EQ(chap.NextDeadline(), Instant::Never()) << "and nothing is asked again";
  out.clear();
  chap.OnPacket(response.view(), kNow, out);
  const Packet bare = SentPacket(out, kProtocolChap);
  EXPECT_EQ(bare.bytes[0], kChapSuccess);
  EXPECT_TRUE(bare.view().data.empty());
}

TEST(ChapAuthenticatorTest, AnAdoptedResponseIsAnsweredWithItsIdentifier) {
  LinkSettings settings;
  SeededRng rng(1);
  ChapAuthenticator chap(AuthProtocol::kChapMd5, settings, rng);
  chap.Adopt(0x42, "alice");
  EXPECT_EQ(chap.NextDeadline(), Instant::Never());
  LinkActions out;
  chap.OnVerdict({.accepted = true}, kNow, out);
  const Packet answer = SentPacket(out, kProtocolChap);
  EXPECT_EQ(answer.bytes[0], kChapSuccess);
  EXPECT_EQ(answer.bytes[1], 0x42);
}

class ReauthenticationTest : public testing::Test {
 protected:
  ReauthenticationTest() {
    settings_.reauthenticate = Duration::Seconds(600);
    const Packet response = Respond(chap_, alice_);
    chap_.OnPacket(response.view(), kNow, out_);
    chap_.OnVerdict({.accepted = true}, kNow, out_);
    out_.clear();
  }
  // The next challenge of the accepted peer.
  Packet Challenge() {
    now_ = chap_.NextDeadline();
    EXPECT_EQ(chap_.OnTimer(now_, out_).outcome, AuthOutcome::kPending);
    EXPECT_TRUE(Counted(out_, PppEvent::kAuthAgain));
    const Packet challenge = SentPacket(out_, kProtocolChap);
    out_.clear();
    return challenge;
  }
  AuthStep Answer(ChapPeer& peer, const Packet& challenge) {
    LinkActions said;
    peer.OnPacket(challenge.view(), now_, said);
    return chap_.OnPacket(SentPacket(said, kProtocolChap).view(), now_, out_);
  }

  LinkSettings settings_;
  SeededRng rng_{1};
  ChapAuthenticator chap_{AuthProtocol::kChapMd5, settings_, rng_};
  ChapPeer alice_{AuthProtocol::kChapMd5, settings_, kAlice, rng_};
  LinkActions out_;
  Instant now_ = kNow;
};

TEST_F(ReauthenticationTest, AsksAgainWithinTheInterval) {
  for (int round = 0; round < 3; ++round) {
    const Instant before = now_;
    const Packet challenge = Challenge();
    EXPECT_GE(now_ - before, Duration::Seconds(600 * 3 / 4 - 30));
    EXPECT_LE(now_ - before, Duration::Seconds(600));
    Answer(alice_, challenge);
    const auto asked = All<AuthenticationNeeded>(out_);
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_TRUE(asked[0].again);
    EXPECT_EQ(asked[0].user_name, "alice");
    out_.clear();
    EXPECT_TRUE(chap_.OnVerdict({.accepted = true}, now_, out_));
    EXPECT_EQ(SentPacket(out_, kProtocolChap).bytes[0], kChapSuccess);
    out_.clear();
  }
}

TEST_F(ReauthenticationTest, AnotherUserIsRefusedWithoutAskingAnybody) {
  const Credentials mallory{"mallory", "secret"};
  ChapPeer other(AuthProtocol::kChapMd5, settings_, mallory, rng_);
  EXPECT_EQ(Answer(other, Challenge()).outcome, AuthOutcome::kOtherUser);
  EXPECT_TRUE(All<AuthenticationNeeded>(out_).empty());
  EXPECT_EQ(SentPacket(out_, kProtocolChap).bytes[0], kChapFailure);
}

TEST_F(ReauthenticationTest, SilenceIsATimeout) {
  Challenge();
  AuthStep step;
  for (int i = 0; i < 20 && step.outcome == AuthOutcome::kPending; ++i) {
    step = chap_.OnTimer(chap_.NextDeadline(), out_);
  }
  EXPECT_EQ(step.outcome, AuthOutcome::kTimedOut);
  EXPECT_EQ(All<SendFrame>(out_).size(), 9u) << "ten challenges in all";
}

// Both ends of MS-CHAP, one version each.
class MsChapTest : public testing::TestWithParam<AuthProtocol> {
 protected:
  void SetUp() override {
    if (!MsChapError().empty()) GTEST_SKIP() << MsChapError();
    out_.clear();
    chap_.Start(kNow, out_);
    const Packet challenge = SentPacket(out_, kProtocolChap);
    EXPECT_EQ(ParseChapPacket(challenge.view().data)->value.size(),
              ChapChallengeLength(GetParam()));
    out_.clear();
    peer_.OnPacket(challenge.view(), kNow, out_);
    response_ = SentPacket(out_, kProtocolChap);
    EXPECT_EQ(ParseChapPacket(response_.view().data)->value.size(), 49u);
    out_.clear();
    chap_.OnPacket(response_.view(), kNow, out_);
    ASSERT_EQ(All<AuthenticationNeeded>(out_).size(), 1u);
    asked_ = All<AuthenticationNeeded>(out_)[0];
    out_.clear();
  }
  bool Judge(AuthenticationVerdict verdict) {
    out_.clear();
    return chap_.OnVerdict(verdict, kNow, out_);
  }
  std::string Said() { return std::string(AsText(SentPacket(out_, kProtocolChap).view().data)); }
  AuthStep Hear() { return peer_.OnPacket(SentPacket(out_, kProtocolChap).view(), kNow, unused_); }

  LinkSettings settings_;
  SeededRng rng_{1};
  ChapAuthenticator chap_{GetParam(), settings_, rng_};
  ChapPeer peer_{GetParam(), settings_, kAlice, rng_};
  Packet response_;
  AuthenticationNeeded asked_;
  LinkActions out_;
  LinkActions unused_;
};
INSTANTIATE_TEST_SUITE_P(Versions, MsChapTest,
                         testing::Values(AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2),
                         [](const auto& version) {
                           return version.param == AuthProtocol::kMsChapV1 ? "V1" : "V2";
                         });

TEST_P(MsChapTest, TheRightPasswordIsAcceptedByBothSides) {
  EXPECT_EQ(asked_.protocol, GetParam());
  EXPECT_FALSE(asked_.again || asked_.proxied);
  std::string proof;
  ASSERT_TRUE(MsChapMatches(asked_, "secret", proof));
  EXPECT_TRUE(Judge({.accepted = true, .message = "welcome", .ms_chap = proof}));
  EXPECT_EQ(Said(), GetParam() == AuthProtocol::kMsChapV2 ? proof + " M=welcome" : "welcome");
  EXPECT_EQ(Hear().outcome, AuthOutcome::kAccepted);
}

TEST_P(MsChapTest, AFailureOfOursNamesTheErrorAndAllowsNoRetry) {
  EXPECT_FALSE(Judge({.message = "go away"}));
  EXPECT_EQ(SentPacket(out_, kProtocolChap).bytes[0], kChapFailure);
  const std::string text = Said();
  const size_t challenge = 2 * ChapChallengeLength(GetParam());
  EXPECT_TRUE(text.starts_with("E=691 R=0 C=")) << text;
  const bool v2 = GetParam() == AuthProtocol::kMsChapV2;
  EXPECT_EQ(text.substr(12 + challenge), v2 ? " V=3 M=go away" : " V=2") << text;
  const AuthStep step = Hear();
  EXPECT_EQ(step.outcome, AuthOutcome::kRejected);
  EXPECT_EQ(step.message, v2 ? "go away" : "wrong name or password");
}

TEST_P(MsChapTest, AFailureOfTheOwnerIsPassedOnAsItIs) {
  const std::string words = "E=648 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=Password expired";
  EXPECT_FALSE(Judge({.message = "not these", .ms_chap = words}));
  EXPECT_EQ(Said(), words);
  EXPECT_EQ(Hear().message, "Password expired");
}

TEST_P(MsChapTest, ARetryThatTheOwnerGrantsIsNotOffered) {
  EXPECT_FALSE(Judge({.ms_chap = "E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=R=1 R=1 "}));
  EXPECT_EQ(Said(), "E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=R=1 R=1 ");
}

TEST_P(MsChapTest, AFailureWithoutItsFormIsStillAFailure) {
  const Packet failure = Make(kChapFailure, response_.bytes[1], {'n', 'o'});
  const AuthStep step = peer_.OnPacket(failure.view(), kNow, out_);
  EXPECT_EQ(step.outcome, AuthOutcome::kRejected);
  EXPECT_EQ(step.message, "no");
}

TEST_P(MsChapTest, ChallengesAndResponsesOfOddSizesAreDropped) {
  LinkActions out;
  peer_.OnPacket(Make(kChapChallenge, 9, {3, 1, 2, 3}).view(), kNow, out);
  EXPECT_TRUE(Counted(out, PppEvent::kAuthMalformed));
  chap_.OnPacket(Make(kChapResponse, response_.bytes[1], {1, 1, 'a'}).view(), kNow, out);
  EXPECT_TRUE(All<SendFrame>(out).empty());
}

class MsChapV2Test : public MsChapTest {};
INSTANTIATE_TEST_SUITE_P(Version, MsChapV2Test, testing::Values(AuthProtocol::kMsChapV2));

TEST_P(MsChapV2Test, APeerThatIsNotShownTheProofLeaves) {
  std::string proof;
  ASSERT_TRUE(MsChapMatches(asked_, "secret", proof));
  proof[10] = proof[10] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(Judge({.accepted = true, .ms_chap = proof}));
  const AuthStep step = Hear();
  EXPECT_EQ(step.outcome, AuthOutcome::kRejected);
  EXPECT_NE(step.message.find("could not prove"), std::string::npos);
}

TEST_P(MsChapV2Test, AnAcceptanceWithoutProofIsARefusal) {
  EXPECT_FALSE(Judge({.accepted = true, .message = "welcome"}));
  EXPECT_EQ(SentPacket(out_, kProtocolChap).bytes[0], kChapFailure);
}

TEST_P(MsChapV2Test, AWordedProofIsPassedOnAsItIs) {
  std::string proof;
  ASSERT_TRUE(MsChapMatches(asked_, "secret", proof));
  proof += " M=as RADIUS says";
  EXPECT_TRUE(Judge({.accepted = true, .message = "not this", .ms_chap = proof}));
  EXPECT_EQ(Said(), proof);
}

TEST_P(MsChapV2Test, AProofThatIsForgottenIsNotMadeUp) {
  std::string proof;
  ASSERT_TRUE(MsChapMatches(asked_, "secret", proof));
  Judge({.accepted = true, .ms_chap = proof});
  out_.clear();
  chap_.OnPacket(response_.view(), kNow, out_);
  EXPECT_EQ(Said(), proof);
  chap_.OnTimer(chap_.NextDeadline(), out_);
  out_.clear();
  chap_.OnPacket(response_.view(), kNow, out_);
  EXPECT_TRUE(All<SendFrame>(out_).empty());
}

}  // namespace
}  // namespace lns::ppp
