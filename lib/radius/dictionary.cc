// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/radius/dictionary.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/text.h"
#include "lib/net/address.h"
#include "lib/radius/attributes.h"
#include "lib/radius/value.h"

namespace lns::radius {
namespace {

// Fields of a line that mean something; what follows them is not looked at.
constexpr size_t kMaxFields = 6;
constexpr size_t kMaxShownAttributes = 64;

struct TypeName {
  std::string_view name;
  DataType type;
};
constexpr TypeName kTypes[] = {
    {"string", DataType::kText},         {"text", DataType::kText},
    {"octets", DataType::kOctets},       {"abinary", DataType::kOctets},
    {"ether", DataType::kOctets},        {"ipv4prefix", DataType::kOctets},
    {"byte", DataType::kOctets},         {"short", DataType::kOctets},
    {"uint8", DataType::kOctets},        {"uint16", DataType::kOctets},
    {"combo-ip", DataType::kOctets},     {"signed", DataType::kInteger},
    {"integer", DataType::kInteger},     {"uint32", DataType::kInteger},
    {"integer64", DataType::kInteger64}, {"uint64", DataType::kInteger64},
    {"date", DataType::kDate},           {"time", DataType::kDate},
    {"ipaddr", DataType::kIpv4},         {"ipv4addr", DataType::kIpv4},
    {"ipv6addr", DataType::kIpv6},       {"ipv6prefix", DataType::kIpv6Prefix},
    {"ifid", DataType::kInterfaceId},
};

// Secrets by their nature, whatever a file says of them.
constexpr AttributeId kSecrets[] = {
    kUserPassword,    kChapPassword,   kTunnelPassword, kMsChapResponse,
    kMsChap2Response, kMsChapMppeKeys, kMsMppeSendKey,  kMsMppeRecvKey,
};

bool IsSecret(AttributeId id) {
  return std::find(std::begin(kSecrets), std::end(kSecrets), id) != std::end(kSecrets);
}

std::optional<DataType> TypeOf(std::string_view name) {
  name = name.substr(0, name.find('['));  // octets[16]
  for (const TypeName& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

template <typename T>
std::optional<T> NumberOf(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || at != end || text.empty()) return std::nullopt;
  return value;
}

std::optional<Bytes> BytesOfHex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  for (size_t at = 0; at < digits.size(); at += 2) {
    uint8_t byte = 0;
    const char* end = digits.data() + at + 2;
    const auto [stop, error] = std::from_chars(digits.data() + at, end, byte, 16);
    if (error != std::errc() || stop != end) return std::nullopt;
    bytes.push_back(byte);
  }
  return bytes;
}

Bytes BytesOf(uint64_t value, size_t length) {
  Bytes bytes(length);
  for (size_t i = length; i > 0; --i, value >>= 8) bytes[i - 1] = static_cast<uint8_t>(value);
  return bytes;
}

std::string_view TakeField(std::string_view& line) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t start = std::min(line.find_first_not_of(kBlank), line.size());
  line.remove_prefix(start);
  const size_t length = std::min(line.find_first_of(kBlank), line.size());
  const std::string_view field = line.substr(0, length);
  line.remove_prefix(length);
  return field;
}

// Keywords of newer or other dictionaries about things no packet of ours holds.
constexpr std::string_view kPassedOver[] = {
    "FLAGS",   "PROTOCOL", "BEGIN-PROTOCOL", "END-PROTOCOL",    "BEGIN-TLV",
    "END-TLV", "STRUCT",   "BEGIN-STRUCT",   "END-STRUCT",      "MEMBER",
    "ENUM",    "DEFINE",   "ALIAS",          "VENDOR-SPECIFIC",
};

}  // namespace

std::optional<uint32_t> DictionaryAttribute::ValueOf(std::string_view value_name) const {
  for (const auto& [known, number] : values) {
    if (known == value_name) return number;
  }
  return std::nullopt;
}

std::string_view DictionaryAttribute::NameOf(uint32_t value) const {
  for (const auto& [known, number] : values) {
    if (number == value) return known;
  }
  return {};
}

