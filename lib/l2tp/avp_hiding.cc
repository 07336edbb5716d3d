// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/avp_hiding.h"

#include <algorithm>
#include <array>

#include "lib/base/check.h"
#include "lib/crypto/md5.h"

namespace lns::l2tp {
namespace {

constexpr size_t kBlock = 16;

// b1 = MD5(type + secret + random vector), b(i) = MD5(secret + c(i-1)); each block of the result is
// the block of the text XOR b(i). `ciphertext` tells which side of the XOR feeds the next b.
void ApplyPad(uint16_t type, std::string_view secret, ByteView random_vector, MutableByteView text,
              bool text_is_ciphertext) {
  std::array<uint8_t, 2> type_bytes{};
  StoreBe16(type_bytes.data(), type);
  crypto::Md5Digest pad = crypto::Md5({type_bytes, AsBytes(secret), random_vector});
  for (size_t start = 0; start < text.size(); start += kBlock) {
    const MutableByteView block = text.subspan(start, std::min(kBlock, text.size() - start));
    std::array<uint8_t, kBlock> cipher{};
    if (text_is_ciphertext) std::copy(block.begin(), block.end(), cipher.begin());
    for (size_t i = 0; i < block.size(); ++i) block[i] ^= pad[i];
    if (!text_is_ciphertext) std::copy(block.begin(), block.end(), cipher.begin());
    // The last block may be short; there is no block after it to need the pad.
    pad = crypto::Md5({AsBytes(secret), ByteView(cipher).first(block.size())});
  }
}

}  // namespace

Bytes HideValue(uint16_t type, std::string_view secret, ByteView random_vector, ByteView value,
                ByteView padding) {
  LNS_CHECK(value.size() + padding.size() <= kMaxHideableValue);
  Bytes text(kHiddenLengthField + value.size() + padding.size());
  Writer writer(text);
  writer.WriteU16(static_cast<uint16_t>(value.size()));
  writer.WriteBytes(value);
  writer.WriteBytes(padding);
  ApplyPad(type, secret, random_vector, text, /*text_is_ciphertext=*/false);
  return text;
}

std::optional<Bytes> UnhideValue(uint16_t type, std::string_view secret, ByteView random_vector,
                                 ByteView hidden) {
  Bytes text(hidden.begin(), hidden.end());
  ApplyPad(type, secret, random_vector, text, /*text_is_ciphertext=*/true);
  Reader reader(text);
  const uint16_t length = reader.ReadU16();
  const ByteView value = reader.ReadBytes(length);
  if (!reader.ok()) return std::nullopt;
  return Bytes(value.begin(), value.end());
}

}  // namespace lns::l2tp
