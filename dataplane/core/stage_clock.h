// When a worker's stages are timed: in one of kEvery turns of its loop that find work,
// extrapolated, so that the accounting can stay on. Reading the TSC costs 20 to 50 ticks, several
// times what a light stage needs for a packet, and a burst passes ten stages.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_cycles.h>

#include <cstdint>

#include "dataplane/core/counters.h"

namespace lns::dataplane {

class StageClock {
 public:
  static constexpr uint32_t kEvery = 16;  // the first is one of them

  void EndTurn(bool found_work) {
    if (found_work) timed_ = ++turn_ % kEvery == 0;
  }
  // 0 in a turn that is not timed.
  uint64_t Now() const { return timed_ ? rte_rdtsc() : 0; }
  // Every packet counts; cycles are those of the timed turns, times kEvery.
  void Count(StageCounters& stage, uint32_t packets, uint64_t start, uint64_t end) const {
    stage.packets.Add(packets);
    if (timed_) stage.cycles.Add((end - start) * kEvery);
  }

 private:
  uint32_t turn_ = 0;
  bool timed_ = true;
};

}  // namespace lns::dataplane
