// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/mschap.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "lib/crypto/constant_time_equal.h"
#include "lib/crypto/legacy.h"
#include "lib/crypto/sha1.h"

namespace lns::ppp {
namespace {

constexpr uint8_t kUseNtResponse = 1;

void AppendHex(ByteView bytes, std::string& out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

std::string_view WithoutDomain(std::string_view user_name) {
  return user_name.substr(user_name.find('\\') + 1);
}

// One character of UTF-8; bytes that are none count as themselves, so that any password has a hash.
char32_t NextCharacter(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
  char32_t character = lead & (length == 1 ? 0x7f : 0xff >> (length + 1));
  bool whole = lead < 0x80 || (lead >= 0xc2 && lead < 0xf5 && length <= text.size());
  for (size_t i = 1; whole && i < length; ++i) {
    whole = byte(i) >> 6 == 2;
    character = character << 6 | (byte(i) & 0x3f);
  }
  if (!whole) character = lead;
  text.remove_prefix(whole ? length : 1);
  return character;
}

void AppendUtf16(char32_t unit, Bytes& out) {
  out.push_back(static_cast<uint8_t>(unit));
  out.push_back(static_cast<uint8_t>(unit >> 8));
}

// RFC 2759 8.2.
crypto::DesBlock ChallengeHash(ByteView authenticator_challenge, ByteView peer_challenge,
                               std::string_view user_name) {
  const crypto::Sha1Digest digest =
      crypto::Sha1({peer_challenge, authenticator_challenge, AsBytes(WithoutDomain(user_name))});
  crypto::DesBlock hash{};
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

// RFC 2759 8.5: three DES keys of seven bytes from the hash and five zeros.
NtResponse ChallengeResponse(const crypto::DesBlock& challenge, const NtHash& hash) {
  std::array<uint8_t, 21> keys{};
  std::ranges::copy(hash, keys.begin());
  NtResponse response{};
  for (size_t i = 0; i < 3; ++i) {
    std::array<uint8_t, 7> key{};
    std::copy_n(keys.begin() + static_cast<ptrdiff_t>(7 * i), key.size(), key.begin());
    std::ranges::copy(crypto::DesEncrypt(key, challenge),
                      response.begin() + static_cast<ptrdiff_t>(8 * i));
  }
  return response;
}

}  // namespace

const std::string& MsChapError() { return crypto::LegacyError(); }

std::optional<MsChapResponse> ParseMsChapResponse(ByteView value) {
  if (value.size() != kMsChapResponseLength) return std::nullopt;
  return MsChapResponse{.peer_challenge = value.first(kMsChapV2ChallengeLength),
                        .nt_response = value.subspan(24, 24),
                        .flags = value.back()};
}

NtHash NtPasswordHash(std::string_view password) {
  Bytes utf16;
  utf16.reserve(2 * password.size());
  while (!password.empty()) {
    const char32_t character = NextCharacter(password);
    if (character < 0x10000) {
      AppendUtf16(character, utf16);
    } else {
      AppendUtf16(0xd800 + ((character - 0x10000) >> 10), utf16);
      AppendUtf16(0xdc00 + ((character - 0x10000) & 0x3ff), utf16);
    }
  }
  return crypto::Md4({utf16});
}

NtResponse MsChapV2Response(ByteView authenticator_challenge, ByteView peer_challenge,
                            std::string_view user_name, const NtHash& hash) {
  return ChallengeResponse(ChallengeHash(authenticator_challenge, peer_challenge, user_name), hash);
}

NtResponse MsChapV1Response(ByteView challenge, const NtHash& hash) {
  crypto::DesBlock block{};
  std::copy_n(challenge.begin(), std::min(challenge.size(), block.size()), block.begin());
  return ChallengeResponse(block, hash);
}

std::string MsChapV2Success(ByteView authenticator_challenge, ByteView peer_challenge,
                            const NtResponse& response, std::string_view user_name,
                            const NtHash& hash) {
  static constexpr std::string_view kMagic1 = "Magic server to client signing constant";
  static constexpr std::string_view kMagic2 = "Pad to make it do more than one iteration";
  const crypto::Md4Digest hash_of_hash = crypto::Md4({hash});
  const crypto::Sha1Digest digest = crypto::Sha1({hash_of_hash, response, AsBytes(kMagic1)});
  const crypto::Sha1Digest proof =
      crypto::Sha1({digest, ChallengeHash(authenticator_challenge, peer_challenge, user_name),
                    AsBytes(kMagic2)});
  std::string text = "S=";
  AppendHex(proof, text);
  return text;
}

std::optional<MsChapFailure> ParseMsChapFailure(std::string_view text) {
  if (!text.starts_with("E=")) return std::nullopt;
  MsChapFailure failure;
  const auto number = std::from_chars(text.data() + 2, text.data() + text.size(), failure.error);
  if (number.ec != std::errc()) return std::nullopt;
  failure.retry = text.substr(0, text.find(" M=")).find(" R=1") != std::string_view::npos;
  if (const size_t at = text.find(" M="); at != std::string_view::npos) {
    failure.message = text.substr(at + 3);
  }
  return failure;
}

std::string MsChapFailureText(AuthProtocol version, ByteView challenge, std::string_view message) {
  std::string text = "E=" + std::to_string(kMsChapAuthenticationFailure) + " R=0 C=";
  AppendHex(challenge, text);
  // The version of the password change a peer might attempt; version 1 has no field for a text.
  if (version == AuthProtocol::kMsChapV1) return text + " V=2";
  text += " V=3 M=";
  text += message;
  return text;
}

const char* MsChapErrorName(uint32_t error) {
  switch (error) {
    case 646:
      return "not at this hour";
    case 647:
      return "account disabled";
    case 648:
      return "password expired";
    case 649:
      return "no permission to dial in";
    case kMsChapAuthenticationFailure:
      return "wrong name or password";
    case 709:
      return "the password could not be changed";
    default:
      return "";
  }
}

bool MsChapMatches(const AuthenticationNeeded& needed, std::string_view password,
                   std::string& success) {
  const std::optional<MsChapResponse> given = ParseMsChapResponse(needed.response);
  if (!given) return false;
  const NtHash hash = NtPasswordHash(password);
  if (needed.protocol == AuthProtocol::kMsChapV1) {
    // RFC 2433 5: the LAN Manager response alone proves next to nothing and is not accepted.
    return needed.challenge.size() == kMsChapV1ChallengeLength && given->flags == kUseNtResponse &&
           crypto::ConstantTimeEqual(MsChapV1Response(needed.challenge, hash), given->nt_response);
  }
  if (needed.protocol != AuthProtocol::kMsChapV2 ||
      needed.challenge.size() != kMsChapV2ChallengeLength) {
    return false;
  }
  const NtResponse expected =
      MsChapV2Response(needed.challenge, given->peer_challenge, needed.user_name, hash);
  if (!crypto::ConstantTimeEqual(expected, given->nt_response)) return false;
  success =
      MsChapV2Success(needed.challenge, given->peer_challenge, expected, needed.user_name, hash);
  return true;
}

}  // namespace lns::ppp