// One file, line by line.
class Dictionary::Parser {
 public:
  Parser(Dictionary& dictionary, std::vector<std::string>& includes)
      : dictionary_(dictionary), includes_(includes) {}

  std::optional<DictionaryError> Run(std::string_view text) {
    for (int line = 1; !text.empty(); ++line) {
      const size_t end = std::min(text.find('\n'), text.size());
      std::string error = Line(text.substr(0, end));
      if (!error.empty()) return DictionaryError{line, std::move(error)};
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (in_vendor_) return DictionaryError{0, "BEGIN-VENDOR without END-VENDOR"};
    return std::nullopt;
  }

 private:
  using Fields = std::array<std::string_view, kMaxFields>;

  // "": fine.
  std::string Line(std::string_view line) {
    line = line.substr(0, line.find('#'));
    Fields fields;
    for (std::string_view& field : fields) field = TakeField(line);
    const std::string_view keyword = fields[0];
    if (keyword.empty()) return "";
    if (keyword == "ATTRIBUTE") return OnAttribute(fields);
    if (keyword == "VALUE") return OnValue(fields);
    if (keyword == "VENDOR") return OnVendor(fields);
    if (keyword == "BEGIN-VENDOR") return OnBeginVendor(fields);
    if (keyword == "END-VENDOR") return OnEndVendor(fields);
    if (keyword == "$INCLUDE" || keyword == "$INCLUDE-") {
      if (fields[1].empty()) return "$INCLUDE of nothing";
      includes_.emplace_back(fields[1]);
      return "";
    }
    if (std::find(std::begin(kPassedOver), std::end(kPassedOver), keyword) !=
        std::end(kPassedOver)) {
      return Skip();
    }
    return "unknown keyword " + std::string(keyword);
  }

  std::string Skip() {
    ++dictionary_.skipped_;
    return "";
  }

  // ATTRIBUTE name number type [flags, or the vendor]
  std::string OnAttribute(const Fields& fields) {
    if (fields[3].empty()) return "expected ATTRIBUTE name number type";
    const std::optional<uint32_t> number = NumberOf<uint32_t>(fields[2]);
    if (!number && fields[2].find('.') == std::string_view::npos) {
      return "expected a number, got " + std::string(fields[2]);
    }
    const std::optional<DataType> type = TypeOf(fields[3]);
    // 0 is nobody's; larger numbers are those of extended and vendors' wider spaces.
    if (!number || *number == 0 || *number > 255 || !type || foreign_format_) return Skip();
    DictionaryAttribute attribute{.name = std::string(fields[1]),
                                  .id = {vendor_, static_cast<uint8_t>(*number)},
                                  .type = *type};
    std::string_view flags = fields[4];
    if (!flags.empty() && !TakeFlags(flags, attribute)) {
      const auto vendor = dictionary_.VendorOf(flags);  // of the oldest files
      if (!vendor) return "unknown flag or vendor " + std::string(flags);
      attribute.id.vendor = *vendor;
    }
    attribute.secret |= IsSecret(attribute.id);
    Keep(std::move(attribute));
    return "";
  }

  static bool TakeFlags(std::string_view flags, DictionaryAttribute& attribute) {
    constexpr std::string_view kHarmless[] = {"array", "concat",  "virtual", "internal", "secret",
                                              "long",  "subtype", "enum",    "key",      "length"};
    while (!flags.empty()) {
      const size_t end = std::min(flags.find(','), flags.size());
      const std::string_view flag = flags.substr(0, end);
      flags.remove_prefix(std::min(end + 1, flags.size()));
      const std::string_view name = flag.substr(0, flag.find('='));
      const bool harmless =
          std::find(std::begin(kHarmless), std::end(kHarmless), name) != std::end(kHarmless);
      if (name == "has_tag") {
        attribute.tagged = true;
      } else if (name == "encrypt" || name == "secret") {
        attribute.secret = true;
      } else if (!harmless) {
        return false;
      }
    }
    return true;
  }

  // The newer meaning of a name, and the newer name of a number.
  void Keep(DictionaryAttribute attribute) {
    const size_t index = dictionary_.attributes_.size();
    dictionary_.by_name_[attribute.name] = index;
    dictionary_.by_id_[attribute.id] = index;
    dictionary_.attributes_.push_back(std::move(attribute));
  }

  // VALUE attribute name number
  std::string OnValue(const Fields& fields) {
    const std::optional<uint64_t> number = NumberOf<uint64_t>(fields[3]);
    if (!number) return "expected VALUE attribute name number";
    const auto found = dictionary_.by_name_.find(std::string(fields[1]));
    if (found == dictionary_.by_name_.end() || *number > UINT32_MAX) return Skip();
    dictionary_.attributes_[found->second].values.emplace_back(fields[2],
                                                               static_cast<uint32_t>(*number));
    return "";
  }

  // VENDOR name number [format=type bytes,length bytes]
  std::string OnVendor(const Fields& fields) {
    const std::optional<uint32_t> number = NumberOf<uint32_t>(fields[2]);
    if (!number || *number == 0) return "expected VENDOR name number";
    const std::string name(fields[1]);
    dictionary_.vendors_[name] = *number;
    const std::string_view format = fields[3];
    if (format.starts_with("format=") && format != "format=1,1") foreign_.push_back(*number);
    return "";
  }

  std::string OnBeginVendor(const Fields& fields) {
    if (in_vendor_) return "BEGIN-VENDOR within another";
    const auto vendor = dictionary_.VendorOf(fields[1]);
    if (!vendor) return "unknown vendor " + std::string(fields[1]);
    in_vendor_ = true;
    vendor_ = *vendor;
    foreign_format_ = std::find(foreign_.begin(), foreign_.end(), vendor_) != foreign_.end();
    return "";
  }

  std::string OnEndVendor(const Fields& fields) {
    if (!in_vendor_ || dictionary_.VendorOf(fields[1]) != vendor_) {
      return "END-VENDOR without its BEGIN-VENDOR";
    }
    in_vendor_ = false;
    vendor_ = 0;
    foreign_format_ = false;
    return "";
  }

  Dictionary& dictionary_;
  std::vector<std::string>& includes_;
  bool in_vendor_ = false;
  uint32_t vendor_ = 0;
  bool foreign_format_ = false;
  std::vector<uint32_t> foreign_;  // vendors whose sub-attributes have other headers
};

std::optional<DictionaryError> Dictionary::Add(std::string_view text,
                                               std::vector<std::string>& includes) {
  return Parser(*this, includes).Run(text);
}

const DictionaryAttribute* Dictionary::Find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &attributes_[found->second];
}

