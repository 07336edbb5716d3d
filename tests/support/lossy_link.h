// A bidirectional datagram link in virtual time, for simulations: it loses, duplicates, delays and
// reorders by the dice of the Rng it is given, so a seed replays a run exactly. Ends are numbered
// by the user. Nothing here knows a protocol or a clock.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"

namespace lns::test {

struct LossyLinkSettings {
  uint32_t loss_percent = 30;
  uint32_t duplicate_percent = 30;
  uint32_t reorder_percent = 30;  // of the copies: delivered late by up to reorder_delay
  Duration min_delay = Duration::Milliseconds(1);
  Duration max_delay = Duration::Milliseconds(20);
  Duration reorder_delay = Duration::Milliseconds(1500);
};

class LossyLink {
 public:
  struct Delivery {
    Instant at;
    int to = 0;
    Bytes datagram;
  };

  LossyLink(const LossyLinkSettings& settings, Rng& rng) : settings_(settings), rng_(rng) {}

  void Send(int to, ByteView datagram, Instant now) {
    const int copies = Roll(settings_.duplicate_percent) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      if (Roll(settings_.loss_percent)) continue;
      Instant at = now + settings_.min_delay + Part(settings_.max_delay - settings_.min_delay);
      if (Roll(settings_.reorder_percent)) at = at + Part(settings_.reorder_delay);
      // Equal instants are delivered in the order sent: multimap keeps insertion order.
      in_flight_.emplace(
          at, Delivery{.at = at, .to = to, .datagram = {datagram.begin(), datagram.end()}});
    }
  }

  // Never() when nothing is on the way.
  Instant NextDelivery() const {
    return in_flight_.empty() ? Instant::Never() : in_flight_.begin()->first;
  }
  // The next datagram due at or before `now`.
  std::optional<Delivery> Take(Instant now) {
    if (NextDelivery() > now) return std::nullopt;
    Delivery delivery = std::move(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    return delivery;
  }

  // Changes the dice from now on (for example to a perfect link that lets both ends settle).
  void set_settings(const LossyLinkSettings& settings) { settings_ = settings; }
  size_t in_flight() const { return in_flight_.size(); }

 private:
  bool Roll(uint32_t percent) { return rng_.Below(100) < percent; }
  Duration Part(Duration whole) {
    const int64_t microseconds = whole.nanoseconds() / 1000;
    if (microseconds <= 0) return Duration();
    return Duration::Microseconds(rng_.Below(static_cast<uint32_t>(microseconds)));
  }

  LossyLinkSettings settings_;
  Rng& rng_;
  std::multimap<Instant, Delivery> in_flight_;
};

}  // namespace lns::test
