// Checks for what only a bug can break. LNS_CHECK always runs; LNS_DCHECK only in debug builds.
// Never for bytes from the network, configuration or exhaustion: those have results and counters.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdio>
#include <cstdlib>

namespace lns {
[[noreturn]] inline void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, expression);
  std::abort();
}
}  // namespace lns

#define LNS_CHECK(expression)                    \
  (__builtin_expect(!!(expression), 1) ? (void)0 \
                                       : ::lns::CheckFailed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define LNS_DCHECK(expression) ((void)sizeof(!!(expression)))
#else
#define LNS_DCHECK(expression) LNS_CHECK(expression)
#endif
