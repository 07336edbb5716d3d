// Control messages made of a fuzzer's input by choice rather than byte by byte: a message of the
// table, most of the AVPs it must and some of those it may have, ids few enough to meet again. So
// mutations stay beyond the decoder, in the state machines; now and then a raw AVP is put in.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/message_fields.h"
#include "lib/l2tp/message_table.h"

namespace lns::l2tp {

inline constexpr uint8_t kFuzzedIds = 8;  // 1 to this, tunnels and sessions alike

// The value of one AVP of `row`: of its shortest length, a few bytes where that is none.
inline Bytes MakeAvpValue(const AvpRow& row, Reader& input) {
  switch (static_cast<AvpType>(row.type)) {
    case AvpType::kAssignedSessionId:
    case AvpType::kAssignedTunnelId:
      return WriteValue(static_cast<uint16_t>(1 + input.ReadU8() % kFuzzedIds));
    case AvpType::kProtocolVersion:
      return WriteValue(kProtocolVersion1);
    case AvpType::kReceiveWindowSize:
      return WriteValue(static_cast<uint16_t>(input.ReadU8() % 6));
    case AvpType::kConnectSpeedUpdate: {
      Bytes value(row.min_length);
      StoreBe16(value.data() + 2, static_cast<uint16_t>(1 + input.ReadU8() % kFuzzedIds));
      return value;
    }
    default:
      break;
  }
  // The first bytes from the input, zeros behind them: long values cost the fuzzer nothing.
  constexpr size_t kFromInput = 3;
  const size_t length = row.max_length == row.min_length
                            ? row.min_length
                            : std::max<size_t>(row.min_length, input.ReadU8() % 8);
  Bytes value(length);
  const ByteView start = input.ReadBytes(std::min({length, kFromInput, input.remaining()}));
  std::copy(start.begin(), start.end(), value.begin());
  return value;
}

inline void AppendRawAvp(Reader& input, Bytes& avps) {
  const uint8_t flags = input.ReadU8();
  const auto type = static_cast<uint16_t>(input.ReadU8());
  constexpr uint16_t kVendors[] = {kVendorIetf, kVendorIetf, kVendorBroadbandForum, 9};
  const ByteView value = input.ReadBytes(std::min<size_t>(flags >> 4, input.remaining()));
  AppendAvp(avps, {.mandatory = (flags & 1) != 0,
                   .hidden = (flags & 2) != 0,
                   .vendor = kVendors[flags >> 2 & 3],
                   .type = type,
                   .value = value});
}

// The AVPs of one message, the Message Type first.
inline Bytes MakeMessage(Reader& input) {
  const MessageRow& row = kMessageTable[input.ReadU8() % kMessageTable.size()];
  const uint8_t odd = input.ReadU8();
  Bytes avps;
  AppendAvp(avps, {.mandatory = row.mandatory,
                   .type = static_cast<uint16_t>(AvpType::kMessageType),
                   .value = WriteValue(static_cast<uint16_t>(row.type))});
  for (const FieldRow& field : kFieldTable) {
    const bool must = row.must.Has(field.type);
    if (!must && !row.may.Has(field.type)) continue;
    // Of eight messages one lacks what it must have, three have what they may.
    if (must ? (odd & 7) == 7 && (input.ReadU8() & 1) != 0
             : (odd & 3) != 0 || (input.ReadU8() & 1) == 0) {
      continue;
    }
    const AvpRow& avp = RowOf(field.type);
    AppendAvp(avps,
              {.mandatory = avp.mandatory, .type = avp.type, .value = MakeAvpValue(avp, input)});
  }
  if ((odd & 0xc0) == 0xc0) AppendRawAvp(input, avps);
  return avps;
}

}  // namespace lns::l2tp
