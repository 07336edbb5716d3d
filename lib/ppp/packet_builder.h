// Builds one outgoing control frame: two-byte protocol field, code, identifier, length, data; and
// the option lists inside. Control packets are rare, so this owns its bytes and may grow them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/check.h"
#include "lib/ppp/control_packet.h"

namespace lns::ppp {

class PacketBuilder {
 public:
  PacketBuilder(uint16_t protocol, uint8_t code, uint8_t id) {
    bytes_.reserve(64);
    AppendU16(protocol);
    AppendU8(code);
    AppendU8(id);
    AppendU16(0);
  }

  void AppendU8(uint8_t value) { bytes_.push_back(value); }
  void AppendU16(uint16_t value) {
    AppendU8(static_cast<uint8_t>(value >> 8));
    AppendU8(static_cast<uint8_t>(value));
  }
  void AppendU32(uint32_t value) {
    AppendU16(static_cast<uint16_t>(value >> 16));
    AppendU16(static_cast<uint16_t>(value));
  }
  void Append(ByteView data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }

  // The frame, its length field filled in. What is built here answers a frame whose own length fits
  // 16 bits, or is short; longer is a bug.
  Bytes Finish() && {
    const size_t length = bytes_.size() - kProtocolLength;
    LNS_CHECK(length <= UINT16_MAX);
    StoreBe16(bytes_.data() + kProtocolLength + 2, static_cast<uint16_t>(length));
    return std::move(bytes_);
  }

 private:
  static constexpr size_t kProtocolLength = 2;
  Bytes bytes_;
};

// Appends configuration options to an option list (RFC 1661 6).
class OptionWriter {
 public:
  void Flag(uint8_t type) { Header(type, 0); }
  void U8(uint8_t type, uint8_t value) {
    Header(type, 1);
    Big(value, 1);
  }
  void U16(uint8_t type, uint16_t value) {
    Header(type, 2);
    Big(value, 2);
  }
  void U32(uint8_t type, uint32_t value) {
    Header(type, 4);
    Big(value, 4);
  }
  void U64(uint8_t type, uint64_t value) {
    Header(type, 8);
    Big(value, 8);
  }
  void Body(uint8_t type, ByteView body) {
    Header(type, static_cast<uint8_t>(body.size()));
    Raw(body);
  }
  void Raw(ByteView data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }
  // Adds to the body of the option written last.
  void ExtendU8(uint8_t value) {
    bytes_.push_back(value);
    ++bytes_[last_ + 1];
  }

  bool empty() const { return bytes_.empty(); }
  ByteView bytes() const { return bytes_; }

 private:
  void Header(uint8_t type, uint8_t body_length) {
    last_ = bytes_.size();
    bytes_.push_back(type);
    bytes_.push_back(static_cast<uint8_t>(body_length + 2));
  }
  void Big(uint64_t value, int octets) {
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<uint8_t>(value >> shift));
    }
  }

  Bytes bytes_;
  size_t last_ = 0;
};

}  // namespace lns::ppp
