// The payload of a generated packet: which flow, which direction, which number, when sent. The rest
// of the payload is a pattern of the flow and number, checked on arrival.
//
//    0               4               8       9      12
//   +---------------+---------------+-------+-------+
//   | magic "TLAC"  | flow          | dir   | zero  |
//   +---------------+---------------+-------+-------+
//   | sequence (64 bits)            |
//   +-------------------------------+
//   | sent, CLOCK_MONOTONIC ns (64) |  then the pattern
//   +-------------------------------+
//
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/time.h"

namespace lns::lacsim {

enum class Direction : uint8_t { kUp = 0, kDown = 1 };
const char* ToString(Direction direction);

inline constexpr size_t kProbeSize = 28;
inline constexpr size_t kMaxProbePayload = 1432;  // 1460 of MRU less IPv4 and UDP

struct Probe {
  uint32_t flow = 0;
  Direction direction = Direction::kUp;
  uint64_t sequence = 0;
  Instant sent;
};

// Fills all of `payload`, at least kProbeSize bytes.
void WriteProbe(const Probe& probe, MutableByteView payload);

// The packet is not one of ours (nullopt), or it is: `intact` says whether every byte is as
// written.
struct ReceivedProbe {
  Probe probe;
  bool intact = false;
};
std::optional<ReceivedProbe> ReadProbe(ByteView payload);

}  // namespace lns::lacsim
