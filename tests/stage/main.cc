// Runs the stage tests in one EAL: without hugepages, devices or files. The EAL can be started once
// per process, so all of them are one binary.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <rte_eal.h>

#include <array>
#include <cstdio>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::array eal = {"stage", "--no-huge", "--no-pci", "--no-shconf",       "-m",
                    "256",   "--lcores",  "0",        "--log-level=error", "--no-telemetry"};
  std::array<char*, eal.size()> arguments;
  for (size_t i = 0; i < eal.size(); ++i) arguments[i] = const_cast<char*>(eal[i]);
  if (rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) < 0) {
    std::fprintf(stderr, "EAL did not start\n");
    return 1;
  }
  const int failed = RUN_ALL_TESTS();
  rte_eal_cleanup();
  return failed;
}
