// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/probe.h"

#include "lib/base/check.h"

namespace lns::lacsim {
namespace {

constexpr uint32_t kMagic = 0x544c4143;  // "TLAC"

uint8_t PatternByte(const Probe& probe, size_t at) {
  return static_cast<uint8_t>(probe.flow + probe.sequence + at);
}

}  // namespace

const char* ToString(Direction direction) { return direction == Direction::kUp ? "up" : "down"; }

void WriteProbe(const Probe& probe, MutableByteView payload) {
  Writer writer(payload);
  writer.WriteU32(kMagic);
  writer.WriteU32(probe.flow);
  writer.WriteU32(static_cast<uint32_t>(probe.direction) << 24);
  writer.WriteU32(static_cast<uint32_t>(probe.sequence >> 32));
  writer.WriteU32(static_cast<uint32_t>(probe.sequence));
  const auto sent = static_cast<uint64_t>(probe.sent.nanoseconds());
  writer.WriteU32(static_cast<uint32_t>(sent >> 32));
  writer.WriteU32(static_cast<uint32_t>(sent));
  LNS_CHECK(writer.ok() && writer.offset() == kProbeSize);
  for (size_t i = kProbeSize; i < payload.size(); ++i) payload[i] = PatternByte(probe, i);
}

std::optional<ReceivedProbe> ReadProbe(ByteView payload) {
  Reader reader(payload);
  if (reader.ReadU32() != kMagic) return std::nullopt;
  ReceivedProbe result;
  result.probe.flow = reader.ReadU32();
  const uint32_t direction = reader.ReadU32();
  const uint64_t sequence_high = reader.ReadU32();
  result.probe.sequence = sequence_high << 32 | reader.ReadU32();
  const uint64_t sent_high = reader.ReadU32();
  result.probe.sent =
      Instant::FromNanoseconds(static_cast<int64_t>(sent_high << 32 | reader.ReadU32()));
  if (!reader.ok()) return std::nullopt;
  result.probe.direction = static_cast<Direction>(direction >> 24 & 1);
  result.intact = (direction & ~(uint32_t{1} << 24)) == 0;
  for (size_t i = kProbeSize; i < payload.size(); ++i) {
    result.intact = result.intact && payload[i] == PatternByte(result.probe, i);
  }
  return result;
}

}  // namespace lns::lacsim
