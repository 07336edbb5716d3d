// What a simulated end sent, read as strictly as it gets: a tunnel of ours never sends less.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <optional>
#include <string_view>

#include "lib/l2tp/header.h"
#include "lib/l2tp/message.h"

namespace lns::l2tp {

// Of a ZLB the verdict is kAccept and the type unknown. Nothing: not a whole control message, or
// one its receiver would refuse or count.
inline std::optional<DecodedMessage> ReadSent(const Bytes& datagram, std::string_view secret,
                                              Header& header) {
  if (ParseHeader(datagram, header) != HeaderError::kNone || !header.control ||
      header.end != datagram.size()) {
    return std::nullopt;
  }
  if (header.payload_length() == 0) return DecodedMessage{};
  DecodedMessage decoded = DecodeMessage(ByteView(datagram).subspan(header.payload_offset), secret);
  if (decoded.verdict != Verdict::kAccept || !decoded.events.empty()) return std::nullopt;
  return decoded;
}

}  // namespace lns::l2tp
