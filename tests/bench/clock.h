// Time for measurements: the TSC, and how many cycles the core makes per TSC tick. A core's clock
// moves with load and heat while the TSC stands still, so cycles per packet are only comparable
// between runs and machines in core cycles.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lns::bench {

// Orders everything before it; to be used around runs, not around packets.
uint64_t FencedTsc();

// From a chain of dependent multiplies, three core cycles each on every x86-64 core this century.
double CoreCyclesPerTick();

// A measurement of `seconds` from now: over when they are.
class Deadline {
 public:
  explicit Deadline(double seconds);
  bool Over() const { return FencedTsc() >= end_; }

 private:
  uint64_t end_;
};

// Of the calling thread, which the kernel took the core from, since its start.
uint64_t InvoluntarySwitches();

// Cycles per packet of many short runs. The median is what is reported: a preempted run is one
// sample.
class Samples {
 public:
  void Add(uint64_t ticks, uint64_t packets) {
    values_.push_back(static_cast<double>(ticks) / static_cast<double>(packets));
    ticks_ += ticks;
    packets_ += packets;
  }
  double Median() const;
  double Min() const;
  double Mean() const { return static_cast<double>(ticks_) / static_cast<double>(packets_); }
  uint64_t packets() const { return packets_; }
  size_t size() const { return values_.size(); }

 private:
  std::vector<double> values_;
  uint64_t ticks_ = 0;
  uint64_t packets_ = 0;
};

}  // namespace lns::bench
