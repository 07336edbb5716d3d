// The message decoder on any AVPs, with and without a secret. An accepted message encodes to one
// that is accepted again and says the same.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/base/check.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lns;
  for (const std::string_view secret : {std::string_view(), std::string_view("fuzz")}) {
    const l2tp::DecodedMessage decoded = l2tp::DecodeMessage(ByteView(data, size), secret);
    if (decoded.verdict == l2tp::Verdict::kReject) {
      LNS_CHECK(decoded.rejection.result == 2 && !decoded.rejection.message.empty());
      LNS_CHECK(!decoded.events.empty());
    }
    if (decoded.verdict != l2tp::Verdict::kAccept) continue;
    const Bytes datagram = l2tp::EncodeMessage(decoded.message, l2tp::PeerTunnelId(1),
                                               l2tp::PeerSessionId(2), nullptr);
    const l2tp::DecodedMessage again =
        l2tp::DecodeMessage(ByteView(datagram).subspan(l2tp::kControlHeaderLength), {});
    LNS_CHECK(again.verdict == l2tp::Verdict::kAccept);
    LNS_CHECK(again.message.present == decoded.message.present);
    LNS_CHECK(l2tp::EncodeMessage(again.message, l2tp::PeerTunnelId(1), l2tp::PeerSessionId(2),
                                  nullptr) == datagram);
  }
  return 0;
}
