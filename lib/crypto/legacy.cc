// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/crypto/legacy.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <memory>

#include "lib/base/check.h"
#include "lib/crypto/digest.h"

namespace lns::crypto {
namespace {

// Never freed: used until the process ends.
struct Legacy {
  EVP_MD* md4 = nullptr;
  EVP_CIPHER* des = nullptr;
  std::string error;
};

std::string OpensslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "no reason given";
}

Legacy Load() {
  Legacy legacy;
  OSSL_LIB_CTX* const context = OSSL_LIB_CTX_new();
  if (context == nullptr || OSSL_PROVIDER_load(context, "legacy") == nullptr) {
    legacy.error = "OpenSSL's legacy provider (MD4, DES) cannot be loaded: " + OpensslError();
    return legacy;
  }
  legacy.md4 = EVP_MD_fetch(context, "MD4", nullptr);
  legacy.des = EVP_CIPHER_fetch(context, "DES-ECB", nullptr);
  if (legacy.md4 == nullptr || legacy.des == nullptr) {
    legacy.error = "OpenSSL's legacy provider has no MD4 or no DES: " + OpensslError();
  }
  return legacy;
}

const Legacy& Algorithms() {
  static const Legacy legacy = Load();
  return legacy;
}

// Each seven bits of the key and a parity bit, which DES ignores.
DesBlock WithParity(const std::array<uint8_t, 7>& key) {
  DesBlock spread{};
  uint64_t bits = 0;
  for (const uint8_t byte : key) bits = bits << 8 | byte;
  for (size_t i = 0; i < spread.size(); ++i) {
    spread[i] = static_cast<uint8_t>((bits >> (49 - 7 * i) & 0x7f) << 1);
  }
  return spread;
}

}  // namespace

const std::string& LegacyError() { return Algorithms().error; }

Md4Digest Md4(std::initializer_list<ByteView> parts) {
  Md4Digest digest{};
  Digest(Algorithms().md4, parts, digest);
  return digest;
}

DesBlock DesEncrypt(const std::array<uint8_t, 7>& key, const DesBlock& clear) {
  const EVP_CIPHER* const des = Algorithms().des;
  LNS_CHECK(des != nullptr);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  LNS_CHECK(context != nullptr);
  LNS_CHECK(EVP_EncryptInit_ex2(context.get(), des, WithParity(key).data(), nullptr, nullptr) == 1);
  LNS_CHECK(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
  DesBlock sealed{};
  int length = 0;
  LNS_CHECK(EVP_EncryptUpdate(context.get(), sealed.data(), &length, clear.data(),
                              static_cast<int>(clear.size())) == 1);
  LNS_CHECK(length == static_cast<int>(sealed.size()));
  return sealed;
}

}  // namespace lns::crypto
