// A row of a stage test: a sentence, what comes in, and everything that must come of it. Whatever a
// row does not name must not change: any other drop or punt counter, any other packet sent, any
// other session's counters, a buffer lost.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {

// The verdict a packet leaves by.
struct Outcome {
  enum class Kind : uint8_t { kDropped, kPunted, kSent, kHeld } kind = Kind::kDropped;
  dataplane::DropReason drop{};
  punt::PuntReason punt{};
  uint16_t port = 0;
};
inline Outcome Drop(dataplane::DropReason reason) { return {.drop = reason}; }
inline Outcome Punt(punt::PuntReason reason) {
  return {.kind = Outcome::Kind::kPunted, .punt = reason};
}
inline Outcome Send(uint16_t port) { return {.kind = Outcome::Kind::kSent, .port = port}; }

// Still waiting at the end.
inline Outcome Held() { return {.kind = Outcome::Kind::kHeld}; }

// Which session counted the packet, in which direction, and how many octets.
struct Counted {
  uint16_t tunnel = 0;
  uint16_t session = 0;
  bool uplink = true;
  uint64_t bytes = 0;
};

struct InjectedFrame {
  punt::FrameKind kind = punt::FrameKind::kPpp;
  uint16_t tunnel = 0;
  uint16_t session = 0;
  std::string_view local;
  std::string_view peer;
  uint16_t local_port = 1701;
  uint16_t peer_port = 1701;
  Bytes payload;
};

struct Row {
  std::string what;
  // One of the two comes in.
  uint16_t port = kAccess;
  Packet in = {};
  std::optional<InjectedFrame> inject = {};
  Outcome verdict;
  Packet out = {};                    // sent: the frame; punted: the payload, without Ethernet
  std::vector<Counted> counted = {};  // in both directions where it is sent to another subscriber
  uint16_t headroom = 128;
  Rig::Options rig = {};
  std::function<void(Rig&)> prepare = {};
  std::function<void(Rig&)> meanwhile = {};  // while the packet waits
  uint32_t polled_workers = 64;              // fewer than there are: the others are stuck
  uint64_t wait_ms = 0;                      // until the verdict
};

// Uplink and downlink rows live in files of their own; all are run by one test.
std::span<const Row> UplinkRows();
std::span<const Row> DownlinkRows();
std::span<const Row> InjectRows();
std::span<const Row> FilterRows();
std::span<const Row> RedirectRows();
std::span<const Row> DscpRows();
std::span<const Row> EchoRows();

void RunRow(const Row& row);

// For Row::prepare: uplink packets of session 7/100, each to another address from `first` on, or
// all to the same.
void FillHold(Rig& rig, std::string_view first, uint32_t next_hops, uint32_t packets_each);
// For Row::prepare: puts empty packets in a ring until it takes no more.
void FillRing(Rig& rig, rte_ring* ring);
void FillHandoff(Rig& rig, uint32_t from, uint32_t to);
void Must(const absl::Status& status);

}  // namespace lns::test
