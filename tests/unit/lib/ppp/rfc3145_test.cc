// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>

#include "lib/ppp/rfc3145.h"

namespace lns::ppp {
namespace {

TEST(Rfc3145Test, EveryCauseHasItsCodeProtocolAndDirection) {
  struct Row {
    LinkDownCause cause;
    Rfc3145Cause server;
    uint8_t client_direction;
  };
  const Row rows[] = {
      {LinkDownCause::kNone, {0, 0, 0}, 0},
      {LinkDownCause::kClosedLocally, {3, 0xc021, 2}, 2},
      {LinkDownCause::kTerminatedByPeer, {3, 0xc021, 1}, 1},
      {LinkDownCause::kNoLcp, {6, 0xc021, 0}, 0},
      {LinkDownCause::kLcpTimeout, {5, 0xc021, 0}, 0},
      {LinkDownCause::kLcpRefused, {0, 0xc021, 0}, 0},
      {LinkDownCause::kLoopback, {7, 0xc021, 0}, 0},
      {LinkDownCause::kProxyRequired, {2, 0xc021, 0}, 0},
      {LinkDownCause::kEchoTimeout, {8, 0xc021, 0}, 0},
      {LinkDownCause::kAuthTimeout, {13, 0, 0}, 0},
      {LinkDownCause::kAuthRefused, {15, 0, 1}, 2},
      {LinkDownCause::kAuthFailed, {16, 0, 1}, 2},
      {LinkDownCause::kAuthNameChanged, {16, 0, 1}, 2},
      {LinkDownCause::kNetworkTimeout, {17, 0, 0}, 0},
      {LinkDownCause::kNoNetworkProtocol, {18, 0, 0}, 0},
      {LinkDownCause::kAddressRefused, {19, 0x8021, 2}, 1},
  };
  for (const Row& row : rows) {
    const Rfc3145Cause server = Rfc3145CauseOf(row.cause);
    EXPECT_EQ(server.code, row.server.code) << ToString(row.cause);
    EXPECT_EQ(server.protocol, row.server.protocol) << ToString(row.cause);
    EXPECT_EQ(server.direction, row.server.direction) << ToString(row.cause);
    const Rfc3145Cause client = Rfc3145CauseOf(row.cause, Role::kClient);
    EXPECT_EQ(client.code, row.server.code) << ToString(row.cause);
    EXPECT_EQ(client.direction, row.client_direction) << ToString(row.cause);
    EXPECT_STRNE(ToString(row.cause), "unknown");
  }
  EXPECT_EQ(std::size(rows), static_cast<size_t>(LinkDownCause::kAddressRefused) + 1)
      << "a cause without a row";
}

}  // namespace
}  // namespace lns::ppp
