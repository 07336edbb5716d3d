// Domain names as options carry them: labels of RFC 1035 3.1, never compressed (RFC 8106 5.2,
// RFC 8415 10).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"

namespace lns::net {

inline constexpr size_t kMaxDomainName = 255;  // on the wire

// "example.net" or "example.net.": letters, digits, hyphens and underscores. nullopt: no name.
std::optional<Bytes> EncodeDomainName(std::string_view name);

// Takes one name off the front of `reader`, without its last dot; "" is the root. Bytes that are
// not printable come as '?'. nullopt: malformed, or compressed.
std::optional<std::string> ReadDomainName(Reader& reader);

}  // namespace lns::net
