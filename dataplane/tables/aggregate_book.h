// The table writer's account of limits on tunnels (tables/aggregate.h). Tunnels whose limit has the
// same name and the same rates share it; with other rates it is another one, so a limit that
// changes takes its tunnels along one by one. Called under the table writer's mutex.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/tables/aggregate.h"
#include "dataplane/tables/profile_pool.h"
#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {

class AggregateBook {
 public:
  // Of `shares` each aggregate has one for each worker, side by side.
  AggregateBook(std::span<Aggregate> aggregates, std::span<AggregateShare> shares)
      : aggregates_(aggregates), shares_(shares), pool_(aggregates) {}

  // kNotFound: none is free.
  uint32_t Take(const AggregateConfig& config);
  // By a tunnel entry that no worker knows any more.
  void Release(uint32_t index) { pool_.Release(index); }

  std::vector<AggregateCounts> List() const;

 private:
  std::span<AggregateShare> SharesOf(size_t index) const {
    const size_t workers = shares_.size() / aggregates_.size();
    return shares_.subspan(index * workers, workers);
  }

  std::span<Aggregate> aggregates_;
  std::span<AggregateShare> shares_;
  ProfilePool<AggregateConfig, Aggregate> pool_;
};

}  // namespace lns::dataplane
