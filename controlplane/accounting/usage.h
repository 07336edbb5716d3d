// What a session has passed in all, over restarts of the data plane and of the control plane. A
// data plane counts from zero when it is told of the session, so each of its generations adds to
// what those before had counted. The sum never goes back. Lost packets are not saved: the
// Tunnel-Link-Stop of a session of an earlier run tells those of the last reading, or none.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "controlplane/lns/traffic.h"

namespace lns::controlplane {

class Usage {
 public:
  Usage() = default;
  // As it was saved.
  Usage(uint64_t generation, const Traffic& base, const Traffic& current)
      : generation_(generation), base_(base), current_(current) {}

  // What the data plane `generation` has counted since it was told of the session. Fewer than
  // before are counted from a new start as well: the session was made again.
  void Count(uint64_t generation, const Traffic& counted) {
    if (generation != generation_ || counted.uplink_packets < current_.uplink_packets ||
        counted.downlink_packets < current_.downlink_packets) {
      base_ += current_;
    }
    generation_ = generation;
    current_ = counted;
  }

  Traffic total() const { return base_ + current_; }
  uint64_t generation() const { return generation_; }  // 0: never counted
  const Traffic& base() const { return base_; }
  const Traffic& current() const { return current_; }

 private:
  uint64_t generation_ = 0;
  Traffic base_;
  Traffic current_;
};

}  // namespace lns::controlplane
