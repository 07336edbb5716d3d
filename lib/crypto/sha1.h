// SHA-1 over a list of byte strings, as MS-CHAPv2 uses it (RFC 2759 8). A thin name over OpenSSL;
// keeps no state.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <initializer_list>

#include "lib/base/bytes.h"

namespace lns::crypto {

using Sha1Digest = std::array<uint8_t, 20>;

// The digest of the parts joined without separators.
Sha1Digest Sha1(std::initializer_list<ByteView> parts);

}  // namespace lns::crypto
