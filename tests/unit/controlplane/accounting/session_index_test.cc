// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "controlplane/accounting/session_index.h"
#include "lib/radius/builder.h"

namespace lns::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Bytes Session(const std::string& user, uint32_t port, const std::string& called = "0800") {
  radius::PacketBuilder packet(radius::Code::kAccountingRequest, 0);
  packet.AddText(radius::kUserName, user);
  packet.AddInteger(radius::kNasPort, port);
  packet.AddText(radius::kCalledStationId, called);
  packet.AddText(radius::kReplyMessage, "nobody's business");
  const ByteView attributes = packet.attributes();
  return {attributes.begin(), attributes.end()};
}

radius::Attribute User(std::string_view name) { return {radius::kUserName, AsBytes(name)}; }

class SessionIndexTest : public testing::Test {
 protected:
  std::vector<uint32_t> Candidates(std::vector<radius::Attribute> wanted) const {
    const auto found = index_.Candidates(wanted);
    return {found.begin(), found.end()};
  }
  SessionIndex index_;
};

TEST_F(SessionIndexTest, TheRarestAttributeDecidesWhoIsLookedAt) {
  const Bytes port = {0, 0, 0, 2};
  for (uint32_t slot = 1; slot <= 3; ++slot) index_.Add(slot, Session("alice", slot));
  EXPECT_THAT(Candidates({User("alice")}), UnorderedElementsAre(1, 2, 3));
  EXPECT_THAT(Candidates({User("alice"), {radius::kNasPort, port}}), ElementsAre(2));
  EXPECT_THAT(Candidates({User("bob")}), IsEmpty());
  EXPECT_THAT(Candidates({User("bob"), {radius::kNasPort, port}}), IsEmpty());
}

TEST_F(SessionIndexTest, WhoIsRemovedIsNotFoundAndLeavesNothing) {
  index_.Add(1, Session("alice", 1));
  index_.Add(2, Session("alice", 2));
  index_.Remove(1, Session("alice", 1));
  EXPECT_THAT(Candidates({User("alice")}), ElementsAre(2));
  index_.Remove(2, Session("alice", 2));
  index_.Remove(2, Session("alice", 2));  // once more harms nobody
  EXPECT_EQ(index_.size(), 0u);
}

TEST(SaysAllTest, EveryOneMustBeSaid) {
  const Bytes session = Session("alice", 7);
  const Bytes port = {0, 0, 0, 7};
  const radius::Attribute alice = User("alice");
  const radius::Attribute seven{radius::kNasPort, port};
  EXPECT_TRUE(SaysAll(session, std::vector{alice, seven}));
  EXPECT_FALSE(SaysAll(session, std::vector{alice, User("bob")}));
  EXPECT_FALSE(SaysAll(session, std::vector{User("alic")}));
}

}  // namespace
}  // namespace lns::controlplane
