// Plain IPv4 routing put together from the same stages: what a packet costs that is no
// subscriber's. The product has no such pipeline (the kernel routes what is not ours); it is the
// yardstick for what the tunnel adds.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>

#include "dataplane/pipeline.h"
#include "dataplane/stages/hop_limit.h"
#include "dataplane/stages/parse.h"
#include "dataplane/stages/rewrite.h"
#include "dataplane/stages/route.h"

namespace lns::bench {

// With the accounting of the real pipelines.
inline void RunPlain(dataplane::Context& context, dataplane::Batch& batch) {
  using dataplane::Stage;
  using dataplane::StageId;
  constexpr std::array kStages = {
      Stage{StageId::kParse, dataplane::Parse},
      Stage{StageId::kRoute, dataplane::RouteUplink},
      Stage{StageId::kHopLimit, dataplane::HopLimit},
      Stage{StageId::kRewrite, dataplane::Rewrite},
  };
  uint64_t start = context.clock().Now();
  for (const Stage& stage : kStages) {
    if (batch.empty()) return;
    const uint32_t packets = batch.size();
    stage.run(context, batch);
    context.Settle(batch);
    const uint64_t end = context.clock().Now();
    auto& counters = context.counters().stages[static_cast<size_t>(stage.id)];
    context.clock().Count(counters, packets, start, end);
    start = end;
  }
}

}  // namespace lns::bench
