// Comparison of secrets and digests in a time that depends on their length alone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <openssl/crypto.h>

#include "lib/base/bytes.h"

namespace lns::crypto {

inline bool ConstantTimeEqual(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace lns::crypto
