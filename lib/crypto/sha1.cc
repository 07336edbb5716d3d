// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/crypto/sha1.h"

#include <openssl/evp.h>

#include "lib/crypto/digest.h"

namespace lns::crypto {

Sha1Digest Sha1(std::initializer_list<ByteView> parts) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  Sha1Digest digest{};
  Digest(algorithm, parts, digest);
  return digest;
}

}  // namespace lns::crypto
