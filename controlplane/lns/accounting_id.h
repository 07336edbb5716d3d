// Acct-Session-Id (RFC 2866 5.5), made here and nowhere else: 28 hexadecimal digits that name one
// call of one run of the control plane. `run` is random and chosen at start, so no two runs share
// an id; `number` counts the calls of the run; `slot` is the session's place in the table, so that
// a CoA or Disconnect-Request that names the id finds it without an index. The number tells whether
// the slot's holder is still the one meant.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lns::controlplane {

struct AccountingId {
  static constexpr int kRunBits = 48;
  static constexpr int kNumberBits = 40;
  static constexpr int kSlotBits = 24;  // as many as there can be sessions
  static constexpr size_t kTextLength = (kRunBits + kNumberBits + kSlotBits) / 4;

  // Tunnels have numbers of their own (RFC 2867): from here on.
  static constexpr uint64_t kFirstTunnel = uint64_t{1} << (kNumberBits - 1);

  uint64_t run = 0;
  uint64_t number = 0;
  uint32_t slot = 0;

  std::string ToString() const;
  // nullopt: not one of ours.
  static std::optional<AccountingId> Parse(std::string_view text);

  bool operator==(const AccountingId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const AccountingId& id) {
    return H::combine(std::move(h), id.run, id.number, id.slot);
  }
};

}  // namespace lns::controlplane
