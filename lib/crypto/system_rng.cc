// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/crypto/system_rng.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/base/check.h"

namespace lns::crypto {

SystemRng::~SystemRng() { OPENSSL_cleanse(buffer_.data(), sizeof(buffer_)); }

uint64_t SystemRng::Next() {
  if (used_ == kWords) {
    // Without randomness no id or challenge is safe to send.
    LNS_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(buffer_.data()),
                         static_cast<int>(sizeof(buffer_))) == 1);
    used_ = 0;
  }
  const uint64_t word = buffer_[used_];
  buffer_[used_] = 0;
  ++used_;
  return word;
}

}  // namespace lns::crypto
