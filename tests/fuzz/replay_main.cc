// Runs a fuzz target without libFuzzer: every file of the corpora named on the command line, every
// truncation of each, and a fixed number of seeded mutations. Linked into the fuzz-* binaries of
// ordinary and sanitised trees, so that each test run replays what fuzzing ever found; with
// -Dfuzzers=true libFuzzer's own main takes its place (scripts/fuzz).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMaxTruncations = 4096;  // of one input
constexpr size_t kMutationsPerInput = 500;
constexpr uint64_t kSeed = 1701;

// The target gets memory of exactly the input's size, so that the address sanitizer sees a read of
// one byte too many.
void RunExact(lns::ByteView input) {
  const std::vector<uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

lns::Bytes Mutate(lns::ByteView input, lns::Rng& rng) {
  lns::Bytes result(input.begin(), input.end());
  const uint32_t edits = 1 + rng.Below(4);
  for (uint32_t i = 0; i < edits; ++i) {
    const auto at = rng.Below(static_cast<uint32_t>(result.size()) + 1);
    const auto byte = static_cast<uint8_t>(rng.Next());
    switch (rng.Below(4)) {
      case 0:  // overwrite
        if (at < result.size()) result[at] = byte;
        break;
      case 1:  // flip one bit
        if (at < result.size()) {
          result[at] = static_cast<uint8_t>(result[at] ^ (1u << (byte & 7u)));
        }
        break;
      case 2:
        result.insert(result.begin() + at, byte);
        break;
      default:
        result.resize(at);
        break;
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    if (std::filesystem::is_regular_file(argv[i], error)) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], error)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    if (error) {
      std::fprintf(stderr, "%s: %s\n", argv[i], error.message().c_str());
      return EXIT_FAILURE;
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "usage: %s CORPUS_DIR_OR_FILE...   (found no input)\n", argv[0]);
    return EXIT_FAILURE;
  }
  std::sort(files.begin(), files.end());

  lns::SeededRng rng(kSeed);
  size_t runs = 0;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const lns::Bytes input{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
    RunExact(input);
    const size_t truncations = std::min(input.size(), kMaxTruncations);
    for (size_t length = 0; length < truncations; ++length) {
      RunExact(lns::ByteView(input).first(length));
    }
    for (size_t i = 0; i < kMutationsPerInput; ++i) RunExact(Mutate(input, rng));
    runs += 1 + truncations + kMutationsPerInput;
  }
  std::printf("%zu files, %zu inputs, seed %llu\n", files.size(), runs,
              static_cast<unsigned long long>(kSeed));
  return EXIT_SUCCESS;
}
