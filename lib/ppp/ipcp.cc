// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/ipcp.h"

#include <span>

#include "lib/ppp/frame.h"

namespace lns::ppp {
namespace {

enum IpcpOption : uint8_t {
  kAddress = 3,
  kPrimaryDns = 129,
  kSecondaryDns = 131,
};
constexpr std::array<uint8_t, 2> kDnsTypes = {kPrimaryDns, kSecondaryDns};

}  // namespace

// Options 1, 2, 130 and 132 have no row: they are rejected like unknown ones.
struct IpcpOptionTable {
  static constexpr std::array<OptionRow<Ipcp>, 3> kRows = {{
      {kAddress, 4, "RFC 1332 3.3", &Ipcp::JudgeAddress, &Ipcp::NakAddress, &Ipcp::RejectAddress},
      {kPrimaryDns, 4, "RFC 1877 1.1", &Ipcp::JudgeDns<0>, &Ipcp::NakDns<0>, &Ipcp::RejectDns<0>},
      {kSecondaryDns, 4, "RFC 1877 1.3", &Ipcp::JudgeDns<1>, &Ipcp::NakDns<1>, &Ipcp::RejectDns<1>},
  }};
  static constexpr std::span<const OptionRow<Ipcp>> rows() { return kRows; }
};

Ipcp::Ipcp(Role role) : OptionPolicy(kProtocolIpcp, LinkDownCause::kAddressRefused), role_(role) {
  ResetWishes();
}

// A client asks again for the address it had.
void Ipcp::ResetWishes() {
  const bool client = role_ == Role::kClient;
  ask_dns_ = {client, client};
}

void Ipcp::WriteRequest(OptionWriter& out) const {
  // A server without an address of its own is unnumbered; a client asks for one with zero.
  if (role_ == Role::kClient || parameters_.local != 0) out.U32(kAddress, parameters_.local);
  for (size_t i = 0; i < kDnsTypes.size(); ++i) {
    if (ask_dns_[i]) out.U32(kDnsTypes[i], parameters_.dns[i]);
  }
}

void Ipcp::BeginPeerRequest() {
  peer_named_address_ = false;
  if (role_ == Role::kClient) parameters_.peer = 0;
}

Judgement Ipcp::Judge(const Option& option, OptionWriter& nak) {
  return JudgeByTable<Ipcp>(*this, IpcpOptionTable::rows(), option, nak);
}
void Ipcp::OnNak(const Option& option) { NakByTable<Ipcp>(*this, IpcpOptionTable::rows(), option); }
void Ipcp::OnReject(const Option& option) {
  RejectByTable<Ipcp>(*this, IpcpOptionTable::rows(), option);
}

// The server's subscriber must ask for, and so agree to, the address it was given.
void Ipcp::WriteMissing(OptionWriter& nak) const {
  if (role_ == Role::kServer && !peer_named_address_) nak.U32(kAddress, parameters_.peer);
}

void Ipcp::OnAck() {
  if (role_ == Role::kClient && parameters_.local == 0) Refuse(LinkDownCause::kAddressRefused);
}

Judgement Ipcp::JudgeAddress(ByteView body, OptionWriter& nak) {
  const uint32_t address = LoadBe32(body.data());
  peer_named_address_ = true;
  if (role_ == Role::kClient) {
    // A server that asks us for its address (zero) gets none from a subscriber.
    if (address == 0) return Judgement::kReject;
    parameters_.peer = address;
    return Judgement::kAck;
  }
  if (address == parameters_.peer) return Judgement::kAck;
  nak.U32(kAddress, parameters_.peer);
  return Judgement::kNak;
}

template <size_t kIndex>
Judgement Ipcp::JudgeDns(ByteView body, OptionWriter& nak) {
  const uint32_t server = parameters_.dns[kIndex];
  if (role_ == Role::kClient || server == 0) return Judgement::kReject;
  if (LoadBe32(body.data()) == server) return Judgement::kAck;
  nak.U32(kDnsTypes[kIndex], server);
  return Judgement::kNak;
}

// A server's own address is not the peer's to choose: it is asked for again, unchanged, until
// Max-Failure ends the matter.
void Ipcp::NakAddress(ByteView body) {
  if (role_ == Role::kClient) parameters_.local = LoadBe32(body.data());
}

template <size_t kIndex>
void Ipcp::NakDns(ByteView body) {
  parameters_.dns[kIndex] = LoadBe32(body.data());
}

}  // namespace lns::ppp
