// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <memory>

#include "controlplane/radius/accept_cache.h"

namespace lns::controlplane {
namespace {

using ppp::AuthProtocol;

class AcceptCacheTest : public testing::Test {
 protected:
  static AuthenticateUser User(const std::string& name, const std::string& password,
                               AuthProtocol protocol = AuthProtocol::kPap,
                               const std::string& line = "0555") {
    auto call = std::make_shared<CallDescription>();
    call->calling_number = line;
    call->tunnel.peer.address = net::IpAddress::V4(0xc633640b);
    return {.credentials = {.protocol = protocol, .user_name = name, .password = password},
            .call = std::move(call)};
  }

  SeededRng rng_{1};
  AcceptCache cache_{3, Duration::Seconds(100), rng_};
  const ServicePtr gold_ = std::make_shared<const ServiceProfile>(ServiceProfile{.mtu = 1400});
  const Instant now_ = Instant::FromNanoseconds(1'000'000'000);
};

TEST_F(AcceptCacheTest, PapTakesTheSamePasswordAlone) {
  cache_.Remember(User("alice", "secret"), gold_, now_);
  EXPECT_EQ(cache_.Find(User("alice", "secret", AuthProtocol::kPap, "elsewhere"), now_), gold_);
  EXPECT_EQ(cache_.Find(User("alice", "Secret"), now_), nullptr);
  EXPECT_EQ(cache_.Find(User("alice", ""), now_), nullptr);
  EXPECT_EQ(cache_.Find(User("bob", "secret"), now_), nullptr);
}

TEST_F(AcceptCacheTest, ChapTakesTheSameLineAlone) {
  cache_.Remember(User("alice", "", AuthProtocol::kChapMd5), gold_, now_);
  EXPECT_EQ(cache_.Find(User("alice", "", AuthProtocol::kChapMd5), now_), gold_);
  EXPECT_EQ(cache_.Find(User("alice", "", AuthProtocol::kChapMd5, "0666"), now_), nullptr);
  // There is no password that could be compared.
  EXPECT_EQ(cache_.Find(User("alice", ""), now_), nullptr);
  EXPECT_EQ(cache_.Find(User("alice", "", AuthProtocol::kMsChapV2), now_), nullptr);
}

TEST_F(AcceptCacheTest, LineWithoutANumberIsNoLine) {
  cache_.Remember(User("alice", "", AuthProtocol::kChapMd5, ""), gold_, now_);
  EXPECT_EQ(cache_.Find(User("alice", "", AuthProtocol::kChapMd5, ""), now_), nullptr);
}

TEST_F(AcceptCacheTest, ForgetsInTimeAndWhenTold) {
  cache_.Remember(User("alice", "secret"), gold_, now_);
  EXPECT_NE(cache_.Find(User("alice", "secret"), now_ + Duration::Seconds(100)), nullptr);
  EXPECT_EQ(cache_.Find(User("alice", "secret"), now_ + Duration::Seconds(101)), nullptr);
  cache_.Remember(User("bob", "secret"), gold_, now_);
  cache_.Forget("bob");
  EXPECT_EQ(cache_.Find(User("bob", "secret"), now_), nullptr);
}

TEST_F(AcceptCacheTest, OldestAcceptanceGoesFirst) {
  for (const char* name : {"a", "b", "c", "a", "d"}) cache_.Remember(User(name, "p"), gold_, now_);
  EXPECT_EQ(cache_.size(), 3u);
  EXPECT_EQ(cache_.Find(User("b", "p"), now_), nullptr);
  for (const char* name : {"a", "c", "d"}) {
    EXPECT_NE(cache_.Find(User(name, "p"), now_), nullptr) << name;
  }
}

}  // namespace
}  // namespace lns::controlplane
