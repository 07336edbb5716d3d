// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/net/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdio>

namespace lns::net {

std::optional<IpAddress> IpAddress::FromBytes(ByteView bytes) {
  if (bytes.size() == 4) return V4(LoadBe32(bytes.data()));
  if (bytes.size() == 16) return V6(bytes);
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string terminated(text);
  std::array<uint8_t, 16> raw{};
  if (inet_pton(AF_INET, terminated.c_str(), raw.data()) == 1) return V4(LoadBe32(raw.data()));
  if (inet_pton(AF_INET6, terminated.c_str(), raw.data()) == 1) return V6(raw);
  return std::nullopt;
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "none";
  if (is_v4()) inet_ntop(AF_INET, bytes_.data(), text, sizeof(text));
  if (is_v6()) inet_ntop(AF_INET6, bytes_.data(), text, sizeof(text));
  return text;
}

namespace {
bool BitIsSet(const std::array<uint8_t, 16>& bytes, int bit) {
  return (bytes[static_cast<size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0;
}
}  // namespace

std::optional<IpPrefix> IpPrefix::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Host(*address);
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (length < 0 || length > address->bits()) return std::nullopt;
  for (int bit = length; bit < address->bits(); ++bit) {
    if (BitIsSet(address->raw(), bit)) return std::nullopt;
  }
  return IpPrefix{*address, static_cast<uint8_t>(length)};
}

bool IpPrefix::Contains(const IpAddress& other) const {
  if (other.family() != address.family()) return false;
  for (int bit = 0; bit < length; ++bit) {
    if (BitIsSet(address.raw(), bit) != BitIsSet(other.raw(), bit)) return false;
  }
  return true;
}

std::string IpPrefix::ToString() const { return address.ToString() + "/" + std::to_string(length); }

std::string Endpoint::ToString() const {
  const std::string port_text = ":" + std::to_string(port);
  if (address.is_v6()) return "[" + address.ToString() + "]" + port_text;
  return address.ToString() + port_text;
}

std::optional<MacAddress> ParseMac(std::string_view text) {
  MacAddress mac{};
  if (text.size() != 17) return std::nullopt;
  for (size_t i = 0; i < 6; ++i) {
    const std::string_view octet = text.substr(i * 3, 2);
    const auto [end, error] = std::from_chars(octet.data(), octet.data() + 2, mac[i], 16);
    if (error != std::errc() || end != octet.data() + 2) return std::nullopt;
    if (i < 5 && text[i * 3 + 2] != ':') return std::nullopt;
  }
  return mac;
}

std::string FormatMac(const MacAddress& mac) {
  char text[18];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5]);
  return text;
}

}  // namespace lns::net
