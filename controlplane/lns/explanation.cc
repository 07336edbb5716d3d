// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/explanation.h"

#include <utility>

#include "controlplane/ipv6/link_packet.h"
#include "lib/l2tp/describe.h"
#include "lib/ppp/describe.h"
#include "lib/ppp/frame.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

std::string NoteText(ByteView bytes) {
  if (bytes.empty()) return "";
  const std::string_view detail = AsText(bytes.subspan(1));
  return absl::StrCat(TextOf(static_cast<TrailNote>(bytes[0])), detail.empty() ? "" : " ",
                      absl::CHexEscape(std::string(detail)));
}

unsigned NumberOf(ByteView bytes) { return bytes.size() < 2 ? 0 : LoadBe16(bytes.data()); }

std::string PppText(ByteView frame) {
  const ppp::FrameHeader header = ppp::ParseFrameHeader(frame);
  if (header.ok() && header.protocol == ppp::kProtocolIpv6) {
    return DescribeIpv6(frame.subspan(header.length));
  }
  return ppp::Describe(frame);
}

std::string TextOf(TrailKind kind, ByteView bytes) {
  switch (kind) {
    case TrailKind::kControlReceived:
    case TrailKind::kControlSent:
      return l2tp::Describe(bytes);
    case TrailKind::kControlRepeated:
    case TrailKind::kControlResent:
      return absl::StrCat("the message with Ns ", NumberOf(bytes), " once more");
    case TrailKind::kPppReceived:
    case TrailKind::kPppSent:
      return PppText(bytes);
    case TrailKind::kNote:
      return NoteText(bytes);
    case TrailKind::kLeftOut:
      return absl::StrCat("a message of ", NumberOf(bytes), " bytes, too large to be kept");
  }
  return "";
}

}  // namespace

std::vector<ExplainedEvent> EventsOf(const Trail& trail) {
  std::vector<ExplainedEvent> events;
  trail.ForEach([&](TrailKind kind, Instant at, ByteView bytes) {
    events.push_back({.at = at, .kind = kind, .text = TextOf(kind, bytes)});
  });
  return events;
}

const char* ArrowOf(TrailKind kind) {
  switch (kind) {
    case TrailKind::kControlReceived:
    case TrailKind::kControlRepeated:
    case TrailKind::kPppReceived:
      return ">>";
    case TrailKind::kControlSent:
    case TrailKind::kControlResent:
    case TrailKind::kPppSent:
      return "<<";
    case TrailKind::kNote:
    case TrailKind::kLeftOut:
      return "--";
  }
  return "--";
}

}  // namespace lns::controlplane
