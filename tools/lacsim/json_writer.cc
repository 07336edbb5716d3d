// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/json_writer.h"

#include <cmath>
#include <cstdio>

namespace lns::lacsim {

void JsonWriter::Text(std::string_view key, std::string_view value) {
  Key(key);
  Quote(value);
}

void JsonWriter::Number(std::string_view key, double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", std::isfinite(value) ? value : 0.0);
  Raw(key, text);
}

void JsonWriter::Raw(std::string_view key, std::string_view value) {
  Key(key);
  text_ += value;
}

void JsonWriter::Key(std::string_view key) {
  if (depth_ > 0) {
    text_ += first_ ? "\n" : ",\n";
    text_.append(static_cast<size_t>(2 * depth_), ' ');
  }
  first_ = false;
  if (key.empty()) return;
  Quote(key);
  text_ += ": ";
}

// Text from the network may hold anything: what is not printable ASCII is escaped byte by byte, so
// the document is valid whatever a peer says.
void JsonWriter::Quote(std::string_view value) {
  text_ += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", byte);
      text_ += escape;
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

void JsonWriter::Open(std::string_view key, char bracket) {
  Key(key);
  text_ += bracket;
  ++depth_;
  first_ = true;
}

void JsonWriter::Close(char bracket) {
  --depth_;
  if (!first_) {
    text_ += '\n';
    text_.append(static_cast<size_t>(2 * depth_), ' ');
  }
  text_ += bracket;
  first_ = false;
  if (depth_ == 0) text_ += '\n';
}

}  // namespace lns::lacsim
