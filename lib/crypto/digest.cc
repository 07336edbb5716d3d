// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/crypto/digest.h"

#include <openssl/evp.h>

#include <memory>

#include "lib/base/check.h"

namespace lns::crypto {

void Digest(const EVP_MD* algorithm, std::initializer_list<ByteView> parts,
            MutableByteView digest) {
  // Without the algorithm nothing that asks for it could do its work.
  LNS_CHECK(algorithm != nullptr);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  LNS_CHECK(context != nullptr);
  LNS_CHECK(EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1);
  for (const ByteView part : parts) {
    LNS_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  }
  unsigned int length = 0;
  LNS_CHECK(static_cast<size_t>(EVP_MD_get_size(algorithm)) == digest.size());
  LNS_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1);
}

}  // namespace lns::crypto
