// LCP echoes of one session (RFC 1661 5.8): how they are done, how they went. One line
// for each session with kEchoes (tables/echo_lines.h). The words of the first group are the table
// writer's, all others the owner's, which begins anew whenever it finds another era.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <atomic>
#include <cstdint>

namespace lns::dataplane {

inline constexpr uint32_t kMaxEchoInterval = 86400;  // seconds

// How a session is asked, in one word, so that a change is seen whole.
struct EchoPolicy {
  uint32_t interval_s = 0;  // 0: never; the peer's requests are answered all the same
  uint8_t max_misses = 0;
  bool always = false;  // also where data says that the subscriber is alive
};
constexpr uint32_t PackEchoPolicy(const EchoPolicy& policy) {
  return policy.interval_s << 9 | uint32_t{policy.max_misses} << 1 | (policy.always ? 1 : 0);
}
constexpr EchoPolicy UnpackEchoPolicy(uint32_t word) {
  return {.interval_s = word >> 9,
          .max_misses = static_cast<uint8_t>(word >> 1),
          .always = (word & 1) != 0};
}
static_assert(kMaxEchoInterval < 1u << 23);

struct EchoProgress {
  uint8_t id = 0;          // of the latest request
  uint8_t unanswered = 0;  // requests in a row
  uint8_t answers = 0;     // given since the latest visit of the wheel
  bool heard : 1 = false;  // the subscriber's echoes were, since it was last due
  bool asked : 1 = false;  // when it was last due
};

struct alignas(64) EchoEntry {
  static constexpr uint32_t kSmoothedShift = 3;  // rtt_smoothed is in 1/8 us

  std::atomic<uint32_t> magic{0};   // ours
  std::atomic<uint32_t> policy{0};  // EchoPolicy
  std::atomic<uint32_t> era{0};     // another one: another link

  std::atomic<uint32_t> begun{0};  // the era that all below is about
  // Read by the owner alone.
  uint32_t due = 0;      // the wheel's round in which to ask next
  uint32_t packets = 0;  // of the subscriber, when it was last due; modulo 2^32
  uint64_t sent_at = 0;  // the latest request, in cycles
  // And by whoever wants to know.
  std::atomic<EchoProgress> progress{};
  std::atomic<uint32_t> waiting{0};  // bit n: the request n before the latest is not answered yet
  std::atomic<uint32_t> sent{0};
  std::atomic<uint32_t> answered{0};
  // Microseconds; 0: none was measured.
  std::atomic<uint32_t> rtt_last{0};
  std::atomic<uint32_t> rtt_min{0};
  std::atomic<uint32_t> rtt_smoothed{0};
  std::atomic<uint32_t> rtt_max{0};
};
static_assert(sizeof(EchoEntry) == 64 && alignof(EchoEntry) == 64);

}  // namespace lns::dataplane
