// Any bytes as a RADIUS packet: parsed, walked, read by every type, described, verified, revealed,
// and built again from what was read. What a packet holds must lie within it, and what the builder
// makes of its attributes must read the same.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/check.h"
#include "lib/base/rng.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/client.h"
#include "lib/radius/dictionary.h"
#include "lib/radius/hiding.h"
#include "lib/radius/packet.h"
#include "lib/radius/signature.h"
#include "lib/radius/value.h"

namespace lns::radius {
namespace {

constexpr char kSecret[] = "xyzzy5461";

void Values(ByteView value) {
  ReadInteger(value);
  ReadInteger64(value);
  ReadIpv4(value);
  ReadIpv6(value);
  ReadInterfaceId(value);
  ReadTaggedInteger(value);
  LNS_CHECK(ReadTaggedText(value).text.size() <= value.size());
  if (const auto prefix = ReadIpv6Prefix(value)) {
    PacketBuilder builder(Code::kAccessAccept, 0);
    LNS_CHECK(builder.AddIpv6Prefix(kDelegatedIpv6Prefix, *prefix));
    LNS_CHECK(ReadIpv6Prefix(builder.attributes().subspan(2)) == prefix);
  }
}

void Hidden(ByteView value) {
  const Authenticator authenticator{1, 2, 3};
  if (const auto text = RevealWithSalt(value, kSecret, authenticator)) {
    LNS_CHECK(text->size() < value.size());
  }
  if (const auto password = RevealUserPassword(value, kSecret, authenticator)) {
    LNS_CHECK(password->size() <= value.size());
    HideUserPassword(*password, kSecret, authenticator);
  }
}

void WholePacket(ByteView bytes) {
  Packet packet;
  if (ParsePacket(bytes, packet) != PacketError::kNone) return;
  LNS_CHECK(packet.bytes.size() <= bytes.size() && packet.bytes.size() <= kMaxPacketLength);
  size_t seen = 0;
  PacketBuilder copy(packet.code, packet.identifier);
  copy.AddRaw(packet.attributes);
  LNS_CHECK(std::ranges::equal(copy.attributes(), packet.attributes));
  AttributeReader reader(packet.attributes);
  for (Attribute attribute; reader.Next(attribute);) {
    seen += attribute.value.size();
    LNS_CHECK(attribute.value.size() <= kMaxValue);
    Values(attribute.value);
    Hidden(attribute.value);
  }
  LNS_CHECK(seen <= packet.attributes.size());
  const std::string line = Dictionary().Describe(packet);
  for (const char c : line) LNS_CHECK(c >= 0x20 && c < 0x7f);

  const Authenticator request{4, 5, 6};
  for (const auto demand : {MessageAuthenticator::kOptional, MessageAuthenticator::kRequired}) {
    CheckResponse(packet, request, kSecret, demand);
    CheckRequest(packet, kSecret, demand);
    CheckAccessRequest(packet, kSecret, demand);
  }
}

// A reply, as a server or a liar sends it, to a client that waits for one.
void Reply(ByteView bytes) {
  SeededRng rng(1);
  ClientSettings settings;
  settings.servers.push_back({.name = "s", .secret = kSecret});
  Client client(settings, rng);
  ClientActions actions;
  const Instant now = Instant::FromNanoseconds(1);
  client.Submit({.cookie = 1}, now, actions);
  client.OnDatagram(0, 0, bytes, now, actions);
  // Nobody guesses MD5.
  LNS_CHECK(client.in_flight() == 1);
}

}  // namespace
}  // namespace lns::radius

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const lns::ByteView bytes(data, size);
  lns::radius::WholePacket(bytes);
  lns::radius::Values(bytes);
  lns::radius::Hidden(bytes);
  lns::radius::Reply(bytes);
  return 0;
}
