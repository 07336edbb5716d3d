// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/pap.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/ppp/append_action.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {

std::string PrintableText(ByteView text) {
  std::string result;
  for (const uint8_t c : text.first(std::min(text.size(), kMaxMessage))) {
    result.push_back(c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.');
  }
  return result;
}

std::optional<PapCredentials> ParsePapRequest(ByteView data) {
  Reader reader(data);
  PapCredentials result;
  result.user_name = reader.ReadBytes(reader.ReadU8());
  result.password = reader.ReadBytes(reader.ReadU8());
  if (!reader.ok()) return std::nullopt;
  return result;
}

std::optional<ByteView> ParsePapMessage(ByteView data) {
  if (data.empty()) return ByteView();  // some send none at all
  Reader reader(data);
  const ByteView message = reader.ReadBytes(reader.ReadU8());
  if (!reader.ok()) return std::nullopt;
  return message;
}

AuthStep PapAuthenticator::OnPacket(const ControlPacket& packet, Instant, LinkActions& out) {
  if (packet.code != kPapRequest) {
    Append(out, CountEvent{PppEvent::kAuthUnexpected});
    return {};
  }
  const std::optional<PapCredentials> credentials = ParsePapRequest(packet.data);
  if (!credentials) {
    Append(out, CountEvent{PppEvent::kAuthMalformed});
    return {};
  }
  id_ = packet.id;
  if (state_ == State::kWaiting) {
    state_ = State::kAsked;
    Append(out, AuthenticationNeeded{.protocol = AuthProtocol::kPap,
                                     .user_name = std::string(AsText(credentials->user_name)),
                                     .password = std::string(AsText(credentials->password)),
                                     .identifier = packet.id});
    return {};
  }
  Append(out, CountEvent{PppEvent::kAuthRepeated});
  if (state_ != State::kAsked) Answer({}, out);
  return {};
}

void PapAuthenticator::OnVerdict(bool accepted, std::string_view message, LinkActions& out) {
  state_ = accepted ? State::kAccepted : State::kRejected;
  Answer(message, out);
}

void PapAuthenticator::Answer(std::string_view message, LinkActions& out) const {
  const ByteView text = AsBytes(message.substr(0, kMaxMessage));
  PacketBuilder packet(kProtocolPap, state_ == State::kAccepted ? kPapAck : kPapNak, id_);
  packet.AppendU8(static_cast<uint8_t>(text.size()));
  packet.Append(text);
  Append(out, SendFrame{std::move(packet).Finish()});
}

void PapPeer::Start(Instant now, LinkActions& out) { SendRequest(now, out); }

// RFC 1334 2.2.1: the identifier changes with every request.
void PapPeer::SendRequest(Instant now, LinkActions& out) {
  const ByteView name = AsBytes(std::string_view(credentials_->user_name).substr(0, 255));
  const ByteView password = AsBytes(std::string_view(credentials_->password).substr(0, 255));
  PacketBuilder packet(kProtocolPap, kPapRequest, ++sent_);
  packet.AppendU8(static_cast<uint8_t>(name.size()));
  packet.Append(name);
  packet.AppendU8(static_cast<uint8_t>(password.size()));
  packet.Append(password);
  Append(out, SendFrame{std::move(packet).Finish()});
  deadline_ = sent_ < std::clamp(settings_->max_configure, 1, 255) ? now + settings_->restart
                                                                   : Instant::Never();
}

AuthStep PapPeer::OnPacket(const ControlPacket& packet, Instant, LinkActions& out) {
  const bool answer = packet.code == kPapAck || packet.code == kPapNak;
  if (!answer || done_ || packet.id == 0 || packet.id > sent_) {
    Append(out, CountEvent{PppEvent::kAuthUnexpected});
    return {};
  }
  const std::optional<ByteView> message = ParsePapMessage(packet.data);
  if (!message) {
    Append(out, CountEvent{PppEvent::kAuthMalformed});
    return {};
  }
  done_ = true;
  deadline_ = Instant::Never();
  return {packet.code == kPapAck ? AuthOutcome::kAccepted : AuthOutcome::kRejected,
          PrintableText(*message)};
}

// When the attempts are used up the link's own limit on the phase ends it.
AuthStep PapPeer::OnTimer(Instant now, LinkActions& out) {
  if (deadline_ <= now) SendRequest(now, out);
  return {};
}

}  // namespace lns::ppp
