// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/radius/hiding.h"

#include <algorithm>

#include "lib/crypto/md5.h"

namespace lns::radius {
namespace {

constexpr size_t kBlock = 16;
constexpr size_t kSaltLength = 2;

size_t WholeBlocks(size_t length) { return (length + kBlock - 1) / kBlock * kBlock; }

// c(1) = p(1) xor MD5(secret, first), c(i) = p(i) xor MD5(secret, c(i - 1)): `text` is p and
// becomes c, or the other way round.
enum class Direction : bool { kHide, kReveal };
void Chain(MutableByteView text, std::string_view secret, ByteView authenticator, ByteView salt,
           Direction direction) {
  crypto::Md5Digest mask = crypto::Md5({AsBytes(secret), authenticator, salt});
  for (size_t at = 0; at < text.size(); at += kBlock) {
    const MutableByteView block = text.subspan(at, kBlock);
    const bool last = at + kBlock == text.size();
    crypto::Md5Digest next{};
    if (!last && direction == Direction::kReveal) next = crypto::Md5({AsBytes(secret), block});
    for (size_t i = 0; i < kBlock; ++i) block[i] ^= mask[i];
    if (!last && direction == Direction::kHide) next = crypto::Md5({AsBytes(secret), block});
    mask = next;
  }
}

}  // namespace

std::optional<Bytes> HideUserPassword(std::string_view password, std::string_view secret,
                                      ByteView request_authenticator) {
  if (password.size() > kMaxHiddenPassword) return std::nullopt;
  Bytes hidden(std::max(kBlock, WholeBlocks(password.size())));
  std::copy(password.begin(), password.end(), hidden.begin());
  Chain(hidden, secret, request_authenticator, {}, Direction::kHide);
  return hidden;
}

std::optional<std::string> RevealUserPassword(ByteView hidden, std::string_view secret,
                                              ByteView request_authenticator) {
  if (hidden.empty() || hidden.size() % kBlock != 0 || hidden.size() > kMaxHiddenPassword) {
    return std::nullopt;
  }
  Bytes clear(hidden.begin(), hidden.end());
  Chain(clear, secret, request_authenticator, {}, Direction::kReveal);
  const std::string_view text = AsText(clear);
  return std::string(text.substr(0, text.find('\0')));
}

//  |1|   Salt      |  String: length of the text, the text, zeros up to a whole block
std::optional<Bytes> HideWithSalt(std::string_view text, uint16_t salt, std::string_view secret,
                                  ByteView request_authenticator) {
  if (text.size() > kMaxSaltedText) return std::nullopt;
  Bytes out(kSaltLength + WholeBlocks(1 + text.size()));
  StoreBe16(out.data(), salt | 0x8000);
  out[kSaltLength] = static_cast<uint8_t>(text.size());
  std::copy(text.begin(), text.end(), out.begin() + kSaltLength + 1);
  const MutableByteView whole(out);
  Chain(whole.subspan(kSaltLength), secret, request_authenticator, whole.first(kSaltLength),
        Direction::kHide);
  return out;
}

std::optional<std::string> RevealWithSalt(ByteView salted, std::string_view secret,
                                          ByteView request_authenticator) {
  if (salted.size() < kSaltLength + kBlock || (salted.size() - kSaltLength) % kBlock != 0 ||
      salted.size() > kMaxValue) {
    return std::nullopt;
  }
  Bytes clear(salted.begin() + kSaltLength, salted.end());
  Chain(clear, secret, request_authenticator, salted.first(kSaltLength), Direction::kReveal);
  const size_t length = clear[0];
  if (length >= clear.size()) return std::nullopt;
  return std::string(AsText(ByteView(clear).subspan(1, length)));
}

}  // namespace lns::radius
