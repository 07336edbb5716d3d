// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/rfc3145.h"

#include "lib/ppp/frame.h"

namespace lns::ppp {
namespace {

enum Code : uint16_t {
  kNoInformation = 0,
  kRenegotiationDisabled = 2,
  kNormal = 3,
  kLcpFsmTimeout = 5,
  kNoLcpPackets = 6,
  kMagicNumber = 7,
  kEchoTimeout = 8,
  kAuthFsmTimeout = 13,
  kAuthProtocolUnacceptable = 15,
  kAuthenticationFailed = 16,
  kNcpFsmTimeout = 17,
  kNoNcp = 18,
  kAddressesDidNotConverge = 19,
};
enum Direction : uint8_t { kNone = 0, kPeer = 1, kLocal = 2 };

}  // namespace

// Codes 4 (encryption), 9 to 11 (multilink), 12 (callback), 14 (names within a bundle) and 20
// (configured addresses) tell of what this library never demands; 1 (administrative) is the owner's
// to know.
Rfc3145Cause Rfc3145CauseOf(LinkDownCause cause, Role role) {
  const bool server = role == Role::kServer;
  switch (cause) {
    case LinkDownCause::kNone:
      return {};
    case LinkDownCause::kClosedLocally:
      return {kNormal, kProtocolLcp, kLocal};
    case LinkDownCause::kTerminatedByPeer:
      return {kNormal, kProtocolLcp, kPeer};
    case LinkDownCause::kNoLcp:
      return {kNoLcpPackets, kProtocolLcp, kNone};
    case LinkDownCause::kLcpTimeout:
      return {kLcpFsmTimeout, kProtocolLcp, kNone};
    case LinkDownCause::kLcpRefused:
      return {kNoInformation, kProtocolLcp, kNone};
    case LinkDownCause::kLoopback:
      return {kMagicNumber, kProtocolLcp, kNone};
    case LinkDownCause::kProxyRequired:
      return {kRenegotiationDisabled, kProtocolLcp, kNone};
    case LinkDownCause::kEchoTimeout:
      return {kEchoTimeout, kProtocolLcp, kNone};
    case LinkDownCause::kAuthTimeout:
      return {kAuthFsmTimeout, 0, kNone};
    // 15: whose demands were refused; 16: whose identity was in question.
    case LinkDownCause::kAuthRefused:
      return {kAuthProtocolUnacceptable, 0, server ? kPeer : kLocal};
    case LinkDownCause::kAuthFailed:
    case LinkDownCause::kAuthNameChanged:
      return {kAuthenticationFailed, 0, server ? kPeer : kLocal};
    case LinkDownCause::kNetworkTimeout:
      return {kNcpFsmTimeout, 0, kNone};
    case LinkDownCause::kNoNetworkProtocol:
      return {kNoNcp, 0, kNone};
    // The server Naks, the client hears it.
    case LinkDownCause::kAddressRefused:
      return {kAddressesDidNotConverge, kProtocolIpcp, server ? kLocal : kPeer};
  }
  return {};
}

}  // namespace lns::ppp
