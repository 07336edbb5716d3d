// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/result_code.h"

namespace lns::l2tp {
namespace {

ResultCode Read(const Bytes& value, EventSet* events = nullptr) {
  EventSet scratch;
  ResultCode code;
  EXPECT_TRUE(ReadResultCode(value, code, events != nullptr ? *events : scratch));
  return code;
}

TEST(ResultCode, ReadsAllThreeForms) {
  EXPECT_EQ(Read({0, 3}).result, 3);
  EXPECT_EQ(Read({0, 2, 0, 6}).error, 6);
  EXPECT_EQ(Read({0, 2, 0, 6, 'n', 'o'}).message, "no");
}

TEST(ResultCode, ReadsAsFarAsAnOddLengthGoes) {
  EXPECT_EQ(Read({0, 3, 7}).result, 3);
  EXPECT_EQ(Read({0, 3, 7}).error, 0);
  EventSet events;
  ResultCode code;
  EXPECT_FALSE(ReadResultCode(Bytes{1}, code, events));
}

TEST(ResultCode, TurnsASwappedCodeRound) {
  EventSet events;
  EXPECT_EQ(Read({3, 0}, &events).result, 3);
  EXPECT_TRUE(events.Has(L2tpEvent::kResultCodeSwapped));
}

TEST(ResultCode, LeavesTheVersionOfStopCcnFiveAlone) {
  EventSet events;
  EXPECT_EQ(Read({0, 5, 1, 0}, &events).error, 0x0100);
  EXPECT_TRUE(events.empty());
}

TEST(ResultCode, KeepsUnknownCodesAsTheyAre) {
  EXPECT_EQ(Read({0, 200}).result, 200);
  EXPECT_EQ(Read({0, 0}).result, 0);
}

TEST(ResultCode, WritesTheShortestForm) {
  EXPECT_EQ(WriteResultCode(MakeResult(CdnResult::kBusy)), (Bytes{0, 8}));
  EXPECT_EQ(WriteResultCode(MakeError(GeneralError::kResources)), (Bytes{0, 2, 0, 4}));
  EXPECT_EQ(WriteResultCode(MakeResult(CdnResult::kBusy, "x")), (Bytes{0, 8, 0, 0, 'x'}));
  EXPECT_EQ(WriteResultCode(MakeResult(CdnResult::kBusy, std::string(5000, 'x'))).size(),
            kMaxAvpValue);
}

TEST(ResultCode, IsDescribedForPeople) {
  EXPECT_EQ(Describe(MakeResult(StopCcnResult::kShuttingDown), MessageType::kStopCcn),
            "shutting down (6)");
  EXPECT_EQ(Describe(MakeResult(CdnResult::kInvalidDestination), MessageType::kCdn),
            "invalid destination (6)");
  EXPECT_EQ(Describe(MakeError(GeneralError::kLength, "AVP 9"), MessageType::kCdn),
            "general error: length is wrong (2/2): AVP 9");
  EXPECT_EQ(Describe({.result = 77}, MessageType::kCdn), "unknown result (77)");
}

TEST(ResultCode, DiffServMismatchesHaveTheirNames) {
  EXPECT_EQ(Describe(MakeResult(StopCcnResult::kControlDsMismatch), MessageType::kStopCcn),
            "DiffServ of the control connection not accepted (8)");
  EXPECT_EQ(Describe(MakeResult(CdnResult::kSessionDsMismatch), MessageType::kCdn),
            "DiffServ of the session not accepted (12)");
}

}  // namespace
}  // namespace lns::l2tp
