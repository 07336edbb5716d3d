// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/chap.h"

#include <algorithm>
#include <utility>

#include "lib/crypto/constant_time_equal.h"
#include "lib/crypto/md5.h"
#include "lib/ppp/append_action.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/mschap.h"
#include "lib/ppp/packet_builder.h"
#include "lib/ppp/spread.h"

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

// "E=691 R=1 C=...": the link ends with any Failure, so none may ask the peer to try again,
// whatever the owner's words grant (RFC 2759 6).
std::string WithoutRetry(std::string failure) {
  const size_t at = failure.find(" R=1");
  if (at < failure.find(" M=")) failure[at + 3] = '0';
  return failure;
}

// As long as a peer may go on repeating its response.
Duration AnswerKept(const LinkSettings& settings) { return settings.restart * Attempts(settings); }

}  // namespace

size_t ChapResponseLength(AuthProtocol algorithm) {
  return IsMsChap(algorithm) ? kMsChapResponseLength : kChapValueLength;
}

size_t ChapChallengeLength(AuthProtocol algorithm) {
  return algorithm == AuthProtocol::kMsChapV1 ? kMsChapV1ChallengeLength : kChapValueLength;
}

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

void ChapAuthenticator::Adopt(uint8_t id, std::string_view user_name) {
  id_ = id;
  state_ = State::kAsked;
  IsKnownAs(AsBytes(user_name));
}

// RFC 1994 4.1: a new identifier and a new value every time.
void ChapAuthenticator::SendChallenge(Instant now, LinkActions& out) {
  ++id_;
  ++sent_;
  rng_->Fill(challenge_);
  const ByteView value = ByteView(challenge_).first(ChapChallengeLength(algorithm_));
  Append(out, SendFrame{ValuePacket(kChapChallenge, id_, value, settings_->local_name)});
  deadline_ = now + settings_->restart;
}

AuthStep ChapAuthenticator::OnPacket(const ControlPacket& packet, Instant, LinkActions& out) {
  // RFC 1994 4.1: a response with another identifier is silently discarded.
  if (packet.code != kChapResponse || packet.id != id_) {
    Append(out, CountEvent{PppEvent::kAuthUnexpected});
    return {};
  }
  const std::optional<ChapPacket> response = ParseChapPacket(packet.data);
  if (!response || response->value.size() != ChapResponseLength(algorithm_)) {
    Append(out, CountEvent{PppEvent::kAuthMalformed});
    return {};
  }
  if (state_ == State::kWaiting) return OnResponse(*response, out);
  Append(out, CountEvent{PppEvent::kAuthRepeated});
  // A proof that was forgotten cannot be given again, and without it a Success of MS-CHAPv2 would
  // end the link of a peer that by now must have had it.
  const bool forgotten =
      state_ == State::kAccepted && algorithm_ == AuthProtocol::kMsChapV2 && text_ == nullptr;
  if (state_ != State::kAsked && !forgotten) Answer(out);
  return {};
}

AuthStep ChapAuthenticator::OnResponse(const ChapPacket& response, LinkActions& out) {
  deadline_ = Instant::Never();
  if (!IsKnownAs(response.name)) {
    OnVerdict({.message = "another user was here"}, Instant::Never(), out);
    return {AuthOutcome::kOtherUser, {}};
  }
  state_ = State::kAsked;
  const ByteView challenge = ByteView(challenge_).first(ChapChallengeLength(algorithm_));
  Append(out, AuthenticationNeeded{.protocol = algorithm_,
                                   .user_name = std::string(AsText(response.name)),
                                   .password = {},
                                   .identifier = id_,
                                   .challenge = Bytes(challenge.begin(), challenge.end()),
                                   .response = Bytes(response.value.begin(), response.value.end()),
                                   .again = again_});
  return {};
}

// The first to answer is who must answer later; nobody asks later unless the settings say so.
bool ChapAuthenticator::IsKnownAs(ByteView name) {
  if (settings_->reauthenticate <= Duration()) return true;
  if (again_) return *user_name_ == AsText(name);
  user_name_ = std::make_unique<const std::string>(AsText(name));
  return true;
}

bool ChapAuthenticator::OnVerdict(const AuthenticationVerdict& verdict, Instant now,
                                  LinkActions& out) {
  const bool unproved = algorithm_ == AuthProtocol::kMsChapV2 && !verdict.ms_chap.starts_with("S=");
  state_ = verdict.accepted && !unproved ? State::kAccepted : State::kRejected;
  std::string text = AnswerText(verdict);
  text_ = text.empty() ? nullptr : std::make_unique<const std::string>(std::move(text));
  Answer(out);
  if (state_ != State::kAccepted) return false;
  again_ = true;
  deadline_ = text_ != nullptr ? now + AnswerKept(*settings_) : NextCheck(now);
  return true;
}

// RFC 2759 5 and 6, RFC 2433 6: the owner's words where it found some, else ours.
std::string ChapAuthenticator::AnswerText(const AuthenticationVerdict& verdict) const {
  if (!IsMsChap(algorithm_)) return verdict.message;
  if (state_ == State::kRejected) {
    const bool worded = !verdict.accepted && ParseMsChapFailure(verdict.ms_chap).has_value();
    if (worded) return WithoutRetry(verdict.ms_chap);
    ChapValue fresh{};
    rng_->Fill(fresh);
    return MsChapFailureText(algorithm_, ByteView(fresh).first(ChapChallengeLength(algorithm_)),
                             verdict.message);
  }
  if (algorithm_ == AuthProtocol::kMsChapV1) return verdict.message;
  const bool bare = verdict.ms_chap.find(' ') == std::string::npos;
  return bare && !verdict.message.empty() ? verdict.ms_chap + " M=" + verdict.message
                                          : verdict.ms_chap;
}

