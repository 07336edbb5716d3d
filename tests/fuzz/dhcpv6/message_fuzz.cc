// The DHCPv6 decoder on any bytes, and the rules of a server. What is read and can be written is
// read the same again, but for domain names that are none.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstddef>
#include <cstdint>

#include "lib/base/check.h"
#include "lib/dhcpv6/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lns::dhcpv6;
  const lns::ByteView bytes(data, size);
  LNS_CHECK(Describe(bytes).size() <= 400);
  auto parsed = Parse(bytes);
  if (!parsed.ok()) return 0;
  Message& message = *parsed;
  LNS_CHECK(message.associations.size() <= kMaxAssociations &&
            message.client_id.size() <= kMaxDuid && message.dns.size() <= kMaxServers);
  for (const Association& association : message.associations) {
    LNS_CHECK(association.leases.size() <= kMaxLeases);
  }
  MayServerTake(message, message.server_id);
  message.domains.clear();
  const lns::Bytes written = Write(message);
  if (written.empty()) return 0;  // more than one datagram
  const auto again = Parse(written);
  LNS_CHECK(again.ok());
  LNS_CHECK(*again == message);
  return 0;
}
