// AVPs as bytes (RFC 2661 4.1): a reader that walks the AVPs of a control message and a writer that
// appends them. Neither knows what an AVP means; message.cc does.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/l2tp/avp_table.h"

namespace lns::l2tp {

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |M|H| rsvd  |      Length       |           Vendor ID           |
//  |         Attribute Type        |        Attribute Value...
inline constexpr uint16_t kAvpMandatoryBit = 0x8000;
inline constexpr uint16_t kAvpHiddenBit = 0x4000;
inline constexpr uint16_t kAvpReservedMask = 0x3c00;
inline constexpr uint16_t kAvpLengthMask = 0x03ff;

// A view into the message it was read from.
struct Avp {
  bool mandatory = false;
  bool hidden = false;
  bool reserved_bits = false;  // set: to be treated as unknown (RFC 2661 4.1)
  uint16_t vendor = 0;
  uint16_t type = 0;
  ByteView value;  // as on the wire: still hidden when `hidden`
};

class AvpReader {
 public:
  explicit AvpReader(ByteView avps) : rest_(avps) {}

  // The next AVP. False at the end, and at the first AVP whose length is below 6 or beyond the
  // message: then malformed() is true, and what follows cannot be found.
  bool Next(Avp& avp);
  bool malformed() const { return malformed_; }

 private:
  ByteView rest_;
  bool malformed_ = false;
};

// Appends one AVP. `value` must not exceed kMaxAvpValue.
void AppendAvp(Bytes& out, const Avp& avp);

}  // namespace lns::l2tp
