// Session keys cut into pages for the table writer's lists, each of which holds up updates for as
// long as it takes: some tenths of a millisecond.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {

inline constexpr size_t kSessionsPerPage = 512;

// Views of `keys`.
inline std::vector<std::span<const SessionKey>> PagesOf(std::span<const SessionKey> keys) {
  std::vector<std::span<const SessionKey>> pages;
  while (!keys.empty()) {
    pages.push_back(keys.first(std::min(keys.size(), kSessionsPerPage)));
    keys = keys.subspan(pages.back().size());
  }
  return pages;
}

}  // namespace lns::dataplane
