// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lnsctl/format.h"

#include <algorithm>

#include "tools/lnsctl/json.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lns::lnsctl {

std::string AgeText(uint64_t ns) {
  const uint64_t seconds = ns / 1'000'000'000;
  if (seconds < 60) return absl::StrFormat("%ds", seconds);
  if (seconds < 3600) return absl::StrFormat("%dm%02ds", seconds / 60, seconds % 60);
  if (seconds < 86400) return absl::StrFormat("%dh%02dm", seconds / 3600, seconds / 60 % 60);
  return absl::StrFormat("%dd%02dh", seconds / 86400, seconds / 3600 % 24);
}

std::string RatioText(uint64_t part, uint64_t whole) {
  if (whole == 0) return "-";
  return absl::StrFormat("%.1f", static_cast<double>(part) / static_cast<double>(whole));
}

std::string PercentText(uint64_t part, uint64_t whole) {
  if (whole == 0) return "-";
  return absl::StrFormat("%.1f%%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string FieldLines(const google::protobuf::Message& message) {
  const auto* descriptor = message.GetDescriptor();
  const google::protobuf::Reflection& r = *message.GetReflection();
  size_t width = 0;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    width = std::max(width, descriptor->field(i)->name().size());
  }
  std::string text;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const bool is_text = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING;
    if (field->is_repeated() && !is_text) continue;
    std::string value;
    if (field->is_repeated()) {
      for (int n = 0; n < r.FieldSize(message, field); ++n) {
        absl::StrAppend(&value, n == 0 ? "" : ", ", r.GetRepeatedString(message, field, n));
      }
      absl::StrAppendFormat(&text, "%-*s  %s\n", static_cast<int>(width), field->name(), value);
      continue;
    }
    switch (field->cpp_type()) {
      case google::protobuf::FieldDescriptor::CPPTYPE_STRING:
        value = r.GetString(message, field);
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_UINT32:
        value = absl::StrFormat("%d", r.GetUInt32(message, field));
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_UINT64:
        value = absl::StrFormat("%d", r.GetUInt64(message, field));
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_BOOL:
        value = r.GetBool(message, field) ? "yes" : "no";
        break;
      default:
        value = ToJson(r.GetMessage(message, field));
        break;
    }
    absl::StrAppendFormat(&text, "%-*s  %s\n", static_cast<int>(width), field->name(), value);
  }
  return text;
}

}  // namespace lns::lnsctl
