// The events of event.def as an enum, and small sets of them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/l2tp/actions.h"
#include "lib/l2tp/header.h"

namespace lns::l2tp {

enum class L2tpEvent : uint8_t {
#define L2TP_EVENT(enumerator, name, meaning) enumerator,
#include "lib/l2tp/event.def"
#undef L2TP_EVENT
};

inline constexpr size_t kL2tpEventCount = 0
#define L2TP_EVENT(enumerator, name, meaning) +1
#include "lib/l2tp/event.def"
#undef L2TP_EVENT
    ;

const char* ToString(L2tpEvent event);  // "avp-unknown-ignored"
const char* Meaning(L2tpEvent event);
L2tpEvent EventOf(HeaderError error);  // not for kNone

// What a decoder met in one message: each event once, so a message full of junk stays one count.
class EventSet {
 public:
  void Add(L2tpEvent event) { bits_ |= Bit(event); }
  bool Has(L2tpEvent event) const { return (bits_ & Bit(event)) != 0; }
  bool empty() const { return bits_ == 0; }
  // Appends a CountEvent for each.
  void Count(Actions& out) const;

 private:
  static_assert(kL2tpEventCount <= 64);
  static constexpr uint64_t Bit(L2tpEvent event) {
    return uint64_t{1} << static_cast<unsigned>(event);
  }
  uint64_t bits_ = 0;
};

}  // namespace lns::l2tp
