// Answers on standard output, for people or for programs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdio>
#include <string>

#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/format.h"
#include "tools/lnsctl/json.h"

namespace lns::lnsctl {

inline void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

template <typename Message>
void PrintMessage(const Message& message, Output output) {
  Print(output.json ? ToJson(message) + "\n" : FieldLines(message));
}

}  // namespace lns::lnsctl
