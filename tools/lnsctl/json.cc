// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lnsctl/json.h"

#include <algorithm>
#include <cstdint>
#include <functional>

#include "lib/base/bytes.h"
#include "lib/net/address.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lns::lnsctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Writes one field's value, or one element of a repeated field when `index` is not negative.
std::string Value(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection& r = *message.GetReflection();
  const bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? r.GetBool(message, field) : r.GetRepeatedBool(message, field, index)) ? "true"
                                                                                          : "false";
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(one ? r.GetUInt32(message, field)
                              : r.GetRepeatedUInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(one ? r.GetUInt64(message, field)
                              : r.GetRepeatedUInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(one ? r.GetInt32(message, field)
                              : r.GetRepeatedInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(one ? r.GetInt64(message, field)
                              : r.GetRepeatedInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(one ? r.GetDouble(message, field)
                              : r.GetRepeatedDouble(message, field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(one ? r.GetFloat(message, field)
                              : r.GetRepeatedFloat(message, field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return Quote(
          (one ? r.GetEnum(message, field) : r.GetRepeatedEnum(message, field, index))->name());
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          one ? r.GetString(message, field) : r.GetRepeatedString(message, field, index);
      return Quote(field->type() == FieldDescriptor::TYPE_BYTES ? MacText(text) : text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (one && !r.HasField(message, field)) return "null";
      return ToJson(one ? r.GetMessage(message, field)
                        : r.GetRepeatedMessage(message, field, index));
  }
  return "null";
}

std::string Elements(const Message& message, const FieldDescriptor* field) {
  const Reflection& r = *message.GetReflection();
  if (field->message_type() == types::v1::NamedCounter::descriptor()) {
    CounterList counters;
    for (int i = 0; i < r.FieldSize(message, field); ++i) {
      counters.Add()->CopyFrom(r.GetRepeatedMessage(message, field, i));
    }
    return ToJson(counters);
  }
  std::string text = "[";
  for (int i = 0; i < r.FieldSize(message, field); ++i) {
    absl::StrAppend(&text, i > 0 ? ", " : "", Value(message, field, i));
  }
  return text + "]";
}

}  // namespace

std::string ToJson(const Message& message) {
  const auto* descriptor = message.GetDescriptor();
  if (descriptor == types::v1::IpAddress::descriptor()) {
    return Quote(AddressText(static_cast<const types::v1::IpAddress&>(message)));
  }
  if (descriptor == types::v1::IpPrefix::descriptor()) {
    return Quote(PrefixText(static_cast<const types::v1::IpPrefix&>(message)));
  }
  std::string text = "{";
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    absl::StrAppend(&text, i > 0 ? ", " : "", "\"", field->name(), "\": ",
                    field->is_repeated() ? Elements(message, field) : Value(message, field, -1));
  }
  return text + "}";
}

std::string ToJson(const CounterList& counters) {
  std::string text = "{";
  for (const types::v1::NamedCounter& counter : counters) {
    absl::StrAppend(&text, text.size() > 1 ? ", " : "", Quote(counter.name()), ": ",
                    counter.value());
  }
  return text + "}";
}

std::string Quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string AddressText(const types::v1::IpAddress& address) {
  const auto parsed = net::IpAddress::FromBytes(AsBytes(address.octets()));
  if (parsed) return parsed->ToString();
  return address.octets().empty() ? "none" : absl::BytesToHexString(address.octets());
}

std::string PrefixText(const types::v1::IpPrefix& prefix) {
  return absl::StrCat(AddressText(prefix.address()), "/", prefix.length());
}

std::string MacText(const std::string& octets) {
  net::MacAddress mac{};
  if (octets.size() != mac.size()) return absl::BytesToHexString(octets);
  const ByteView bytes = AsBytes(octets);
  std::copy(bytes.begin(), bytes.end(), mac.begin());
  return net::FormatMac(mac);
}

}  // namespace lns::lnsctl
