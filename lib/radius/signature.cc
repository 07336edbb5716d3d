// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/radius/signature.h"

#include <algorithm>
#include <optional>

#include "lib/base/check.h"
#include "lib/crypto/constant_time_equal.h"
#include "lib/crypto/hmac_md5.h"
#include "lib/crypto/md5.h"
#include "lib/radius/attributes.h"

namespace lns::radius {
namespace {

constexpr Authenticator kZeros{};

// Where the value of the one Message-Authenticator lies in the packet.
struct Place {
  bool unsound = false;  // of another length, or not the only one
  std::optional<size_t> at;
};
Place FindMessageAuthenticator(ByteView packet) {
  Place place;
  size_t at = kHeaderLength;
  while (at + kAttributeHeaderLength <= packet.size()) {
    const size_t length = packet[at + 1];
    if (length < kAttributeHeaderLength || at + length > packet.size()) break;
    if (packet[at] == kMessageAuthenticator.type) {
      place.unsound |=
          place.at.has_value() || length != kAttributeHeaderLength + kAuthenticatorLength;
      place.at = at + kAttributeHeaderLength;
    }
    at += length;
  }
  return place;
}

// Over the packet with `authenticator` in its header and zeros where the value will be.
crypto::Md5Digest MessageAuthenticatorOf(ByteView packet, size_t at, ByteView authenticator,
                                         std::string_view secret) {
  return crypto::HmacMd5(AsBytes(secret), {packet.first(kAuthenticatorOffset), authenticator,
                                           packet.subspan(kHeaderLength, at - kHeaderLength),
                                           kZeros, packet.subspan(at + kAuthenticatorLength)});
}

crypto::Md5Digest AuthenticatorOf(ByteView packet, ByteView authenticator,
                                  std::string_view secret) {
  return crypto::Md5({packet.first(kAuthenticatorOffset), authenticator,
                      packet.subspan(kHeaderLength), AsBytes(secret)});
}

void FillMessageAuthenticator(MutableByteView packet, ByteView authenticator,
                              std::string_view secret) {
  const Place place = FindMessageAuthenticator(packet);
  if (!place.at) return;
  LNS_CHECK(!place.unsound);
  const crypto::Md5Digest digest = MessageAuthenticatorOf(packet, *place.at, authenticator, secret);
  std::copy(digest.begin(), digest.end(), packet.begin() + static_cast<ptrdiff_t>(*place.at));
}

void FillAuthenticator(MutableByteView packet, const crypto::Md5Digest& digest) {
  std::copy(digest.begin(), digest.end(), packet.begin() + kAuthenticatorOffset);
}

Genuineness CheckMessageAuthenticator(ByteView packet, ByteView authenticator,
                                      std::string_view secret, MessageAuthenticator demand) {
  const Place place = FindMessageAuthenticator(packet);
  if (!place.at) {
    return demand == MessageAuthenticator::kRequired ? Genuineness::kMissingMessageAuthenticator
                                                     : Genuineness::kGenuine;
  }
  if (place.unsound) return Genuineness::kBadMessageAuthenticator;
  const crypto::Md5Digest expected =
      MessageAuthenticatorOf(packet, *place.at, authenticator, secret);
  return crypto::ConstantTimeEqual(packet.subspan(*place.at, kAuthenticatorLength), expected)
             ? Genuineness::kGenuine
             : Genuineness::kBadMessageAuthenticator;
}

// Both: the digest in the header, made with `authenticator` in its place, and the other's.
Genuineness Check(const Packet& packet, ByteView authenticator, std::string_view secret,
                  MessageAuthenticator demand) {
  const crypto::Md5Digest expected = AuthenticatorOf(packet.bytes, authenticator, secret);
  if (!crypto::ConstantTimeEqual(packet.authenticator, expected)) {
    return Genuineness::kBadAuthenticator;
  }
  return CheckMessageAuthenticator(packet.bytes, authenticator, secret, demand);
}

}  // namespace

void SignAccessRequest(MutableByteView packet, std::string_view secret) {
  FillMessageAuthenticator(packet, packet.subspan(kAuthenticatorOffset, kAuthenticatorLength),
                           secret);
}

void SignRequest(MutableByteView packet, std::string_view secret) {
  FillMessageAuthenticator(packet, kZeros, secret);
  FillAuthenticator(packet, AuthenticatorOf(packet, kZeros, secret));
}

void SignResponse(MutableByteView packet, ByteView request_authenticator, std::string_view secret) {
  FillMessageAuthenticator(packet, request_authenticator, secret);
  FillAuthenticator(packet, AuthenticatorOf(packet, request_authenticator, secret));
}

const char* ToString(Genuineness genuineness) {
  switch (genuineness) {
    case Genuineness::kGenuine:
      return "genuine";
    case Genuineness::kBadAuthenticator:
      return "bad-authenticator";
    case Genuineness::kBadMessageAuthenticator:
      return "bad-message-authenticator";
    case Genuineness::kMissingMessageAuthenticator:
      return "missing-message-authenticator";
  }
  return "unknown";
}

Genuineness CheckResponse(const Packet& packet, ByteView request_authenticator,
                          std::string_view secret, MessageAuthenticator demand) {
  return Check(packet, request_authenticator, secret, demand);
}

Genuineness CheckRequest(const Packet& packet, std::string_view secret,
                         MessageAuthenticator demand) {
  return Check(packet, kZeros, secret, demand);
}

Genuineness CheckAccessRequest(const Packet& packet, std::string_view secret,
                               MessageAuthenticator demand) {
  return CheckMessageAuthenticator(packet.bytes, packet.authenticator, secret, demand);
}

}  // namespace lns::radius
