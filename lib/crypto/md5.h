// MD5 over a list of byte strings, as L2TP (RFC 2661 4.3, 5.1.1), CHAP and RADIUS use it. A thin
// name over OpenSSL; keeps no state.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <initializer_list>

#include "lib/base/bytes.h"

namespace lns::crypto {

using Md5Digest = std::array<uint8_t, 16>;

// The digest of the parts joined without separators.
Md5Digest Md5(std::initializer_list<ByteView> parts);

}  // namespace lns::crypto
