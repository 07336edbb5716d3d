// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/lcp.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "lib/ppp/chap.h"
#include "lib/ppp/option_numbers.h"

namespace lns::ppp {
namespace {

void WriteAuth(AuthProtocol protocol, OptionWriter& out) {
  if (protocol == AuthProtocol::kPap) out.U16(kLcpAuth, kProtocolPap);
  if (!IsChap(protocol)) return;
  out.U16(kLcpAuth, kProtocolChap);
  for (const ChapAlgorithmRow& row : kChapAlgorithms) {
    if (row.protocol == protocol) out.ExtendU8(row.number);
  }
}

// kNone for what this library does not speak.
AuthProtocol ReadAuth(ByteView body) {
  if (body.size() == 2 && LoadBe16(body.data()) == kProtocolPap) return AuthProtocol::kPap;
  if (body.size() == 3 && LoadBe16(body.data()) == kProtocolChap) {
    for (const ChapAlgorithmRow& row : kChapAlgorithms) {
      if (row.number == body[2]) return row.protocol;
    }
  }
  return AuthProtocol::kNone;
}

// What concerns the LAC's framing or a bundle that is never formed, and so may have been agreed on
// without us.
bool IsHarmlessWhenProxied(uint8_t type) {
  return type == kLcpFcsAlternatives || type == kLcpEndpointDiscriminator;
}

}  // namespace

struct LcpOptionTable {
  static constexpr std::array<OptionRow<Lcp>, 7> kRows = {{
      {kLcpMru, 2, "RFC 1661 6.1", &Lcp::JudgeMru, &Lcp::NakMru, &Lcp::RejectMru},
      {kLcpAccm, 4, "RFC 1662 7.1", &Lcp::JudgeAccm, &Lcp::NakAccm, &Lcp::RejectAccm},
      {kLcpAuth, kAnyLength, "RFC 1661 6.2", &Lcp::JudgeAuth, &Lcp::NakAuth, &Lcp::RejectAuth},
      {kLcpMagic, 4, "RFC 1661 6.4", &Lcp::JudgeMagic, &Lcp::NakMagic, &Lcp::RejectMagic},
      {kLcpPfc, 0, "RFC 1661 6.5", &Lcp::JudgePfc, nullptr, &Lcp::RejectPfc},
      {kLcpAcfc, 0, "RFC 1661 6.6", &Lcp::JudgeAcfc, nullptr, &Lcp::RejectAcfc},
      {kLcpFcsAlternatives, 1, "RFC 1570 2.3", &Lcp::JudgeFcs, &Lcp::NakFcs, &Lcp::RejectFcs},
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
  accm_ = settings_.ask_accm.value_or(kDefaultAccm);
  ask_accm_ = settings_.ask_accm.has_value();
  ask_magic_ = true;
  ask_pfc_ = settings_.ask_pfc;
  ask_acfc_ = settings_.ask_acfc;
  fcs_ = 0;
  if (interface_ == nullptr) return;
  OptionReader reader(interface_->want);
  while (const std::optional<Option> option = reader.Next()) WantForInterface(*option);
}

// RFC 3437 2.1. What is ours to decide (authentication, magic number) is not the LAC's to want, and
// what we do not know nobody can ask for.
void Lcp::WantForInterface(const Option& option) {
  switch (option.type) {
    case kLcpMru:
      if (option.body.size() == 2) {
        mru_ = std::min(std::max(LoadBe16(option.body.data()), kMinMru), settings_.mru);
      }
      return;
    case kLcpAccm:
      if (option.body.size() == 4) {
        accm_ = LoadBe32(option.body.data());
        ask_accm_ = true;
      }
      return;
    case kLcpPfc:
      ask_pfc_ = true;
      return;
    case kLcpAcfc:
      ask_acfc_ = true;
      return;
    case kLcpFcsAlternatives:
      if (option.body.size() == 1) fcs_ = option.body[0];
      return;
    default:
      return;
  }
}

void Lcp::SetInterfaceOptions(ByteView want, ByteView allow) {
  interface_ = std::make_unique<InterfaceOptions>(
      InterfaceOptions{.want = Bytes(want.begin(), want.end()),
                       .allow = Bytes(allow.begin(), allow.end()),
                       .received = {}});
  ResetWishes();
}

Bytes Lcp::SentOptions() const {
  if (interface_ == nullptr) return {};
  OptionWriter request;
  WriteRequest(request);
  return Bytes(request.bytes().begin(), request.bytes().end());
}

Bytes Lcp::ReceivedOptions() const {
  return interface_ != nullptr ? interface_->received : Bytes();
}

bool Lcp::Adopt(ByteView sent, ByteView received, bool authenticated) {
  if (OptionsAreWellFormed(sent) && OptionsAreWellFormed(received) &&
      AdoptSent(sent, authenticated) && AdoptReceived(received)) {
    return true;
  }
  magic_ = NewMagic();
  loop_evidence_ = 0;
  BeginPeerRequest({});
  ResetWishes();
  return false;
}

// The LAC's options are ours from now on: what the peer was told that it may send must be what we
// can receive, and it must have agreed to authenticate as we would have it.
bool Lcp::AdoptSent(ByteView sent, bool authenticated) {
  mru_ = kDefaultMru;
  ask_mru_ = ask_accm_ = ask_magic_ = ask_pfc_ = ask_acfc_ = false;
  auth_choice_ = static_cast<uint8_t>(ChoiceOf(AuthProtocol::kNone));
  OptionReader reader(sent);
  while (const std::optional<Option> option = reader.Next()) {
    if (!AdoptSentOption(*option)) return false;
  }
  return mru_ <= settings_.mru && (auth_choice_ < settings_.auth.size() || authenticated);
}

bool Lcp::AdoptSentOption(const Option& option) {
  const OptionRow<Lcp>* row = FindRow(LcpOptionTable::rows(), option.type);
  if (row == nullptr || !LengthFits(*row, option.body)) return IsHarmlessWhenProxied(option.type);
  switch (option.type) {
    case kLcpMru:
      mru_ = LoadBe16(option.body.data());
      ask_mru_ = true;
      return true;
    case kLcpAccm:
      accm_ = LoadBe32(option.body.data());
      ask_accm_ = true;
      return true;
    case kLcpAuth: {
      const AuthProtocol agreed = ReadAuth(option.body);
      auth_choice_ = static_cast<uint8_t>(ChoiceOf(agreed));
      return agreed != AuthProtocol::kNone && auth_choice_ < settings_.auth.size();
    }
    case kLcpMagic:
      magic_ = LoadBe32(option.body.data());
      ask_magic_ = magic_ != 0;
      return ask_magic_;
    case kLcpPfc:
      ask_pfc_ = true;
      return true;
    case kLcpAcfc:
      ask_acfc_ = true;
      return true;
    default:
      return IsHarmlessWhenProxied(option.type);
  }
}

bool Lcp::AdoptReceived(ByteView received) {
  OptionWriter unused;
  BeginPeerRequest(received);
  OptionReader reader(received);
  while (const std::optional<Option> option = reader.Next()) {
    if (!IsHarmlessWhenProxied(option->type) && Judge(*option, unused) != Judgement::kAck) {
      return false;
    }
  }
  return true;
}

size_t Lcp::ChoiceOf(AuthProtocol protocol) const {
  return static_cast<size_t>(std::ranges::find(settings_.auth, protocol) - settings_.auth.begin());
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
  if (ask_mru_) out.U16(kLcpMru, mru_);
  if (ask_accm_) out.U32(kLcpAccm, accm_);
  WriteAuth(AskedAuth(), out);
  if (ask_magic_) out.U32(kLcpMagic, magic_);
  if (ask_pfc_) out.Flag(kLcpPfc);
  if (ask_acfc_) out.Flag(kLcpAcfc);
  if (fcs_ != 0) out.U8(kLcpFcsAlternatives, fcs_);
}

void Lcp::BeginPeerRequest(ByteView options) {
  if (interface_ != nullptr) interface_->received.assign(options.begin(), options.end());
  looped_ = false;
  OptionReader reader(options);
  while (const std::optional<Option> option = reader.Next()) {
    looped_ |= option->type == kLcpMagic && option->body.size() == 4 && ask_magic_ &&
               LoadBe32(option->body.data()) == magic_;
  }
  peer_mru_ = kDefaultMru;
  peer_accm_ = kDefaultAccm;
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
    nak.U16(kLcpMru, kDefaultMru);
    return Judgement::kNak;
  }
  peer_mru_ = mru;
  return Judgement::kAck;
}

// Asynchronous framing ends at the LAC, which is told; any map will do.
Judgement Lcp::JudgeAccm(ByteView body, OptionWriter&) {
  peer_accm_ = LoadBe32(body.data());
  return Judgement::kAck;
}

// We never authenticate ourselves to a subscriber. As a client we offer what we can do instead. Our
// own demand that comes back is no demand: its magic number is what has to be answered.
Judgement Lcp::JudgeAuth(ByteView body, OptionWriter& nak) {
  if (settings_.role == Role::kServer) return looped_ ? Judgement::kAck : Judgement::kReject;
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
  if (!looped_) loop_evidence_ = 0;
  if (looped_ && ++loop_evidence_ >= kMaxLoopEvidence) Refuse(LinkDownCause::kLoopback);
  if (LoadBe32(body.data()) != 0 && !looped_) return Judgement::kAck;
  nak.U32(kLcpMagic, NewMagic());
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

// Only what the LAC can do (RFC 3437 2.2): its list names the sequences it knows.
Judgement Lcp::JudgeFcs(ByteView body, OptionWriter& nak) {
  if (interface_ == nullptr) return Judgement::kReject;
  OptionReader reader(interface_->allow);
  while (const std::optional<Option> option = reader.Next()) {
    if (option->type != kLcpFcsAlternatives || option->body.size() != 1) continue;
    const auto common = static_cast<uint8_t>(body[0] & option->body[0]);
    if (common == 0) return Judgement::kReject;
    if (common == body[0]) return Judgement::kAck;
    nak.U8(kLcpFcsAlternatives, common);
    return Judgement::kNak;
  }
  return Judgement::kReject;
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

// RFC 1662 7.1: the peer's map names further characters that it must be free to escape.
void Lcp::NakAccm(ByteView body) { accm_ |= LoadBe32(body.data()); }

// Fewer sequences than the interface knows are fine; others it does not know.
void Lcp::NakFcs(ByteView body) { fcs_ &= body[0]; }

// Takes the peer's suggestion where it is on our list, else our own next preference.
void Lcp::NakAuth(ByteView body) {
  const AuthProtocol suggested = ReadAuth(body);
  const size_t choice = ChoiceOf(suggested);
  if (suggested == AuthProtocol::kNone || suggested == AskedAuth() ||
      choice >= settings_.auth.size()) {
    return NextAuthChoice();
  }
  auth_choice_ = static_cast<uint8_t>(choice);
}

void Lcp::NextAuthChoice() {
  ++auth_choice_;
  if (auth_choice_ >= settings_.auth.size()) Refuse(LinkDownCause::kAuthRefused);
}

// The peer will not authenticate at all: only a list that allows that goes on.
void Lcp::RejectAuth() {
  const size_t choice = ChoiceOf(AuthProtocol::kNone);
  if (choice >= settings_.auth.size()) return Refuse(LinkDownCause::kAuthRefused);
  auth_choice_ = static_cast<uint8_t>(choice);
}

// RFC 1661 6.4: a Nak of the magic number calls for a new one.
void Lcp::NakMagic(ByteView) { magic_ = NewMagic(); }

}  // namespace lns::ppp
