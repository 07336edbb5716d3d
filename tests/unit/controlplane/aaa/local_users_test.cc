// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>

#include "controlplane/aaa/local_users.h"
#include "lib/ppp/mschap.h"

namespace lns::controlplane {
namespace {

class LocalUsersTest : public testing::Test {
 protected:
  AuthVerdict Ask(const ppp::AuthenticationNeeded& credentials) {
    users_.Authenticate({.request_id = ++requests_, .credentials = credentials}, Instant());
    std::vector<AuthOutcome> outcomes;
    users_.TakeOutcomes(outcomes);
    EXPECT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].request_id, requests_);
    return outcomes[0].verdict;
  }
  AuthVerdict Pap(const char* name, const char* password) {
    return Ask({.protocol = ppp::AuthProtocol::kPap, .user_name = name, .password = password});
  }
  // The response is the digest of 2a, "correct horse", 00 01 .. 0f, computed elsewhere.
  static ppp::AuthenticationNeeded Chap(const char* name) {
    ppp::AuthenticationNeeded needed{.protocol = ppp::AuthProtocol::kChapMd5,
                                     .user_name = name,
                                     .identifier = 0x2a,
                                     .response = {0xfc, 0x73, 0xc2, 0x2f, 0x97, 0x04, 0xf6, 0x4c,
                                                  0xbb, 0x0c, 0x3f, 0xa1, 0xb2, 0x42, 0x79, 0x1e}};
    for (uint8_t i = 0; i < 16; ++i) needed.challenge.push_back(i);
    return needed;
  }
  uint64_t Counter(const std::string& name) {
    for (const auto& [key, value] : users_.Counters()) {
      if (key == name) return value;
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
  }

  LocalUsers users_{
      {{.name = "alice", .password = "correct horse", .service = {.ipv4_pools = {"gold"}}},
       {.name = "bob",
        .password = "battery",
        .service = {.ipv4_address = *net::IpAddress::Parse("100.64.0.9")}},
       {.name = "bob", .password = "second"}}};
  uint64_t requests_ = 0;
};

TEST_F(LocalUsersTest, PapPasswordIsCheckedAndWishesAreReturned) {
  const AuthVerdict alice = Pap("alice", "correct horse");
  EXPECT_TRUE(alice.accepted);
  ASSERT_NE(alice.service, nullptr);
  EXPECT_EQ(alice.service->ipv4_pools, std::vector<std::string>{"gold"});
  EXPECT_TRUE(alice.service->ipv4_address.is_none());
  const AuthVerdict bob = Pap("bob", "battery");
  EXPECT_TRUE(bob.accepted);
  ASSERT_NE(bob.service, nullptr);
  EXPECT_EQ(bob.service->ipv4_address.ToString(), "100.64.0.9");
  EXPECT_EQ(Counter("aaa.local.accepted"), 2u);
}

TEST_F(LocalUsersTest, ChapResponseIsChecked) {
  EXPECT_TRUE(Ask(Chap("alice")).accepted);
  for (size_t i = 0; i < 16; ++i) {
    auto wrong = Chap("alice");
    wrong.response[i] ^= 1;
    EXPECT_FALSE(Ask(wrong).accepted) << "byte " << i;
  }
  auto other_identifier = Chap("alice");
  other_identifier.identifier = 0x2b;
  EXPECT_FALSE(Ask(other_identifier).accepted);
  EXPECT_FALSE(Ask(Chap("bob")).accepted);
  EXPECT_EQ(Counter("aaa.local.wrong-password"), 18u);
}

TEST_F(LocalUsersTest, MsChapResponseIsCheckedAndAnsweredWithTheProof) {
  if (!ppp::MsChapError().empty()) GTEST_SKIP() << ppp::MsChapError();
  const Bytes challenge(ppp::kMsChapV2ChallengeLength, 1);
  const Bytes peer_challenge(ppp::kMsChapV2ChallengeLength, 2);
  const ppp::NtHash hash = ppp::NtPasswordHash("correct horse");
  const ppp::NtResponse response = ppp::MsChapV2Response(challenge, peer_challenge, "alice", hash);
  ppp::AuthenticationNeeded needed{.protocol = ppp::AuthProtocol::kMsChapV2,
                                   .user_name = "alice",
                                   .challenge = challenge,
                                   .response = peer_challenge};
  needed.response.resize(24, 0);
  needed.response.insert(needed.response.end(), response.begin(), response.end());
  needed.response.push_back(0);
  const AuthVerdict verdict = Ask(needed);
  EXPECT_TRUE(verdict.accepted);
  EXPECT_EQ(verdict.ms_chap,
            ppp::MsChapV2Success(challenge, peer_challenge, response, "alice", hash));
  needed.response[30] ^= 1;
  const AuthVerdict wrong = Ask(needed);
  EXPECT_FALSE(wrong.accepted);
  EXPECT_TRUE(wrong.ms_chap.empty());
  EXPECT_EQ(Counter("aaa.local.wrong-password"), 1u);
  needed.response.pop_back();
  EXPECT_FALSE(Ask(needed).accepted);
  EXPECT_EQ(Counter("aaa.local.bad-request"), 1u);
}

TEST_F(LocalUsersTest, UnknownUserAndWrongPasswordDifferOnlyInsideTheHouse) {
  const AuthVerdict unknown = Pap("mallory", "correct horse");
  const AuthVerdict wrong = Pap("alice", "correct hors");
  EXPECT_FALSE(unknown.accepted);
  EXPECT_FALSE(wrong.accepted);
  EXPECT_EQ(unknown.message, wrong.message);
  EXPECT_EQ(unknown.cause, "unknown user");
  EXPECT_EQ(wrong.cause, "wrong password");
  EXPECT_EQ(Counter("aaa.local.unknown-user"), 1u);
  EXPECT_EQ(Counter("aaa.local.wrong-password"), 1u);
}

TEST_F(LocalUsersTest, UnknownUserWithAnEmptyPasswordIsRefused) {
  EXPECT_FALSE(Pap("", "").accepted);
  EXPECT_FALSE(Pap("mallory", "").accepted);
  EXPECT_FALSE(Pap("alice", "").accepted);
}

TEST_F(LocalUsersTest, UnusableCredentialsAreRefusedAndCountedApart) {
  auto truncated = Chap("alice");
  truncated.response.pop_back();
  EXPECT_FALSE(Ask(truncated).accepted);
  auto unchallenged = Chap("alice");
  unchallenged.challenge.clear();
  EXPECT_FALSE(Ask(unchallenged).accepted);
  EXPECT_FALSE(Ask({.protocol = ppp::AuthProtocol::kNone, .user_name = "alice"}).accepted);
  EXPECT_EQ(Counter("aaa.local.bad-request"), 3u);
}

TEST_F(LocalUsersTest, FirstOfTwoUsersWithOneNameCounts) {
  EXPECT_TRUE(Pap("bob", "battery").accepted);
  EXPECT_FALSE(Pap("bob", "second").accepted);
}

TEST_F(LocalUsersTest, OutcomesComeOnceInOrderAndOnlyWhenTaken) {
  for (uint64_t id : {7u, 8u, 9u}) {
    users_.Authenticate({.request_id = id, .credentials = Chap("alice")}, Instant());
  }
  std::vector<AuthOutcome> outcomes;
  users_.TakeOutcomes(outcomes);
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(outcomes[0].request_id, 7u);
  EXPECT_EQ(outcomes[2].request_id, 9u);
  users_.TakeOutcomes(outcomes);
  EXPECT_EQ(outcomes.size(), 3u);
}

}  // namespace
}  // namespace lns::controlplane
