// How each AVP's value is read into and written from its field of Message: one row per AVP. Message
// Type and Random Vector are not fields, nor are other vendors' AVPs; message.cc handles them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/l2tp/message.h"
#include "lib/l2tp/phb.h"
#include "lib/l2tp/ppp_disconnect_cause.h"
#include "lib/l2tp/result_code.h"

namespace lns::l2tp {

// Values arrive with a length avp_table.h allows; a reader that still falls short returns false.
inline bool ReadValue(ByteView value, uint16_t& out, EventSet&) {
  Reader reader(value);
  out = reader.ReadU16();
  return reader.ok();
}
inline bool ReadValue(ByteView value, uint32_t& out, EventSet&) {
  Reader reader(value);
  out = reader.ReadU32();
  return reader.ok();
}
inline bool ReadValue(ByteView value, uint64_t& out, EventSet&) {
  Reader reader(value);
  out = static_cast<uint64_t>(reader.ReadU32()) << 32;
  out |= reader.ReadU32();
  return reader.ok();
}
inline bool ReadValue(ByteView value, std::string& out, EventSet&) {
  out = AsText(value);
  return true;
}
inline bool ReadValue(ByteView value, Bytes& out, EventSet&) {
  out.assign(value.begin(), value.end());
  return true;
}
// An AVP that says all by being there.
inline bool ReadValue(ByteView, bool& out, EventSet&) {
  out = true;
  return true;
}
inline bool ReadValue(ByteView value, std::array<uint8_t, 16>& out, EventSet&) {
  if (value.size() != out.size()) return false;
  std::copy(value.begin(), value.end(), out.begin());
  return true;
}
inline bool ReadValue(ByteView value, ResultCode& out, EventSet& events) {
  return ReadResultCode(value, out, events);
}
inline bool ReadValue(ByteView value, Q931Cause& out, EventSet&) {
  Reader reader(value);
  out.cause = reader.ReadU16();
  out.message = reader.ReadU8();
  out.advisory = AsText(reader.ReadRest());
  return reader.ok();
}
inline bool ReadValue(ByteView value, CallErrors& out, EventSet&) {
  Reader reader(value);
  reader.ReadU16();  // reserved
  for (uint32_t* field : {&out.crc_errors, &out.framing_errors, &out.hardware_overruns,
                          &out.buffer_overruns, &out.timeout_errors, &out.alignment_errors}) {
    *field = reader.ReadU32();
  }
  return reader.ok();
}
inline bool ReadValue(ByteView value, AccmMasks& out, EventSet&) {
  Reader reader(value);
  reader.ReadU16();  // reserved
  out.send = reader.ReadU32();
  out.receive = reader.ReadU32();
  return reader.ok();
}
inline bool ReadValue(ByteView value, PppDisconnectCause& out, EventSet&) {
  return ReadPppDisconnectCause(value, out);
}
inline bool ReadValue(ByteView value, ModemOnHold& out, EventSet&) {
  Reader reader(value);
  const uint16_t word = reader.ReadU16();
  out = {.on_hold = (word & 0x8000) != 0, .timeout = static_cast<uint8_t>(word & 0x000f)};
  return reader.ok();
}
// A DSCP travels as its per-hop behaviour. One that has no DSCP is understood and says nothing.
inline bool ReadValue(ByteView value, std::optional<uint8_t>& out, EventSet&) {
  Reader reader(value);
  out = DscpOfPhb(reader.ReadU16());
  return reader.ok();
}
inline bool ReadValue(ByteView value, std::vector<SpeedUpdate>& out, EventSet& events) {
  if (out.size() >= kMaxSpeedUpdates) {
    events.Add(L2tpEvent::kAvpDuplicate);
    return true;
  }
  Reader reader(value);
  reader.ReadU16();  // reserved
  SpeedUpdate& update = out.emplace_back();
  update.session_id = reader.ReadU16();
  update.tx_bps = reader.ReadU32();
  update.rx_bps = reader.ReadU32();
  return reader.ok();
}
template <typename T>
bool ReadValue(ByteView value, std::optional<T>& out, EventSet& events) {
  return ReadValue(value, out.emplace(), events);
}

inline Bytes WriteValue(uint16_t in) {
  Bytes value(2);
  StoreBe16(value.data(), in);
  return value;
}
inline Bytes WriteValue(uint32_t in) {
  Bytes value(4);
  StoreBe32(value.data(), in);
  return value;
}
inline Bytes WriteValue(uint64_t in) {
  Bytes value(8);
  StoreBe32(value.data(), static_cast<uint32_t>(in >> 32));
  StoreBe32(value.data() + 4, static_cast<uint32_t>(in));
  return value;
}
inline Bytes WriteValue(const std::string& in) { return Bytes(in.begin(), in.end()); }
inline Bytes WriteValue(const Bytes& in) { return in; }
inline Bytes WriteValue(bool) { return {}; }
inline Bytes WriteValue(const std::array<uint8_t, 16>& in) { return Bytes(in.begin(), in.end()); }
inline Bytes WriteValue(const ResultCode& in) { return WriteResultCode(in); }
inline Bytes WriteValue(const Q931Cause& in) {
  Bytes value(3 + in.advisory.size());
  Writer writer(value);
  writer.WriteU16(in.cause);
  writer.WriteU8(in.message);
  writer.WriteBytes(AsBytes(in.advisory));
  return value;
}
inline Bytes WriteValue(const CallErrors& in) {
  Bytes value(26);
  Writer writer(value);
  writer.WriteU16(0);
  for (const uint32_t field : {in.crc_errors, in.framing_errors, in.hardware_overruns,
                               in.buffer_overruns, in.timeout_errors, in.alignment_errors}) {
    writer.WriteU32(field);
  }
  return value;
}
inline Bytes WriteValue(const AccmMasks& in) {
  Bytes value(10);
  Writer writer(value);
  writer.WriteU16(0);
  writer.WriteU32(in.send);
  writer.WriteU32(in.receive);
  return value;
}
inline Bytes WriteValue(const PppDisconnectCause& in) { return WritePppDisconnectCause(in); }
inline Bytes WriteValue(const ModemOnHold& in) {
  return WriteValue(static_cast<uint16_t>((in.on_hold ? 0x8000 : 0) | (in.timeout & 0x0f)));
}
inline Bytes WriteValue(const std::optional<uint8_t>& in) {
  return WriteValue(PhbOfDscp(in.value_or(0)));
}
inline Bytes WriteValue(const SpeedUpdate& in) {
  Bytes value(12);
  Writer writer(value);
  writer.WriteU16(0);
  writer.WriteU16(in.session_id);
  writer.WriteU32(in.tx_bps);
  writer.WriteU32(in.rx_bps);
  return value;
}
template <typename T>
Bytes WriteValue(const std::optional<T>& in) {
  return WriteValue(in.value_or(T{}));
}

// How many AVPs of its type a field is written as: one, except for a list.
template <typename T>
size_t CountOf(const T&) {
  return 1;
}
inline size_t CountOf(const std::vector<SpeedUpdate>& in) {
  return std::min(in.size(), kMaxSpeedUpdates);
}
template <typename T>
Bytes WriteNth(const T& in, size_t) {
  return WriteValue(in);
}
inline Bytes WriteNth(const std::vector<SpeedUpdate>& in, size_t index) {
  return WriteValue(in[index]);
}

// Whether a field says something. Structures are always put in by name.
template <typename T>
bool IsSet(const T& in) {
  if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::array<uint8_t, 16>>) {
    return in != T{};
  } else if constexpr (requires { in.has_value(); }) {
    return in.has_value();
  } else if constexpr (requires { in.empty(); }) {
    return !in.empty();
  } else {
    return false;
  }
}

