// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "controlplane/lns/close_cause.h"

namespace lns::controlplane {
namespace {

TEST(CloseCauseTest, EveryCauseHasAnRfc2661ResultAndANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 1; i < kCloseCauses; ++i) {
    const auto cause = static_cast<CloseCause>(i);
    const l2tp::ResultCode result = ResultOf(cause);
    EXPECT_GE(result.result, 1) << NameOf(cause);
    EXPECT_LE(result.result, 11) << NameOf(cause);
    // RFC 2661 4.4.2: result 2 says "see the error code", and only it.
    EXPECT_EQ(result.result == 2, result.error != 0) << NameOf(cause);
    EXPECT_LE(result.error, 8);
    EXPECT_NE(TerminateCauseOf(cause), TerminateCause::kNone) << NameOf(cause);
    EXPECT_FALSE(result.message.empty());
    EXPECT_TRUE(names.insert(NameOf(cause)).second) << NameOf(cause);
  }
}

TEST(CloseCauseTest, LinkCausesKeepTheirMeaning) {
  EXPECT_EQ(CauseOf(ppp::LinkDownCause::kAuthFailed), CloseCause::kAuthFailed);
  EXPECT_EQ(CauseOf(ppp::LinkDownCause::kEchoTimeout), CloseCause::kEchoTimeout);
  EXPECT_EQ(CauseOf(ppp::LinkDownCause::kTerminatedByPeer), CloseCause::kUserTerminated);
  EXPECT_EQ(ResultOf(CloseCause::kAuthFailed).result, 3);
  EXPECT_EQ(ResultOf(CloseCause::kEchoTimeout).result, 1);
  EXPECT_EQ(ResultOf(CloseCause::kSessionTableFull).error, 4);
}

TEST(CloseCauseTest, LimitsHaveTheirOwnWordsEverywhere) {
  struct Row {
    CloseCause cause;
    int terminate;  // RFC 2866 5.10
    int ppp;        // RFC 3145 3
  };
  for (const Row& row :
       {Row{CloseCause::kSessionTimeout, 5, 3}, Row{CloseCause::kIdleTimeout, 4, 3},
        Row{CloseCause::kQuotaReached, 10, 3}, Row{CloseCause::kDisconnectRequest, 6, 1},
        Row{CloseCause::kOperator, 6, 1}}) {
    EXPECT_EQ(static_cast<int>(TerminateCauseOf(row.cause)), row.terminate) << NameOf(row.cause);
    ASSERT_TRUE(PppCauseOf(row.cause)) << NameOf(row.cause);
    EXPECT_EQ(PppCauseOf(row.cause)->code, row.ppp) << NameOf(row.cause);
    EXPECT_EQ(ResultOf(row.cause).result, 3) << NameOf(row.cause);
  }
}

}  // namespace
}  // namespace lns::controlplane
