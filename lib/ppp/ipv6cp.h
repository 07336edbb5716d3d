// IPV6CP's one option, the interface identifier (RFC 5072 4.1). Both sides must end with different
// identifiers that are not zero. Link-local addresses are fe80:: and the identifier.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/rng.h"
#include "lib/ppp/link.h"
#include "lib/ppp/option_fsm.h"

namespace lns::ppp {

// How often a server insists on the identifier it was told to suggest before it takes the peer's.
inline constexpr uint8_t kMaxSuggestions = 2;

class Ipv6cp final : public OptionPolicy {
 public:
  Ipv6cp(Role role, Rng& rng);

  // Server: the identifier the subscriber should have; zero: any. Before the negotiation begins.
  void Suggest(uint64_t interface_id) {
    suggestion_ = interface_id;
    if (local_ == suggestion_) local_ = RandomId();
  }

  uint64_t local_interface_id() const { return local_; }
  uint64_t peer_interface_id() const { return peer_; }

  void WriteRequest(OptionWriter& out) const override;
  void BeginPeerRequest(ByteView) override { peer_ = 0; }
  Judgement Judge(const Option& option, OptionWriter& nak) override;
  void WriteMissing(OptionWriter& nak) const override;
  void OnNak(const Option& option) override;
  void OnReject(const Option& option) override;

 protected:
  void ResetWishes() override { suggestions_made_ = 0; }

 private:
  friend struct Ipv6cpOptionTable;

  Judgement JudgeInterfaceId(ByteView body, OptionWriter& nak);
  void NakInterfaceId(ByteView body);
  void RejectInterfaceId() { RefuseAsStubborn(); }
  uint64_t RandomId() const;

  Rng& rng_;
  uint64_t local_;
  uint64_t peer_ = 0;
  uint64_t suggestion_ = 0;
  Role role_;
  uint8_t suggestions_made_ = 0;
};

}  // namespace lns::ppp
