// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/ipcp.h"

#include <span>

#include "lib/ppp/frame.h"
#include "lib/ppp/option_numbers.h"

namespace lns::ppp {
namespace {

// In the order of NameServer's index.
constexpr std::array<uint8_t, 4> kNameServerTypes = {kIpcpPrimaryDns, kIpcpSecondaryDns,
                                                     kIpcpPrimaryNbns, kIpcpSecondaryNbns};

}  // namespace

// Options 1 and 2 have no row: they are rejected like unknown ones.
struct IpcpOptionTable {
  static constexpr std::array<OptionRow<Ipcp>, 5> kRows = {{
      {kIpcpAddress, 4, "RFC 1332 3.3", &Ipcp::JudgeAddress, &Ipcp::NakAddress,
       &Ipcp::RejectAddress},
      {kIpcpPrimaryDns, 4, "RFC 1877 1.1", &Ipcp::JudgeNameServer<0>, &Ipcp::NakDns<0>,
       &Ipcp::RejectDns<0>},
      {kIpcpPrimaryNbns, 4, "RFC 1877 1.2", &Ipcp::JudgeNameServer<2>, nullptr, nullptr},
      {kIpcpSecondaryDns, 4, "RFC 1877 1.3", &Ipcp::JudgeNameServer<1>, &Ipcp::NakDns<1>,
       &Ipcp::RejectDns<1>},
      {kIpcpSecondaryNbns, 4, "RFC 1877 1.4", &Ipcp::JudgeNameServer<3>, nullptr, nullptr},
  }};
  static constexpr std::span<const OptionRow<Ipcp>> rows() { return kRows; }
};

Ipcp::Ipcp(const LinkSettings& settings)
    : OptionPolicy(kProtocolIpcp, LinkDownCause::kAddressRefused), settings_(settings) {
  ResetWishes();
}

bool Ipcp::server() const { return settings_.role == Role::kServer; }

uint32_t Ipcp::NameServer(size_t index) const {
  const size_t dns = parameters_.dns.size();
  return index < dns ? parameters_.dns[index] : settings_.nbns[index - dns];
}

// A client asks again for the address it had.
void Ipcp::ResetWishes() { ask_dns_ = {!server(), !server()}; }

void Ipcp::WriteRequest(OptionWriter& out) const {
  // A server without an address of its own is unnumbered; a client asks for one with zero.
  if (!server() || parameters_.local != 0) out.U32(kIpcpAddress, parameters_.local);
  for (size_t i = 0; i < ask_dns_.size(); ++i) {
    if (ask_dns_[i]) out.U32(kNameServerTypes[i], parameters_.dns[i]);
  }
}

void Ipcp::BeginPeerRequest(ByteView) {
  peer_named_address_ = false;
  if (!server()) parameters_.peer = 0;
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
  if (server() && !peer_named_address_) nak.U32(kIpcpAddress, parameters_.peer);
}

void Ipcp::OnAck() {
  if (!server() && parameters_.local == 0) Refuse(LinkDownCause::kAddressRefused);
}

Judgement Ipcp::JudgeAddress(ByteView body, OptionWriter& nak) {
  const uint32_t address = LoadBe32(body.data());
  peer_named_address_ = true;
  if (!server()) {
    // A server that asks us for its address (zero) gets none from a subscriber.
    if (address == 0) return Judgement::kReject;
    parameters_.peer = address;
    return Judgement::kAck;
  }
  if (address == parameters_.peer) return Judgement::kAck;
  nak.U32(kIpcpAddress, parameters_.peer);
  return Judgement::kNak;
}

template <size_t kIndex>
Judgement Ipcp::JudgeNameServer(ByteView body, OptionWriter& nak) {
  const uint32_t address = NameServer(kIndex);
  if (!server() || address == 0) return Judgement::kReject;
  if (LoadBe32(body.data()) == address) return Judgement::kAck;
  nak.U32(kNameServerTypes[kIndex], address);
  return Judgement::kNak;
}

// A server's own address is not the peer's to choose: it is asked for again, unchanged, until
// Max-Failure ends the matter.
void Ipcp::NakAddress(ByteView body) {
  if (!server()) parameters_.local = LoadBe32(body.data());
}

template <size_t kIndex>
void Ipcp::NakDns(ByteView body) {
  parameters_.dns[kIndex] = LoadBe32(body.data());
}

}  // namespace lns::ppp
