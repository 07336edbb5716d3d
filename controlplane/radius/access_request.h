// One question to a RADIUS server and its answer: the user's credentials as an Access-Request (RFC
// 2865 4.1, RFC 2548 2 for the MS-CHAPs, whose texts go through verbatim), and the reply as the
// engine's verdict. Pure; any thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/engine.h"
#include "controlplane/radius/call_attributes.h"
#include "lib/base/bytes.h"
#include "lib/radius/client.h"

namespace lns::controlplane {

// `extra`: attributes of the configuration, as they stand on the wire. nullopt: credentials no
// Access-Request can express.
std::optional<radius::ClientRequest> MakeAccessRequest(const AuthenticateUser& user,
                                                       const NasIdentity& nas, ByteView extra);

struct AccessAnswer {
  AuthVerdict verdict;
  bool challenged = false;  // by something PPP has no words for
  uint32_t malformed = 0;   // as ServiceReading
  uint32_t ignored = 0;
};

// `done` was answered.
AccessAnswer ReadAccessAnswer(const AuthenticateUser& user, const radius::RequestDone& done);

}  // namespace lns::controlplane
