// Where randomness comes from: engines are given an Rng, so a simulation replays by its seed.
// SeededRng is for simulations, tests and load generators; it must never choose an id, challenge
// or magic number on a real wire (lib/crypto/system_rng.h does).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"

namespace lns {

class Rng {
 public:
  virtual ~Rng() = default;
  virtual uint64_t Next() = 0;

  // Uniform in [0, bound), bound > 0.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32); }
  void Fill(MutableByteView out) {
    uint64_t word = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      if (i % 8 == 0) word = Next();
      out[i] = static_cast<uint8_t>(word >> (8 * (i % 8)));
    }
  }
};

// splitmix64: tiny state, full period, every seed is good.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace lns
