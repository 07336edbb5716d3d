// Writes one JSON document (RFC 8259) front to back: objects, arrays and values in call order,
// commas and escapes by itself. For the report only; nothing here reads JSON.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace lns::lacsim {

class JsonWriter {
 public:
  // An empty key is for the document itself and for array elements.
  void BeginObject(std::string_view key = {}) { Open(key, '{'); }
  void EndObject() { Close('}'); }
  void BeginArray(std::string_view key) { Open(key, '['); }
  void EndArray() { Close(']'); }

  void Text(std::string_view key, std::string_view value);
  void Number(std::string_view key, double value);
  void Bool(std::string_view key, bool value) { Raw(key, value ? "true" : "false"); }
  template <typename T>
  void Integer(std::string_view key, T value) {
    static_assert(std::is_integral_v<T>);
    Raw(key, std::to_string(value));
  }

  const std::string& text() const { return text_; }

 private:
  void Key(std::string_view key);
  void Quote(std::string_view value);
  void Raw(std::string_view key, std::string_view value);
  void Open(std::string_view key, char bracket);
  void Close(char bracket);

  std::string text_;
  bool first_ = true;  // in the innermost object or array
  int depth_ = 0;
};

}  // namespace lns::lacsim
