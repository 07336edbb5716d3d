// lnsctl: shows and operates a running LNS.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lnsctl/command_line.h"

int main(int argc, char** argv) { return lns::lnsctl::Run(argc, argv); }
