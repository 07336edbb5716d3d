// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/config/field_reader.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"

namespace lns::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

// A value quoted in an error is cut here: a secret pasted into the wrong field, or a whole
// document.
constexpr size_t kMaxQuoted = 40;

Position PositionOf(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

bool IsQuoted(const YAML::Node& node) { return node.Tag() == "!"; }

// How the node looks to the person who wrote it.
std::string Describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return "nothing";
    case YAML::NodeType::Map:
      return "a mapping";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Scalar:
      break;
  }
  const std::string& text = node.Scalar();
  const std::string shown =
      text.size() <= kMaxQuoted ? text : absl::StrCat(text.substr(0, kMaxQuoted), "...");
  return absl::StrCat(IsQuoted(node) ? "the string \"" : "\"", shown, "\"");
}

absl::Status Expected(const SourceMap& source, const std::string& path, const std::string& expected,
                      const YAML::Node& node) {
  return source.Error(path, absl::StrCat("expected ", expected, ", found ", Describe(node)));
}

// ENUM_NAME_VALUE and VALUE are both "value"; the unspecified zero cannot be written.
std::string EnumPrefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return prefix + "_";
}

std::string EnumWord(const EnumValueDescriptor& value) {
  const std::string prefix = EnumPrefix(*value.type());
  return absl::AsciiStrToLower(absl::StripPrefix(value.name(), prefix));
}

std::vector<const EnumValueDescriptor*> EnumChoices(const EnumDescriptor& type) {
  std::vector<const EnumValueDescriptor*> choices;
  for (int i = 0; i < type.value_count(); ++i) {
    if (EnumWord(*type.value(i)) != "unspecified") choices.push_back(type.value(i));
  }
  return choices;
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(type.field_count()));
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  std::sort(names.begin(), names.end());
  return names;
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::string UnknownFieldText(const std::string& key, const Descriptor& type) {
  const std::vector<std::string> names = FieldNames(type);
  const auto closest =
      std::min_element(names.begin(), names.end(), [&](const auto& a, const auto& b) {
        return EditDistance(key.substr(0, kMaxQuoted), a) <
               EditDistance(key.substr(0, kMaxQuoted), b);
      });
  std::string text = "unknown field";
  if (closest != names.end() && EditDistance(key.substr(0, kMaxQuoted), *closest) <= 2) {
    absl::StrAppend(&text, "; did you mean `", *closest, "`?");
  }
  return absl::StrCat(text, "; expected one of ", absl::StrJoin(names, ", "));
}

// Reads scalars of one field, singular or repeated, at one path.
class FieldReader {
 public:
  FieldReader(const FieldDescriptor* field, std::string path, SourceMap& source, Message* message)
      : field_(field), path_(std::move(path)), source_(source), message_(message) {}

  absl::Status Read(const YAML::Node& node) {
    // An absent value has no place of its own; yaml-cpp answers with that of the next token.
    if (!node.IsNull() || !source_.Has(path_)) source_.Record(path_, PositionOf(node));
    switch (field_->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return ReadSubmessage(node);
      case FieldDescriptor::CPPTYPE_STRING:
        return ReadString(node);
      case FieldDescriptor::CPPTYPE_BOOL:
        return ReadBool(node);
      case FieldDescriptor::CPPTYPE_ENUM:
        return ReadEnum(node);
      case FieldDescriptor::CPPTYPE_INT32:
        return ReadInteger<int32_t>(node);
      case FieldDescriptor::CPPTYPE_INT64:
        return ReadInteger<int64_t>(node);
      case FieldDescriptor::CPPTYPE_UINT32:
        return ReadInteger<uint32_t>(node);
      case FieldDescriptor::CPPTYPE_UINT64:
        return ReadInteger<uint64_t>(node);
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return ReadReal(node);
    }
    return source_.Error(path_, "a field type that configuration files do not support");
  }

 private:
  absl::Status ReadSubmessage(const YAML::Node& node) {
    const auto* reflection = message_->GetReflection();
    Message* child = field_->is_repeated() ? reflection->AddMessage(message_, field_)
                                           : reflection->MutableMessage(message_, field_);
    return ReadMessage(node, path_, source_, child);
  }

  absl::Status ReadString(const YAML::Node& node) {
    if (!node.IsScalar()) return Expected(source_, path_, "a string", node);
    const auto* reflection = message_->GetReflection();
    if (field_->is_repeated()) {
      reflection->AddString(message_, field_, node.Scalar());
    } else {
      reflection->SetString(message_, field_, node.Scalar());
    }
    return absl::OkStatus();
  }

  absl::Status ReadBool(const YAML::Node& node) {
    const bool is_true = node.IsScalar() && node.Scalar() == "true";
    const bool is_false = node.IsScalar() && node.Scalar() == "false";
    if ((!is_true && !is_false) || IsQuoted(node)) {
      return Expected(source_, path_, "true or false", node);
    }
    Store(is_true, &google::protobuf::Reflection::SetBool, &google::protobuf::Reflection::AddBool);
    return absl::OkStatus();
  }

