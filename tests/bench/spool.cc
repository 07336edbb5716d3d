// How many records a second the accounting spool takes, by the size of a commit and by what it
// waits for: bench-spool DIRECTORY, which should be on the disk that is meant.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/bookkeeping/spool.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/os/clock.h"

namespace lns::controlplane {
namespace {

// A Start or Stop of a call with everything a LAC tells.
constexpr size_t kAttributes = 450;
constexpr Duration kFor = Duration::Seconds(2);

bool Measure(const std::string& path, Durability durability, size_t batch) {
  std::filesystem::remove(path);
  auto spool = Spool::Open(path, durability);
  if (!spool.ok()) {
    std::fprintf(stderr, "%s\n", std::string(spool.status().message()).c_str());
    return false;
  }
  uint64_t number = 0;
  uint64_t commits = 0;
  const Instant start = MonotonicNow();
  Instant now = start;
  for (; now - start < kFor; now = MonotonicNow()) {
    std::vector<SpoolChange> changes;
    for (size_t i = 0; i < batch; ++i) {
      ++number;
      changes.emplace_back(SaveRecord{{.number = number,
                                       .session = {.run = 1, .number = number},
                                       .attributes = Bytes(kAttributes, 7)}});
      // In the long run as many are acknowledged as come.
      if (number > 1000) changes.emplace_back(ForgetRecord{number - 1000});
    }
    if (!(*spool)->Commit(changes).ok()) return false;
    ++commits;
  }
  const double seconds = static_cast<double>((now - start).nanoseconds()) / 1e9;
  std::printf("%-8s %5zu records a commit: %8.0f commits/s %9.0f records/s\n",
              durability == Durability::kMachine ? "machine" : "process", batch,
              static_cast<double>(commits) / seconds, static_cast<double>(number) / seconds);
  return true;
}

}  // namespace
}  // namespace lns::controlplane

int main(int argc, char** argv) {
  using lns::controlplane::Durability;
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench-spool DIRECTORY\n");
    return 2;
  }
  const std::string path = std::string(argv[1]) + "/bench-spool.db";
  for (const Durability durability : {Durability::kProcess, Durability::kMachine}) {
    for (const size_t batch : {size_t{1}, size_t{16}, size_t{256}}) {
      if (!lns::controlplane::Measure(path, durability, batch)) return 1;
    }
  }
  return 0;
}
