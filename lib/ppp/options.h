// Configuration options on the wire (RFC 1661 6) and the shape of one protocol's option table.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/bytes.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {

// More options than any real peer sends; a longer list is malformed.
inline constexpr size_t kMaxOptions = 64;

//      0        1       2
//  +--------+--------+------
//  |  type  | length | body     length counts type and length
//  +--------+--------+------
struct Option {
  uint8_t type = 0;
  ByteView body;
  ByteView whole;
};

// Walks an option list. A length below two or past the end stops the walk with ok() false.
class OptionReader {
 public:
  explicit OptionReader(ByteView list) : rest_(list) {}

  std::optional<Option> Next() {
    if (rest_.empty() || !ok_) return std::nullopt;
    const size_t length = rest_.size() < 2 ? 0 : rest_[1];
    if (length < 2 || length > rest_.size() || ++count_ > kMaxOptions) {
      ok_ = false;
      return std::nullopt;
    }
    const Option option{
        .type = rest_[0], .body = rest_.subspan(2, length - 2), .whole = rest_.first(length)};
    rest_ = rest_.subspan(length);
    return option;
  }
  bool ok() const { return ok_; }

 private:
  ByteView rest_;
  size_t count_ = 0;
  bool ok_ = true;
};

inline bool OptionsAreWellFormed(ByteView list) {
  OptionReader reader(list);
  while (reader.Next()) {
  }
  return reader.ok();
}

enum class Judgement : uint8_t { kAck, kNak, kReject };

inline constexpr int kAnyLength = -1;
inline constexpr size_t kMaxBodyLength = 8;

// One option of one protocol. `judge` says what the peer's option deserves and for a Nak writes the
// value we would take; `on_nak` and `on_reject` hear what the peer thinks of ours (null: it changes
// nothing).
template <typename Policy>
struct OptionRow {
  uint8_t type;
  int body_length;  // at most kMaxBodyLength; another is Nak'ed (judge) or ignored (on_nak)
  const char* section;
  Judgement (Policy::*judge)(ByteView body, OptionWriter& nak);
  void (Policy::*on_nak)(ByteView body);
  void (Policy::*on_reject)();
};

template <typename Policy>
const OptionRow<Policy>* FindRow(std::span<const OptionRow<Policy>> rows, uint8_t type) {
  for (const OptionRow<Policy>& row : rows) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

template <typename Policy>
bool LengthFits(const OptionRow<Policy>& row, ByteView body) {
  return row.body_length == kAnyLength || body.size() == static_cast<size_t>(row.body_length);
}

template <typename Policy>
Judgement JudgeByTable(Policy& policy, std::span<const OptionRow<Policy>> rows,
                       const Option& option, OptionWriter& nak) {
  const OptionRow<Policy>* row = FindRow(rows, option.type);
  if (row == nullptr || row->judge == nullptr) return Judgement::kReject;
  if (LengthFits(*row, option.body)) return (policy.*row->judge)(option.body, nak);
  // RFC 1661 6: what we would take, in its right form. That is what zero is Nak'ed with, or zero.
  constexpr std::array<uint8_t, kMaxBodyLength> kZero{};
  const ByteView zero = ByteView(kZero).first(static_cast<size_t>(row->body_length));
  const Judgement judgement = (policy.*row->judge)(zero, nak);
  if (judgement != Judgement::kAck) return judgement;
  nak.Body(option.type, zero);
  return Judgement::kNak;
}

template <typename Policy>
void NakByTable(Policy& policy, std::span<const OptionRow<Policy>> rows, const Option& option) {
  const OptionRow<Policy>* row = FindRow(rows, option.type);
  if (row != nullptr && row->on_nak != nullptr && LengthFits(*row, option.body)) {
    (policy.*row->on_nak)(option.body);
  }
}

template <typename Policy>
void RejectByTable(Policy& policy, std::span<const OptionRow<Policy>> rows, const Option& option) {
  const OptionRow<Policy>* row = FindRow(rows, option.type);
  if (row != nullptr && row->on_reject != nullptr) (policy.*row->on_reject)();
}

}  // namespace lns::ppp
