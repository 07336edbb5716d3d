// The header parser on any bytes: what it accepts lies within the datagram and writes back the
// same.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>

#include "lib/base/check.h"
#include "lib/l2tp/header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lns;
  const ByteView datagram(data, size);
  l2tp::Header header;
  if (l2tp::ParseHeader(datagram, header) != l2tp::HeaderError::kNone) return 0;
  LNS_CHECK(header.payload_offset <= header.end && header.end <= size);
  LNS_CHECK(l2tp::HeaderLength(header) == header.payload_offset);
  Bytes out(header.payload_offset);
  LNS_CHECK(l2tp::WriteHeader(header, header.payload_length(), out) == out.size() ||
            header.end > 0xffff);
  l2tp::Header again;
  LNS_CHECK(l2tp::ParseHeader(out, header.end, again) == l2tp::HeaderError::kNone);
  LNS_CHECK(again.tunnel_id == header.tunnel_id && again.session_id == header.session_id);
  LNS_CHECK(again.ns == header.ns && again.nr == header.nr && again.end == header.end);
  return 0;
}
