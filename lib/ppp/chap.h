// CHAP with MD5 (RFC 1994), both ends. The authenticator repeats its challenge, each time with a
// new identifier and value, until a response arrives; passes challenge and response up; answers
// with what it is told, and answers that response again whenever it is repeated, because a Success
// may have been lost. The peer repeats its response until Success or Failure.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <optional>
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
  ChapAuthenticator(const LinkSettings& settings, Rng& rng) : settings_(&settings), rng_(&rng) {}

  void Start(Instant now, LinkActions& out);
  AuthStep OnPacket(const ControlPacket& packet, Instant now, LinkActions& out);
  void OnVerdict(bool accepted, std::string_view message, LinkActions& out);
  AuthStep OnTimer(Instant now, LinkActions& out);
  Instant NextDeadline() const { return deadline_; }

 private:
  enum class State : uint8_t { kWaiting, kAsked, kAccepted, kRejected };
  void SendChallenge(Instant now, LinkActions& out);
  void Answer(std::string_view message, LinkActions& out) const;

  const LinkSettings* settings_;
  Rng* rng_;
  Instant deadline_ = Instant::Never();
  ChapValue challenge_{};
  State state_ = State::kWaiting;
  uint8_t id_ = 0;
  uint8_t sent_ = 0;
};

class ChapPeer {
 public:
  ChapPeer(const LinkSettings& settings, const Credentials& credentials)
      : settings_(&settings), credentials_(&credentials) {}

  void Start(Instant, LinkActions&) {}  // the authenticator speaks first
  AuthStep OnPacket(const ControlPacket& packet, Instant now, LinkActions& out);
  AuthStep OnTimer(Instant now, LinkActions& out);
  Instant NextDeadline() const { return deadline_; }

 private:
  AuthStep OnChallenge(const ControlPacket& packet, Instant now, LinkActions& out);
  void SendResponse(Instant now, LinkActions& out);

  const LinkSettings* settings_;
  const Credentials* credentials_;
  Instant deadline_ = Instant::Never();
  ChapValue response_{};
  uint8_t id_ = 0;
  uint8_t sent_ = 0;
  bool answering_ = false;  // a response is out and not yet judged
};

}  // namespace lns::ppp
