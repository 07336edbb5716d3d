// Asking early for a line that this core will write and another core has written.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

namespace lns::dataplane {

inline constexpr uint32_t kCacheLineBytes = 64;

// For this core alone, where a line that it only asked to read would have to be asked for once more
// when it is written. Not by __builtin_prefetch, which asks to read unless it may use what not
// every processor has; this does nothing there.
inline void PrefetchToWrite(const void* line) {
  asm volatile("prefetchw %0" : : "m"(*static_cast<const uint8_t*>(line)));
}

}  // namespace lns::dataplane
