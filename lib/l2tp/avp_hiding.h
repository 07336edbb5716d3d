// Hiding of AVP values with the tunnel's shared secret and a Random Vector (RFC 2661 4.3).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/l2tp/avp_table.h"

namespace lns::l2tp {

// The hidden subformat spends two bytes on the value's own length.
inline constexpr size_t kHiddenLengthField = 2;
inline constexpr size_t kMaxHideableValue = kMaxAvpValue - kHiddenLengthField;

// `padding` conceals the value's length; value and padding together at most kMaxHideableValue.
Bytes HideValue(uint16_t type, std::string_view secret, ByteView random_vector, ByteView value,
                ByteView padding);

// Nothing when the decoded length is more than the AVP has room for: the usual sign of another
// secret.
std::optional<Bytes> UnhideValue(uint16_t type, std::string_view secret, ByteView random_vector,
                                 ByteView hidden);

}  // namespace lns::l2tp
