// The packet path, to be read first. Each stage is a file pair of its name in dataplane/stages; a
// packet goes down its list until a stage gives it another verdict (core/batch.h).
//
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/pipeline.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/core/observer.h"
#include "dataplane/stages/answer.h"
#include "dataplane/stages/classify.h"
#include "dataplane/stages/dequeue.h"
#include "dataplane/stages/dscp.h"
#include "dataplane/stages/echo.h"
#include "dataplane/stages/express.h"
#include "dataplane/stages/filter.h"
#include "dataplane/stages/hold.h"
#include "dataplane/stages/hop_limit.h"
#include "dataplane/stages/inject.h"
#include "dataplane/stages/l2tp_decap.h"
#include "dataplane/stages/l2tp_encap.h"
#include "dataplane/stages/mss.h"
#include "dataplane/stages/mtu.h"
#include "dataplane/stages/parse.h"
#include "dataplane/stages/police.h"
#include "dataplane/stages/ppp_input.h"
#include "dataplane/stages/ppp_output.h"
#include "dataplane/stages/reassemble.h"
#include "dataplane/stages/reorder.h"
#include "dataplane/stages/rewrite.h"
#include "dataplane/stages/route.h"
#include "dataplane/stages/sequence.h"
#include "dataplane/stages/session_lookup.h"
#include "dataplane/stages/shape.h"
#include "dataplane/stages/source_guard.h"
#include "dataplane/stages/subscriber_lookup.h"
#include "dataplane/tables/entries.h"
#include "lib/base/check.h"

