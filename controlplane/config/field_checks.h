// Checks of single values, each of which reports the first thing wrong through a SourceMap. The
// first error sticks: later checks do nothing, so a conversion reads straight through and asks for
// the status at its end.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "lib/base/time.h"
#include "lib/config/yaml.h"
#include "lib/net/address.h"

#include "absl/status/status.h"

namespace lns::controlplane {

struct Range {
  uint64_t low;
  uint64_t high;
};

// "list[2].field"; an empty field is the element itself.
std::string Element(std::string_view list, int index, std::string_view field);

class FieldChecks {
 public:
  explicit FieldChecks(const config::SourceMap& source) : source_(source) {}

  const absl::Status& status() const { return status_; }
  void Fail(std::string_view path, std::string_view what);
  // Something wrong in another file.
  void Fail(const absl::Status& status) { status_.Update(status); }
  bool Has(std::string_view path) const { return source_.Has(path); }

  // `value` if the field was written (and then it must lie in `range`), else `fallback`.
  uint64_t Number(std::string_view path, uint64_t value, Range range, uint64_t fallback);
  Duration Seconds(std::string_view path, uint64_t value, Range range, Duration fallback);
  Duration Milliseconds(std::string_view path, uint64_t value, Range range, Duration fallback);
  // None when the text is empty or wrong.
  net::IpAddress Address(std::string_view path, const std::string& text);
  net::IpAddress Ipv4Address(std::string_view path, const std::string& text);
  net::IpPrefix Prefix(std::string_view path, const std::string& text);
  net::IpPrefix Ipv4Prefix(std::string_view path, const std::string& text);
  // A name to match: a * may only be its last character.
  std::string Pattern(std::string_view path, const std::string& text);
  // "unix:/path", or the fallback when empty.
  std::string UnixTarget(std::string_view path, const std::string& text, std::string fallback);
  // Must be written and not be in `seen` yet, where it is added.
  void UniqueName(std::string_view path, const std::string& name, std::set<std::string>& seen);

 private:
  const config::SourceMap& source_;
  absl::Status status_;
};

}  // namespace lns::controlplane
