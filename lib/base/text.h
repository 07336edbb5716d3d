// Bytes from the network as printable ASCII, for the one-line descriptions people read. Whatever is
// given, the result is bounded and has no control character in it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "lib/base/bytes.h"

namespace lns {

inline constexpr size_t kMaxShownBytes = 64;

// 0a0b0c, without prefix; "..." after the first `limit` bytes.
inline void AppendHex(std::string &out, ByteView bytes, size_t limit = kMaxShownBytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const uint8_t byte : bytes.first(std::min(bytes.size(), limit))) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0x0f];
  }
  if (bytes.size() > limit) out += "...";
}

// "text" in double quotes; \xNN for what is not printable ASCII, for \ and for
// the quote itself.
inline void AppendQuoted(std::string &out, ByteView text, size_t limit = kMaxShownBytes) {
  out += '"';
  for (const uint8_t byte : text.first(std::min(text.size(), limit))) {
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      out += static_cast<char>(byte);
    } else {
      out += "\\x";
      AppendHex(out, ByteView(&byte, 1));
    }
  }
  if (text.size() > limit) out += "...";
  out += '"';
}

}  // namespace lns
