// The AVPs of one control message, written one by one as the RFCs draw them, for tests of what
// reads them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"

namespace lns::l2tp {

class Avps {
 public:
  explicit Avps(uint8_t message_type, bool mandatory = true) {
    Add(0, {0, message_type}, mandatory);
  }
  Avps &Add(uint16_t type, const Bytes &value, bool mandatory = true) {
    return Vendor(kVendorIetf, type, value, mandatory);
  }
  Avps &Optional(uint16_t type, const Bytes &value) { return Add(type, value, false); }
  Avps &Vendor(uint16_t vendor, uint16_t type, const Bytes &value, bool mandatory = false) {
    AppendAvp(bytes, {.mandatory = mandatory, .vendor = vendor, .type = type, .value = value});
    return *this;
  }
  Avps &Hidden(uint16_t type, const Bytes &hidden, bool mandatory = true,
               uint16_t vendor = kVendorIetf) {
    AppendAvp(
        bytes,
        {.mandatory = mandatory, .hidden = true, .vendor = vendor, .type = type, .value = hidden});
    return *this;
  }

  DecodedMessage Decode(std::string_view secret = {}) const { return DecodeMessage(bytes, secret); }

  // What an accepted message says of its call.
  CallInfo Call(std::string_view secret = {}) const {
    const DecodedMessage decoded = Decode(secret);
    EXPECT_EQ(decoded.verdict, Verdict::kAccept) << decoded.rejection.message;
    return decoded.message.call;
  }

  // As a control message.
  Bytes Datagram(uint16_t tunnel = 7, uint16_t session = 0, uint16_t ns = 2,
                 uint16_t nr = 1) const {
    Bytes datagram(kControlHeaderLength + bytes.size());
    WriteHeader(ControlHeader(tunnel, session, ns, nr), bytes.size(), datagram);
    std::copy(bytes.begin(), bytes.end(), datagram.begin() + kControlHeaderLength);
    return datagram;
  }

  Bytes bytes;
};

// What each must have, and no more.
inline Avps GoodSccrq() {
  return Avps(1).Add(2, {1, 0}).Add(3, {0, 0, 0, 3}).Add(7, {'a'}).Add(9, {0, 5});
}
inline Avps GoodIcrq() { return Avps(10).Add(14, {0, 5}).Add(15, {0, 0, 0, 77}); }
inline Avps GoodIccn() { return Avps(12).Add(24, {0, 0, 4, 0}).Add(19, {0, 0, 0, 1}); }
inline Avps GoodCdn() { return Avps(14).Add(1, {0, 1}).Add(14, {0, 5}); }

}  // namespace lns::l2tp
