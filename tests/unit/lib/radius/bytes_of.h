// Packets as RFCs print them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/bytes.h"

namespace lns::radius {

// Hexadecimal digits, with blanks between them anywhere.
inline Bytes BytesOf(std::string_view text) {
  Bytes bytes;
  int digits = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (digits++ % 2 == 0) bytes.push_back(0);
    bytes.back() = static_cast<uint8_t>(bytes.back() << 4 | value);
  }
  return bytes;
}

inline constexpr char kRfcSecret[] = "xyzzy5461";

// RFC 2865 7.1: User-Name "nemo", User-Password "arctangent"; and its answer.
inline Bytes RfcPapRequest() {
  return BytesOf(
      "01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be"
      "70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03");
}
inline Bytes RfcPapAccept() {
  return BytesOf(
      "02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00"
      "00 00 0e 06 c0 a8 01 03");
}
// RFC 5997 6.1: a Status-Server and its answer.
inline Bytes RfcStatusServer() {
  return BytesOf(
      "0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23 50 12 5a 66 5e 2e 1e 84 11 f3"
      "e2 43 82 20 97 c8 4f a3");
}
inline Bytes RfcStatusAnswer() {
  return BytesOf("02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66");
}

}  // namespace lns::radius
