// Acct-Terminate-Cause (RFC 2866 5.10). Which end of a call has which is a column of
// close_cause.def.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

namespace lns::controlplane {

enum class TerminateCause : uint8_t {
  kNone = 0,
  kUserRequest = 1,
  kLostCarrier = 2,
  kLostService = 3,
  kIdleTimeout = 4,
  kSessionTimeout = 5,
  kAdminReset = 6,
  kAdminReboot = 7,
  kPortError = 8,
  kNasError = 9,
  kNasRequest = 10,
  kNasReboot = 11,
  kPortUnneeded = 12,
  kPortPreempted = 13,
  kPortSuspended = 14,
  kServiceUnavailable = 15,
  kCallback = 16,
  kUserError = 17,
  kHostRequest = 18,
};

}  // namespace lns::controlplane
