// What the operator API says of the engine's views.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controlplane/services/convert.h"

namespace lns::controlplane {
namespace {

// The fields of `message` that are not set.
std::vector<std::string> Missing(const google::protobuf::Message& message) {
  std::vector<std::string> missing;
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    if (!message.GetReflection()->HasField(message, &field)) missing.push_back(field.name());
  }
  return missing;
}

TEST(SessionToProto, EverythingKnownOfTheLineIsShown) {
  SessionView view;
  view.line = LineRecord{.line = {.circuit_id = "c",
                                  .remote_id = "r",
                                  .actual_rate_up_bps = 1,
                                  .actual_rate_down_bps = 2,
                                  .minimum_rate_up_bps = 3,
                                  .minimum_rate_down_bps = 4,
                                  .attainable_rate_up_bps = 5,
                                  .attainable_rate_down_bps = 6,
                                  .maximum_rate_up_bps = 7,
                                  .maximum_rate_down_bps = 8,
                                  .minimum_low_power_rate_up_bps = 9,
                                  .minimum_low_power_rate_down_bps = 10,
                                  .maximum_interleaving_delay_up_ms = 11,
                                  .actual_interleaving_delay_up_ms = 12,
                                  .maximum_interleaving_delay_down_ms = 13,
                                  .actual_interleaving_delay_down_ms = 14,
                                  .loop_encapsulation = 15,
                                  .line_type = 16,
                                  .iwf_session = true},
                         .speed_updates = true,
                         .updates = 17};
  control::v1::Session session;
  ToProto(view, Instant(), session);
  const control::v1::AccessLine& line = session.access_line();
  EXPECT_EQ(Missing(line), std::vector<std::string>());
  EXPECT_EQ(line.circuit_id(), "c");
  EXPECT_EQ(line.remote_id(), "r");
  EXPECT_EQ(line.maximum_rate_down_bps(), 8u);
  EXPECT_EQ(line.minimum_low_power_rate_up_bps(), 9u);
  EXPECT_EQ(line.minimum_low_power_rate_down_bps(), 10u);
  EXPECT_EQ(line.maximum_interleaving_delay_up_ms(), 11u);
  EXPECT_EQ(line.actual_interleaving_delay_up_ms(), 12u);
  EXPECT_EQ(line.maximum_interleaving_delay_down_ms(), 13u);
  EXPECT_EQ(line.actual_interleaving_delay_down_ms(), 14u);
  EXPECT_EQ(line.line_type(), 16u);
}

TEST(SessionToProto, ALineNobodySpokeOfIsNotShown) {
  SessionView view;
  control::v1::Session session;
  ToProto(view, Instant(), session);
  EXPECT_FALSE(session.has_access_line());
  EXPECT_FALSE(session.has_line_errors());
}

}  // namespace
}  // namespace lns::controlplane