const DictionaryAttribute* Dictionary::Find(AttributeId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &attributes_[found->second];
}

std::optional<uint32_t> Dictionary::VendorOf(std::string_view name) const {
  const auto found = vendors_.find(std::string(name));
  if (found == vendors_.end()) return std::nullopt;
  return found->second;
}

std::optional<Bytes> Dictionary::Encode(const DictionaryAttribute& attribute,
                                        std::string_view text) {
  const size_t limit = attribute.id.vendor == 0 ? kMaxValue : kMaxVendorValue;
  switch (attribute.type) {
    case DataType::kOctets:
    case DataType::kText: {
      std::optional<Bytes> bytes = Bytes(text.begin(), text.end());
      if (attribute.type == DataType::kOctets && text.starts_with("0x")) {
        bytes = BytesOfHex(text.substr(2));
      }
      if (!bytes || bytes->empty() || bytes->size() > limit) return std::nullopt;
      return bytes;
    }
    case DataType::kInteger:
    case DataType::kDate: {
      std::optional<uint32_t> number = attribute.ValueOf(text);
      if (!number) number = NumberOf<uint32_t>(text);
      if (!number) return std::nullopt;
      return BytesOf(*number, 4);
    }
    case DataType::kInteger64: {
      const std::optional<uint64_t> number = NumberOf<uint64_t>(text);
      if (!number) return std::nullopt;
      return BytesOf(*number, 8);
    }
    case DataType::kIpv4:
    case DataType::kIpv6: {
      const auto address = net::IpAddress::Parse(text);
      if (!address || address->is_v4() != (attribute.type == DataType::kIpv4)) return std::nullopt;
      const ByteView bytes = address->bytes();
      return Bytes(bytes.begin(), bytes.end());
    }
    case DataType::kIpv6Prefix: {
      const auto prefix = net::IpPrefix::Parse(text);
      if (!prefix || !prefix->address.is_v6()) return std::nullopt;
      Bytes bytes = {0, prefix->length};
      const ByteView octets = prefix->address.bytes().first((size_t{prefix->length} + 7) / 8);
      bytes.insert(bytes.end(), octets.begin(), octets.end());
      return bytes;
    }
    case DataType::kInterfaceId: {
      // As an address without its first half: "0:0:0:1".
      const auto address = net::IpAddress::Parse("::" + std::string(text));
      if (!address || !address->is_v6()) return std::nullopt;
      const ByteView octets = address->bytes().subspan(8);
      return Bytes(octets.begin(), octets.end());
    }
  }
  return std::nullopt;
}

