// MD4 and DES, which MS-CHAP cannot do without (RFC 2433, RFC 2759 8). OpenSSL keeps both in its
// "legacy" provider, a file of its own that an installation may lack and that is not loaded by
// default. It is loaded here, once, into a library context nobody else uses, so that the rest of
// the process never picks a weak algorithm by accident. Any thread may call.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <initializer_list>
#include <string>

#include "lib/base/bytes.h"

namespace lns::crypto {

// Empty where Md4 and DesEncrypt work, else why they cannot: for whoever checks the configuration.
const std::string& LegacyError();

// The following may be called where LegacyError() is empty.

using Md4Digest = std::array<uint8_t, 16>;
// The digest of the parts joined without separators.
Md4Digest Md4(std::initializer_list<ByteView> parts);

using DesBlock = std::array<uint8_t, 8>;
// One block in DES; `key` is 56 bits in seven bytes, without the parity bits.
DesBlock DesEncrypt(const std::array<uint8_t, 7>& key, const DesBlock& clear);

}  // namespace lns::crypto
