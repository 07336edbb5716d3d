// HMAC-MD5 (RFC 2104) over a list of byte strings, as RADIUS's Message-Authenticator uses it (RFC
// 3579 3.2). Keeps no state.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <initializer_list>

#include "lib/base/bytes.h"
#include "lib/crypto/md5.h"

namespace lns::crypto {

// The code of the parts joined without separators.
Md5Digest HmacMd5(ByteView key, std::initializer_list<ByteView> parts);

}  // namespace lns::crypto
