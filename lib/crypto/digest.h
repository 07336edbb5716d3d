// The one way the digests of this folder are computed: OpenSSL's EVP over a list of byte strings.
// Used by md5.cc, sha1.cc and md4.cc alone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <openssl/types.h>

#include <initializer_list>

#include "lib/base/bytes.h"

namespace lns::crypto {

// Fills `digest`, whose size is the algorithm's, with the digest of the parts joined.
void Digest(const EVP_MD* algorithm, std::initializer_list<ByteView> parts, MutableByteView digest);

}  // namespace lns::crypto
