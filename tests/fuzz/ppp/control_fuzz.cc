// Every PPP decoder on any bytes: frame header, control packet, option list, PAP and CHAP bodies,
// MS-CHAP verdicts, and the line that describes a frame. What one reads, another of ours must be
// able to write back.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "lib/base/check.h"
#include "lib/ppp/auth_step.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/describe.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/mschap.h"
#include "lib/ppp/options.h"
#include "lib/ppp/pap.h"

namespace lns::ppp {
namespace {

void Frame(ByteView bytes) {
  const FrameHeader header = ParseFrameHeader(bytes);
  if (!header.ok()) return;
  LNS_CHECK(header.length <= bytes.size() && header.length <= kMaxFrameHeader);
  for (const FrameFormat format : {FrameFormat{false, false}, FrameFormat{true, true}}) {
    std::array<uint8_t, kMaxFrameHeader> again{};
    const size_t length = WriteFrameHeader(header.protocol, format, again.data());
    LNS_CHECK(length == FrameHeaderLength(header.protocol, format));
    const FrameHeader reread = ParseFrameHeader(ByteView(again).first(length));
    // A protocol number that is not well-formed need not survive compression.
    if (IsWellFormedProtocol(header.protocol)) LNS_CHECK(reread.protocol == header.protocol);
  }
}

void Options(ByteView list) {
  size_t seen = 0;
  OptionReader reader(list);
  while (const auto option = reader.Next()) {
    LNS_CHECK(option->whole.size() == option->body.size() + 2);
    seen += option->whole.size();
  }
  LNS_CHECK(seen <= list.size());
  LNS_CHECK(!reader.ok() || seen == list.size());
}

void Control(ByteView bytes) {
  const auto packet = ParseControlPacket(bytes);
  if (!packet.ok()) return;
  LNS_CHECK(packet->whole.size() == packet->data.size() + kControlHeaderLength);
  LNS_CHECK(packet->whole.size() <= bytes.size());
  Options(packet->data);
  if (const auto credentials = ParsePapRequest(packet->data)) {
    LNS_CHECK(credentials->user_name.size() + credentials->password.size() + 2 <=
              packet->data.size());
  }
  if (const auto message = ParsePapMessage(packet->data)) {
    LNS_CHECK(PrintableText(*message).size() <= kMaxMessage);
  }
  if (const auto chap = ParseChapPacket(packet->data)) {
    LNS_CHECK(!chap->value.empty() && chap->name.size() <= kMaxUserName);
    ChapMd5(packet->id, AsText(chap->name), chap->value);
  }
}

void Line(ByteView bytes) {
  const std::string line = Describe(bytes);
  LNS_CHECK(!line.empty() && line.size() <= 400);
  for (const char c : line) LNS_CHECK(c >= 0x20 && c < 0x7f);
  if (const auto failure = ParseMsChapFailure(AsText(bytes))) {
    LNS_CHECK(failure->message.size() < bytes.size());
  }
}

}  // namespace
}  // namespace lns::ppp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const lns::ByteView bytes(data, size);
  lns::ppp::Frame(bytes);
  lns::ppp::Control(bytes);
  lns::ppp::Options(bytes);
  lns::ppp::Line(bytes);
  const lns::ppp::FrameHeader header = lns::ppp::ParseFrameHeader(bytes);
  if (header.ok()) lns::ppp::Control(bytes.subspan(header.length));
  return 0;
}
