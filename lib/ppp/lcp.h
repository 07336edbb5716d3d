// LCP's options (RFC 1661 6, RFC 1662 7.1): what we ask of the peer and grant it. MRU,
// authentication, magic number and the two field compressions are negotiated, ACCM is accepted and
// has no meaning here, everything else (quality, callback, multilink, unknown) is rejected.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/rng.h"
#include "lib/ppp/link.h"
#include "lib/ppp/option_fsm.h"

namespace lns::ppp {

// Smaller receive units are Nak'ed; with less, no useful packet fits.
inline constexpr uint16_t kMinMru = 128;
// Our own magic number in this many requests of the peer running is a loop, not chance.
inline constexpr uint8_t kMaxLoopEvidence = 3;

class Lcp final : public OptionPolicy {
 public:
  Lcp(const LinkSettings& settings, Rng& rng);

  void WriteRequest(OptionWriter& out) const override;
  void BeginPeerRequest() override;
  Judgement Judge(const Option& option, OptionWriter& nak) override;
  void WriteMissing(OptionWriter& nak) const override { (void)nak; }
  void OnNak(const Option& option) override;
  void OnReject(const Option& option) override;

  // Agreed values, good while LCP is Opened.
  uint16_t peer_mru() const { return peer_mru_; }
  bool send_pfc() const { return peer_pfc_; }
  bool send_acfc() const { return peer_acfc_; }
  // Server: what the peer must do. Client: what the peer demands of us.
  AuthProtocol auth() const;
  // In our LCP packets; zero when the peer rejected the option.
  uint32_t magic() const { return ask_magic_ ? magic_ : 0; }

 protected:
  void ResetWishes() override;

 private:
  friend struct LcpOptionTable;

  Judgement JudgeMru(ByteView body, OptionWriter& nak);
  Judgement JudgeAccm(ByteView body, OptionWriter& nak);
  Judgement JudgeAuth(ByteView body, OptionWriter& nak);
  Judgement JudgeMagic(ByteView body, OptionWriter& nak);
  Judgement JudgePfc(ByteView body, OptionWriter& nak);
  Judgement JudgeAcfc(ByteView body, OptionWriter& nak);
  void NakMru(ByteView body);
  void NakAuth(ByteView body);
  void NakMagic(ByteView body);
  void RejectMru() { ask_mru_ = false; }
  void RejectAuth();
  void RejectMagic() { ask_magic_ = false; }
  void RejectPfc() { ask_pfc_ = false; }
  void RejectAcfc() { ask_acfc_ = false; }

  // The authentication we ask for now: settings' list from auth_choice_ on; kNone past its end.
  AuthProtocol AskedAuth() const;
  void NextAuthChoice();
  uint32_t NewMagic();

  const LinkSettings& settings_;
  Rng& rng_;
  uint32_t magic_;
  uint16_t mru_;
  uint16_t peer_mru_ = 1500;
  uint8_t auth_choice_ = 0;
  AuthProtocol peer_demands_ = AuthProtocol::kNone;
  uint8_t loop_evidence_ = 0;
  bool ask_mru_ : 1 = true;
  bool ask_magic_ : 1 = true;
  bool ask_pfc_ : 1 = false;
  bool ask_acfc_ : 1 = false;
  bool peer_pfc_ : 1 = false;
  bool peer_acfc_ : 1 = false;
};

}  // namespace lns::ppp
