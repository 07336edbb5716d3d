// What became of the packets of one direction: per flow, which sequence numbers arrived; over all
// flows, the sums. A packet counts as
//   received    the first copy of a number that was offered
//   duplicated  a further copy of one
//   reordered   received, but after a higher number of its flow
//   corrupt     ours, but damaged, of another flow's address, or never offered
// and `lost` is what was offered and not received. A packet more than 64 behind its flow's newest
// cannot be told from a duplicate: it counts as reordered and stays lost.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/time.h"
#include "tools/lacsim/histogram.h"

namespace lns::lacsim {

class FlowMeter {
 public:
  struct Totals {
    uint64_t offered = 0;
    uint64_t received = 0;
    uint64_t duplicated = 0;
    uint64_t reordered = 0;
    uint64_t corrupt = 0;
    uint64_t lost() const { return offered - received; }
    bool perfect() const {
      return lost() == 0 && duplicated == 0 && reordered == 0 && corrupt == 0;
    }
  };

  explicit FlowMeter(size_t flows) : flows_(flows) {}

  // The number of the flow's next packet; it counts as offered from now on.
  uint64_t Offer(uint32_t flow);
  // The flow's latest offer did not leave.
  void TakeBack(uint32_t flow);
  void OnReceived(uint32_t flow, uint64_t sequence, Duration latency);
  void OnCorrupt() { ++totals_.corrupt; }

  const Totals& totals() const { return totals_; }
  const Histogram& latency() const { return latency_; }
  uint32_t flow_count() const { return static_cast<uint32_t>(flows_.size()); }

 private:
  struct Flow {
    uint64_t offered = 0;
    uint64_t expected = 0;  // one more than the highest number received
    uint64_t window = 0;    // bit i: number expected - 1 - i was received
  };
  std::vector<Flow> flows_;
  Totals totals_;
  Histogram latency_;
};

}  // namespace lns::lacsim
