// How each AVP's value is read into and written from its field of Message: one row per AVP, used by
// message.cc alone. Message Type and Random Vector are not fields; message.cc handles them itself.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/l2tp/message.h"
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
template <typename T>
Bytes WriteValue(const std::optional<T>& in) {
  return WriteValue(in.value_or(T{}));
}

struct FieldRow {
  AvpType type;
  bool (*read)(ByteView, Message&, EventSet&);
  Bytes (*write)(const Message&);
};

template <auto kMember>
constexpr FieldRow Field(AvpType type) {
  return {type,
          [](ByteView value, Message& message, EventSet& events) {
            return ReadValue(value, message.*kMember, events);
          },
          [](const Message& message) { return WriteValue(message.*kMember); }};
}
template <auto kMember>
constexpr FieldRow CallField(AvpType type) {
  return {type,
          [](ByteView value, Message& message, EventSet& events) {
            return ReadValue(value, message.call.*kMember, events);
          },
          [](const Message& message) { return WriteValue(message.call.*kMember); }};
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
});

constexpr const FieldRow* FindField(uint16_t type) {
  for (const FieldRow& row : kFieldTable) {
    if (static_cast<uint16_t>(row.type) == type) return &row;
  }
  return nullptr;
}

}  // namespace lns::l2tp
