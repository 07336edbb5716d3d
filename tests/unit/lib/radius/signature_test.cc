// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/crypto/md5.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/signature.h"
#include "tests/unit/lib/radius/bytes_of.h"

namespace lns::radius {
namespace {

constexpr auto kOptional = MessageAuthenticator::kOptional;
constexpr auto kRequired = MessageAuthenticator::kRequired;

Packet Parsed(ByteView bytes) {
  Packet packet;
  EXPECT_EQ(ParsePacket(bytes, packet), PacketError::kNone);
  return packet;
}

TEST(Signature, AnswersOfTheRfcsAreGenuine) {
  const Bytes request = RfcPapRequest();
  const Bytes accept = RfcPapAccept();
  EXPECT_EQ(CheckResponse(Parsed(accept), Parsed(request).authenticator, kRfcSecret, kOptional),
            Genuineness::kGenuine);
  const Bytes status = RfcStatusServer();
  const Bytes answer = RfcStatusAnswer();
  EXPECT_EQ(CheckResponse(Parsed(answer), Parsed(status).authenticator, kRfcSecret, kOptional),
            Genuineness::kGenuine);
  EXPECT_EQ(CheckAccessRequest(Parsed(status), kRfcSecret, kRequired), Genuineness::kGenuine);
}

TEST(Signature, StatusServerOfTheRfcIsMade) {
  PacketBuilder builder(Code::kStatusServer, 0xda);
  const Bytes expected = RfcStatusServer();
  Authenticator authenticator;
  std::copy_n(expected.begin() + kAuthenticatorOffset, 16, authenticator.begin());
  builder.SetAuthenticator(authenticator);
  ASSERT_TRUE(builder.AddMessageAuthenticator());
  const MutableByteView packet = builder.Finish();
  SignAccessRequest(packet, kRfcSecret);
  EXPECT_EQ(Bytes(packet.begin(), packet.end()), expected);
}

TEST(Signature, MissingMessageAuthenticatorIsTold) {
  const Bytes request = RfcPapRequest();
  const Bytes accept = RfcPapAccept();
  EXPECT_EQ(CheckResponse(Parsed(accept), Parsed(request).authenticator, kRfcSecret, kRequired),
            Genuineness::kMissingMessageAuthenticator);
  EXPECT_EQ(CheckAccessRequest(Parsed(request), kRfcSecret, kRequired),
            Genuineness::kMissingMessageAuthenticator);
  EXPECT_EQ(CheckAccessRequest(Parsed(request), kRfcSecret, kOptional), Genuineness::kGenuine);
}

// Every bit of a signed answer counts.
TEST(Signature, AnyBitTurnedIsTold) {
  PacketBuilder builder(Code::kAccessAccept, 9);
  ASSERT_TRUE(builder.AddMessageAuthenticator());
  ASSERT_TRUE(builder.AddInteger(kSessionTimeout, 3600));
  const Authenticator request{1, 2, 3};
  const MutableByteView packet = builder.Finish();
  SignResponse(packet, request, "secret");
  ASSERT_EQ(CheckResponse(Parsed(packet), request, "secret", kRequired), Genuineness::kGenuine);
  EXPECT_EQ(CheckResponse(Parsed(packet), request, "Secret", kRequired),
            Genuineness::kBadAuthenticator);
  EXPECT_EQ(CheckResponse(Parsed(packet), Authenticator{1, 2, 4}, "secret", kRequired),
            Genuineness::kBadAuthenticator);
  for (size_t bit = 0; bit < packet.size() * 8; ++bit) {
    Bytes turned(packet.begin(), packet.end());
    turned[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    Packet parsed;
    if (ParsePacket(turned, parsed) != PacketError::kNone) continue;
    EXPECT_NE(CheckResponse(parsed, request, "secret", kOptional), Genuineness::kGenuine) << bit;
  }
}

// As a forger would have it who can collide MD5: the digest in the header is right, the keyed one
// is not.
TEST(Signature, MessageAuthenticatorIsCheckedForItself) {
  PacketBuilder builder(Code::kAccessAccept, 9);
  ASSERT_TRUE(builder.AddText(kMessageAuthenticator, "sixteen bytes !!"));
  const Authenticator request{};
  Bytes packet(builder.Finish().begin(), builder.Finish().end());
  const ByteView whole(packet);
  const crypto::Md5Digest digest =
      crypto::Md5({whole.first(4), request, whole.subspan(kHeaderLength), AsBytes("secret")});
  std::copy(digest.begin(), digest.end(), packet.begin() + kAuthenticatorOffset);
  EXPECT_EQ(CheckResponse(Parsed(packet), request, "secret", kOptional),
            Genuineness::kBadMessageAuthenticator);
  // Two of them, and one of another length, are nobody's.
  for (const char* attributes :
       {"50 12 00000000000000000000000000000000 50 12 00000000000000000000000000000000",
        "50 11 000000000000000000000000000000"}) {
    PacketBuilder odd(Code::kAccessAccept, 9);
    Bytes bytes(odd.Finish().begin(), odd.Finish().end());
    const Bytes tail = BytesOf(attributes);
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    StoreBe16(bytes.data() + 2, static_cast<uint16_t>(bytes.size()));
    EXPECT_EQ(CheckAccessRequest(Parsed(bytes), "secret", kOptional),
              Genuineness::kBadMessageAuthenticator)
        << attributes;
  }
}

TEST(Signature, RequestsOfAccountingAndCoaAreSignedBothWays) {
  for (const bool with : {false, true}) {
    PacketBuilder builder(Code::kCoaRequest, 3);
    ASSERT_TRUE(builder.AddText(kAcctSessionId, "abc"));
    if (with) {
      ASSERT_TRUE(builder.AddMessageAuthenticator());
    }
    const MutableByteView packet = builder.Finish();
    SignRequest(packet, "secret");
    EXPECT_EQ(CheckRequest(Parsed(packet), "secret", with ? kRequired : kOptional),
              Genuineness::kGenuine);
    EXPECT_EQ(CheckRequest(Parsed(packet), "secret", kRequired),
              with ? Genuineness::kGenuine : Genuineness::kMissingMessageAuthenticator);
    packet[packet.size() - 1] ^= 1;
    EXPECT_EQ(CheckRequest(Parsed(packet), "secret", kOptional), Genuineness::kBadAuthenticator);
  }
}

}  // namespace
}  // namespace lns::radius
