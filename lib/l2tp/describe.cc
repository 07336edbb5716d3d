// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/describe.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/text.h"
#include "lib/l2tp/access_line_table.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message_fields.h"
#include "lib/l2tp/message_table.h"

namespace lns::l2tp {
namespace {

constexpr size_t kMaxShownAvps = 64;
constexpr uint32_t kBroadbandBearer = 4;  // RFC 3301 5.3

using Names = std::span<const char *const>;

// Known by name, though nothing here acts on them.
constexpr const char *kOtherMessages[] = {nullptr, nullptr, "SRRQ", "SRRP", nullptr, "FSQ",
                                          "FSR",   "MSRQ",  "MSRP", "MSE",  "MSI",   "MSEN"};
constexpr uint16_t kFirstOtherMessage = 16;
constexpr const char *kOtherAvps[] = {"Failover Capability",
                                      "Tunnel Recovery",
                                      "Suggested Control Sequence",
                                      "Failover Session State",
                                      "Multicast Capability",
                                      "New Outgoing Sessions",
                                      "New Outgoing Sessions Acknowledgement",
                                      "Withdraw Outgoing Sessions",
                                      "Multicast Packets Priority"};
constexpr uint16_t kFirstOtherAvp = 76;

const char *NameIn(Names names, size_t index) {
  return index < names.size() ? names[index] : nullptr;
}

void AppendNumber(std::string &out, uint64_t number) { out += std::to_string(number); }

void AppendHex32(std::string &out, uint32_t number) {
  std::array<uint8_t, 4> bytes{};
  StoreBe32(bytes.data(), number);
  out += "0x";
  AppendHex(out, bytes);
}

// How a value is shown. False: it is too short for what it should be.
using Show = bool (*)(ByteView value, MessageType carrier, std::string &out);

bool ShowU16(ByteView value, MessageType, std::string &out) {
  if (value.size() != 2) return false;
  AppendNumber(out, LoadBe16(value.data()));
  return true;
}
bool ShowU32(ByteView value, MessageType, std::string &out) {
  if (value.size() != 4) return false;
  AppendNumber(out, LoadBe32(value.data()));
  return true;
}
bool ShowBps(ByteView value, MessageType carrier, std::string &out) {
  if (!ShowU32(value, carrier, out)) return false;
  out += " bps";
  return true;
}
bool ShowText(ByteView value, MessageType, std::string &out) {
  AppendQuoted(out, value);
  return true;
}
bool IsPlainText(ByteView value) {
  return std::all_of(value.begin(), value.end(),
                     [](uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
}
bool ShowHex(ByteView value, MessageType, std::string &out) {
  out += value.empty() ? "empty" : "0x";
  AppendHex(out, value);
  return true;
}
// Digits, or the NSAP address of a broadband call: which it is says another AVP.
bool ShowDialled(ByteView value, MessageType carrier, std::string &out) {
  return IsPlainText(value) ? ShowText(value, carrier, out) : ShowHex(value, carrier, out);
}
// What must not be read by who reads the line, or says nothing to anybody.
bool ShowLength(ByteView value, MessageType, std::string &out) {
  AppendNumber(out, value.size());
  out += " bytes";
  return true;
}
bool ShowNothing(ByteView value, MessageType, std::string &) { return value.empty(); }

bool ShowVersion(ByteView value, MessageType, std::string &out) {
  if (value.size() != 2) return false;
  AppendNumber(out, value[0]);
  out += '.';
  AppendNumber(out, value[1]);
  return true;
}

bool ShowBits(ByteView value, Names names, std::string &out) {
  if (value.size() != 4) return false;
  const uint32_t bits = LoadBe32(value.data());
  AppendHex32(out, bits);
  for (size_t i = 0; i < names.size(); ++i) {
    if ((bits >> i & 1) == 0) continue;
    out += ' ';
    out += names[i];
  }
  return true;
}
bool ShowFraming(ByteView value, MessageType, std::string &out) {
  constexpr const char *kNames[] = {"sync", "async"};
  return ShowBits(value, kNames, out);
}
bool ShowBearer(ByteView value, MessageType, std::string &out) {
  constexpr const char *kNames[] = {"digital", "analog", "broadband"};
  return ShowBits(value, kNames, out);
}

bool ShowResult(ByteView value, MessageType carrier, std::string &out) {
  ResultCode code;
  EventSet events;
  if (!ReadResultCode(value, code, events)) return false;
  const std::string message = std::exchange(code.message, {});
  out += Describe(code, carrier);
  if (events.Has(L2tpEvent::kResultCodeSwapped)) out += ", bytes swapped";
  if (message.empty()) return true;
  out += ' ';
  AppendQuoted(out, AsBytes(message));
  return true;
}

bool ShowQ931(ByteView value, MessageType, std::string &out) {
  Q931Cause cause;
  EventSet events;
  if (!ReadValue(value, cause, events)) return false;
  AppendNumber(out, cause.cause);
  out += " message ";
  AppendNumber(out, cause.message);
  if (cause.advisory.empty()) return true;
  out += ' ';
  AppendQuoted(out, AsBytes(cause.advisory));
  return true;
}

bool ShowProxyType(ByteView value, MessageType carrier, std::string &out) {
  constexpr const char *kNames[] = {"reserved", "text", "CHAP", "PAP", "none", "MS-CHAPv1"};
  if (!ShowU16(value, carrier, out)) return false;
  const char *name = NameIn(kNames, LoadBe16(value.data()));
  if (name != nullptr) out += std::string(" ") + name;
  return true;
}

bool ShowCallErrors(ByteView value, MessageType, std::string &out) {
  CallErrors errors;
  EventSet events;
  if (!ReadValue(value, errors, events)) return false;
  out += "CRC " + std::to_string(errors.crc_errors) + " framing " +
         std::to_string(errors.framing_errors) + " hardware overruns " +
         std::to_string(errors.hardware_overruns) + " buffer overruns " +
         std::to_string(errors.buffer_overruns) + " timeouts " +
         std::to_string(errors.timeout_errors) + " alignment " +
         std::to_string(errors.alignment_errors);
  return true;
}

bool ShowAccm(ByteView value, MessageType, std::string &out) {
  AccmMasks masks;
  EventSet events;
  if (!ReadValue(value, masks, events)) return false;
  out += "send ";
  AppendHex32(out, masks.send);
  out += " receive ";
  AppendHex32(out, masks.receive);
  return true;
}

bool ShowServiceCategory(ByteView value, MessageType, std::string &out) {
  if (value.size() != 2) return false;
  out += (value[1] & 1) != 0 ? "real time" : "not real time";
  return true;
}

bool ShowVpiVci(ByteView value, MessageType, std::string &out) {
  if (value.size() != 4) return false;
  const uint32_t word = LoadBe32(value.data());
  AppendNumber(out, word >> 16 & 0x0fff);
  out += '/';
  AppendNumber(out, word & 0xffff);
  return true;
}

bool ShowPppCause(ByteView value, MessageType, std::string &out) {
  PppDisconnectCause cause;
  if (!ReadPppDisconnectCause(value, cause)) return false;
  out += Describe(cause);
  return true;
}

bool ShowPhb(ByteView value, MessageType, std::string &out) {
  if (value.size() != 2) return false;
  if (const auto dscp = DscpOfPhb(LoadBe16(value.data()))) {
    out += "DSCP ";
    AppendNumber(out, *dscp);
  } else {
    out += "PHB 0x";
    AppendHex(out, value);
  }
  return true;
}

bool ShowModemOnHold(ByteView value, MessageType, std::string &out) {
  constexpr const char *kTimeouts[] = {nullptr, "10 s",   "20 s",   "30 s",    "40 s",
                                       "1 min", "2 min",  "3 min",  "4 min",   "6 min",
                                       "8 min", "12 min", "16 min", "no limit"};
  ModemOnHold status;
  EventSet events;
  if (!ReadValue(value, status, events)) return false;
  out += status.on_hold ? "on hold" : "online";
  const char *timeout = status.on_hold ? NameIn(kTimeouts, status.timeout) : nullptr;
  if (timeout != nullptr) out += std::string(" at most ") + timeout;
  return true;
}

bool ShowSpeedUpdate(ByteView value, MessageType, std::string &out) {
  std::vector<SpeedUpdate> updates;
  EventSet events;
  if (!ReadValue(value, updates, events)) return false;
  out += "session " + std::to_string(updates[0].session_id) + " tx " +
         std::to_string(updates[0].tx_bps) + " rx " + std::to_string(updates[0].rx_bps) + " bps";
  return true;
}

struct ShowRow {
  AvpType type;
  Show show;
};

// AVPs without a row show their length.
constexpr auto kShowTable = std::to_array<ShowRow>({
    {AvpType::kResultCode, ShowResult},
    {AvpType::kProtocolVersion, ShowVersion},
    {AvpType::kFramingCapabilities, ShowFraming},
    {AvpType::kBearerCapabilities, ShowBearer},
    {AvpType::kTieBreaker, ShowHex},
    {AvpType::kFirmwareRevision, ShowHex},
    {AvpType::kHostName, ShowText},
    {AvpType::kVendorName, ShowText},
    {AvpType::kAssignedTunnelId, ShowU16},
    {AvpType::kReceiveWindowSize, ShowU16},
    {AvpType::kQ931CauseCode, ShowQ931},
    {AvpType::kAssignedSessionId, ShowU16},
    {AvpType::kCallSerialNumber, ShowU32},
    {AvpType::kMinimumBps, ShowBps},
    {AvpType::kMaximumBps, ShowBps},
    {AvpType::kBearerType, ShowBearer},
    {AvpType::kFramingType, ShowFraming},
    {AvpType::kCalledNumber, ShowDialled},
    {AvpType::kCallingNumber, ShowDialled},
    {AvpType::kSubAddress, ShowText},
    {AvpType::kTxConnectSpeed, ShowBps},
    {AvpType::kPhysicalChannelId, ShowHex},
    {AvpType::kInitialReceivedConfReq, ShowHex},
    {AvpType::kLastSentConfReq, ShowHex},
    {AvpType::kLastReceivedConfReq, ShowHex},
    {AvpType::kProxyAuthenType, ShowProxyType},
    {AvpType::kProxyAuthenName, ShowText},
    {AvpType::kProxyAuthenId, ShowU16},
    {AvpType::kCallErrors, ShowCallErrors},
    {AvpType::kAccm, ShowAccm},
    {AvpType::kPrivateGroupId, ShowText},
    {AvpType::kRxConnectSpeed, ShowBps},
    {AvpType::kSequencingRequired, ShowNothing},
    {AvpType::kRxMinimumBps, ShowBps},
    {AvpType::kRxMaximumBps, ShowBps},
    {AvpType::kServiceCategory, ShowServiceCategory},
    {AvpType::kServiceName, ShowText},
    {AvpType::kCallingSubAddress, ShowHex},
    {AvpType::kVpiVci, ShowVpiVci},
    {AvpType::kPppDisconnectCause, ShowPppCause},
    {AvpType::kControlConnectionDs, ShowPhb},
    {AvpType::kSessionDs, ShowPhb},
    {AvpType::kLcpWantOptions, ShowHex},
    {AvpType::kLcpAllowOptions, ShowHex},
    {AvpType::kLnsLastSentConfReq, ShowHex},
    {AvpType::kLnsLastReceivedConfReq, ShowHex},
    {AvpType::kModemOnHoldCapable, ShowNothing},
    {AvpType::kModemOnHoldStatus, ShowModemOnHold},
    {AvpType::kConnectSpeedUpdate, ShowSpeedUpdate},
    {AvpType::kConnectSpeedUpdateEnable, ShowNothing},
});

Show ShowFor(uint16_t type) {
  for (const ShowRow &row : kShowTable) {
    if (static_cast<uint16_t>(row.type) == type) return row.show;
  }
  return ShowLength;
}

bool ShowAccessLine(const AccessLineRow &row, ByteView value, std::string &out) {
  if (value.size() < row.min_length || value.size() > row.max_length) return false;
  switch (row.unit) {
    case AccessLineUnit::kText:
      AppendQuoted(out, value);
      return true;
    case AccessLineUnit::kBitsPerSecond:
      AppendNumber(out, access_line::ReadNumber(value));
      out += " bps";
      return true;
    case AccessLineUnit::kMilliseconds:
      AppendNumber(out, access_line::ReadNumber(value));
      out += " ms";
      return true;
    case AccessLineUnit::kCode:
      out += "0x";
      AppendHex(out, value);
      return true;
  }
  return false;
}

std::string NameOfAvp(const Avp &avp, const AccessLineRow *line) {
  if (line != nullptr) return line->name;
  if (avp.vendor != kVendorIetf) {
    return "vendor " + std::to_string(avp.vendor) + " AVP " + std::to_string(avp.type);
  }
  if (const AvpRow *row = FindAvp(avp.type)) return row->name;
  const char *other =
      avp.type >= kFirstOtherAvp ? NameIn(kOtherAvps, avp.type - kFirstOtherAvp) : nullptr;
  return other != nullptr ? other : "AVP " + std::to_string(avp.type);
}

void AppendAvpText(const Avp &avp, MessageType carrier, std::string &out) {
  const AccessLineRow *line =
      avp.vendor == kVendorBroadbandForum ? FindAccessLineAvp(avp.type) : nullptr;
  out += NameOfAvp(avp, line);
  if (avp.reserved_bits) out += " (reserved bits)";
  if (avp.hidden) {
    out += " hidden";
    return;
  }
  const Show show = avp.vendor == kVendorIetf ? ShowFor(avp.type) : ShowLength;
  std::string value;
  if (line != nullptr ? ShowAccessLine(*line, avp.value, value) : show(avp.value, carrier, value)) {
    if (!value.empty()) out += " " + value;
    return;
  }
  out += " of " + std::to_string(avp.value.size()) + " bytes, malformed";
}

std::string NameOfMessage(uint16_t type) {
  if (const MessageRow *row = FindMessage(type)) return row->name;
  const char *other =
      type >= kFirstOtherMessage ? NameIn(kOtherMessages, type - kFirstOtherMessage) : nullptr;
  return other != nullptr ? other : "message " + std::to_string(type);
}

bool IsMessageType(const Avp &avp) {
  return avp.vendor == kVendorIetf && avp.type == static_cast<uint16_t>(AvpType::kMessageType) &&
         avp.value.size() == 2 && !avp.hidden;
}

std::string NameOfControl(ByteView avps) {
  if (avps.empty()) return "ZLB";
  Avp avp;
  if (!AvpReader(avps).Next(avp) || !IsMessageType(avp)) return "no Message Type";
  return NameOfMessage(LoadBe16(avp.value.data()));
}

// What Result Code AVPs mean depends on it; any other serves for the rest.
MessageType CarrierOf(ByteView avps) {
  Avp avp;
  const bool stop_ccn = AvpReader(avps).Next(avp) && IsMessageType(avp) &&
                        LoadBe16(avp.value.data()) == static_cast<uint16_t>(MessageType::kStopCcn);
  return stop_ccn ? MessageType::kStopCcn : MessageType::kCdn;
}

void AppendAvps(ByteView avps, std::string &out) {
  const MessageType carrier = CarrierOf(avps);
  AvpReader reader(avps);
  Avp avp;
  size_t shown = 0;
  size_t beyond = 0;
  for (bool first = true; reader.Next(avp); first = false) {
    if (first && IsMessageType(avp)) continue;
    if (shown == kMaxShownAvps) {
      ++beyond;
      continue;
    }
    out += shown++ == 0 ? ": " : ", ";
    AppendAvpText(avp, carrier, out);
  }
  if (beyond > 0) out += ", and " + std::to_string(beyond) + " more";
  if (reader.malformed()) out += shown == 0 ? ": malformed AVP" : ", then a malformed AVP";
}

}  // namespace

std::string Describe(ByteView control_message) {
  Header header;
  const HeaderError error = ParseHeader(control_message, header);
  if (error != HeaderError::kNone) return std::string("not L2TP: ") + ToString(EventOf(error));
  const ByteView payload = control_message.subspan(header.payload_offset, header.payload_length());
  std::string text = header.control ? NameOfControl(payload) : "data";
  text += " tunnel " + std::to_string(header.tunnel_id) + " session " +
          std::to_string(header.session_id);
  if (header.has_sequence) {
    text += " Ns " + std::to_string(header.ns) + " Nr " + std::to_string(header.nr);
  }
  if (header.control) {
    AppendAvps(payload, text);
  } else {
    text += ": " + std::to_string(payload.size()) + " bytes";
  }
  return text;
}

std::string NumberText(const std::string &number, uint32_t bearer_type) {
  if ((bearer_type & kBroadbandBearer) == 0 || IsPlainText(AsBytes(number))) return number;
  std::string digits;
  AppendHex(digits, AsBytes(number));
  return digits;
}

}  // namespace lns::l2tp
