// One line of text for one control message, for logs of a single call and for `explain`: the name,
// the ids, Ns and Nr, each AVP by name and value. Never fails, whatever the bytes; secrets are not
// shown: of challenges, responses and passwords only the length, of hidden AVPs nothing.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "lib/base/bytes.h"

namespace lns::l2tp {

// `control_message` from its first header byte: "SCCRQ tunnel 0 session 0 Ns 0 Nr 0, Protocol
// Version 1.0, Host Name 'lac', ...". What does not parse is said so, in place.
std::string Describe(ByteView control_message);

}  // namespace lns::l2tp
