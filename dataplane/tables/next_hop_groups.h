// The groups of next hops that routes with several paths lead to. Routes of the same paths share a
// group, so a full table from two upstreams takes one, and the number of groups is that of sets of
// next hops, not of routes.
//
// A published group is never changed: other paths are another group, and one that nobody refers to
// any more is retired through quiescence. Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/tables/entries.h"
#include "dataplane/tables/retired.h"

#include "absl/container/flat_hash_map.h"

namespace lns::dataplane {

class NextHopGroups {
 public:
  struct Way {
    uint32_t adjacency = 0;
    uint16_t weight = 1;
    auto operator<=>(const Way&) const = default;
  };

  NextHopGroups(std::span<NextHopGroup> groups, RetiredSlots& retired);

  // The group of these ways, one reference more. kNotFound: none is free. The order of ways does
  // not matter. Shares are rounded to 1/kNextHopPlaces; equal ones of more ways than places leave
  // some without.
  uint32_t Acquire(std::vector<Way> ways);
  void Release(uint32_t index);
  void Free(uint32_t index) { free_.push_back(index); }
  const NextHopGroup& At(uint32_t index) const { return groups_[index]; }

 private:
  using Places = std::array<uint32_t, kNextHopPlaces>;
  struct Known {
    uint32_t index = 0;
    uint32_t references = 0;
  };

  static Places Share(std::vector<Way> ways);

  std::span<NextHopGroup> groups_;
  RetiredSlots& retired_;
  absl::flat_hash_map<Places, Known> by_places_;
  std::vector<uint32_t> free_;
};

}  // namespace lns::dataplane
