// Result and error codes of StopCCN and CDN (RFC 2661 4.4.2) and their names for people.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/message_table.h"

namespace lns::l2tp {

enum class StopCcnResult : uint16_t {
  kGeneralRequest = 1,
  kGeneralError = 2,
  kAlreadyExists = 3,
  kNotAuthorized = 4,
  kProtocolVersion = 5,  // the error code is the highest version supported
  kShuttingDown = 6,
  kFsmError = 7,
  kControlDsMismatch = 8,  // RFC 3308
};

enum class CdnResult : uint16_t {
  kLossOfCarrier = 1,
  kGeneralError = 2,
  kAdministrative = 3,
  kNoFacilitiesTemporary = 4,
  kNoFacilitiesPermanent = 5,
  kInvalidDestination = 6,
  kNoCarrier = 7,
  kBusy = 8,
  kNoDialTone = 9,
  kTimeout = 10,
  kNoFraming = 11,
  kSessionDsMismatch = 12,  // RFC 3308
};

// With result 2 in either message.
enum class GeneralError : uint16_t {
  kNone = 0,
  kNoControlConnection = 1,
  kLength = 2,
  kBadValue = 3,
  kResources = 4,
  kInvalidSession = 5,
  kVendorSpecific = 6,
  kTryAnother = 7,
  kUnknownMandatoryAvp = 8,
};

ResultCode MakeResult(StopCcnResult result, std::string message = {});
ResultCode MakeResult(CdnResult result, std::string message = {});
// Result 2, the same number in both messages.
ResultCode MakeError(GeneralError error, std::string message = {});

// "general error: length is wrong (2/2): AVP 9"; the numbers alone where they mean nothing.
// `carrier` is kStopCcn or kCdn.
std::string Describe(const ResultCode& code, MessageType carrier);

// The AVP's value. Lengths the RFC does not have are read as far as they go, and a code in the
// wrong byte order (Apple sends 0x0300) is turned round; false only when there is no code at all.
bool ReadResultCode(ByteView value, ResultCode& out, EventSet& events);
Bytes WriteResultCode(const ResultCode& code);

}  // namespace lns::l2tp
