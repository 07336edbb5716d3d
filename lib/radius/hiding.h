// Secrets inside attributes: User-Password (RFC 2865 5.2) and what is encrypted with a salt,
// Tunnel-Password (RFC 2868 3.5) and the MPPE keys (RFC 2548 2.4.2). Both are a chain of MD5 over
// the shared secret and the Request Authenticator: good against a glance, not against an attacker
// who has time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/radius/packet.h"

namespace lns::radius {

inline constexpr size_t kMaxHiddenPassword = 128;

// nullopt: longer than kMaxHiddenPassword.
std::optional<Bytes> HideUserPassword(std::string_view password, std::string_view secret,
                                      ByteView request_authenticator);
// nullopt: not a whole number of blocks, one to eight.
std::optional<std::string> RevealUserPassword(ByteView hidden, std::string_view secret,
                                              ByteView request_authenticator);

// The largest that fits an attribute with tag and salt.
inline constexpr size_t kMaxSaltedText = 239;

// Salt and ciphertext, for after the tag. The salt's first bit is set here; it must not occur twice
// in a packet. nullopt: longer than kMaxSaltedText.
std::optional<Bytes> HideWithSalt(std::string_view text, uint16_t salt, std::string_view secret,
                                  ByteView request_authenticator);
// nullopt: of a length it cannot have, or the secret is another.
std::optional<std::string> RevealWithSalt(ByteView salted, std::string_view secret,
                                          ByteView request_authenticator);

}  // namespace lns::radius
