// Names of attributes and of their values, read from dictionary files in the syntax FreeRADIUS has
// made common: ATTRIBUTE, VALUE, VENDOR, BEGIN-VENDOR and END-VENDOR, $INCLUDE, with # comments.
// The protocol itself needs none of it (attributes.h): a dictionary lets people write attributes by
// name in the configuration and read them in what we print.
//
// What such files may also say and one packet of ours never holds (TLVs, structures, extended
// spaces, vendors with another format) is passed over and counted; what is no dictionary at all is
// an error with its line. Text in, no I/O.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/radius/packet.h"

#include "absl/container/flat_hash_map.h"

namespace lns::radius {

// RFC 8044 3, by the names dictionaries use.
enum class DataType : uint8_t {
  kOctets,
  kText,
  kInteger,
  kInteger64,
  kDate,
  kIpv4,
  kIpv6,
  kIpv6Prefix,
  kInterfaceId,
};

struct DictionaryAttribute {
  std::string name;
  AttributeId id;
  DataType type = DataType::kOctets;
  bool tagged = false;  // has_tag: RFC 2868
  bool secret = false;  // encrypt=, or known to hold a secret: its value is never shown
  std::vector<std::pair<std::string, uint32_t>> values;

  // nullopt: the dictionary has no such value.
  std::optional<uint32_t> ValueOf(std::string_view value_name) const;
  // "": none.
  std::string_view NameOf(uint32_t value) const;
};

struct DictionaryError {
  int line = 0;
  std::string what;
};

class Dictionary {
 public:
  // Adds what a file says to what there is; a name or number told again takes the newer meaning.
  // `$INCLUDE` adds to `includes` in order, for the caller to read and add. nullopt: no error.
  std::optional<DictionaryError> Add(std::string_view text, std::vector<std::string>& includes);

  const DictionaryAttribute* Find(std::string_view name) const;
  const DictionaryAttribute* Find(AttributeId id) const;
  std::optional<uint32_t> VendorOf(std::string_view name) const;

  // The bytes of a value written as people do: text as it is (or 0x and hexadecimal digits for
  // octets), a number or the name of one, an address, a prefix. nullopt: not of the attribute's
  // type, or too long.
  static std::optional<Bytes> Encode(const DictionaryAttribute& attribute, std::string_view text);
  // "Framed-IP-Address 192.0.2.1"; of one it does not know the numbers and bytes, of a secret its
  // name alone.
  std::string Describe(const Attribute& attribute) const;
  // "Access-Accept id 7: Framed-IP-Address 192.0.2.1, ...".
  std::string Describe(const Packet& packet) const;

  size_t size() const { return attributes_.size(); }
  // Lines passed over.
  uint32_t skipped() const { return skipped_; }

 private:
  class Parser;

  std::vector<DictionaryAttribute> attributes_;
  absl::flat_hash_map<std::string, size_t> by_name_;
  absl::flat_hash_map<AttributeId, size_t> by_id_;
  absl::flat_hash_map<std::string, uint32_t> vendors_;
  uint32_t skipped_ = 0;
};

}  // namespace lns::radius
