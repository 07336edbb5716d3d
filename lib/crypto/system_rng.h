// The cryptographic Rng: OpenSSL's generator behind a small buffer, so that choosing an id does not
// cost a call into it each time. One per thread; not safe to share. Used bytes are wiped.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/rng.h"

namespace lns::crypto {

class SystemRng final : public Rng {
 public:
  SystemRng() = default;
  SystemRng(const SystemRng&) = delete;
  SystemRng& operator=(const SystemRng&) = delete;
  ~SystemRng() override;

  uint64_t Next() override;

 private:
  static constexpr size_t kWords = 32;
  std::array<uint64_t, kWords> buffer_{};
  size_t used_ = kWords;
};

}  // namespace lns::crypto
