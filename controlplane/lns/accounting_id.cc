// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/accounting_id.h"

namespace lns::controlplane {
namespace {

void AppendDigits(std::string& out, uint64_t value, int bits) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = bits - 4; shift >= 0; shift -= 4) out += kDigits[value >> shift & 0x0f];
}

// Reads `bits` off the front of `text`. Lower case alone: one id has one spelling.
bool TakeDigits(std::string_view& text, int bits, uint64_t& value) {
  value = 0;
  for (int digits = bits / 4; digits > 0; --digits) {
    const char c = text.front();
    text.remove_prefix(1);
    const bool number = c >= '0' && c <= '9';
    if (!number && (c < 'a' || c > 'f')) return false;
    value = value << 4 | static_cast<uint64_t>(number ? c - '0' : c - 'a' + 10);
  }
  return true;
}

}  // namespace

std::string AccountingId::ToString() const {
  std::string text;
  text.reserve(kTextLength);
  AppendDigits(text, run, kRunBits);
  AppendDigits(text, number, kNumberBits);
  AppendDigits(text, slot, kSlotBits);
  return text;
}

std::optional<AccountingId> AccountingId::Parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  uint64_t run = 0;
  uint64_t number = 0;
  uint64_t slot = 0;
  if (!TakeDigits(text, kRunBits, run) || !TakeDigits(text, kNumberBits, number) ||
      !TakeDigits(text, kSlotBits, slot)) {
    return std::nullopt;
  }
  return AccountingId{run, number, static_cast<uint32_t>(slot)};
}

}  // namespace lns::controlplane
