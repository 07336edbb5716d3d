// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/describe.h"

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>

#include "lib/net/address.h"
#include "lib/ppp/auth_step.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/mschap.h"
#include "lib/ppp/option_numbers.h"
#include "lib/ppp/options.h"
#include "lib/ppp/pap.h"

namespace lns::ppp {
namespace {

constexpr size_t kMaxLine = 400;
constexpr size_t kMaxText = 80;  // of a peer's words

[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...) {
  char text[96];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

std::string Quoted(ByteView text) {
  const bool cut = text.size() > kMaxText;
  return '"' + PrintableText(cut ? text.first(kMaxText) : text) + (cut ? "...\"" : "\"");
}

// Names of protocols (the assigned numbers of PPP).
struct ProtocolRow {
  uint16_t number;
  const char* name;
};
constexpr ProtocolRow kProtocols[] = {
    {kProtocolIpv4, "IPv4"}, {0x003d, "MP"},
    {kProtocolIpv6, "IPv6"}, {0x00fb, "link-compressed"},
    {0x00fd, "compressed"},  {0x0281, "MPLS"},
    {kProtocolIpcp, "IPCP"}, {0x8031, "BCP"},
    {0x8053, "ECP"},         {kProtocolIpv6cp, "IPV6CP"},
    {0x80fb, "ILCCP"},       {kProtocolCcp, "CCP"},
    {0x8235, "ACSP"},        {0x8281, "MPLSCP"},
    {kProtocolLcp, "LCP"},   {kProtocolPap, "PAP"},
    {0xc025, "LQR"},         {0xc029, "CBCP"},
    {0xc02b, "BACP"},        {0xc02d, "BAP"},
    {kProtocolChap, "CHAP"}, {kProtocolEap, "EAP"},
};

std::string ProtocolName(uint16_t protocol) {
  for (const ProtocolRow& row : kProtocols) {
    if (row.number == protocol) return row.name;
  }
  return Format("protocol 0x%04x", protocol);
}

// Names of codes; the index is the code.
constexpr const char* kCodes[] = {"Vendor-Specific", "Configure-Request", "Configure-Ack",
                                  "Configure-Nak",   "Configure-Reject",  "Terminate-Request",
                                  "Terminate-Ack",   "Code-Reject",       "Protocol-Reject",
                                  "Echo-Request",    "Echo-Reply",        "Discard-Request",
                                  "Identification",  "Time-Remaining"};
constexpr const char* kPapCodes[] = {nullptr, "Request", "Ack", "Nak"};
constexpr const char* kChapCodes[] = {nullptr, "Challenge", "Response", "Success", "Failure"};

std::string CodeName(std::span<const char* const> names, uint8_t code) {
  if (code < names.size() && names[code] != nullptr) return names[code];
  return Format("code %u", code);
}

// Options by name and by how their values read.
enum class Form : uint8_t {
  kFlag,
  kNumber16,
  kHex8,
  kHex32,
  kAddress,
  kIdentifier,
  kAuth,
  kOpaque
};
struct OptionName {
  uint8_t type;
  Form form;
  const char* name;
};
constexpr OptionName kLcpOptions[] = {
    {kLcpMru, Form::kNumber16, "mru"},
    {kLcpAccm, Form::kHex32, "accm"},
    {kLcpAuth, Form::kAuth, "auth"},
    {kLcpQuality, Form::kOpaque, "quality"},
    {kLcpMagic, Form::kHex32, "magic"},
    {kLcpPfc, Form::kFlag, "pfc"},
    {kLcpAcfc, Form::kFlag, "acfc"},
    {kLcpFcsAlternatives, Form::kHex8, "fcs"},
    {kLcpCallback, Form::kOpaque, "callback"},
    {kLcpMrru, Form::kNumber16, "mrru"},
    {kLcpShortSequence, Form::kFlag, "short-sequence"},
    {kLcpEndpointDiscriminator, Form::kOpaque, "endpoint-discriminator"},
};
constexpr OptionName kIpcpOptions[] = {
    {kIpcpAddresses, Form::kOpaque, "addresses"},  {kIpcpCompression, Form::kOpaque, "compression"},
    {kIpcpAddress, Form::kAddress, "address"},     {kIpcpPrimaryDns, Form::kAddress, "dns1"},
    {kIpcpPrimaryNbns, Form::kAddress, "nbns1"},   {kIpcpSecondaryDns, Form::kAddress, "dns2"},
    {kIpcpSecondaryNbns, Form::kAddress, "nbns2"},
};
constexpr OptionName kIpv6cpOptions[] = {
    {kIpv6cpInterfaceId, Form::kIdentifier, "interface-id"},
    {kIpv6cpCompression, Form::kOpaque, "compression"},
};
constexpr OptionName kCcpOptions[] = {
    {0, Form::kOpaque, "oui"},  {17, Form::kOpaque, "stac"},    {18, Form::kHex32, "mppe"},
    {21, Form::kOpaque, "bsd"}, {24, Form::kOpaque, "deflate"},
};

std::span<const OptionName> OptionsOf(uint16_t protocol) {
  switch (protocol) {
    case kProtocolLcp:
      return kLcpOptions;
    case kProtocolIpcp:
      return kIpcpOptions;
    case kProtocolIpv6cp:
      return kIpv6cpOptions;
    case kProtocolCcp:
      return kCcpOptions;
    default:
      return {};
  }
}

std::string AuthName(ByteView body) {
  if (body.size() < 2) return Format("of %zu bytes", body.size());
  const uint16_t protocol = LoadBe16(body.data());
  if (protocol != kProtocolChap || body.size() != 3) return ProtocolName(protocol);
  for (const ChapAlgorithmRow& row : kChapAlgorithms) {
    if (row.number == body[2]) return ToString(row.protocol);
  }
  return Format("CHAP algorithm 0x%02x", body[2]);
}

// " 1492"; a value whose length does not fit its form is only measured.
std::string ValueOf(Form form, ByteView body) {
  if (form == Form::kFlag && body.empty()) return "";
  if (form == Form::kAuth) return " " + AuthName(body);
  if (form == Form::kNumber16 && body.size() == 2) return Format(" %u", LoadBe16(body.data()));
  if (form == Form::kHex8 && body.size() == 1) return Format(" 0x%02x", body[0]);
  if (form == Form::kHex32 && body.size() == 4) return Format(" 0x%08x", LoadBe32(body.data()));
  if (form == Form::kAddress && body.size() == 4) {
    return " " + net::IpAddress::V4(LoadBe32(body.data())).ToString();
  }
  if (form == Form::kIdentifier && body.size() == 8) {
    return Format(" %x:%x:%x:%x", LoadBe16(body.data()), LoadBe16(body.data() + 2),
                  LoadBe16(body.data() + 4), LoadBe16(body.data() + 6));
  }
  return Format(" (%zu bytes)", body.size());
}

std::string OptionList(uint16_t protocol, ByteView list) {
  std::string text;
  OptionReader reader(list);
  while (const std::optional<Option> option = reader.Next()) {
    std::string name = Format("option %u", option->type);
    Form form = Form::kOpaque;
    for (const OptionName& row : OptionsOf(protocol)) {
      if (row.type != option->type) continue;
      name = row.name;
      form = row.form;
    }
    text += (text.empty() ? ": " : ", ") + name + ValueOf(form, option->body);
  }
  if (!reader.ok()) text += text.empty() ? ": unreadable options" : ", unreadable options";
  return text;
}

std::string Magic(ByteView data) {
  return data.size() < 4 ? ": no magic" : Format(": magic 0x%08x", LoadBe32(data.data()));
}

// What only LCP has; the rest is the same for every protocol with a negotiation.
std::string NegotiationDetails(uint16_t protocol, const ControlPacket& packet) {
  const ByteView data = packet.data;
  switch (packet.code) {
    case kConfigureRequest:
    case kConfigureAck:
    case kConfigureNak:
    case kConfigureReject:
      return OptionList(protocol, data);
    case kTerminateRequest:
    case kTerminateAck:
      return data.empty() ? "" : ": " + Quoted(data);
    case kCodeReject:
      return data.empty() ? ": nothing" : ": " + CodeName(kCodes, data[0]);
    case kProtocolReject:
      return data.size() < 2 ? ": nothing" : ": " + ProtocolName(LoadBe16(data.data()));
    case kEchoRequest:
    case kEchoReply:
    case kDiscardRequest:
      return Magic(data) + (data.size() > 4 ? Format(", %zu bytes", data.size() - 4) : "");
    case kIdentification:
      return Magic(data) + (data.size() > 4 ? ", " + Quoted(data.subspan(4)) : "");
    case kTimeRemaining:
      return Magic(data) +
             (data.size() >= 8 ? Format(", %u seconds", LoadBe32(data.data() + 4)) : "") +
             (data.size() > 8 ? ", " + Quoted(data.subspan(8)) : "");
    default:
      return Format(", %zu bytes", data.size());
  }
}

std::string PapDetails(const ControlPacket& packet) {
  if (packet.code == kPapRequest) {
    const std::optional<PapCredentials> credentials = ParsePapRequest(packet.data);
    return credentials ? ": name " + Quoted(credentials->user_name) : ": unreadable";
  }
  if (packet.code != kPapAck && packet.code != kPapNak) return "";
  const std::optional<ByteView> message = ParsePapMessage(packet.data);
  if (!message) return ": unreadable";
  return message->empty() ? "" : ": " + Quoted(*message);
}

// MS-CHAP's verdicts carry a proof or a challenge; only what they say to people is shown.
std::string ChapVerdict(ByteView data) {
  const std::string_view text = AsText(data);
  if (const std::optional<MsChapFailure> failure = ParseMsChapFailure(text)) {
    return Format(": error %u", failure->error) + (failure->retry ? ", retry allowed" : "") +
           (failure->message.empty() ? "" : ", " + Quoted(AsBytes(failure->message)));
  }
  if (text.starts_with("S=")) {
    const size_t message = text.find(" M=");
    return message == std::string_view::npos ? ": with proof"
                                             : ": with proof, " + Quoted(data.subspan(message + 3));
  }
  return data.empty() ? "" : ": " + Quoted(data);
}

std::string ChapDetails(const ControlPacket& packet) {
  if (packet.code == kChapChallenge || packet.code == kChapResponse) {
    const std::optional<ChapPacket> chap = ParseChapPacket(packet.data);
    if (!chap) return ": unreadable";
    return Format(": value %zu bytes", chap->value.size()) +
           (chap->name.empty() ? "" : ", name " + Quoted(chap->name));
  }
  if (packet.code == kChapSuccess || packet.code == kChapFailure) return ChapVerdict(packet.data);
  return "";
}

std::string ControlLine(uint16_t protocol, ByteView information) {
  const auto packet = ParseControlPacket(information);
  if (!packet.ok()) return Format(": malformed, %zu bytes", information.size());
  const std::string id = Format(" id %u", packet->id);
  if (protocol == kProtocolPap) {
    return " " + CodeName(kPapCodes, packet->code) + id + PapDetails(*packet);
  }
  if (protocol == kProtocolChap) {
    return " " + CodeName(kChapCodes, packet->code) + id + ChapDetails(*packet);
  }
  return " " + CodeName(kCodes, packet->code) + id + NegotiationDetails(protocol, *packet);
}

}  // namespace

std::string Describe(ByteView frame) {
  const FrameHeader header = ParseFrameHeader(frame);
  if (!header.ok()) return Format("truncated frame, %zu bytes", frame.size());
  const ByteView information = frame.subspan(header.length);
  std::string line = ProtocolName(header.protocol);
  // EAP and what is not negotiated have no codes of this kind.
  const bool control = !IsNetworkData(header.protocol) && header.protocol < 0xc000;
  const bool known = header.protocol == kProtocolLcp || header.protocol == kProtocolPap ||
                     header.protocol == kProtocolChap;
  line += control || known ? ControlLine(header.protocol, information)
                           : Format(", %zu bytes", information.size());
  if (line.size() > kMaxLine) {
    line.resize(kMaxLine - 3);
    line += "...";
  }
  return line;
}

}  // namespace lns::ppp
