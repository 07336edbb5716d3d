// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/tunnel_auth.h"

#include <array>

#include "lib/crypto/constant_time_equal.h"

namespace lns::l2tp {

crypto::Md5Digest ChallengeResponse(MessageType carrier, std::string_view secret,
                                    ByteView challenge) {
  const std::array<uint8_t, 1> id = {static_cast<uint8_t>(carrier)};
  return crypto::Md5({id, AsBytes(secret), challenge});
}

bool VerifyChallengeResponse(MessageType carrier, std::string_view secret, ByteView challenge,
                             ByteView response) {
  return crypto::ConstantTimeEqual(ChallengeResponse(carrier, secret, challenge), response);
}

}  // namespace lns::l2tp
