// Filters: put in force while packets flow.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <memory>
#include <mutex>
#include <utility>

#include "dataplane/tables/table_state.h"

namespace lns::dataplane {

// Compiled without the mutex: that may take long.
absl::Status TableState::UpsertFilter(const net::Filter& filter) {
  {
    const std::lock_guard lock = Begin();
    if (filters_.Confirm(filter)) return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<CompiledFilter>> compiled =
      CompiledFilter::Make(filter, config_.workers, config_.socket);
  if (!compiled.ok()) return compiled.status();
  const std::lock_guard lock = Begin();
  return filters_.Publish(*std::move(compiled));
}

}  // namespace lns::dataplane
