// The pipelines as data (pipeline.cc, to be read first) and what runs them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <span>
#include <string_view>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"
#include "dataplane/core/stage_id.h"

namespace lns::dataplane {

struct Stage {
  StageId id;
  void (*run)(Context&, Batch&);
  // Skipped where no session of the batch has one of these flags; 0: never.
  uint32_t only_for = 0;
};

struct PipelineView {
  std::string_view name;
  std::span<const Stage> stages;
};

// In the order of pipeline.cc; for documents and tests.
std::span<const PipelineView> Pipelines();

// Each runs every stage on the batch and settles it; the batch is empty afterwards. The first two
// may leave packets in context.downlink().
void RunReceive(Context& context, Batch& batch);  // continues in RunUplink
void RunUplink(Context& context, Batch& batch);
void RunDownlink(Context& context, Batch& batch);
// These fill the batch themselves: from the inject ring, from the hold, from the reorder queues,
// from the backlog.
// The reorder queues' packets may stay in context.downlink().
void RunInject(Context& context, Batch& batch);
// Replies in context.echoes(), and whoever's turn it is to be asked.
void RunEchoes(Context& context, Batch& batch);
void RunHeld(Context& context, Batch& batch);
void RunReordered(Context& context, Batch& batch);
void RunShaped(Context& context, Batch& batch);
// Continues in RunUplink, like RunReceive.
void RunReassembled(Context& context, Batch& batch);
// What the worker's stages have refused in this turn.
void RunRefused(Context& context, Batch& batch);

}  // namespace lns::dataplane
