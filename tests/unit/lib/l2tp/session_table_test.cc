// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/session_table.h"

namespace lns::l2tp {
namespace {

Instant At(int64_t seconds) { return Instant::FromNanoseconds(seconds * 1'000'000'000); }

TEST(SessionTable, FindsByEitherIdOnceKnown) {
  SessionTable table;
  const auto slot = table.Add(SessionRole::kLns, LocalSessionId(), PeerSessionId(7));
  EXPECT_EQ(table.Find(PeerSessionId(7)), slot);
  EXPECT_EQ(table.Find(LocalSessionId(0)), std::nullopt);
  table.SetLocalId(slot, LocalSessionId(9));
  EXPECT_EQ(table.Find(LocalSessionId(9)), slot);
  EXPECT_EQ(table.size(), 1u);
  table.Remove(slot);
  EXPECT_EQ(table.Find(PeerSessionId(7)), std::nullopt);
  EXPECT_EQ(table.Find(LocalSessionId(9)), std::nullopt);
  EXPECT_EQ(table.size(), 0u);
}

TEST(SessionTable, ReusesSlots) {
  SessionTable table;
  for (uint16_t id = 1; id < 1000; ++id) {
    table.Remove(table.Add(SessionRole::kLac, LocalSessionId(id), PeerSessionId()));
  }
  EXPECT_EQ(table.slot_end(), 1u);
}

TEST(SessionTable, ExpiresInOrderAndForgetsTheDisarmed) {
  SessionTable table;
  const auto first = table.Add(SessionRole::kLac, LocalSessionId(1), PeerSessionId());
  const auto second = table.Add(SessionRole::kLac, LocalSessionId(2), PeerSessionId());
  const auto third = table.Add(SessionRole::kLac, LocalSessionId(3), PeerSessionId());
  table.Arm(first, At(10));
  table.Arm(second, At(11));
  table.Arm(third, At(12));
  EXPECT_EQ(table.NextDeadline(), At(10));
  table.Disarm(first);
  EXPECT_EQ(table.NextDeadline(), At(11));
  EXPECT_EQ(table.TakeExpired(At(10)), std::nullopt);
  EXPECT_EQ(table.TakeExpired(At(11)), second);
  table.Remove(third);
  EXPECT_EQ(table.NextDeadline(), Instant::Never());
}

TEST(SessionTable, ArmingAgainMovesTheDeadline) {
  SessionTable table;
  const auto slot = table.Add(SessionRole::kLac, LocalSessionId(1), PeerSessionId());
  table.Arm(slot, At(10));
  table.Arm(slot, At(20));
  EXPECT_EQ(table.TakeExpired(At(15)), std::nullopt);
  EXPECT_EQ(table.TakeExpired(At(20)), slot);
  EXPECT_EQ(table.TakeExpired(At(99)), std::nullopt);
}

}  // namespace
}  // namespace lns::l2tp
