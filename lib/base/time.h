// Instants and durations as plain nanosecond counts. An Instant has no epoch of its own: whoever
// drives an engine (an event loop, a simulation) chooses one and passes `now` in.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace lns {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration Nanoseconds(int64_t n) { return Duration(n); }
  static constexpr Duration Microseconds(int64_t n) { return Duration(n * 1000); }
  static constexpr Duration Milliseconds(int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration Seconds(int64_t n) { return Duration(n * 1'000'000'000); }
  constexpr int64_t nanoseconds() const { return ns_; }
  constexpr int64_t milliseconds() const { return ns_ / 1'000'000; }
  constexpr auto operator<=>(const Duration&) const = default;  // NOLINT(modernize-use-nullptr)
  friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.ns_ + b.ns_); }
  friend constexpr Duration operator-(Duration a, Duration b) { return Duration(a.ns_ - b.ns_); }
  friend constexpr Duration operator*(Duration a, int64_t k) { return Duration(a.ns_ * k); }
  friend constexpr Duration operator/(Duration a, int64_t k) { return Duration(a.ns_ / k); }

 private:
  explicit constexpr Duration(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant FromNanoseconds(int64_t n) { return Instant(n); }
  // Later than every reachable instant: the deadline of an engine with no timer running.
  static constexpr Instant Never() { return Instant(std::numeric_limits<int64_t>::max()); }
  constexpr int64_t nanoseconds() const { return ns_; }
  constexpr auto operator<=>(const Instant&) const = default;  // NOLINT(modernize-use-nullptr)
  friend constexpr Instant operator+(Instant t, Duration d) {
    return Instant(t.ns_ + d.nanoseconds());
  }
  friend constexpr Instant operator-(Instant t, Duration d) {
    return Instant(t.ns_ - d.nanoseconds());
  }
  friend constexpr Duration operator-(Instant a, Instant b) {
    return Duration::Nanoseconds(a.ns_ - b.ns_);
  }

 private:
  explicit constexpr Instant(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

}  // namespace lns
