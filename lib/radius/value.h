// Attribute values as RFC 8044 3 types them, read from the wire. nullopt: not of that type, which
// is nothing worse than an attribute that says nothing.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/net/address.h"
#include "lib/radius/builder.h"

namespace lns::radius {

std::optional<uint32_t> ReadInteger(ByteView value);  // also enum, time (date)
std::optional<uint64_t> ReadInteger64(ByteView value);
std::optional<net::IpAddress> ReadIpv4(ByteView value);
std::optional<net::IpAddress> ReadIpv6(ByteView value);
// Fewer octets than the length needs stand for zeros; bits past the length must be zero.
std::optional<net::IpPrefix> ReadIpv6Prefix(ByteView value);
std::optional<uint64_t> ReadInterfaceId(ByteView value);

// RFC 2868 3. Where the first octet of a text is no tag, it belongs to the text.
struct TaggedText {
  Tag tag = kNoTag;
  ByteView text;
};
TaggedText ReadTaggedText(ByteView value);
struct TaggedInteger {
  Tag tag = kNoTag;
  uint32_t value = 0;
};
std::optional<TaggedInteger> ReadTaggedInteger(ByteView value);

}  // namespace lns::radius
