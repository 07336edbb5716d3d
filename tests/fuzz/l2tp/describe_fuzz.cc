// The one-line description on any bytes: it never fails, and the line is printable and bounded.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <string>

#include "lib/base/check.h"
#include "lib/l2tp/describe.h"
#include "lib/l2tp/header.h"

namespace {

void Check(lns::ByteView bytes) {
  const std::string line = lns::l2tp::Describe(bytes);
  LNS_CHECK(!line.empty() && line.size() < 32768);
  LNS_CHECK(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const lns::ByteView bytes(data, size);
  Check(bytes);
  // As the AVPs of a message whose header is good.
  lns::Bytes datagram(lns::l2tp::kControlHeaderLength);
  lns::l2tp::WriteHeader(lns::l2tp::ControlHeader(1, 2, 3, 4), size, datagram);
  datagram.insert(datagram.end(), bytes.begin(), bytes.end());
  Check(datagram);
  return 0;
}