void ChapAuthenticator::Answer(LinkActions& out) const {
  PacketBuilder packet(kProtocolChap, state_ == State::kAccepted ? kChapSuccess : kChapFailure,
                       id_);
  if (text_ != nullptr) packet.Append(AsBytes(std::string_view(*text_).substr(0, kMaxMessage)));
  Append(out, SendFrame{std::move(packet).Finish()});
}

Instant ChapAuthenticator::NextCheck(Instant now) const {
  if (settings_->reauthenticate <= Duration()) return Instant::Never();
  return now + std::max(Spread(settings_->reauthenticate, *rng_) - AnswerKept(*settings_),
                        settings_->restart);
}

// Waiting: the challenge again. Accepted: first the answer is forgotten, then the peer is asked
// again, while everything else about the link goes on as it is (RFC 1994 2).
AuthStep ChapAuthenticator::OnTimer(Instant now, LinkActions& out) {
  if (deadline_ > now) return {};
  if (state_ == State::kAccepted && text_ != nullptr) {
    text_.reset();
    deadline_ = NextCheck(now);
    return {};
  }
  if (state_ == State::kAccepted) {
    state_ = State::kWaiting;
    sent_ = 0;
    Append(out, CountEvent{PppEvent::kAuthAgain});
  }
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
  if (!verdict || answer_ == nullptr || packet.id != id_) {
    Append(out, CountEvent{PppEvent::kAuthUnexpected});
    return {};
  }
  deadline_ = Instant::Never();
  AuthStep step = packet.code == kChapSuccess ? OnSuccess(packet.data) : OnFailure(packet.data);
  answer_.reset();
  return step;
}

// RFC 2759 5: a peer that is not shown the right proof must end the session.
AuthStep ChapPeer::OnSuccess(ByteView text) {
  if (!AsText(text).starts_with(answer_->proof)) {
    return {AuthOutcome::kRejected, "the authenticator could not prove that it knows the password"};
  }
  return {AuthOutcome::kAccepted, PrintableText(text)};
}

AuthStep ChapPeer::OnFailure(ByteView text) {
  if (IsMsChap(algorithm_)) {
    const std::optional<MsChapFailure> failure = ParseMsChapFailure(AsText(text));
    if (failure) {
      return {AuthOutcome::kRejected, failure->message.empty()
                                          ? MsChapErrorName(failure->error)
                                          : PrintableText(AsBytes(failure->message))};
    }
  }
  return {AuthOutcome::kRejected, PrintableText(text)};
}

// Any challenge is answered, also one that comes when the link is up (RFC 1994 2).
AuthStep ChapPeer::OnChallenge(const ControlPacket& packet, Instant now, LinkActions& out) {
  const std::optional<ChapPacket> challenge = ParseChapPacket(packet.data);
  const bool odd = challenge && IsMsChap(algorithm_) &&
                   challenge->value.size() != ChapChallengeLength(algorithm_);
  if (!challenge || odd) {
    Append(out, CountEvent{PppEvent::kAuthMalformed});
    return {};
  }
  id_ = packet.id;
  answer_ = std::make_unique<const Answer>(AnswerTo(id_, challenge->value));
  sent_ = 0;
  SendResponse(now, out);
  return {};
}

ChapPeer::Answer ChapPeer::AnswerTo(uint8_t id, ByteView challenge) const {
  if (!IsMsChap(algorithm_)) {
    const ChapValue digest = ChapMd5(id, credentials_->password, challenge);
    return {.response = Bytes(digest.begin(), digest.end()), .proof = {}};
  }
  const NtHash hash = NtPasswordHash(credentials_->password);
  Bytes response(kMsChapResponseLength, 0);
  NtResponse nt_response{};
  std::string proof;
  if (algorithm_ == AuthProtocol::kMsChapV2) {
    const MutableByteView peer_challenge =
        MutableByteView(response).first(kMsChapV2ChallengeLength);
    rng_->Fill(peer_challenge);
    nt_response = MsChapV2Response(challenge, peer_challenge, credentials_->user_name, hash);
    proof = MsChapV2Success(challenge, peer_challenge, nt_response, credentials_->user_name, hash);
  } else {
    nt_response = MsChapV1Response(challenge, hash);
    response.back() = 1;  // it is the NT response that counts (RFC 2433 5)
  }
  std::ranges::copy(nt_response, response.begin() + 24);
  return {.response = std::move(response), .proof = std::move(proof)};
}

void ChapPeer::SendResponse(Instant now, LinkActions& out) {
  Append(out,
         SendFrame{ValuePacket(kChapResponse, id_, answer_->response, credentials_->user_name)});
  deadline_ = ++sent_ < Attempts(*settings_) ? now + settings_->restart : Instant::Never();
}

AuthStep ChapPeer::OnTimer(Instant now, LinkActions& out) {
  if (deadline_ <= now) SendResponse(now, out);
  return {};
}

}  // namespace lns::ppp
