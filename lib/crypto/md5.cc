// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/crypto/md5.h"

#include <openssl/evp.h>

#include "lib/crypto/digest.h"

namespace lns::crypto {

// Fetched once for the life of the process: looking the algorithm up, as EVP_md5() does at every
// use, costs more than the digest of a short message. Failure means an OpenSSL configured without
// MD5: nothing the product could do would work.
Md5Digest Md5(std::initializer_list<ByteView> parts) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "MD5", nullptr);
  Md5Digest digest{};
  Digest(algorithm, parts, digest);
  return digest;
}

}  // namespace lns::crypto
