// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "controlplane/lns/accounting_id.h"

namespace lns::controlplane {
namespace {

TEST(AccountingId, HasOneSpelling) {
  const AccountingId id{.run = 0x0123456789ab, .number = 0xcd00000001, .slot = 0x00beef};
  EXPECT_EQ(id.ToString(), "0123456789abcd0000000100beef");
  EXPECT_EQ(AccountingId::Parse(id.ToString()), id);
}

TEST(AccountingId, KeepsTheLargestOfEverything) {
  const AccountingId id{.run = 0xffffffffffff, .number = 0xffffffffff, .slot = 0xffffff};
  EXPECT_EQ(AccountingId::Parse(id.ToString()), id);
}

TEST(AccountingId, OthersAreNone) {
  for (const char* text : {"", "0123456789abcd0000000100bee", "0123456789abcd0000000100beeff",
                           "0123456789ABCD0000000100BEEF", "0123456789abcd00000001-0beef",
                           "session 1 of the last run  x"}) {
    EXPECT_EQ(AccountingId::Parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace lns::controlplane
