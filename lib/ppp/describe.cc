// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/describe.h"

#include <cstdio>

#include "lib/ppp/frame.h"

namespace lns::ppp {

std::string Describe(ByteView frame) {
  const FrameHeader header = ParseFrameHeader(frame);
  if (!header.ok()) return "truncated frame";
  char text[32];
  std::snprintf(text, sizeof(text), "protocol 0x%04x", header.protocol);
  return text;
}

}  // namespace lns::ppp
