// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/close_cause.h"

#include "lib/ppp/frame.h"
#include "lib/ppp/rfc3145.h"

namespace lns::controlplane {
namespace {

struct Row {
  const char* name;
  uint16_t result;
  uint16_t error;
  TerminateCause terminate;
  const char* text;
};
constexpr Row kRows[kCloseCauses] = {
    {"none", 0, 0, TerminateCause::kNone, ""},
#define CLOSE_CAUSE(enumerator, name, result, error, terminate, text) \
  {name, result, error, TerminateCause::terminate, text},
#include "controlplane/lns/close_cause.def"
#undef CLOSE_CAUSE
};
const Row& RowOf(CloseCause cause) { return kRows[static_cast<size_t>(cause)]; }

}  // namespace

const char* NameOf(CloseCause cause) { return RowOf(cause).name; }
const char* TextOf(CloseCause cause) { return RowOf(cause).text; }

l2tp::ResultCode ResultOf(CloseCause cause) {
  const Row& row = RowOf(cause);
  return {.result = row.result, .error = row.error, .message = row.text};
}

TerminateCause TerminateCauseOf(CloseCause cause) { return RowOf(cause).terminate; }

CloseCause CauseOf(ppp::LinkDownCause cause) {
  switch (cause) {
    case ppp::LinkDownCause::kNone:
    case ppp::LinkDownCause::kClosedLocally:
      return CloseCause::kLinkClosed;
    case ppp::LinkDownCause::kTerminatedByPeer:
      return CloseCause::kUserTerminated;
    case ppp::LinkDownCause::kNoLcp:
      return CloseCause::kNoLcp;
    case ppp::LinkDownCause::kLcpTimeout:
      return CloseCause::kLcpTimeout;
    case ppp::LinkDownCause::kLcpRefused:
      return CloseCause::kLcpRefused;
    case ppp::LinkDownCause::kLoopback:
      return CloseCause::kLoopback;
    case ppp::LinkDownCause::kProxyRequired:
      return CloseCause::kProxyRequired;
    case ppp::LinkDownCause::kEchoTimeout:
      return CloseCause::kEchoTimeout;
    case ppp::LinkDownCause::kAuthTimeout:
      return CloseCause::kAuthTimeout;
    case ppp::LinkDownCause::kAuthRefused:
      return CloseCause::kAuthRefused;
    case ppp::LinkDownCause::kAuthFailed:
      return CloseCause::kAuthFailed;
    case ppp::LinkDownCause::kAuthNameChanged:
      return CloseCause::kAuthNameChanged;
    case ppp::LinkDownCause::kNetworkTimeout:
      return CloseCause::kNetworkTimeout;
    case ppp::LinkDownCause::kNoNetworkProtocol:
      return CloseCause::kNoNetworkProtocol;
    case ppp::LinkDownCause::kAddressRefused:
      return CloseCause::kAddressRefused;
  }
  return CloseCause::kLinkClosed;
}

std::optional<l2tp::PppDisconnectCause> PppCauseOf(CloseCause cause) {
  constexpr uint16_t kAdministrative = 1;
  constexpr uint16_t kNormal = 3;
  constexpr uint16_t kNoAddress = 20;
  constexpr uint8_t kHere = 2;
  switch (cause) {
    case CloseCause::kOperator:
    case CloseCause::kDisconnectRequest:
    case CloseCause::kDuplicateUser:
    case CloseCause::kReplaced:
    case CloseCause::kAaaUnavailable:
    case CloseCause::kAaaBusy:
      return l2tp::PppDisconnectCause{.code = kAdministrative, .message = TextOf(cause)};
    case CloseCause::kSessionTimeout:
    case CloseCause::kIdleTimeout:
    case CloseCause::kQuotaReached:
      return l2tp::PppDisconnectCause{.code = kNormal,
                                      .protocol = ppp::kProtocolLcp,
                                      .direction = kHere,
                                      .message = TextOf(cause)};
    case CloseCause::kPoolExhausted:
    case CloseCause::kNoSuchPool:
    case CloseCause::kUnknownVrf:
    case CloseCause::kAddressInUse:
      return l2tp::PppDisconnectCause{.code = kNoAddress,
                                      .protocol = ppp::kProtocolIpcp,
                                      .direction = kHere,
                                      .message = TextOf(cause)};
    default:
      break;
  }
  for (auto link = ppp::LinkDownCause::kNone; link <= ppp::LinkDownCause::kAddressRefused;
       link = static_cast<ppp::LinkDownCause>(static_cast<uint8_t>(link) + 1)) {
    if (link == ppp::LinkDownCause::kNone || CauseOf(link) != cause) continue;
    const ppp::Rfc3145Cause words = ppp::Rfc3145CauseOf(link);
    return l2tp::PppDisconnectCause{.code = words.code,
                                    .protocol = words.protocol,
                                    .direction = words.direction,
                                    .message = TextOf(cause)};
  }
  return std::nullopt;
}

}  // namespace lns::controlplane
