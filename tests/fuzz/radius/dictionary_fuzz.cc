// Any text as a dictionary file; then whatever it defines encodes and describes something.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/check.h"
#include "lib/radius/dictionary.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using lns::radius::AttributeId;
  using lns::radius::Dictionary;
  const lns::ByteView bytes(data, size);
  Dictionary dictionary;
  std::vector<std::string> includes;
  const auto error = dictionary.Add(lns::AsText(bytes), includes);
  if (error) LNS_CHECK(!error->what.empty());
  for (unsigned type = 1; type <= 255; ++type) {
    const AttributeId id{0, static_cast<uint8_t>(type)};
    const auto* known = dictionary.Find(id);
    if (known == nullptr) continue;
    LNS_CHECK(known->id == id);
    for (const char* text : {"1", "0x01", "192.0.2.1", "2001:db8::/32", "2001:db8::1", "text"}) {
      if (const auto value = Dictionary::Encode(*known, text)) {
        LNS_CHECK(!value->empty() && value->size() <= lns::radius::kMaxValue);
        LNS_CHECK(!dictionary.Describe({.id = id, .value = *value}).empty());
      }
    }
  }
  return 0;
}
