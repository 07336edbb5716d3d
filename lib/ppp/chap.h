// CHAP with MD5 (RFC 1994) and its Microsoft dialects (RFC 2759, RFC 2433), both ends. They share
// packets and course and differ in the sizes and contents of the values; what an MS-CHAP value is
// made of is mschap.h's.
//
// The authenticator repeats its challenge, each time with a new identifier and value, until a
// response arrives; passes challenge and response up; answers with what it is told, and answers
// that response again whenever it is repeated, because a Success may have been lost. Where the
// settings say so it asks again from time to time. The peer repeats its response until Success or
// Failure, and of MS-CHAPv2 demands that the Success prove knowledge of the password.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/auth_step.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/link.h"

namespace lns::ppp {

enum ChapCode : uint8_t {
  kChapChallenge = 1,
  kChapResponse = 2,
  kChapSuccess = 3,
  kChapFailure = 4,
};

// CHAP, whatever the algorithm (RFC 1994 3).
constexpr bool IsChap(AuthProtocol protocol) { return protocol >= AuthProtocol::kChapMd5; }
size_t ChapResponseLength(AuthProtocol algorithm);
// Of the challenges we send.
size_t ChapChallengeLength(AuthProtocol algorithm);

inline constexpr size_t kChapValueLength = 16;
using ChapValue = std::array<uint8_t, kChapValueLength>;

//  +--------+---------+--------
//  | length | value   | name      data of a Challenge or Response
//  +--------+---------+--------
struct ChapPacket {
  ByteView value;
  ByteView name;
};
// The value is at least one byte; a name longer than kMaxUserName is malformed.
std::optional<ChapPacket> ParseChapPacket(ByteView data);

// RFC 1994 4.1: MD5 over identifier, secret, challenge.
ChapValue ChapMd5(uint8_t identifier, std::string_view secret, ByteView challenge);
// Whether `response` proves knowledge of `secret`; takes the same time either way. For whoever
// knows the secret: the link itself does not.
bool ChapMd5Matches(uint8_t identifier, std::string_view secret, ByteView challenge,
                    ByteView response);

class ChapAuthenticator {
 public:
  ChapAuthenticator(AuthProtocol algorithm, const LinkSettings& settings, Rng& rng)
      : settings_(&settings), rng_(&rng), algorithm_(algorithm) {}

  void Start(Instant now, LinkActions& out);
  // Instead of Start: somebody else has challenged, and asks about the response to `id` for us.
  void Adopt(uint8_t id, std::string_view user_name);
  AuthStep OnPacket(const ControlPacket& packet, Instant now, LinkActions& out);
  // Whether the peer is told that it is accepted.
  bool OnVerdict(const AuthenticationVerdict& verdict, Instant now, LinkActions& out);
  AuthStep OnTimer(Instant now, LinkActions& out);
  Instant NextDeadline() const { return deadline_; }

 private:
  enum class State : uint8_t { kWaiting, kAsked, kAccepted, kRejected };
  void SendChallenge(Instant now, LinkActions& out);
  AuthStep OnResponse(const ChapPacket& response, LinkActions& out);
  bool IsKnownAs(ByteView name);
  std::string AnswerText(const AuthenticationVerdict& verdict) const;
  void Answer(LinkActions& out) const;
  Instant NextCheck(Instant now) const;

  const LinkSettings* settings_;
  Rng* rng_;
  Instant deadline_ = Instant::Never();
  // Of the answer given, while it may have to be given again; null: none.
  std::unique_ptr<const std::string> text_;
  // Who was accepted, where the settings ask for more than one check; else null.
  std::unique_ptr<const std::string> user_name_;
  ChapValue challenge_{};
  AuthProtocol algorithm_;
  State state_ = State::kWaiting;
  uint8_t id_ = 0;
  uint8_t sent_ = 0;
  bool again_ = false;  // the peer has been accepted before
};

class ChapPeer {
 public:
  ChapPeer(AuthProtocol algorithm, const LinkSettings& settings, const Credentials& credentials,
           Rng& rng)
      : settings_(&settings), credentials_(&credentials), rng_(&rng), algorithm_(algorithm) {}

  void Start(Instant, LinkActions&) {}  // the authenticator speaks first
  AuthStep OnPacket(const ControlPacket& packet, Instant now, LinkActions& out);
  AuthStep OnTimer(Instant now, LinkActions& out);
  Instant NextDeadline() const { return deadline_; }

 private:
  // What was answered, and for MS-CHAPv2 how a Success must begin.
  struct Answer {
    Bytes response;
    std::string proof;
  };
  AuthStep OnChallenge(const ControlPacket& packet, Instant now, LinkActions& out);
  AuthStep OnSuccess(ByteView text);
  AuthStep OnFailure(ByteView text);
  Answer AnswerTo(uint8_t id, ByteView challenge) const;
  void SendResponse(Instant now, LinkActions& out);

  const LinkSettings* settings_;
  const Credentials* credentials_;
  Rng* rng_;
  Instant deadline_ = Instant::Never();
  std::unique_ptr<const Answer> answer_;  // null: none is out and unjudged
  AuthProtocol algorithm_;
  uint8_t id_ = 0;
  uint8_t sent_ = 0;
};

}  // namespace lns::ppp
