// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/result_code.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/l2tp/avp_table.h"

namespace lns::l2tp {
namespace {

constexpr auto kStopCcnNames = std::to_array<const char*>({
    "reserved",
    "general request to clear",
    "general error",
    "control channel already exists",
    "not authorized",
    "protocol version not supported",
    "shutting down",
    "state machine error",
    "DiffServ of the control connection not accepted",
});
constexpr auto kCdnNames = std::to_array<const char*>({
    "reserved",
    "loss of carrier",
    "general error",
    "administrative reasons",
    "lack of facilities (temporary)",
    "lack of facilities (permanent)",
    "invalid destination",
    "no carrier",
    "busy",
    "no dial tone",
    "not established in time",
    "no appropriate framing",
    "DiffServ of the session not accepted",
});
constexpr auto kErrorNames = std::to_array<const char*>({
    "no general error",
    "no control connection",
    "length is wrong",
    "field value out of range",
    "insufficient resources",
    "invalid session id",
    "vendor-specific error",
    "try another",
    "unknown mandatory AVP",
});

template <size_t kSize>
const char* NameOr(const std::array<const char*, kSize>& names, uint16_t code,
                   const char* otherwise) {
  return code < kSize ? names[code] : otherwise;
}

constexpr uint16_t kGeneralErrorResult = 2;

// Every code the RFC has fits the low byte.
uint16_t InHostOrder(uint16_t code, EventSet& events) {
  if ((code & 0xff) != 0 || code == 0) return code;
  events.Add(L2tpEvent::kResultCodeSwapped);
  return static_cast<uint16_t>(code >> 8);
}

}  // namespace

ResultCode MakeResult(StopCcnResult result, std::string message) {
  return {.result = static_cast<uint16_t>(result), .message = std::move(message)};
}

ResultCode MakeResult(CdnResult result, std::string message) {
  return {.result = static_cast<uint16_t>(result), .message = std::move(message)};
}

ResultCode MakeError(GeneralError error, std::string message) {
  return {.result = kGeneralErrorResult,
          .error = static_cast<uint16_t>(error),
          .message = std::move(message)};
}

std::string Describe(const ResultCode& code, MessageType carrier) {
  std::string text = carrier == MessageType::kStopCcn
                         ? NameOr(kStopCcnNames, code.result, "unknown result")
                         : NameOr(kCdnNames, code.result, "unknown result");
  std::string numbers = std::to_string(code.result);
  if (code.error != 0) {
    if (code.result == kGeneralErrorResult) {
      text += std::string(": ") + NameOr(kErrorNames, code.error, "unknown error");
    }
    numbers += "/" + std::to_string(code.error);
  }
  text += " (" + numbers + ")";
  if (!code.message.empty()) text += ": " + code.message;
  return text;
}

bool ReadResultCode(ByteView value, ResultCode& out, EventSet& events) {
  Reader reader(value);
  const uint16_t result = reader.ReadU16();
  if (!reader.ok()) return false;
  out = {.result = InHostOrder(result, events), .raw_result = result};
  if (reader.remaining() < 2) return true;
  // With StopCCN 5 the error is a version, 0x0100, and must stay as it came.
  const uint16_t error = reader.ReadU16();
  out.raw_error = error;
  out.error = out.result == kGeneralErrorResult ? InHostOrder(error, events) : error;
  out.message = AsText(reader.ReadRest());
  return true;
}

Bytes WriteResultCode(const ResultCode& code) {
  const bool has_error = code.error != 0 || !code.message.empty();
  const ByteView text =
      AsBytes(code.message).first(std::min(code.message.size(), kMaxAvpValue - 4));
  Bytes value(has_error ? 4 + text.size() : 2);
  Writer writer(value);
  writer.WriteU16(code.result);
  if (has_error) {
    writer.WriteU16(code.error);
    writer.WriteBytes(text);
  }
  return value;
}

}  // namespace lns::l2tp
