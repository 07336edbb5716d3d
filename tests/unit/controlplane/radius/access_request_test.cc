// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "controlplane/radius/access_request.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"

namespace lns::controlplane {
namespace {

using ppp::AuthenticationNeeded;
using ppp::AuthProtocol;

Bytes Counting(size_t length, uint8_t first) {
  Bytes bytes(length);
  for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(first + i);
  return bytes;
}
AuthenticationNeeded Alice(AuthProtocol protocol) {
  return {.protocol = protocol, .user_name = "alice", .identifier = 0x2a};
}
std::optional<radius::ClientRequest> Make(const AuthenticationNeeded& credentials) {
  return MakeAccessRequest({.request_id = 7, .credentials = credentials},
                           {.address = {}, .identifier = "lns1"}, {});
}
Bytes Value(const radius::ClientRequest& request, radius::AttributeId id) {
  const auto value = radius::Find(request.attributes, id);
  return value ? Bytes(value->begin(), value->end()) : Bytes();
}

TEST(AccessRequest, PapLeavesThePasswordToBeHidden) {
  AuthenticationNeeded credentials = Alice(AuthProtocol::kPap);
  credentials.password = "open sesame";
  const auto request = Make(credentials);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->cookie, 7u);
  EXPECT_TRUE(request->has_password);
  EXPECT_EQ(request->password, "open sesame");
  EXPECT_EQ(AsText(Value(*request, radius::kUserName)), "alice");
  EXPECT_EQ(AsText(Value(*request, radius::kNasIdentifier)), "lns1");
  EXPECT_EQ(AsText(request->attributes).find("sesame"), std::string_view::npos);
}

TEST(AccessRequest, ChapGoesWithItsChallenge) {
  AuthenticationNeeded credentials = Alice(AuthProtocol::kChapMd5);
  credentials.challenge = Counting(21, 100);
  credentials.response = Counting(16, 0);
  const auto request = Make(credentials);
  ASSERT_TRUE(request.has_value());
  EXPECT_FALSE(request->has_password);
  Bytes expected = {0x2a};
  const Bytes response = Counting(16, 0);
  expected.insert(expected.end(), response.begin(), response.end());
  EXPECT_EQ(Value(*request, radius::kChapPassword), expected);
  EXPECT_EQ(Value(*request, radius::kChapChallenge), Counting(21, 100));
  credentials.response.pop_back();
  EXPECT_EQ(Make(credentials), std::nullopt);
}

TEST(AccessRequest, MsChapV2HasItsFlagsInFront) {
  AuthenticationNeeded credentials = Alice(AuthProtocol::kMsChapV2);
  credentials.challenge = Counting(16, 100);
  credentials.response = Counting(49, 0);
  const auto request = Make(credentials);
  ASSERT_TRUE(request.has_value());
  Bytes expected = {0x2a, 0};
  const Bytes response = Counting(48, 0);
  expected.insert(expected.end(), response.begin(), response.end());
  EXPECT_EQ(Value(*request, radius::kMsChap2Response), expected);
  EXPECT_EQ(Value(*request, radius::kMsChapChallenge), Counting(16, 100));
}

TEST(AccessRequest, MsChapV1SaysWhichResponseCounts) {
  AuthenticationNeeded credentials = Alice(AuthProtocol::kMsChapV1);
  credentials.challenge = Counting(8, 100);
  credentials.response = Counting(48, 0);
  credentials.response.push_back(1);
  const auto request = Make(credentials);
  ASSERT_TRUE(request.has_value());
  const Bytes value = Value(*request, radius::kMsChapResponse);
  ASSERT_EQ(value.size(), 50u);
  EXPECT_EQ(value[0], 0x2a);
  EXPECT_EQ(value[1], 1);
  EXPECT_EQ(value[2], 0);
  credentials.response.push_back(0);
  EXPECT_EQ(Make(credentials), std::nullopt);
}

TEST(AccessRequest, NobodyIsNotAsked) {
  EXPECT_EQ(Make({.protocol = AuthProtocol::kPap}), std::nullopt);
  EXPECT_EQ(Make(Alice(AuthProtocol::kNone)), std::nullopt);
}

class AccessAnswerTest : public testing::Test {
 protected:
  AccessAnswer Read(radius::Code code, AuthProtocol protocol) {
    const ByteView attributes = builder_.attributes();
    return ReadAccessAnswer({.credentials = Alice(protocol), .call = call_},
                            {.outcome = radius::RequestOutcome::kAnswered,
                             .code = code,
                             .attributes = Bytes(attributes.begin(), attributes.end())});
  }
  radius::PacketBuilder builder_{radius::Code::kAccessAccept, 1};
  std::shared_ptr<const CallDescription> call_ = std::make_shared<const CallDescription>(
      CallDescription{.tunnel = {.local = {net::IpAddress::V4(0xc6336401), 1701},
                                 .peer = {net::IpAddress::V4(0xc633640b), 1701}},
                      .lac_host_name = "lac1",
                      .lns_host_name = "lns"});
};

TEST_F(AccessAnswerTest, AnotherTunnelsUserIsRefused) {
  builder_.AddTaggedText(radius::kTunnelClientAuthId, 1, "lac2");
  const AccessAnswer answer = Read(radius::Code::kAccessAccept, AuthProtocol::kPap);
  EXPECT_FALSE(answer.verdict.accepted);
  EXPECT_EQ(answer.verdict.cause, "accepted for other tunnels only");
}

TEST_F(AccessAnswerTest, TheServiceSaysWhoDecidedAndTheTunnelsGroup) {
  builder_.AddTaggedText(radius::kTunnelClientAuthId, 1, "lac1");
  builder_.AddTaggedText(radius::kTunnelPrivateGroupId, 1, "red");
  const AccessAnswer answer = Read(radius::Code::kAccessAccept, AuthProtocol::kPap);
  ASSERT_TRUE(answer.verdict.accepted);
  EXPECT_TRUE(answer.verdict.service->by_radius);
  EXPECT_EQ(answer.verdict.service->tunnel_group, "red");
  EXPECT_EQ(answer.ignored, 0u);
}

TEST_F(AccessAnswerTest, AcceptBringsTheService) {
  builder_.AddText(radius::kReplyMessage, "wel");
  builder_.AddText(radius::kReplyMessage, "come");
  builder_.AddInteger(radius::kServiceType, 2);
  builder_.AddText(radius::kFramedPool, "gold");
  builder_.AddText(radius::AttributeId{0, 200}, "?");
  const AccessAnswer answer = Read(radius::Code::kAccessAccept, AuthProtocol::kPap);
  EXPECT_TRUE(answer.verdict.accepted);
  EXPECT_EQ(answer.verdict.message, "welcome");
  ASSERT_NE(answer.verdict.service, nullptr);
  EXPECT_EQ(answer.verdict.service->ipv4_pools, std::vector<std::string>{"gold"});
  EXPECT_EQ(answer.ignored, 1u);
}

TEST_F(AccessAnswerTest, AcceptForAnotherServiceIsARefusal) {
  builder_.AddInteger(radius::kServiceType, 6);
  const AccessAnswer answer = Read(radius::Code::kAccessAccept, AuthProtocol::kPap);
  EXPECT_FALSE(answer.verdict.accepted);
  EXPECT_EQ(answer.verdict.cause, "accepted for Service-Type 6 only");
}

TEST_F(AccessAnswerTest, MsChapV2NeedsTheServersProofAndPassesItOn) {
  EXPECT_FALSE(Read(radius::Code::kAccessAccept, AuthProtocol::kMsChapV2).verdict.accepted);
  const std::string proof = "S=0123456789012345678901234567890123456789";
  builder_.AddText(radius::kMsChap2Success, "\x2a" + proof);
  const AccessAnswer answer = Read(radius::Code::kAccessAccept, AuthProtocol::kMsChapV2);
  EXPECT_TRUE(answer.verdict.accepted);
  EXPECT_EQ(answer.verdict.ms_chap, proof);
}

TEST_F(AccessAnswerTest, RejectSaysWhatTheServerSays) {
  builder_.AddText(radius::kReplyMessage, "unpaid bill");
  builder_.AddText(radius::kMsChapError,
                   "\x2a"
                   "E=691 R=0 C=00112233445566778899aabbccddeeff V=3");
  const AccessAnswer answer = Read(radius::Code::kAccessReject, AuthProtocol::kMsChapV2);
  EXPECT_FALSE(answer.verdict.accepted);
  EXPECT_EQ(answer.verdict.message, "unpaid bill");
  EXPECT_EQ(answer.verdict.ms_chap, "E=691 R=0 C=00112233445566778899aabbccddeeff V=3");
  EXPECT_EQ(answer.verdict.refusal, CloseCause::kNone);
}

TEST_F(AccessAnswerTest, ChallengeIsARefusal) {
  builder_.AddText(radius::kState, "state");
  const AccessAnswer answer = Read(radius::Code::kAccessChallenge, AuthProtocol::kPap);
  EXPECT_FALSE(answer.verdict.accepted);
  EXPECT_TRUE(answer.challenged);
  EXPECT_EQ(answer.verdict.message, "Authentication failed");
}

}  // namespace
}  // namespace lns::controlplane
