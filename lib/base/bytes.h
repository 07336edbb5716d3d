// Byte views and bounds-checked cursors over them: the only way lib/ touches wire bytes.
// Owns nothing; a cursor never reads or writes outside the span it was given, it latches an error
// instead, so a decoder checks `ok()` once at the end of a fixed layout.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace lns {

using ByteView = std::span<const uint8_t>;
using MutableByteView = std::span<uint8_t>;
using Bytes = std::vector<uint8_t>;

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline uint16_t LoadBe16(const uint8_t* p) { return static_cast<uint16_t>(p[0] << 8 | p[1]); }
inline uint32_t LoadBe32(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 |
         static_cast<uint32_t>(p[2]) << 8 | static_cast<uint32_t>(p[3]);
}
inline void StoreBe16(uint8_t* p, uint16_t v) {
  p[0] = static_cast<uint8_t>(v >> 8);
  p[1] = static_cast<uint8_t>(v);
}
inline void StoreBe32(uint8_t* p, uint32_t v) {
  p[0] = static_cast<uint8_t>(v >> 24);
  p[1] = static_cast<uint8_t>(v >> 16);
  p[2] = static_cast<uint8_t>(v >> 8);
  p[3] = static_cast<uint8_t>(v);
}

// Reads network-order fields front to back. After the first short read every further read returns
// zero (or an empty view) and ok() is false.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  uint8_t ReadU8() {
    const uint8_t* p = Take(1);
    return p != nullptr ? *p : uint8_t{0};
  }
  uint16_t ReadU16() {
    const uint8_t* p = Take(2);
    return p != nullptr ? LoadBe16(p) : uint16_t{0};
  }
  uint32_t ReadU32() {
    const uint8_t* p = Take(4);
    return p != nullptr ? LoadBe32(p) : uint32_t{0};
  }
  ByteView ReadBytes(size_t count) {
    const uint8_t* p = Take(count);
    return p != nullptr ? ByteView(p, count) : ByteView();
  }
  // Everything not yet read; leaves the cursor at the end.
  ByteView ReadRest() { return ReadBytes(remaining()); }

  size_t remaining() const { return bytes_.size() - offset_; }
  size_t offset() const { return offset_; }
  bool ok() const { return ok_; }

 private:
  const uint8_t* Take(size_t count) {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return nullptr;
    }
    const uint8_t* p = bytes_.data() + offset_;
    offset_ += count;
    return p;
  }

  ByteView bytes_;
  size_t offset_ = 0;
  bool ok_ = true;
};

// Writes network-order fields front to back into a fixed buffer. A write that does not fit writes
// nothing, and ok() is false from then on.
class Writer {
 public:
  explicit Writer(MutableByteView buffer) : buffer_(buffer) {}

  void WriteU8(uint8_t v) {
    if (uint8_t* p = Take(1)) *p = v;
  }
  void WriteU16(uint16_t v) {
    if (uint8_t* p = Take(2)) StoreBe16(p, v);
  }
  void WriteU32(uint32_t v) {
    if (uint8_t* p = Take(4)) StoreBe32(p, v);
  }
  void WriteBytes(ByteView bytes) {
    uint8_t* p = Take(bytes.size());
    if (p != nullptr && !bytes.empty()) std::memcpy(p, bytes.data(), bytes.size());
  }
  // Overwrites a 16-bit field already written (a length known only afterwards).
  void PatchU16(size_t at, uint16_t v) {
    if (ok_ && at + 2 <= offset_) StoreBe16(buffer_.data() + at, v);
  }

  size_t offset() const { return offset_; }
  size_t remaining() const { return buffer_.size() - offset_; }
  bool ok() const { return ok_; }
  ByteView written() const { return buffer_.first(offset_); }

 private:
  uint8_t* Take(size_t count) {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return nullptr;
    }
    uint8_t* p = buffer_.data() + offset_;
    offset_ += count;
    return p;
  }

  MutableByteView buffer_;
  size_t offset_ = 0;
  bool ok_ = true;
};

}  // namespace lns
