// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/next_hop_groups.h"

#include <algorithm>

#include "dataplane/tables/session_table.h"
#include "lib/base/check.h"

namespace lns::dataplane {

NextHopGroups::NextHopGroups(std::span<NextHopGroup> groups, RetiredSlots& retired)
    : groups_(groups), retired_(retired) {
  for (size_t i = groups_.size(); i > 0; --i) free_.push_back(static_cast<uint32_t>(i - 1));
}

// Each way has the places from its predecessors' share to its own, rounded.
NextHopGroups::Places NextHopGroups::Share(std::vector<Way> ways) {
  std::sort(ways.begin(), ways.end());
  uint64_t total = 0;
  for (const Way& way : ways) total += way.weight;
  LNS_CHECK(total > 0);
  Places places{};
  uint64_t sum = 0;
  size_t next = 0;
  for (const Way& way : ways) {
    sum += way.weight;
    const size_t end = (sum * kNextHopPlaces + total / 2) / total;
    while (next < end) places[next++] = way.adjacency;
  }
  return places;
}

uint32_t NextHopGroups::Acquire(std::vector<Way> ways) {
  const Places places = Share(std::move(ways));
  const auto found = by_places_.find(places);
  if (found != by_places_.end()) {
    ++found->second.references;
    return found->second.index;
  }
  if (free_.empty()) return kNotFound;
  const uint32_t index = free_.back();
  free_.pop_back();
  groups_[index].adjacency = places;
  by_places_[places] = {.index = index, .references = 1};
  return index;
}

void NextHopGroups::Release(uint32_t index) {
  const auto found = by_places_.find(groups_[index].adjacency);
  LNS_CHECK(found != by_places_.end() && found->second.index == index);
  if (--found->second.references != 0) return;
  by_places_.erase(found);
  retired_.Add(SlotKind::kNextHopGroup, index);
}

}  // namespace lns::dataplane