struct FieldRow {
  AvpType type;
  bool repeats;  // a list: each AVP of the type adds to it
  bool (*read)(ByteView, Message&, EventSet&);
  size_t (*count)(const Message&);
  Bytes (*write)(const Message&, size_t index);
  bool (*is_set)(const Message&);
};

template <auto kMember, auto kOf>
constexpr FieldRow MakeField(AvpType type) {
  using Value = std::remove_cvref_t<decltype(kOf(std::declval<Message&>()).*kMember)>;
  return {
      .type = type,
      .repeats = std::is_same_v<Value, std::vector<SpeedUpdate>>,
      .read = [](ByteView value, Message& message,
                 EventSet& events) { return ReadValue(value, kOf(message).*kMember, events); },
      .count = [](const Message& message) { return CountOf(kOf(message).*kMember); },
      .write = [](const Message& message,
                  size_t index) { return WriteNth(kOf(message).*kMember, index); },
      .is_set = [](const Message& message) { return IsSet(kOf(message).*kMember); },
  };
}
template <auto kMember>
constexpr FieldRow Field(AvpType type) {
  return MakeField < kMember, [](auto& message) -> auto& { return message; }
  > (type);
}
template <auto kMember>
constexpr FieldRow CallField(AvpType type) {
  return MakeField < kMember, [](auto& message) -> auto& { return message.call; }
  > (type);
}

