// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/phb.h"

namespace lns::l2tp {
namespace {

TEST(Phb, StandardBehavioursHaveTheirDscp) {
  EXPECT_EQ(DscpOfPhb(0x0000), 0);   // default
  EXPECT_EQ(DscpOfPhb(0xb800), 46);  // expedited forwarding
  EXPECT_EQ(DscpOfPhb(0xc000), 48);  // class selector 6
}

TEST(Phb, ASetIsNamedByItsSmallestDscp) {
  EXPECT_EQ(DscpOfPhb(0x2802), 10);  // AF1x: AF11
}

TEST(Phb, OtherBehavioursHaveNone) {
  EXPECT_EQ(DscpOfPhb(0x1231), std::nullopt);
  EXPECT_EQ(DscpOfPhb(0x1233), std::nullopt);
  // Bits RFC 3140 leaves no meaning for.
  EXPECT_EQ(DscpOfPhb(0xb804), std::nullopt);
  EXPECT_EQ(DscpOfPhb(0xba00), std::nullopt);
}

TEST(Phb, EveryDscpComesBackFromItsCode) {
  for (uint8_t dscp = 0; dscp < 64; ++dscp) EXPECT_EQ(DscpOfPhb(PhbOfDscp(dscp)), dscp);
}

}  // namespace
}  // namespace lns::l2tp
