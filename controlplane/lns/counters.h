// The engine's counters: its own (counter.def), ends of calls by cause, and the events of the L2TP
// and PPP engines and of IPv6 services, under stable names. Plain words of one thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/ipv6/event.h"
#include "controlplane/lns/close_cause.h"
#include "lib/l2tp/event.h"
#include "lib/ppp/event.h"

namespace lns::controlplane {

enum class Counter : uint8_t {
#define COUNTER(enumerator, name, meaning) enumerator,
#include "controlplane/lns/counter.def"
#undef COUNTER
  kCount,
};

class Counters {
 public:
  void Add(Counter counter) { ++own_[static_cast<size_t>(counter)]; }
  void Add(CloseCause cause) { ++causes_[static_cast<size_t>(cause)]; }
  void Add(l2tp::L2tpEvent event) { ++l2tp_[static_cast<size_t>(event)]; }
  void Add(ppp::PppEvent event) { ++ppp_[static_cast<size_t>(event)]; }
  void Add(Ipv6Event event) { ++ipv6_[static_cast<size_t>(event)]; }

  uint64_t value(Counter counter) const { return own_[static_cast<size_t>(counter)]; }
  // "lns.<name>", "lns.session-closed.<cause>", "l2tp.<event>", "ppp.<event>", "ipv6.<event>".
  std::vector<std::pair<std::string, uint64_t>> All() const;

 private:
  std::array<uint64_t, static_cast<size_t>(Counter::kCount)> own_{};
  std::array<uint64_t, kCloseCauses> causes_{};
  std::array<uint64_t, l2tp::kL2tpEventCount> l2tp_{};
  std::array<uint64_t, ppp::kPppEventCount> ppp_{};
  std::array<uint64_t, kIpv6EventCount> ipv6_{};
};

}  // namespace lns::controlplane
