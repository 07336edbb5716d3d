// PAP (RFC 1334 2), both ends. The authenticator passes name and password up and answers with what
// it is told; after that every repeated request gets the same answer again, because the first may
// have been lost. The peer repeats its request until it is answered. Passwords are never kept here
// longer than the caller's own copy, and never shown.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/ppp/auth_step.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/link.h"

namespace lns::ppp {

enum PapCode : uint8_t { kPapRequest = 1, kPapAck = 2, kPapNak = 3 };

//  +----------+-----------+----------+----------+
//  | name len | peer name | pass len | password |     data of an Authenticate-Request
//  +----------+-----------+----------+----------+
struct PapCredentials {
  ByteView user_name;
  ByteView password;
};
std::optional<PapCredentials> ParsePapRequest(ByteView data);
// An Ack's or Nak's text; empty where there is none. nullopt when its length does not fit.
std::optional<ByteView> ParsePapMessage(ByteView data);

class PapAuthenticator {
 public:
  // Somebody else took the request with this identifier and asks about it for us.
  void Adopt(uint8_t id) {
    id_ = id;
    state_ = State::kAsked;
  }
  AuthStep OnPacket(const ControlPacket& packet, Instant now, LinkActions& out);
  void OnVerdict(bool accepted, std::string_view message, LinkActions& out);
  AuthStep OnTimer(Instant, LinkActions&) { return {}; }
  Instant NextDeadline() const { return Instant::Never(); }

 private:
  enum class State : uint8_t { kWaiting, kAsked, kAccepted, kRejected };
  void Answer(std::string_view message, LinkActions& out) const;

  State state_ = State::kWaiting;
  uint8_t id_ = 0;  // of the newest request
};

class PapPeer {
 public:
  PapPeer(const LinkSettings& settings, const Credentials& credentials)
      : settings_(&settings), credentials_(&credentials) {}

  void Start(Instant now, LinkActions& out);
  AuthStep OnPacket(const ControlPacket& packet, Instant now, LinkActions& out);
  AuthStep OnTimer(Instant now, LinkActions& out);
  Instant NextDeadline() const { return deadline_; }

 private:
  void SendRequest(Instant now, LinkActions& out);

  const LinkSettings* settings_;
  const Credentials* credentials_;
  Instant deadline_ = Instant::Never();
  uint8_t sent_ = 0;  // identifiers 1 to sent_ are ours
  bool done_ = false;
};

}  // namespace lns::ppp
