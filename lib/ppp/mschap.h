// The computations of MS-CHAP version 2 (RFC 2759 8) and version 1 (RFC 2433, its NT half): what a
// peer answers to a challenge, and what an authenticator says to prove that it knew the password
// too. The exchange of packets is chap.*'s; who knows passwords, the owner's. Keeps no state.
//
// What computes may be called only where MsChapError() is empty.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/ppp/link.h"

namespace lns::ppp {

constexpr bool IsMsChap(AuthProtocol protocol) {
  return protocol == AuthProtocol::kMsChapV1 || protocol == AuthProtocol::kMsChapV2;
}

// Empty where MS-CHAP can be done, else why not: for whoever checks the configuration.
const std::string& MsChapError();

inline constexpr size_t kMsChapV1ChallengeLength = 8;
inline constexpr size_t kMsChapV2ChallengeLength = 16;
inline constexpr size_t kMsChapResponseLength = 49;

using NtHash = std::array<uint8_t, 16>;
using NtResponse = std::array<uint8_t, 24>;

//  +----------------+-----------+-------------+-------+
//  | peer challenge | zero      | NT response | flags |    version 2 (RFC 2759 4)
//  | 16             | 8         | 24          | 1     |
//  +----------------+-----------+-------------+-------+
//  | LAN Manager response       | NT response | use   |    version 1 (RFC 2433 5); use: 1 where the
//  | 24                         | 24          | 1     |    NT response counts
//  +----------------------------+-------------+-------+
struct MsChapResponse {
  ByteView peer_challenge;
  ByteView nt_response;
  uint8_t flags = 0;
};
// nullopt unless the value is 49 bytes.
std::optional<MsChapResponse> ParseMsChapResponse(ByteView value);

// RFC 2759 8.3: MD4 over the password, given in UTF-8, in UTF-16 with the low byte first.
NtHash NtPasswordHash(std::string_view password);

// RFC 2759 8.1. A Windows domain before the name ("DOMAIN\user") does not count.
NtResponse MsChapV2Response(ByteView authenticator_challenge, ByteView peer_challenge,
                            std::string_view user_name, const NtHash& hash);
// RFC 2433 A.5.
NtResponse MsChapV1Response(ByteView challenge, const NtHash& hash);
// RFC 2759 8.7: "S=" and 40 hexadecimal digits.
std::string MsChapV2Success(ByteView authenticator_challenge, ByteView peer_challenge,
                            const NtResponse& response, std::string_view user_name,
                            const NtHash& hash);

// RFC 2759 6, RFC 2433 6: "E=691 R=0 C=... V=3 M=text", the data of a Failure.
struct MsChapFailure {
  uint32_t error = 0;
  bool retry = false;
  std::string_view message;  // within the text given; empty: none
};
// nullopt where the text does not begin with a number of an error.
std::optional<MsChapFailure> ParseMsChapFailure(std::string_view text);
inline constexpr uint32_t kMsChapAuthenticationFailure = 691;
// A Failure that allows no retry; `challenge` is a new one.
std::string MsChapFailureText(AuthProtocol version, ByteView challenge, std::string_view message);
// "wrong name or password"; "" where the RFCs know no such error.
const char* MsChapErrorName(uint32_t error);

// For whoever knows the password: whether the response of `needed`, MS-CHAP of either version,
// proves that the peer does too. True: `success` is what AuthenticationVerdict::ms_chap must be.
bool MsChapMatches(const AuthenticationNeeded& needed, std::string_view password,
                   std::string& success);

}  // namespace lns::ppp