namespace lns::dataplane {
namespace {

// Whatever a port received. What continues is L2TP data to us: uplink. Subscribers' packets from
// the core turn to the downlink at classify.
constexpr std::array kReceive = {
    Stage{StageId::kParse, Parse},
    Stage{StageId::kClassify, Classify},
};

// From a subscriber. Starts on the session's owner: session_lookup hands over to it.
constexpr std::array kUplink = {
    Stage{StageId::kSessionLookup, SessionLookup},
    Stage{StageId::kExpress, ExpressUplink},  // most packets leave here
    Stage{StageId::kL2tpDecap, L2tpDecap},
    Stage{StageId::kSequence, Sequence},
    Stage{StageId::kPppInput, PppInput},
    Stage{StageId::kSourceGuard, SourceGuard},
    Stage{StageId::kFilter, FilterUplink, kFiltered},
    Stage{StageId::kPolice, PoliceUplink, kCountedByPolice},
    Stage{StageId::kDscp, DscpUplink, kDscpPolicy},
    Stage{StageId::kMss, Mss, kClampMss},
    Stage{StageId::kRoute, RouteUplink},  // to another subscriber: downlink
    Stage{StageId::kHopLimit, HopLimit},
    Stage{StageId::kRewrite, Rewrite},
};

// To a subscriber. Starts on the session's owner: subscriber_lookup hands over to it.
constexpr std::array kDownlink = {
    Stage{StageId::kSubscriberLookup, SubscriberLookup},
    Stage{StageId::kExpress, ExpressDownlink},  // most packets leave here
    Stage{StageId::kFilter, FilterDownlink, kFiltered},
    Stage{StageId::kMtu, Mtu},  // what it refuses comes back in fragments
    Stage{StageId::kPolice, PoliceDownlink, kMetered | kAggregated},
    Stage{StageId::kDscp, DscpDownlink, kDscpPolicy},
    Stage{StageId::kMss, Mss, kClampMss},
    Stage{StageId::kHopLimit, HopLimit},
    Stage{StageId::kShape, Shape, kShaped},  // what must wait goes on in kAtRate
    Stage{StageId::kPppOutput, PppOutput},
    Stage{StageId::kL2tpEncap, L2tpEncap},
    Stage{StageId::kDscp, DscpOuter, kDscpPolicy},
    Stage{StageId::kRoute, RouteEncapsulated},
    Stage{StageId::kRewrite, Rewrite},
};

// From the control plane: L2TP control and PPP control.
constexpr std::array kInject = {
    Stage{StageId::kInject, Inject},
    Stage{StageId::kRoute, RouteEncapsulated},
    Stage{StageId::kRewrite, Rewrite},
};

// LCP echoes: replies to what the uplink has found, and requests of our own.
constexpr std::array kEchoing = {
    Stage{StageId::kEcho, Echo},
    Stage{StageId::kRoute, RouteEncapsulated},
    Stage{StageId::kRewrite, Rewrite},
};

// Packets that waited for the MAC address of their next hop. Most leave at the first stage, to the
// neighbour; those that are to go another way by now go on.
constexpr std::array kHeld = {
    Stage{StageId::kHold, ReleaseHeld},
    Stage{StageId::kRoute, RouteHeld},
    Stage{StageId::kRewrite, Rewrite},
};

// What `source` takes up again goes on in kPipeline from the stage kFrom.
template <const auto& kPipeline, StageId kFrom>
constexpr auto Resumed(Stage source) {
  constexpr auto kAt = std::ranges::find(kPipeline, kFrom, &Stage::id);
  static_assert(kAt != kPipeline.end());
  std::array<Stage, kPipeline.end() - kAt + 1> stages{source};
  std::copy(kAt, kPipeline.end(), stages.begin() + 1);
  return stages;
}

// Packets of sessions with data sequencing that came too early and waited: on from where they left
// the uplink.
constexpr std::array kReordered =
    Resumed<kUplink, StageId::kPppInput>({StageId::kReorder, ReleaseInOrder});

// Packets to subscribers that waited because their session was at its rate: on from where they left
// the downlink.
constexpr std::array kAtRate =
    Resumed<kDownlink, StageId::kPppOutput>({StageId::kDequeue, Dequeue});

// Packets from LACs that came in fragments and are whole again. What continues is L2TP data:
// uplink.
constexpr std::array kReassembled = {
    Stage{StageId::kReassemble, Reassemble},
    Stage{StageId::kClassify, Classify},
};

// What became of packets that a stage has refused: ICMP errors, replies to pings, fragments. They
// are routed like what comes in; to a subscriber: downlink.
constexpr std::array kRefused = {
    Stage{StageId::kAnswer, Answer},
    Stage{StageId::kRoute, RouteUplink},
    Stage{StageId::kRewrite, Rewrite},
};

constexpr std::array kPipelines = {
    PipelineView{"receive", kReceive},         PipelineView{"uplink", kUplink},
    PipelineView{"downlink", kDownlink},       PipelineView{"inject", kInject},
    PipelineView{"echoes", kEchoing},          PipelineView{"held", kHeld},
    PipelineView{"reordered", kReordered},     PipelineView{"shaped", kAtRate},
    PipelineView{"reassembled", kReassembled}, PipelineView{"refused", kRefused},
};

// Sources make packets, or take them from where they wait, into an empty batch.
constexpr bool Makes(StageId id) { return id == StageId::kInject || id == StageId::kEcho; }
constexpr bool TakesWaiting(StageId id) {
  return id == StageId::kHold || id == StageId::kReorder || id == StageId::kDequeue ||
         id == StageId::kAnswer || id == StageId::kReassemble;
}

// Runs one stage and accounts its cycles from `start`; returns when it ended, as the clock says.
template <const auto& kStages, size_t kIndex>
uint64_t RunStage(Context& context, Batch& batch, uint64_t start) {
  constexpr Stage kStage = kStages[kIndex];
  constexpr bool kMakes = Makes(kStage.id);
  constexpr bool kIsHold = kStage.id == StageId::kHold;
  constexpr bool kIsReorder = kStage.id == StageId::kReorder;
  constexpr bool kIsDequeue = kStage.id == StageId::kDequeue;
  constexpr bool kIsAnswer = kStage.id == StageId::kAnswer;
  constexpr bool kIsReassemble = kStage.id == StageId::kReassemble;
  constexpr bool kTakesWaiting = TakesWaiting(kStage.id);
  if (!kMakes && !kTakesWaiting && batch.empty()) return start;
  if (kStage.only_for != 0 && (batch.session_flags() & kStage.only_for) == 0) return start;
  const auto waiting = [&] {
    return kIsHold         ? context.hold().packets()
           : kIsReorder    ? context.reorder().packets()
           : kIsDequeue    ? context.backlog().packets()
           : kIsAnswer     ? context.refused().packets()
           : kIsReassemble ? context.reassembled().size()
                           : 0;
  };
  const uint32_t before = kTakesWaiting ? waiting() : batch.size();
  kStage.run(context, batch);
  const uint32_t packets = kMakes ? batch.size() : kTakesWaiting ? before - waiting() : before;
  context.Settle(batch);
  const uint64_t end = context.clock().Now();
  StageCounters& counters = context.counters().stages[static_cast<size_t>(kStage.id)];
  if (packets != 0) context.clock().Count(counters, packets, start, end);
  return end;
}

// The same for a worker that somebody watches, at whatever cost: cycles are not accounted, and
// plain packets go the way of all others.
void RunObserved(Context& context, Batch& batch, std::span<const Stage> stages,
                 Observer& observer) {
  const auto at = std::find_if(kPipelines.begin(), kPipelines.end(), [&](const PipelineView& view) {
    return view.stages.data() == stages.data();
  });
  const auto pipeline = static_cast<uint8_t>(at - kPipelines.begin());
  observer.Begin(batch, stages.front().id == StageId::kParse);
  for (const Stage& stage : stages) {
    const bool is_source = Makes(stage.id) || TakesWaiting(stage.id);
    if (stage.id == StageId::kExpress || (!is_source && batch.empty())) continue;
    if (stage.only_for != 0 && (batch.session_flags() & stage.only_for) == 0) continue;
    stage.run(context, batch);
    if (is_source) observer.Begin(batch, false);
    observer.After(batch, pipeline, stage.id);
    context.Settle(batch);
  }
}

template <const auto& kStages>
void RunStages(Context& context, Batch& batch) {
  if (Observer* observer = context.observer(); observer != nullptr) [[unlikely]] {
    RunObserved(context, batch, kStages, *observer);
    return;
  }
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    uint64_t now = context.clock().Now();
    ((now = RunStage<kStages, kIndex>(context, batch, now)), ...);
  }
  (std::make_index_sequence<kStages.size()>());
}

}  // namespace

