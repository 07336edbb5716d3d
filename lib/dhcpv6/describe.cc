// DHCPv6 messages in words (RFC 8415 8).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstdio>
#include <string>

#include "lib/base/text.h"
#include "lib/dhcpv6/message.h"

namespace lns::dhcpv6 {
namespace {

constexpr size_t kMaxLine = 400;

std::string TextOf(const Status& status) {
  std::string text = ToString(status.code);
  if (!status.text.empty()) {
    text += ' ';
    AppendQuoted(text, AsBytes(status.text));
  }
  return text;
}

std::string TextOf(const Association& association) {
  std::string text = association.kind == IaKind::kAddress ? "IA_NA " : "IA_PD ";
  text += std::to_string(association.iaid);
  for (const LeaseOption& lease : association.leases) {
    text += ' ';
    text += association.kind == IaKind::kAddress ? lease.prefix.address.ToString()
                                                 : lease.prefix.ToString();
    text += " valid " + std::to_string(lease.valid_s) + " s";
  }
  if (association.status) text += ' ' + TextOf(*association.status);
  return text;
}

std::string Line(const Message& message) {
  char head[64];
  std::snprintf(head, sizeof(head), " 0x%06x", static_cast<unsigned>(message.transaction_id));
  std::string text = "DHCPv6 " + ToString(message.type) + head;
  if (!message.client_id.empty()) {
    text += ", client ";
    AppendHex(text, message.client_id, 20);
  }
  if (message.rapid_commit) text += ", rapid commit";
  for (const Association& association : message.associations) text += ", " + TextOf(association);
  if (message.status) text += ", " + TextOf(*message.status);
  for (const net::IpAddress& server : message.dns) text += ", dns " + server.ToString();
  for (const std::string& domain : message.domains) text += ", search " + domain;
  return text;
}

}  // namespace

std::string Describe(ByteView bytes) {
  const auto message = Parse(bytes);
  std::string line = message.ok() ? Line(*message)
                                  : std::string("DHCPv6, ") + ToString(message.error()) + ", " +
                                        std::to_string(bytes.size()) + " bytes";
  if (line.size() > kMaxLine) line.replace(kMaxLine - 3, std::string::npos, "...");
  return line;
}

}  // namespace lns::dhcpv6