namespace {

// "": the bytes are no value of the type.
std::string TextOf(const DictionaryAttribute& known, ByteView value) {
  std::string out;
  switch (known.type) {
    case DataType::kText:
      AppendQuoted(out, value);
      break;
    case DataType::kInteger:
    case DataType::kDate:
      if (const auto number = ReadInteger(value)) {
        const std::string_view name = known.NameOf(*number);
        out = name.empty() ? std::to_string(*number) : std::string(name);
      }
      break;
    case DataType::kInteger64:
      if (const auto number = ReadInteger64(value)) out = std::to_string(*number);
      break;
    case DataType::kIpv4:
      if (const auto address = ReadIpv4(value)) out = address->ToString();
      break;
    case DataType::kIpv6:
      if (const auto address = ReadIpv6(value)) out = address->ToString();
      break;
    case DataType::kIpv6Prefix:
      if (const auto prefix = ReadIpv6Prefix(value)) out = prefix->ToString();
      break;
    case DataType::kInterfaceId:
    case DataType::kOctets:
      break;
  }
  return out;
}

std::string TaggedTextOf(const DictionaryAttribute& known, ByteView value) {
  if (known.type == DataType::kInteger) {
    const auto tagged = ReadTaggedInteger(value);
    if (!tagged) return "";
    const std::string_view name = known.NameOf(tagged->value);
    return name.empty() ? std::to_string(tagged->value) : std::string(name);
  }
  return TextOf(known, ReadTaggedText(value).text);
}

}  // namespace

std::string Dictionary::Describe(const Attribute& attribute) const {
  const DictionaryAttribute* known = Find(attribute.id);
  std::string out = known != nullptr           ? known->name
                    : attribute.id.vendor == 0 ? "Attr-" + std::to_string(attribute.id.type)
                                               : "Vendor-" + std::to_string(attribute.id.vendor) +
                                                     "-Attr-" + std::to_string(attribute.id.type);
  if (IsSecret(attribute.id) || (known != nullptr && known->secret)) return out + " ***";
  std::string text;
  if (known != nullptr) {
    text = known->tagged ? TaggedTextOf(*known, attribute.value) : TextOf(*known, attribute.value);
  }
  out += ' ';
  if (!text.empty()) return out + text;
  out += "0x";
  AppendHex(out, attribute.value);
  return out;
}

std::string Dictionary::Describe(const Packet& packet) const {
  std::string out = ToString(packet.code);
  out += " id " + std::to_string(packet.identifier);
  const char* separator = ": ";
  size_t shown = 0;
  AttributeReader reader(packet.attributes);
  for (Attribute attribute; reader.Next(attribute); separator = ", ") {
    out += separator;
    if (shown++ == kMaxShownAttributes) return out + "...";
    out += Describe(attribute);
  }
  return out;
}

}  // namespace lns::radius
