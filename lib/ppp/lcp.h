// LCP's options (RFC 1661 6, RFC 1662 7.1): what we ask of the peer and grant it. MRU,
// authentication, magic number and the two field compressions are negotiated; ACCM is for the LAC,
// which does the framing; everything else (quality, callback, multilink, unknown) is rejected.
//
// A LAC can take part in two ways: it names options its own interface needs (RFC 3437), or it has
// negotiated everything itself and we take over what it agreed on (RFC 2661 4.4.5).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/ppp/frame.h"
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

  // RFC 3437 2.1 and 2.2; before the negotiation.
  void SetInterfaceOptions(ByteView want, ByteView allow);
  // Takes over what a LAC negotiated: `sent` by it for us, `received` from the peer, both
  // acknowledged. False: not acceptable, nothing is taken over. `authenticated`: the LAC knows the
  // user without PPP, so that LCP need not name an authentication.
  bool Adopt(ByteView sent, ByteView received, bool authenticated);

  void WriteRequest(OptionWriter& out) const override;
  void BeginPeerRequest(ByteView options) override;
  Judgement Judge(const Option& option, OptionWriter& nak) override;
  void WriteMissing(OptionWriter& nak) const override { (void)nak; }
  void OnNak(const Option& option) override;
  void OnReject(const Option& option) override;

  // Agreed values, good while LCP is Opened.
  uint16_t peer_mru() const { return peer_mru_; }
  bool send_pfc() const { return peer_pfc_; }
  bool send_acfc() const { return peer_acfc_; }
  uint32_t send_accm() const { return peer_accm_; }
  uint32_t receive_accm() const { return ask_accm_ ? accm_ : kDefaultAccm; }
  // Both sides' options as agreed on, where SetInterfaceOptions was called; else empty.
  Bytes SentOptions() const;
  Bytes ReceivedOptions() const;
  // Server: what the peer must do. Client: what the peer demands of us.
  AuthProtocol auth() const;
  // In our LCP packets; zero when the peer rejected the option.
  uint32_t magic() const { return ask_magic_ ? magic_ : 0; }

 protected:
  void ResetWishes() override;

 private:
  friend struct LcpOptionTable;

  // RFC 3437, where the LAC said anything.
  struct InterfaceOptions {
    Bytes want;
    Bytes allow;
    Bytes received;  // the peer's request judged last: the LAC will ask for it
  };

  bool AdoptSent(ByteView sent, bool authenticated);
  bool AdoptSentOption(const Option& option);
  bool AdoptReceived(ByteView received);
  // The index in settings' list; its size where it is not there.
  size_t ChoiceOf(AuthProtocol protocol) const;
  void WantForInterface(const Option& option);

  Judgement JudgeMru(ByteView body, OptionWriter& nak);
  Judgement JudgeAccm(ByteView body, OptionWriter& nak);
  Judgement JudgeAuth(ByteView body, OptionWriter& nak);
  Judgement JudgeMagic(ByteView body, OptionWriter& nak);
  Judgement JudgePfc(ByteView body, OptionWriter& nak);
  Judgement JudgeAcfc(ByteView body, OptionWriter& nak);
  Judgement JudgeFcs(ByteView body, OptionWriter& nak);
  void NakMru(ByteView body);
  void NakAccm(ByteView body);
  void NakAuth(ByteView body);
  void NakMagic(ByteView body);
  void NakFcs(ByteView body);
  void RejectMru() { ask_mru_ = false; }
  void RejectAccm() { ask_accm_ = false; }
  void RejectAuth();
  void RejectMagic() { ask_magic_ = false; }
  void RejectPfc() { ask_pfc_ = false; }
  void RejectAcfc() { ask_acfc_ = false; }
  void RejectFcs() { fcs_ = 0; }

  // The authentication we ask for now; kNone past the end of settings' list.
  AuthProtocol AskedAuth() const;
  void NextAuthChoice();
  uint32_t NewMagic();

  const LinkSettings& settings_;
  Rng& rng_;
  std::unique_ptr<InterfaceOptions> interface_;
  uint32_t magic_;
  uint32_t accm_ = kDefaultAccm;
  uint32_t peer_accm_ = kDefaultAccm;
  uint16_t mru_;
  uint16_t peer_mru_ = kDefaultMru;
  uint8_t auth_choice_ = 0;
  AuthProtocol peer_demands_ = AuthProtocol::kNone;
  uint8_t loop_evidence_ = 0;
  uint8_t fcs_ = 0;  // FCS-Alternatives wanted by the interface; 0: the default
  bool ask_mru_ : 1 = true;
  bool ask_accm_ : 1 = false;
  bool ask_magic_ : 1 = true;
  bool ask_pfc_ : 1 = false;
  bool ask_acfc_ : 1 = false;
  bool peer_pfc_ : 1 = false;
  bool peer_acfc_ : 1 = false;
  bool looped_ : 1 = false;  // the request being judged carries our own magic number
};

}  // namespace lns::ppp
