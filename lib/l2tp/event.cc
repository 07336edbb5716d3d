// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/event.h"

#include <array>

#include "lib/base/check.h"

namespace lns::l2tp {
namespace {

struct EventRow {
  const char* name;
  const char* meaning;
};

constexpr std::array<EventRow, kL2tpEventCount> kRows = {{
#define L2TP_EVENT(enumerator, name, meaning) {name, meaning},
#include "lib/l2tp/event.def"
#undef L2TP_EVENT
}};

const EventRow& RowOf(L2tpEvent event) {
  const auto index = static_cast<size_t>(event);
  LNS_CHECK(index < kRows.size());
  return kRows[index];
}

}  // namespace

const char* ToString(L2tpEvent event) { return RowOf(event).name; }
const char* Meaning(L2tpEvent event) { return RowOf(event).meaning; }

L2tpEvent EventOf(HeaderError error) {
  switch (error) {
    case HeaderError::kNone:
      break;
    case HeaderError::kTruncated:
      return L2tpEvent::kHeaderTruncated;
    case HeaderError::kVersionL2f:
      return L2tpEvent::kHeaderVersionL2f;
    case HeaderError::kVersionUnknown:
      return L2tpEvent::kHeaderVersionUnknown;
    case HeaderError::kControlFlags:
      return L2tpEvent::kHeaderControlFlags;
    case HeaderError::kLengthTooShort:
    case HeaderError::kLengthPastEnd:
      return L2tpEvent::kHeaderLength;
    case HeaderError::kOffsetPastEnd:
      return L2tpEvent::kHeaderOffset;
  }
  LNS_CHECK(error != HeaderError::kNone);
  return L2tpEvent::kHeaderTruncated;
}

void EventSet::Count(Actions& out) const {
  for (size_t i = 0; i < kL2tpEventCount; ++i) {
    const auto event = static_cast<L2tpEvent>(i);
    if (Has(event)) out.emplace_back(CountEvent{event});
  }
}

}  // namespace lns::l2tp
