// IPCP's options (RFC 1332 3, RFC 1877 1): the server assigns the subscriber's address and name
// servers, the client asks for address and DNS. Van Jacobson compression, the old IP-Addresses
// option, name servers there are none of and anything unknown are rejected.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/ppp/link.h"
#include "lib/ppp/option_fsm.h"

namespace lns::ppp {

class Ipcp final : public OptionPolicy {
 public:
  explicit Ipcp(const LinkSettings& settings);

  // Server: what to agree on; before the negotiation begins.
  void Assign(const Ipv4Parameters& parameters) { parameters_ = parameters; }
  // Client: what was agreed on, good while IPCP is Opened. Server: what was assigned.
  const Ipv4Parameters& parameters() const { return parameters_; }

  void WriteRequest(OptionWriter& out) const override;
  void BeginPeerRequest(ByteView options) override;
  Judgement Judge(const Option& option, OptionWriter& nak) override;
  void WriteMissing(OptionWriter& nak) const override;
  void OnNak(const Option& option) override;
  void OnReject(const Option& option) override;
  void OnAck() override;

 protected:
  void ResetWishes() override;

 private:
  friend struct IpcpOptionTable;

  bool server() const;
  // What the server assigns: two of DNS, then two of NetBIOS; zero: none.
  uint32_t NameServer(size_t index) const;
  Judgement JudgeAddress(ByteView body, OptionWriter& nak);
  template <size_t kIndex>
  Judgement JudgeNameServer(ByteView body, OptionWriter& nak);
  void NakAddress(ByteView body);
  template <size_t kIndex>
  void NakDns(ByteView body);
  // Without the address option there is no address to agree on.
  void RejectAddress() { Refuse(LinkDownCause::kAddressRefused); }
  template <size_t kIndex>
  void RejectDns() {
    parameters_.dns[kIndex] = 0;
    ask_dns_[kIndex] = false;
  }

  const LinkSettings& settings_;
  Ipv4Parameters parameters_;
  bool peer_named_address_ = false;
  std::array<bool, 2> ask_dns_{};  // client only
};

}  // namespace lns::ppp
