// What makes a packet genuine: the Response Authenticator (RFC 2865 3), the Request Authenticator
// of accounting, CoA and Disconnect (RFC 2866 3, RFC 5176 2.3), and Message-Authenticator (RFC 3579
// 3.2), which alone protects an Access-Request and whoever reads an answer against forgers of MD5.
// Comparisons take a time that says nothing.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/radius/packet.h"

namespace lns::radius {

// The packets are whole, their lengths in place; an attribute Message-Authenticator is filled in
// where there is one.

// Access-Request, Status-Server: the authenticator is random and set already.
void SignAccessRequest(MutableByteView packet, std::string_view secret);
// Accounting-Request, CoA-Request, Disconnect-Request.
void SignRequest(MutableByteView packet, std::string_view secret);
// Every answer.
void SignResponse(MutableByteView packet, ByteView request_authenticator, std::string_view secret);

enum class Genuineness : uint8_t {
  kGenuine,
  kBadAuthenticator,
  kBadMessageAuthenticator,      // or one of another length, or two
  kMissingMessageAuthenticator,  // demanded
};
const char* ToString(Genuineness genuineness);

enum class MessageAuthenticator : bool { kOptional, kRequired };

Genuineness CheckResponse(const Packet& packet, ByteView request_authenticator,
                          std::string_view secret, MessageAuthenticator demand);
// Accounting-Request, CoA-Request, Disconnect-Request.
Genuineness CheckRequest(const Packet& packet, std::string_view secret,
                         MessageAuthenticator demand);
// Access-Request, Status-Server. Without a Message-Authenticator nothing proves it.
Genuineness CheckAccessRequest(const Packet& packet, std::string_view secret,
                               MessageAuthenticator demand);

}  // namespace lns::radius
