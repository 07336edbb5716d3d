// The PPP Disconnect Cause Code AVP of a CDN (RFC 3145): why PPP ended, for accounting and logs. It
// only ever informs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.h"
#include "lib/l2tp/actions.h"

namespace lns::l2tp {

inline constexpr uint16_t kPppDisconnectCodes = 21;  // 0 to 20 (RFC 3145 3)

// "authentication failed"; "unknown cause" for a code RFC 3145 does not have.
const char *PppDisconnectName(uint16_t code);

// "authentication failed (16, protocol 0xc223, at local): bad password".
std::string Describe(const PppDisconnectCause &cause);

bool ReadPppDisconnectCause(ByteView value, PppDisconnectCause &out);
// The text is cut to what an AVP holds.
Bytes WritePppDisconnectCause(const PppDisconnectCause &cause);

}  // namespace lns::l2tp
