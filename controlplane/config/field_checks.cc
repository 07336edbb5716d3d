// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/field_checks.h"

#include <sys/un.h>

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {
constexpr char kUnixScheme[] = "unix:/";
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;
}  // namespace

std::string Element(std::string_view list, int index, std::string_view field) {
  return absl::StrCat(std::string(list), "[", index, "]", field.empty() ? "" : ".",
                      std::string(field));
}

void FieldChecks::Fail(std::string_view path, std::string_view what) {
  if (status_.ok()) status_ = source_.Error(path, what);
}

uint64_t FieldChecks::Number(std::string_view path, uint64_t value, Range range,
                             uint64_t fallback) {
  if (!source_.Has(path)) return fallback;
  if (value < range.low || value > range.high) {
    Fail(path, absl::StrCat("expected ", range.low, " to ", range.high, ", got ", value));
  }
  return value;
}

Duration FieldChecks::Seconds(std::string_view path, uint64_t value, Range range,
                              Duration fallback) {
  const auto seconds = static_cast<uint64_t>(fallback.nanoseconds() / 1'000'000'000);
  return Duration::Seconds(static_cast<int64_t>(Number(path, value, range, seconds)));
}

Duration FieldChecks::Milliseconds(std::string_view path, uint64_t value, Range range,
                                   Duration fallback) {
  const auto ms = static_cast<uint64_t>(fallback.milliseconds());
  return Duration::Milliseconds(static_cast<int64_t>(Number(path, value, range, ms)));
}

net::IpAddress FieldChecks::Address(std::string_view path, const std::string& text) {
  if (text.empty()) return {};
  const std::optional<net::IpAddress> address = net::IpAddress::Parse(text);
  if (!address) Fail(path, absl::StrCat("expected an IP address, got \"", text, "\""));
  return address.value_or(net::IpAddress());
}

net::IpAddress FieldChecks::Ipv4Address(std::string_view path, const std::string& text) {
  if (text.empty()) return {};
  const std::optional<net::IpAddress> address = net::IpAddress::Parse(text);
  if (address && address->is_v4()) return *address;
  Fail(path, absl::StrCat("expected an IPv4 address, got \"", text, "\""));
  return {};
}

net::IpPrefix FieldChecks::Prefix(std::string_view path, const std::string& text) {
  const std::optional<net::IpPrefix> prefix = net::IpPrefix::Parse(text);
  if (!prefix) {
    Fail(path, absl::StrCat("expected a prefix without host bits, like 192.0.2.0/24, got \"", text,
                            "\""));
  }
  return prefix.value_or(net::IpPrefix());
}

net::IpPrefix FieldChecks::Ipv4Prefix(std::string_view path, const std::string& text) {
  const net::IpPrefix prefix = Prefix(path, text);
  if (prefix.address.is_v6())
    Fail(path, absl::StrCat("expected an IPv4 prefix, got \"", text, "\""));
  return prefix;
}

std::string FieldChecks::Pattern(std::string_view path, const std::string& text) {
  const size_t star = text.find('*');
  if (star != std::string::npos && star + 1 != text.size()) {
    Fail(path, "a * may only be the last character");
  }
  return text;
}

std::string FieldChecks::UnixTarget(std::string_view path, const std::string& text,
                                    std::string fallback) {
  std::string target = text.empty() ? std::move(fallback) : text;
  if (!absl::StartsWith(target, kUnixScheme)) {
    Fail(path, absl::StrCat("expected unix:/absolute/path, got \"", target, "\""));
  } else if (target.size() - (sizeof(kUnixScheme) - 2) > kMaxSocketPath) {
    Fail(path, absl::StrCat("the socket's path has more than ", kMaxSocketPath, " characters"));
  }
  return target;
}

void FieldChecks::UniqueName(std::string_view path, const std::string& name,
                             std::set<std::string>& seen) {
  if (name.empty()) return Fail(path, "expected a name");
  if (!seen.insert(name).second) Fail(path, absl::StrCat("\"", name, "\" is there already"));
}

}  // namespace lns::controlplane
