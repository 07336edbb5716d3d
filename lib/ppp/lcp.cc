// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/lcp.h"

#include <array>
#include <span>

#include "lib/ppp/frame.h"

namespace lns::ppp {
namespace {

enum LcpOption : uint8_t {
  kMru = 1,
  kAccm = 2,
  kAuth = 3,
  kMagic = 5,
  kPfc = 7,
  kAcfc = 8,
};

constexpr uint8_t kChapAlgorithmMd5 = 5;  // RFC 1994 3

void WriteAuth(AuthProtocol protocol, OptionWriter& out) {
  if (protocol == AuthProtocol::kPap) out.U16(kAuth, kProtocolPap);
  if (protocol == AuthProtocol::kChapMd5) {
    out.U16(kAuth, kProtocolChap);
    out.ExtendU8(kChapAlgorithmMd5);
  }
}

// kNone for what this library does not speak.
AuthProtocol ReadAuth(ByteView body) {
  if (body.size() == 2 && LoadBe16(body.data()) == kProtocolPap) return AuthProtocol::kPap;
  if (body.size() == 3 && LoadBe16(body.data()) == kProtocolChap && body[2] == kChapAlgorithmMd5) {
    return AuthProtocol::kChapMd5;
  }
  return AuthProtocol::kNone;
}

}  // namespace

struct LcpOptionTable {
  static constexpr std::array<OptionRow<Lcp>, 6> kRows = {{
      {kMru, 2, "RFC 1661 6.1", &Lcp::JudgeMru, &Lcp::NakMru, &Lcp::RejectMru},
      {kAccm, 4, "RFC 1662 7.1", &Lcp::JudgeAccm, nullptr, nullptr},
      {kAuth, kAnyLength, "RFC 1661 6.2", &Lcp::JudgeAuth, &Lcp::NakAuth, &Lcp::RejectAuth},
      {kMagic, 4, "RFC 1661 6.4", &Lcp::JudgeMagic, &Lcp::NakMagic, &Lcp::RejectMagic},
      {kPfc, 0, "RFC 1661 6.5", &Lcp::JudgePfc, nullptr, &Lcp::RejectPfc},
      {kAcfc, 0, "RFC 1661 6.6", &Lcp::JudgeAcfc, nullptr, &Lcp::RejectAcfc},
  }};
  static constexpr std::span<const OptionRow<Lcp>> rows() { return kRows; }
};

Lcp::Lcp(const LinkSettings& settings, Rng& rng)
    : OptionPolicy(kProtocolLcp, LinkDownCause::kLcpRefused),
      settings_(settings),
      rng_(rng),
      magic_(NewMagic()),
      mru_(settings.mru) {
  ResetWishes();
}

void Lcp::ResetWishes() {
  mru_ = settings_.mru;
  auth_choice_ = 0;
  ask_mru_ = true;
  ask_magic_ = true;
  ask_pfc_ = settings_.ask_pfc;
  ask_acfc_ = settings_.ask_acfc;
}

uint32_t Lcp::NewMagic() {
  const auto magic = static_cast<uint32_t>(rng_.Next());
  return magic != 0 ? magic : 1;  // zero means "none" (RFC 1661 6.4)
}

AuthProtocol Lcp::AskedAuth() const {
  if (settings_.role != Role::kServer || auth_choice_ >= settings_.auth.size()) {
    return AuthProtocol::kNone;
  }
  return settings_.auth[auth_choice_];
}

AuthProtocol Lcp::auth() const {
  return settings_.role == Role::kServer ? AskedAuth() : peer_demands_;
}

void Lcp::WriteRequest(OptionWriter& out) const {
  if (ask_mru_) out.U16(kMru, mru_);
  WriteAuth(AskedAuth(), out);
  if (ask_magic_) out.U32(kMagic, magic_);
  if (ask_pfc_) out.Flag(kPfc);
  if (ask_acfc_) out.Flag(kAcfc);
}

void Lcp::BeginPeerRequest() {
  peer_mru_ = kDefaultMru;
  peer_demands_ = AuthProtocol::kNone;
  peer_pfc_ = false;
  peer_acfc_ = false;
}

Judgement Lcp::Judge(const Option& option, OptionWriter& nak) {
  return JudgeByTable<Lcp>(*this, LcpOptionTable::rows(), option, nak);
}
void Lcp::OnNak(const Option& option) { NakByTable<Lcp>(*this, LcpOptionTable::rows(), option); }
void Lcp::OnReject(const Option& option) {
  RejectByTable<Lcp>(*this, LcpOptionTable::rows(), option);
}

Judgement Lcp::JudgeMru(ByteView body, OptionWriter& nak) {
  const uint16_t mru = LoadBe16(body.data());
  if (mru < kMinMru) {
    nak.U16(kMru, kDefaultMru);
    return Judgement::kNak;
  }
  peer_mru_ = mru;
  return Judgement::kAck;
}

// Asynchronous framing ends at the LAC; any map will do.
Judgement Lcp::JudgeAccm(ByteView, OptionWriter&) { return Judgement::kAck; }

// We never authenticate ourselves to a subscriber. As a client we offer what we can do instead.
Judgement Lcp::JudgeAuth(ByteView body, OptionWriter& nak) {
  if (settings_.role == Role::kServer) return Judgement::kReject;
  const AuthProtocol demanded = ReadAuth(body);
  AuthProtocol first = AuthProtocol::kNone;
  for (const AuthProtocol able : settings_.auth) {
    if (able == AuthProtocol::kNone) continue;
    if (first == AuthProtocol::kNone) first = able;
    if (able == demanded) {
      peer_demands_ = demanded;
      return Judgement::kAck;
    }
  }
  if (first == AuthProtocol::kNone) return Judgement::kReject;
  WriteAuth(first, nak);
  return Judgement::kNak;
}

// RFC 1661 6.4: zero is always Nak'ed; our own number means a loop or a rare coincidence.
Judgement Lcp::JudgeMagic(ByteView body, OptionWriter& nak) {
  const uint32_t magic = LoadBe32(body.data());
  const bool ours = magic == magic_ && ask_magic_;
  if (!ours) loop_evidence_ = 0;
  if (ours && ++loop_evidence_ >= kMaxLoopEvidence) Refuse(LinkDownCause::kLoopback);
  if (magic != 0 && !ours) return Judgement::kAck;
  nak.U32(kMagic, NewMagic());
  return Judgement::kNak;
}

Judgement Lcp::JudgePfc(ByteView, OptionWriter&) {
  peer_pfc_ = true;
  return Judgement::kAck;
}

Judgement Lcp::JudgeAcfc(ByteView, OptionWriter&) {
  peer_acfc_ = true;
  return Judgement::kAck;
}

// A smaller unit the peer prefers to send is fine; a larger one we cannot receive, and asking again
// would not change the peer's mind, so the default applies (RFC 1661 6.1).
void Lcp::NakMru(ByteView body) {
  const uint16_t mru = LoadBe16(body.data());
  if (mru >= kMinMru && mru <= settings_.mru) {
    mru_ = mru;
  } else {
    ask_mru_ = false;
  }
}

// Takes the peer's suggestion where it is on our list, else our own next preference.
void Lcp::NakAuth(ByteView body) {
  const AuthProtocol suggested = ReadAuth(body);
  if (suggested != AuthProtocol::kNone && suggested != AskedAuth()) {
    for (size_t i = 0; i < settings_.auth.size(); ++i) {
      if (settings_.auth[i] == suggested) {
        auth_choice_ = static_cast<uint8_t>(i);
        return;
      }
    }
  }
  NextAuthChoice();
}

void Lcp::NextAuthChoice() {
  ++auth_choice_;
  if (auth_choice_ >= settings_.auth.size()) Refuse(LinkDownCause::kAuthRefused);
}

// The peer will not authenticate at all: only a list that allows that goes on.
void Lcp::RejectAuth() {
  for (size_t i = 0; i < settings_.auth.size(); ++i) {
    if (settings_.auth[i] == AuthProtocol::kNone) {
      auth_choice_ = static_cast<uint8_t>(i);
      return;
    }
  }
  Refuse(LinkDownCause::kAuthRefused);
}

// RFC 1661 6.4: a Nak of the magic number calls for a new one.
void Lcp::NakMagic(ByteView) { magic_ = NewMagic(); }

}  // namespace lns::ppp
