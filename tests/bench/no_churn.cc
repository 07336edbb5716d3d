// In place of churn.cc in trees without the programs, which have no gRPC service to measure.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/modes.h"

namespace lns::bench {

bool RunChurn(Bench&, const Options&, Report& report) {
  return report.Fail("built without -Dprograms: there is no gRPC service");
}

}  // namespace lns::bench
