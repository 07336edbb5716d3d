// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/crypto/md5.h"

#include <openssl/evp.h>

#include <memory>

#include "lib/base/check.h"

namespace lns::crypto {
namespace {

// Fetched once for the life of the process: looking the algorithm up, as EVP_md5() does at every
// use, costs more than the digest of a short message. Failure means an OpenSSL configured without
// MD5: nothing the product could do would work.
const EVP_MD* Algorithm() {
  static EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  LNS_CHECK(md5 != nullptr);
  return md5;
}

}  // namespace

Md5Digest Md5(std::initializer_list<ByteView> parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  LNS_CHECK(context != nullptr);
  LNS_CHECK(EVP_DigestInit_ex(context.get(), Algorithm(), nullptr) == 1);
  for (const ByteView part : parts) {
    LNS_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  }
  Md5Digest digest{};
  unsigned int length = 0;
  LNS_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1);
  LNS_CHECK(length == digest.size());
  return digest;
}

}  // namespace lns::crypto
