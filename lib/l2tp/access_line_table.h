// The access-line AVPs of an ICRQ (RFC 5515 5), vendor id of the Broadband
// Forum, one row each: the name, the bounds of the value, the field of
// AccessLine it is read into and written from. Used by message.cc and
// describe.cc. A value that does not fit is as good as none: what a line is
// like never decides over a call, whatever the M bit says.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/l2tp/actions.h"

namespace lns::l2tp {

enum class AccessLineUnit : uint8_t { kText, kBitsPerSecond, kMilliseconds, kCode };

struct AccessLineRow {
  uint16_t type;
  const char *name;
  AccessLineUnit unit;
  size_t min_length;
  size_t max_length;
  // False when the value's length is neither of those the field can have.
  bool (*read)(ByteView value, AccessLine &line);
  // Nothing where the line does not say.
  std::optional<Bytes> (*write)(const AccessLine &line);
  const char *section;
};

namespace access_line {

// A number of as many bytes as there are, most significant first.
inline uint64_t ReadNumber(ByteView value) {
  uint64_t number = 0;
  for (const uint8_t byte : value) number = number << 8 | byte;
  return number;
}
inline Bytes WriteNumber(uint64_t number, size_t length) {
  Bytes value(length);
  for (size_t i = length; i > 0; --i, number >>= 8) value[i - 1] = static_cast<uint8_t>(number);
  return value;
}

template <auto kMember>
constexpr AccessLineRow Text(uint16_t type, const char *name, const char *section) {
  // RFC 5515 has 2 to 63 bytes; others are met and do no harm.
  return {type,
          name,
          AccessLineUnit::kText,
          1,
          255,
          [](ByteView value, AccessLine &line) {
            line.*kMember = AsText(value);
            return true;
          },
          [](const AccessLine &line) -> std::optional<Bytes> {
            const std::string &text = line.*kMember;
            if (text.empty()) return std::nullopt;
            return Bytes(text.begin(), text.end());
          },
          section};
}

template <auto kMember, size_t kLength, size_t kShortest = kLength>
constexpr AccessLineRow Number(uint16_t type, const char *name, AccessLineUnit unit,
                               const char *section) {
  return {type,
          name,
          unit,
          kShortest,
          kLength,
          [](ByteView value, AccessLine &line) {
            if (value.size() != kShortest && value.size() != kLength) return false;
            using Value = typename std::remove_reference_t<decltype(line.*kMember)>::value_type;
            line.*kMember = static_cast<Value>(ReadNumber(value));
            return true;
          },
          [](const AccessLine &line) -> std::optional<Bytes> {
            if (!(line.*kMember).has_value()) return std::nullopt;
            return WriteNumber(static_cast<uint64_t>(*(line.*kMember)), kLength);
          },
          section};
}

// Eight bytes (RFC 5515 5); the four of RFC 4679 are met.
template <auto kMember>
constexpr AccessLineRow Rate(uint16_t type, const char *name, const char *section) {
  return Number<kMember, 8, 4>(type, name, AccessLineUnit::kBitsPerSecond, section);
}
template <auto kMember>
constexpr AccessLineRow Delay(uint16_t type, const char *name, const char *section) {
  return Number<kMember, 4>(type, name, AccessLineUnit::kMilliseconds, section);
}
template <auto kMember, size_t kLength>
constexpr AccessLineRow Code(uint16_t type, const char *name, const char *section) {
  return Number<kMember, kLength>(type, name, AccessLineUnit::kCode, section);
}

}  // namespace access_line

inline constexpr auto kAccessLineTable = [] {
  using access_line::Code;
  using access_line::Delay;
  using access_line::Rate;
  using access_line::Text;
  using Line = AccessLine;
  return std::to_array<AccessLineRow>({
      Text<&Line::circuit_id>(1, "Agent-Circuit-Id", "5.1"),
      Text<&Line::remote_id>(2, "Agent-Remote-Id", "5.2"),
      Rate<&Line::actual_rate_up_bps>(129, "Actual-Data-Rate-Upstream", "5.3"),
      Rate<&Line::actual_rate_down_bps>(130, "Actual-Data-Rate-Downstream", "5.4"),
      Rate<&Line::minimum_rate_up_bps>(131, "Minimum-Data-Rate-Upstream", "5.5"),
      Rate<&Line::minimum_rate_down_bps>(132, "Minimum-Data-Rate-Downstream", "5.6"),
      Rate<&Line::attainable_rate_up_bps>(133, "Attainable-Data-Rate-Upstream", "5.7"),
      Rate<&Line::attainable_rate_down_bps>(134, "Attainable-Data-Rate-Downstream", "5.8"),
      Rate<&Line::maximum_rate_up_bps>(135, "Maximum-Data-Rate-Upstream", "5.9"),
      Rate<&Line::maximum_rate_down_bps>(136, "Maximum-Data-Rate-Downstream", "5.10"),
      Rate<&Line::minimum_low_power_rate_up_bps>(137, "Minimum-Data-Rate-Upstream-Low-Power",
                                                 "5.11"),
      Rate<&Line::minimum_low_power_rate_down_bps>(138, "Minimum-Data-Rate-Downstream-Low-Power",
                                                   "5.12"),
      Delay<&Line::maximum_interleaving_delay_up_ms>(139, "Maximum-Interleaving-Delay-Upstream",
                                                     "5.13"),
      Delay<&Line::actual_interleaving_delay_up_ms>(140, "Actual-Interleaving-Delay-Upstream",
                                                    "5.14"),
      Delay<&Line::maximum_interleaving_delay_down_ms>(141, "Maximum-Interleaving-Delay-Downstream",
                                                       "5.15"),
      Delay<&Line::actual_interleaving_delay_down_ms>(142, "Actual-Interleaving-Delay-Downstream",
                                                      "5.16"),
      Code<&Line::loop_encapsulation, 3>(144, "Access-Loop-Encapsulation", "5.17"),
      Code<&Line::line_type, 4>(145, "ANCP Access Line Type", "5.18"),
      Code<&Line::iwf_session, 4>(254, "IWF-Session", "5.19"),
  });
}();

constexpr const AccessLineRow *FindAccessLineAvp(uint16_t type) {
  for (const AccessLineRow &row : kAccessLineTable) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

}  // namespace lns::l2tp
