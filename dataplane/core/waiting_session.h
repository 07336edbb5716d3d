// A session as queues of waiting packets name it: by its ids, since indices do not survive the
// wait.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

namespace lns::dataplane {

struct WaitingSession {
  uint32_t key = 0;  // as PacketMeta::session_key
  bool operator==(const WaitingSession&) const = default;
};

inline uint32_t BucketHash(const WaitingSession& session) { return session.key * 0x9e3779b1u >> 8; }

}  // namespace lns::dataplane
