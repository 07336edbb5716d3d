// What an authentication engine (pap.h, chap.h) tells the link after each input.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "lib/base/bytes.h"

namespace lns::ppp {

enum class AuthOutcome : uint8_t {
  kPending,    // nothing has been decided by this input
  kAccepted,   // peer: the authenticator said yes
  kRejected,   // peer: it said no
  kTimedOut,   // authenticator: no more attempts are left
  kOtherUser,  // authenticator: asked again, somebody else answered
};

struct AuthStep {
  AuthOutcome outcome = AuthOutcome::kPending;
  std::string message;  // kRejected: the authenticator's text, or why the peer does not trust it
};

inline constexpr size_t kMaxUserName = 255;
inline constexpr size_t kMaxMessage = 255;

// Text of a peer, for people: bounded, and without anything a terminal would act on.
std::string PrintableText(ByteView text);

}  // namespace lns::ppp
