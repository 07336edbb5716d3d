// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/chap.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/crypto/constant_time_equal.h"
#include "lib/crypto/md5.h"
#include "lib/ppp/append_action.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {
namespace {

Bytes ValuePacket(ChapCode code, uint8_t id, ByteView value, std::string_view name) {
  PacketBuilder packet(kProtocolChap, code, id);
  packet.AppendU8(static_cast<uint8_t>(value.size()));
  packet.Append(value);
  packet.Append(AsBytes(name.substr(0, kMaxUserName)));
  return std::move(packet).Finish();
}

uint8_t Attempts(const LinkSettings& settings) {
  return static_cast<uint8_t>(std::clamp(settings.max_configure, 1, 255));
}

}  // namespace

std::optional<ChapPacket> ParseChapPacket(ByteView data) {
  Reader reader(data);
  ChapPacket result;
  result.value = reader.ReadBytes(reader.ReadU8());
  result.name = reader.ReadRest();
  if (!reader.ok() || result.value.empty() || result.name.size() > kMaxUserName) {
    return std::nullopt;
  }
  return result;
}

ChapValue ChapMd5(uint8_t identifier, std::string_view secret, ByteView challenge) {
  return crypto::Md5({ByteView(&identifier, 1), AsBytes(secret), challenge});
}

bool ChapMd5Matches(uint8_t identifier, std::string_view secret, ByteView challenge,
                    ByteView response) {
  return crypto::ConstantTimeEqual(ChapMd5(identifier, secret, challenge), response);
}

// The first identifier is random, so that answers to an authentication before a renegotiation do
// not look like answers to this one.
void ChapAuthenticator::Start(Instant now, LinkActions& out) {
  id_ = static_cast<uint8_t>(rng_->Next());
  SendChallenge(now, out);
}

// RFC 1994 4.1: a new identifier and a new value every time.
void ChapAuthenticator::SendChallenge(Instant now, LinkActions& out) {
  ++id_;
  ++sent_;
  rng_->Fill(challenge_);
  Append(out, SendFrame{ValuePacket(kChapChallenge, id_, challenge_, settings_->local_name)});
  deadline_ = now + settings_->restart;
}

AuthStep ChapAuthenticator::OnPacket(const ControlPacket& packet, Instant, LinkActions& out) {
  // RFC 1994 4.1: a response with another identifier is silently discarded.
  if (packet.code != kChapResponse || packet.id != id_) {
    Append(out, CountEvent{PppEvent::kAuthUnexpected});
    return {};
  }
  const std::optional<ChapPacket> response = ParseChapPacket(packet.data);
  if (!response || response->value.size() != kChapValueLength) {
    Append(out, CountEvent{PppEvent::kAuthMalformed});
    return {};
  }
  if (state_ == State::kWaiting) {
    state_ = State::kAsked;
    deadline_ = Instant::Never();
    Append(out,
           AuthenticationNeeded{.protocol = AuthProtocol::kChapMd5,
                                .user_name = std::string(AsText(response->name)),
                                .password = {},
                                .identifier = id_,
                                .challenge = Bytes(challenge_.begin(), challenge_.end()),
                                .response = Bytes(response->value.begin(), response->value.end())});
    return {};
  }
  Append(out, CountEvent{PppEvent::kAuthRepeated});
  if (state_ != State::kAsked) Answer({}, out);
  return {};
}

void ChapAuthenticator::OnVerdict(bool accepted, std::string_view message, LinkActions& out) {
  state_ = accepted ? State::kAccepted : State::kRejected;
  Answer(message, out);
}

void ChapAuthenticator::Answer(std::string_view message, LinkActions& out) const {
  PacketBuilder packet(kProtocolChap, state_ == State::kAccepted ? kChapSuccess : kChapFailure,
                       id_);
  packet.Append(AsBytes(message.substr(0, kMaxMessage)));
  Append(out, SendFrame{std::move(packet).Finish()});
}

AuthStep ChapAuthenticator::OnTimer(Instant now, LinkActions& out) {
  if (deadline_ > now) return {};
  if (sent_ >= Attempts(*settings_)) {
    deadline_ = Instant::Never();
    return {AuthOutcome::kTimedOut, {}};
  }
  SendChallenge(now, out);
  return {};
}

AuthStep ChapPeer::OnPacket(const ControlPacket& packet, Instant now, LinkActions& out) {
  if (packet.code == kChapChallenge) return OnChallenge(packet, now, out);
  const bool verdict = packet.code == kChapSuccess || packet.code == kChapFailure;
  if (!verdict || !answering_ || packet.id != id_) {
    Append(out, CountEvent{PppEvent::kAuthUnexpected});
    return {};
  }
  answering_ = false;
  deadline_ = Instant::Never();
  return {packet.code == kChapSuccess ? AuthOutcome::kAccepted : AuthOutcome::kRejected,
          PrintableText(packet.data)};
}

// Any challenge is answered, also one that comes when the link is up (RFC 1994 2).
AuthStep ChapPeer::OnChallenge(const ControlPacket& packet, Instant now, LinkActions& out) {
  const std::optional<ChapPacket> challenge = ParseChapPacket(packet.data);
  if (!challenge) {
    Append(out, CountEvent{PppEvent::kAuthMalformed});
    return {};
  }
  id_ = packet.id;
  response_ = ChapMd5(id_, credentials_->password, challenge->value);
  answering_ = true;
  sent_ = 0;
  SendResponse(now, out);
  return {};
}

void ChapPeer::SendResponse(Instant now, LinkActions& out) {
  Append(out, SendFrame{ValuePacket(kChapResponse, id_, response_, credentials_->user_name)});
  deadline_ = ++sent_ < Attempts(*settings_) ? now + settings_->restart : Instant::Never();
}

AuthStep ChapPeer::OnTimer(Instant now, LinkActions& out) {
  if (deadline_ <= now) SendResponse(now, out);
  return {};
}

}  // namespace lns::ppp
