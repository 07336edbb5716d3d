// Names of the stages, for cycle accounting. A stage that stands in two pipelines is accounted
// under one name. The order in which they run is in dataplane/pipeline.cc.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lns::dataplane {

enum class StageId : uint8_t {
  kReceive,  // the device's receive call
  kParse,
  kClassify,
  kSessionLookup,
  kL2tpDecap,
  kSequence,
  kPppInput,
  kSourceGuard,
  kFilter,
  kPolice,
  kDscp,
  kMss,
  kSubscriberLookup,
  kMtu,
  kHopLimit,
  kShape,
  kPppOutput,
  kL2tpEncap,
  kRoute,
  kRewrite,
  kExpress,
  kInject,
  kEcho,
  kHold,
  kReorder,
  kDequeue,
  kAnswer,
  kReassemble,
  kTransmit,  // hand-over to port queues and rings
};

inline constexpr auto kStageNames = std::to_array<std::string_view>({
    "receive",
    "parse",
    "classify",
    "session_lookup",
    "l2tp_decap",
    "sequence",
    "ppp_input",
    "source_guard",
    "filter",
    "police",
    "dscp",
    "mss",
    "subscriber_lookup",
    "mtu",
    "hop_limit",
    "shape",
    "ppp_output",
    "l2tp_encap",
    "route",
    "rewrite",
    "express",
    "inject",
    "echo",
    "hold",
    "reorder",
    "dequeue",
    "answer",
    "reassemble",
    "transmit",
});
inline constexpr size_t kStageCount = kStageNames.size();
static_assert(static_cast<size_t>(StageId::kTransmit) + 1 == kStageCount);

constexpr std::string_view Name(StageId id) { return kStageNames[static_cast<size_t>(id)]; }

}  // namespace lns::dataplane
