// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/crypto/hmac_md5.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>

#include "lib/base/check.h"

namespace lns::crypto {

// Fetched once for the life of the process, as md5.cc's.
Md5Digest HmacMd5(ByteView key, std::initializer_list<ByteView> parts) {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  LNS_CHECK(algorithm != nullptr);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(
      EVP_MAC_CTX_new(algorithm), &EVP_MAC_CTX_free);
  LNS_CHECK(context != nullptr);
  char digest_name[] = "MD5";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end()};
  // OpenSSL takes a null key for "as before", and there is none before.
  static const uint8_t kNoKey = 0;
  LNS_CHECK(
      EVP_MAC_init(context.get(), key.empty() ? &kNoKey : key.data(), key.size(), parameters) == 1);
  for (const ByteView part : parts) {
    LNS_CHECK(EVP_MAC_update(context.get(), part.data(), part.size()) == 1);
  }
  Md5Digest digest{};
  size_t length = 0;
  LNS_CHECK(EVP_MAC_final(context.get(), digest.data(), &length, digest.size()) == 1);
  LNS_CHECK(length == digest.size());
  return digest;
}

}  // namespace lns::crypto
