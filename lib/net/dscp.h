// Differentiated Services code points (RFC 2474) that more than one part of the project must agree
// on.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

namespace lns::net {

// CS6, of network control (RFC 4594 3.2): what L2TP control messages are marked with. The data
// plane writes it; the control plane tells it peers that ask (RFC 3308).
inline constexpr uint8_t kControlDscp = 48;

// Of what must not wait (RFC 3246, RFC 5865).
inline constexpr uint8_t kExpeditedForwarding = 46;
inline constexpr uint8_t kVoiceAdmit = 44;

}  // namespace lns::net
