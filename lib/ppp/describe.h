// One line of text for one PPP frame: protocol, code, identifier, options by name and value. For
// people who look at a subscriber's story; anything at all may be given, nothing is refused, and
// what does not decode says so. PAP passwords and the values of CHAP packets are never shown.
//
//   LCP Configure-Request id 1: mru 1492, auth chap-md5, magic 0x1a2b3c4d
//   CHAP Response id 7: value 16 bytes, name "alice@example"
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "lib/base/bytes.h"

namespace lns::ppp {

// `frame` with or without FF 03, protocol field of one or two bytes, as OnFrame takes it. The line
// is at most a few hundred characters and printable ASCII.
std::string Describe(ByteView frame);

}  // namespace lns::ppp