  absl::Status ReadEnum(const YAML::Node& node) {
    std::vector<std::string> words;
    for (const EnumValueDescriptor* choice : EnumChoices(*field_->enum_type())) {
      const std::string word = EnumWord(*choice);
      if (node.IsScalar() && node.Scalar() == word) {
        const auto* reflection = message_->GetReflection();
        if (field_->is_repeated()) {
          reflection->AddEnum(message_, field_, choice);
        } else {
          reflection->SetEnum(message_, field_, choice);
        }
        return absl::OkStatus();
      }
      words.push_back(word);
    }
    return Expected(source_, path_, absl::StrCat("one of ", absl::StrJoin(words, ", ")), node);
  }

  template <typename T>
  absl::Status ReadInteger(const YAML::Node& node) {
    T value = 0;
    if (!node.IsScalar() || IsQuoted(node) || !absl::SimpleAtoi(node.Scalar(), &value)) {
      return Expected(source_, path_,
                      absl::StrCat("an integer from ", std::numeric_limits<T>::min(), " to ",
                                   std::numeric_limits<T>::max()),
                      node);
    }
    using Reflection = google::protobuf::Reflection;
    if constexpr (std::is_same_v<T, int32_t>) {
      Store(value, &Reflection::SetInt32, &Reflection::AddInt32);
    } else if constexpr (std::is_same_v<T, int64_t>) {
      Store(value, &Reflection::SetInt64, &Reflection::AddInt64);
    } else if constexpr (std::is_same_v<T, uint32_t>) {
      Store(value, &Reflection::SetUInt32, &Reflection::AddUInt32);
    } else {
      Store(value, &Reflection::SetUInt64, &Reflection::AddUInt64);
    }
    return absl::OkStatus();
  }

  absl::Status ReadReal(const YAML::Node& node) {
    double value = 0;
    if (!node.IsScalar() || IsQuoted(node) || !absl::SimpleAtod(node.Scalar(), &value)) {
      return Expected(source_, path_, "a number", node);
    }
    using Reflection = google::protobuf::Reflection;
    if (field_->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
      Store(static_cast<float>(value), &Reflection::SetFloat, &Reflection::AddFloat);
    } else {
      Store(value, &Reflection::SetDouble, &Reflection::AddDouble);
    }
    return absl::OkStatus();
  }

  template <typename T>
  using Setter = void (google::protobuf::Reflection::*)(Message*, const FieldDescriptor*, T) const;
  template <typename T>
  void Store(T value, Setter<T> set, Setter<T> add) {
    (message_->GetReflection()->*(field_->is_repeated() ? add : set))(message_, field_, value);
  }

  const FieldDescriptor* field_;
  std::string path_;
  SourceMap& source_;
  Message* message_;
};

absl::Status ReadList(const YAML::Node& node, const FieldDescriptor* field, const std::string& path,
                      SourceMap& source, Message* message) {
  if (node.IsNull()) return absl::OkStatus();  // `ports:` with every item commented out
  if (!node.IsSequence()) return Expected(source, path, "a list", node);
  size_t index = 0;
  for (const YAML::Node& item : node) {
    FieldReader reader(field, absl::StrCat(path, "[", index++, "]"), source, message);
    if (absl::Status status = reader.Read(item); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Which member of each oneof has been written, so that a second one is refused by both names.
using OneofMembers = absl::flat_hash_map<const OneofDescriptor*, const FieldDescriptor*>;

absl::Status ClaimOneof(const FieldDescriptor* field, const std::string& path,
                        const SourceMap& source, OneofMembers& members) {
  const OneofDescriptor* oneof = field->real_containing_oneof();
  if (oneof == nullptr) return absl::OkStatus();
  const auto [it, is_first] = members.try_emplace(oneof, field);
  if (is_first) return absl::OkStatus();
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(oneof->field_count()));
  for (int i = 0; i < oneof->field_count(); ++i) names.push_back(oneof->field(i)->name());
  return source.Error(path, absl::StrCat("expected only one of ", absl::StrJoin(names, ", "), "; `",
                                         it->second->name(), "` is already given"));
}

}  // namespace

absl::Status ReadMessage(const YAML::Node& node, const std::string& path, SourceMap& source,
                         Message* message) {
  if (node.IsNull()) return absl::OkStatus();  // `tables:` with every field commented out
  const Descriptor& type = *message->GetDescriptor();
  if (!node.IsMap()) {
    return Expected(source, path,
                    absl::StrCat("a mapping with fields ", absl::StrJoin(FieldNames(type), ", ")),
                    node);
  }
  OneofMembers oneof_members;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      source.Record(path, PositionOf(entry.first));
      return Expected(source, path, "a field name", entry.first);
    }
    const std::string& key = entry.first.Scalar();
    const std::string field_path = path.empty() ? key : absl::StrCat(path, ".", key);
    const bool is_repeated_key = source.Has(field_path);
    source.Record(field_path, PositionOf(entry.first));
    if (is_repeated_key) return source.Error(field_path, "field is given twice");
    const FieldDescriptor* field = type.FindFieldByName(key);
    if (field == nullptr) return source.Error(field_path, UnknownFieldText(key, type));
    absl::Status status = ClaimOneof(field, field_path, source, oneof_members);
    if (status.ok()) {
      status = field->is_repeated()
                   ? ReadList(entry.second, field, field_path, source, message)
                   : FieldReader(field, field_path, source, message).Read(entry.second);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace lns::config
