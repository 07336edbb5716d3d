// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/ipv6cp.h"

#include <array>
#include <span>

#include "lib/ppp/frame.h"
#include "lib/ppp/option_numbers.h"

namespace lns::ppp {
namespace {

// The "u" bit: universally unique. Random identifiers are not (RFC 5072 4.1).
constexpr uint64_t kUniversalBit = uint64_t{0x02} << 56;

uint64_t LoadBe64(const uint8_t* p) { return uint64_t{LoadBe32(p)} << 32 | LoadBe32(p + 4); }

}  // namespace

struct Ipv6cpOptionTable {
  static constexpr std::array<OptionRow<Ipv6cp>, 1> kRows = {{
      {kIpv6cpInterfaceId, 8, "RFC 5072 4.1", &Ipv6cp::JudgeInterfaceId, &Ipv6cp::NakInterfaceId,
       &Ipv6cp::RejectInterfaceId},
  }};
  static constexpr std::span<const OptionRow<Ipv6cp>> rows() { return kRows; }
};

Ipv6cp::Ipv6cp(Role role, Rng& rng)
    : OptionPolicy(kProtocolIpv6cp, LinkDownCause::kNoNetworkProtocol),
      rng_(rng),
      local_(RandomId()),
      role_(role) {}

uint64_t Ipv6cp::RandomId() const {
  const uint64_t id = rng_.Next() & ~kUniversalBit;
  return id != 0 ? id : 1;
}

void Ipv6cp::WriteRequest(OptionWriter& out) const { out.U64(kIpv6cpInterfaceId, local_); }

Judgement Ipv6cp::Judge(const Option& option, OptionWriter& nak) {
  return JudgeByTable<Ipv6cp>(*this, Ipv6cpOptionTable::rows(), option, nak);
}
void Ipv6cp::OnNak(const Option& option) {
  NakByTable<Ipv6cp>(*this, Ipv6cpOptionTable::rows(), option);
}
void Ipv6cp::OnReject(const Option& option) {
  RejectByTable<Ipv6cp>(*this, Ipv6cpOptionTable::rows(), option);
}

void Ipv6cp::WriteMissing(OptionWriter& nak) const {
  if (role_ == Role::kServer && peer_ == 0) {
    nak.U64(kIpv6cpInterfaceId, suggestion_ != 0 ? suggestion_ : RandomId());
  }
}

// RFC 5072 4.1: zero and our own identifier are Nak'ed with another; anything else is the peer's
// to choose, after it has heard what it should be.
Judgement Ipv6cp::JudgeInterfaceId(ByteView body, OptionWriter& nak) {
  const uint64_t id = LoadBe64(body.data());
  const bool usable = id != 0 && id != local_;
  const bool insist = suggestion_ != 0 && id != suggestion_ && suggestions_made_ < kMaxSuggestions;
  if (usable && !insist) {
    peer_ = id;
    return Judgement::kAck;
  }
  if (insist) ++suggestions_made_;
  // Named, if not agreed: WriteMissing has nothing to add.
  peer_ = suggestion_ != 0 ? suggestion_ : RandomId();
  nak.U64(kIpv6cpInterfaceId, peer_);
  return Judgement::kNak;
}

// RFC 5072 4.1: a suggestion that is zero or the peer's own identifier is no help.
void Ipv6cp::NakInterfaceId(ByteView body) {
  const uint64_t id = LoadBe64(body.data());
  local_ = id != 0 && id != peer_ && id != local_ ? id : RandomId();
}

}  // namespace lns::ppp