std::span<const PipelineView> Pipelines() { return kPipelines; }

void RunReceive(Context& context, Batch& batch) { RunStages<kReceive>(context, batch); }

void RunUplink(Context& context, Batch& batch) {
  RunStages<kUplink>(context, batch);
  LNS_DCHECK(batch.empty());
}

void RunDownlink(Context& context, Batch& batch) {
  RunStages<kDownlink>(context, batch);
  LNS_DCHECK(batch.empty());
}

void RunInject(Context& context, Batch& batch) {
  RunStages<kInject>(context, batch);
  LNS_DCHECK(batch.empty());
}

void RunEchoes(Context& context, Batch& batch) {
  RunStages<kEchoing>(context, batch);
  LNS_DCHECK(batch.empty());
}

void RunHeld(Context& context, Batch& batch) {
  RunStages<kHeld>(context, batch);
  LNS_DCHECK(batch.empty());
}

void RunReordered(Context& context, Batch& batch) {
  RunStages<kReordered>(context, batch);
  LNS_DCHECK(batch.empty());
}

void RunShaped(Context& context, Batch& batch) {
  RunStages<kAtRate>(context, batch);
  LNS_DCHECK(batch.empty());
}

void RunReassembled(Context& context, Batch& batch) { RunStages<kReassembled>(context, batch); }

void RunRefused(Context& context, Batch& batch) {
  RunStages<kRefused>(context, batch);
  LNS_DCHECK(batch.empty());
}

}  // namespace lns::dataplane
