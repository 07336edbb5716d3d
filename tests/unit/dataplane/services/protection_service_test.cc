// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>

#include "dataplane/services/protection_service.h"

namespace lns::dataplane {
namespace {

using punt::PuntReason;

class ProtectionServiceTest : public testing::Test {
 protected:
  v1::PuntLimitsRow Row(const std::string& group, const std::string& reason) {
    v1::ListPuntLimitsReply reply;
    EXPECT_TRUE(service_.ListPuntLimits(nullptr, nullptr, &reply).ok());
    for (const v1::PuntLimitsRow& row : reply.rows()) {
      if (row.group() == group && row.reason() == reason) return row;
    }
    ADD_FAILURE() << "no row " << group << " " << reason;
    return {};
  }
  grpc::Status Set(const std::string& group, const std::string& reason,
                   const v1::PuntLimits& limits) {
    v1::SetPuntLimitsRequest request;
    request.set_group(group);
    request.set_reason(reason);
    *request.mutable_limits() = limits;
    v1::SetPuntLimitsReply reply;
    const grpc::Status status = service_.SetPuntLimits(nullptr, &request, &reply);
    changed_ = reply.changed();
    return status;
  }

  PuntPolicy policy_{{"access", "backbone"}, 1'000'000};
  PuntGuard first_{&policy_};
  PuntGuard second_{&policy_};
  ProtectionService service_{policy_, {&first_, &second_}};
  uint32_t changed_ = 0;
};

TEST_F(ProtectionServiceTest, EveryGroupAndReasonHasARow) {
  v1::ListPuntLimitsReply reply;
  ASSERT_TRUE(service_.ListPuntLimits(nullptr, nullptr, &reply).ok());
  EXPECT_EQ(reply.rows_size(), 2 * (static_cast<int>(punt::kPuntReasonCount) - 1));
  EXPECT_EQ(Row("access", "new_tunnel").punt_class(), "class2");
  EXPECT_TRUE(Row("access", "new_tunnel").limits().has_per_second());
  EXPECT_FALSE(Row("backbone", "tunnel_control").limits().has_source_per_second()) << "no limit";
}

TEST_F(ProtectionServiceTest, LimitsAreChangedAndShown) {
  v1::PuntLimits limits;
  limits.set_per_second(0);
  limits.set_source_per_second(7);
  ASSERT_TRUE(Set("backbone", "new_tunnel", limits).ok());
  EXPECT_EQ(changed_, 1u);
  const v1::PuntLimits shown = Row("backbone", "new_tunnel").limits();
  EXPECT_TRUE(shown.has_per_second());
  EXPECT_EQ(shown.per_second(), 0u);
  EXPECT_EQ(shown.source_per_second(), 7u);
  EXPECT_EQ(shown.source_burst(), 1u);
  EXPECT_NE(Row("access", "new_tunnel").limits().per_second(), 0u) << "of another group";
  ASSERT_TRUE(Set("", "", {}).ok());
  EXPECT_EQ(changed_, 6u) << "three reasons for what is unproven, two groups";
  EXPECT_FALSE(Row("backbone", "new_tunnel").limits().has_per_second());
}

TEST_F(ProtectionServiceTest, UnknownNamesChangeNothing) {
  EXPECT_EQ(Set("peer", "", {}).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Set("access", "tunnels", {}).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Row("access", "new_tunnel").limits().has_per_second());
}

TEST_F(ProtectionServiceTest, CountersAreSummedOverWorkers) {
  v1::PuntLimits limits;
  limits.set_source_per_second(0);
  constexpr auto kReason = static_cast<uint8_t>(PuntReason::kNewTunnel);
  for (int i = 0; i < 3; ++i) first_.Judge(0, kReason, 1, 1000);
  second_.Judge(0, kReason, 2, 1000);
  ASSERT_TRUE(Set("access", "new_tunnel", limits).ok());
  second_.Judge(0, kReason, 2, 1000);
  const v1::PuntLimitsRow row = Row("access", "new_tunnel");
  EXPECT_EQ(row.passed(), 4u);
  EXPECT_EQ(row.source_refused(), 1u);
  EXPECT_EQ(row.group_refused(), 0u);
}

}  // namespace
}  // namespace lns::dataplane
