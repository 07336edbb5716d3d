// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/net/domain_name.h"

namespace lns::net {
namespace {

constexpr size_t kMaxLabel = 63;

bool MayStandInLabel(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

std::optional<Bytes> EncodeDomainName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return std::nullopt;
  Bytes encoded;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kMaxLabel) return std::nullopt;
    encoded.push_back(static_cast<uint8_t>(label.size()));
    for (const char c : label) {
      if (!MayStandInLabel(c)) return std::nullopt;
      encoded.push_back(static_cast<uint8_t>(c));
    }
    if (label.size() == name.size()) break;
    name.remove_prefix(label.size() + 1);
  }
  encoded.push_back(0);
  if (encoded.size() > kMaxDomainName) return std::nullopt;
  return encoded;
}

std::optional<std::string> ReadDomainName(Reader& reader) {
  std::string name;
  const size_t start = reader.offset();
  while (true) {
    const uint8_t length = reader.ReadU8();
    // The two upper bits would be a pointer.
    if (!reader.ok() || length > kMaxLabel) return std::nullopt;
    if (length == 0) return name;
    const ByteView label = reader.ReadBytes(length);
    if (!reader.ok() || reader.offset() - start > kMaxDomainName) return std::nullopt;
    if (!name.empty()) name += '.';
    for (const uint8_t c : label) name += c > ' ' && c < 0x7f ? static_cast<char>(c) : '?';
  }
}

}  // namespace lns::net
