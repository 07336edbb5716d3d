// A frame that goes to Linux by its port's mirror, of any bytes: it has one of Linux' reasons, and
// nothing behind its end is read.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstddef>
#include <cstdint>

#include "dataplane/core/mirrored_frame.h"
#include "lib/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lns;
  // A block of its own, so that a sanitizer sees one byte too far.
  const Bytes frame(data, data + size);
  const dataplane::MirroredFrame described = dataplane::DescribeMirrored(frame);
  LNS_CHECK(punt::Describe(described.reason).punt_class == punt::PuntClass::kLinux);
  return 0;
}