// In the order in which messages are written.
inline constexpr auto kFieldTable = std::to_array<FieldRow>({
    Field<&Message::result>(AvpType::kResultCode),
    Field<&Message::protocol_version>(AvpType::kProtocolVersion),
    Field<&Message::framing_capabilities>(AvpType::kFramingCapabilities),
    Field<&Message::bearer_capabilities>(AvpType::kBearerCapabilities),
    Field<&Message::tie_breaker>(AvpType::kTieBreaker),
    Field<&Message::firmware_revision>(AvpType::kFirmwareRevision),
    Field<&Message::host_name>(AvpType::kHostName),
    Field<&Message::vendor_name>(AvpType::kVendorName),
    Field<&Message::assigned_tunnel_id>(AvpType::kAssignedTunnelId),
    Field<&Message::receive_window>(AvpType::kReceiveWindowSize),
    Field<&Message::challenge>(AvpType::kChallenge),
    Field<&Message::q931_cause>(AvpType::kQ931CauseCode),
    Field<&Message::challenge_response>(AvpType::kChallengeResponse),
    Field<&Message::assigned_session_id>(AvpType::kAssignedSessionId),
    CallField<&CallInfo::call_serial_number>(AvpType::kCallSerialNumber),
    Field<&Message::minimum_bps>(AvpType::kMinimumBps),
    Field<&Message::maximum_bps>(AvpType::kMaximumBps),
    CallField<&CallInfo::bearer_type>(AvpType::kBearerType),
    CallField<&CallInfo::framing_type>(AvpType::kFramingType),
    CallField<&CallInfo::called_number>(AvpType::kCalledNumber),
    CallField<&CallInfo::calling_number>(AvpType::kCallingNumber),
    CallField<&CallInfo::sub_address>(AvpType::kSubAddress),
    CallField<&CallInfo::tx_connect_speed_bps>(AvpType::kTxConnectSpeed),
    CallField<&CallInfo::physical_channel_id>(AvpType::kPhysicalChannelId),
    CallField<&CallInfo::initial_received_confreq>(AvpType::kInitialReceivedConfReq),
    CallField<&CallInfo::last_sent_confreq>(AvpType::kLastSentConfReq),
    CallField<&CallInfo::last_received_confreq>(AvpType::kLastReceivedConfReq),
    CallField<&CallInfo::proxy_authen_type>(AvpType::kProxyAuthenType),
    CallField<&CallInfo::proxy_authen_name>(AvpType::kProxyAuthenName),
    CallField<&CallInfo::proxy_authen_challenge>(AvpType::kProxyAuthenChallenge),
    CallField<&CallInfo::proxy_authen_id>(AvpType::kProxyAuthenId),
    CallField<&CallInfo::proxy_authen_response>(AvpType::kProxyAuthenResponse),
    Field<&Message::call_errors>(AvpType::kCallErrors),
    Field<&Message::accm>(AvpType::kAccm),
    CallField<&CallInfo::private_group_id>(AvpType::kPrivateGroupId),
    CallField<&CallInfo::rx_connect_speed_bps>(AvpType::kRxConnectSpeed),
    CallField<&CallInfo::sequencing_required>(AvpType::kSequencingRequired),
    CallField<&CallInfo::rx_minimum_bps>(AvpType::kRxMinimumBps),
    CallField<&CallInfo::rx_maximum_bps>(AvpType::kRxMaximumBps),
    CallField<&CallInfo::service_category>(AvpType::kServiceCategory),
    CallField<&CallInfo::service_name>(AvpType::kServiceName),
    CallField<&CallInfo::calling_sub_address>(AvpType::kCallingSubAddress),
    CallField<&CallInfo::vpi_vci>(AvpType::kVpiVci),
    Field<&Message::ppp_cause>(AvpType::kPppDisconnectCause),
    Field<&Message::control_dscp>(AvpType::kControlConnectionDs),
    CallField<&CallInfo::session_dscp>(AvpType::kSessionDs),
    CallField<&CallInfo::lcp_want_options>(AvpType::kLcpWantOptions),
    CallField<&CallInfo::lcp_allow_options>(AvpType::kLcpAllowOptions),
    Field<&Message::lns_last_sent_confreq>(AvpType::kLnsLastSentConfReq),
    Field<&Message::lns_last_received_confreq>(AvpType::kLnsLastReceivedConfReq),
    Field<&Message::modem_on_hold_capable>(AvpType::kModemOnHoldCapable),
    Field<&Message::modem_on_hold>(AvpType::kModemOnHoldStatus),
    Field<&Message::speed_updates>(AvpType::kConnectSpeedUpdate),
    CallField<&CallInfo::connect_speed_updates>(AvpType::kConnectSpeedUpdateEnable),
});

constexpr const FieldRow* FindField(uint16_t type) {
  for (const FieldRow& row : kFieldTable) {
    if (static_cast<uint16_t>(row.type) == type) return &row;
  }
  return nullptr;
}

}  // namespace lns::l2tp
