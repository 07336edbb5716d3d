// Where a process's log lines go. A value given to each part at construction, so that tests read
// what was said and nothing depends on a global logger.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <functional>
#include <string_view>

#include "controlplane/lns/actions.h"

namespace lns::controlplane {

// Callable from any thread.
using LogSink = std::function<void(LogLevel level, std::string_view text)>;

}  // namespace lns::controlplane
