// lnsctl's command line: every verb with its options in one place, from which both the program and
// its reference (docs/cli.md) are made.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

namespace lns::lnsctl {

// Exit status: 0 done, 1 it could not be done (one line says why), 2 not understood.
int Run(int argc, char** argv);

// docs/cli.md.
std::string Reference();

}  // namespace lns::lnsctl
