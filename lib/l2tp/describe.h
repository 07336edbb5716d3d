// One line of text for one control message, for `explain` and the logs of a
// single call: the name, the ids, Ns and Nr, each AVP by name and value. Never
// fails, whatever the bytes, and the line is bounded and printable. Secrets are
// not shown: of challenges, responses and what is unknown only the length, of
// hidden AVPs nothing.
//
//   ICRQ tunnel 7 session 0 Ns 2 Nr 1: Assigned Session ID 9, Call Serial
//   Number 1, Called Number "100"
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.h"

namespace lns::l2tp {

// `control_message` from its first header byte.
std::string Describe(ByteView control_message);

// A Called or Calling Number as people write it: that of a broadband call is an NSAP address in
// binary (RFC 3301 5.3) and becomes hexadecimal digits, any other stays as it is.
std::string NumberText(const std::string &number, uint32_t bearer_type);

}  // namespace lns::l2tp
