// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/flow_meter.h"

#include "lib/base/check.h"

namespace lns::lacsim {
namespace {
constexpr uint64_t kWindow = 64;
}  // namespace

uint64_t FlowMeter::Offer(uint32_t flow) {
  ++totals_.offered;
  return flows_[flow].offered++;
}

void FlowMeter::TakeBack(uint32_t flow) {
  LNS_CHECK(flows_[flow].offered > 0);
  --flows_[flow].offered;
  --totals_.offered;
}

void FlowMeter::OnReceived(uint32_t flow, uint64_t sequence, Duration latency) {
  if (flow >= flows_.size() || sequence >= flows_[flow].offered) {
    ++totals_.corrupt;
    return;
  }
  Flow& state = flows_[flow];
  if (sequence >= state.expected) {
    const uint64_t step = sequence - state.expected + 1;
    state.window = step >= kWindow ? 0 : state.window << step;
    state.window |= 1;
    state.expected = sequence + 1;
  } else {
    const uint64_t age = state.expected - 1 - sequence;
    if (age >= kWindow) {
      ++totals_.reordered;
      return;
    }
    const uint64_t bit = uint64_t{1} << age;
    if ((state.window & bit) != 0) {
      ++totals_.duplicated;
      return;
    }
    state.window |= bit;
    ++totals_.reordered;
  }
  ++totals_.received;
  latency_.Add(latency);
}

}  // namespace lns::lacsim
