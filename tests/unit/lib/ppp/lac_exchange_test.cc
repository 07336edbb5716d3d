// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <vector>

#include "lib/ppp/lac_exchange.h"
#include "lib/ppp/mschap.h"
#include "tests/unit/lib/ppp/link_fixture.h"

namespace lns::ppp {
namespace {

class LacExchangeTest : public LinkTest {
 protected:
  // A subscriber that a LAC with `auth` has spoken to.
  std::optional<LacExchange> Exchange(AuthProtocol auth) {
    LinkSettings both = Server();
    both.auth = {auth};
    LinkSettings client = Client();
    client.auth = {auth};
    Make(both, client);
    LinkActions out;
    const std::optional<LacExchange> exchange =
        ExchangeAsLac(*client_.link, server_settings_, server_rng_, now_, out);
    client_.Take(out, now_);
    return exchange;
  }
};

TEST_F(LacExchangeTest, AnLnsTakesOverWhatTheLacBrought) {
  std::vector<AuthProtocol> protocols = {AuthProtocol::kPap, AuthProtocol::kChapMd5,
                                         AuthProtocol::kNone};
  if (MsChapError().empty()) {
    protocols.push_back(AuthProtocol::kMsChapV1);
    protocols.push_back(AuthProtocol::kMsChapV2);
  }
  for (const AuthProtocol protocol : protocols) {
    server_ = {};
    client_ = {};
    const std::optional<LacExchange> exchange = Exchange(protocol);
    ASSERT_TRUE(exchange) << ToString(protocol);
    EXPECT_FALSE(exchange->initial_received.empty());
    server_.StartProxied(exchange->view(), now_);
    LinkTest::Exchange();
    EXPECT_TRUE(server_.Last<LinkOpened>()->proxied) << ToString(protocol);
    ASSERT_NE(server_.Last<AuthenticationNeeded>(), nullptr) << ToString(protocol);
    EXPECT_EQ(server_.Last<AuthenticationNeeded>()->proxied, protocol != AuthProtocol::kNone);
    EXPECT_EQ(server_.CountOf<AuthenticationNeeded>(), 1);
    EXPECT_TRUE(server_.Ipv4IsUp()) << ToString(protocol);
    EXPECT_TRUE(client_.Ipv4IsUp()) << ToString(protocol);
    EXPECT_EQ(client_.CountOf<LinkOpened>(), 1) << "LCP was not negotiated again";
  }
}

TEST_F(LacExchangeTest, TheProxiedTypeSaysHowTheSubscriberWasAsked) {
  EXPECT_EQ(Exchange(AuthProtocol::kPap)->authen_type, 3);
  EXPECT_EQ(Exchange(AuthProtocol::kChapMd5)->authen_type, 2);
  EXPECT_EQ(Exchange(AuthProtocol::kNone)->authen_type, 4);
  if (!MsChapError().empty()) GTEST_SKIP() << MsChapError();
  EXPECT_EQ(Exchange(AuthProtocol::kMsChapV1)->authen_type, 5);
  EXPECT_EQ(Exchange(AuthProtocol::kMsChapV2)->authen_type, 2);
}

TEST_F(LacExchangeTest, ASubscriberThatWillNotIsNotBrought) {
  LinkSettings client = Client();
  client.auth.clear();
  Make(Server(), client);
  LinkActions out;
  EXPECT_FALSE(ExchangeAsLac(*client_.link, server_settings_, server_rng_, now_, out));
}

}  // namespace
}  // namespace lns::ppp
