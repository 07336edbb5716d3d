// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/ppp_disconnect_cause.h"

#include <algorithm>
#include <array>

#include "lib/base/text.h"
#include "lib/l2tp/avp_table.h"

namespace lns::l2tp {
namespace {

constexpr auto kNames = std::to_array<const char *>({
    // RFC 3145 3.1, global
    "no information",
    "administrative disconnect",
    "LCP renegotiation disabled, no proxy LCP given",
    "LCP Terminate-Request",
    "compulsory encryption refused",
    // 3.2, LCP
    "LCP timeout",
    "no recognisable LCP packets",
    "magic number error, link looped back",
    "echo request timeout",
    "unexpected endpoint discriminator",
    "unexpected MRRU",
    "unexpected short sequence number option",
    "compulsory call-back refused",
    // 3.3, authentication
    "authentication timeout",
    "unexpected authenticated name",
    "authentication protocol unacceptable",
    "authentication failed",
    // 3.4, network control protocols
    "network control protocol timeout",
    "no network control protocol available",
    "no address was agreed on",
    "no address is permitted",
});
static_assert(kNames.size() == kPppDisconnectCodes);

constexpr auto kDirections = std::to_array<const char *>({"global", "at peer", "at local"});
constexpr size_t kFixedLength = 5;

}  // namespace

const char *PppDisconnectName(uint16_t code) {
  return code < kNames.size() ? kNames[code] : "unknown cause";
}

std::string Describe(const PppDisconnectCause &cause) {
  std::string text = PppDisconnectName(cause.code);
  text += " (" + std::to_string(cause.code);
  if (cause.protocol != 0) {
    text += ", protocol 0x";
    const std::array<uint8_t, 2> protocol = {static_cast<uint8_t>(cause.protocol >> 8),
                                             static_cast<uint8_t>(cause.protocol)};
    AppendHex(text, protocol);
  }
  if (cause.direction != 0) {
    text += ", ";
    text += cause.direction < kDirections.size() ? kDirections[cause.direction]
                                                 : "direction " + std::to_string(cause.direction);
  }
  text += ")";
  if (!cause.message.empty()) {
    text += ": ";
    AppendQuoted(text, AsBytes(cause.message));
  }
  return text;
}

bool ReadPppDisconnectCause(ByteView value, PppDisconnectCause &out) {
  Reader reader(value);
  out.code = reader.ReadU16();
  out.protocol = reader.ReadU16();
  out.direction = reader.ReadU8();
  out.message = AsText(reader.ReadRest());
  return reader.ok();
}

Bytes WritePppDisconnectCause(const PppDisconnectCause &cause) {
  const ByteView text =
      AsBytes(cause.message).first(std::min(cause.message.size(), kMaxAvpValue - kFixedLength));
  Bytes value(kFixedLength + text.size());
  Writer writer(value);
  writer.WriteU16(cause.code);
  writer.WriteU16(cause.protocol);
  writer.WriteU8(cause.direction);
  writer.WriteBytes(text);
  return value;
}

}  // namespace lns::l2tp
