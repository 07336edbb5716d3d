// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/avp.h"

#include "lib/base/check.h"

namespace lns::l2tp {

bool AvpReader::Next(Avp& avp) {
  if (malformed_ || rest_.empty()) return false;
  Reader reader(rest_);
  const uint16_t flags = reader.ReadU16();
  avp.vendor = reader.ReadU16();
  avp.type = reader.ReadU16();
  const size_t length = flags & kAvpLengthMask;
  if (!reader.ok() || length < kAvpHeaderLength || length > rest_.size()) {
    malformed_ = true;
    return false;
  }
  avp.mandatory = (flags & kAvpMandatoryBit) != 0;
  avp.hidden = (flags & kAvpHiddenBit) != 0;
  avp.reserved_bits = (flags & kAvpReservedMask) != 0;
  avp.value = rest_.subspan(kAvpHeaderLength, length - kAvpHeaderLength);
  rest_ = rest_.subspan(length);
  return true;
}

void AppendAvp(Bytes& out, const Avp& avp) {
  LNS_CHECK(avp.value.size() <= kMaxAvpValue);
  const size_t start = out.size();
  const size_t length = kAvpHeaderLength + avp.value.size();
  out.resize(start + length);
  Writer writer(MutableByteView(out).subspan(start));
  writer.WriteU16(static_cast<uint16_t>(length | (avp.mandatory ? kAvpMandatoryBit : 0u) |
                                        (avp.hidden ? kAvpHiddenBit : 0u)));
  writer.WriteU16(avp.vendor);
  writer.WriteU16(avp.type);
  writer.WriteBytes(avp.value);
  LNS_CHECK(writer.ok());
}

}  // namespace lns::l2tp
