// Tunnel authentication (RFC 2661 5.1.1): the CHAP-like answer to a Challenge AVP.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string_view>

#include "lib/base/bytes.h"
#include "lib/crypto/md5.h"
#include "lib/l2tp/message_table.h"

namespace lns::l2tp {

inline constexpr size_t kChallengeLength = 16;  // of those we send; any length is answered

// The Challenge Response carried by `carrier`: its message type is the id octet, 2 in an SCCRP and
// 3 in an SCCCN (RFC 2661 4.4.3).
crypto::Md5Digest ChallengeResponse(MessageType carrier, std::string_view secret,
                                    ByteView challenge);

// Compares in constant time.
bool VerifyChallengeResponse(MessageType carrier, std::string_view secret, ByteView challenge,
                             ByteView response);

}  // namespace lns::l2tp
