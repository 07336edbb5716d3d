// How links are made, and the names of their values; what a link does is PhasedLink.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/link.h"

#include <memory>

#include "lib/base/check.h"
#include "lib/ppp/phased_link.h"

namespace lns::ppp {

std::unique_ptr<Link> Link::MakeServer(const LinkSettings& settings, Rng& rng) {
  LNS_CHECK(settings.role == Role::kServer);
  return std::make_unique<PhasedLink>(settings, nullptr, rng);
}

std::unique_ptr<Link> Link::MakeClient(const LinkSettings& settings, const Credentials& credentials,
                                       Rng& rng) {
  LNS_CHECK(settings.role == Role::kClient);
  return std::make_unique<PhasedLink>(settings, std::make_unique<const Credentials>(credentials),
                                      rng);
}

std::vector<AuthProtocol> DefaultAuthProtocols() {
  return {AuthProtocol::kChapMd5, AuthProtocol::kPap};
}

const char* ToString(AuthProtocol protocol) {
  switch (protocol) {
    case AuthProtocol::kNone:
      return "none";
    case AuthProtocol::kPap:
      return "pap";
    case AuthProtocol::kChapMd5:
      return "chap-md5";
    case AuthProtocol::kMsChapV1:
      return "ms-chap-v1";
    case AuthProtocol::kMsChapV2:
      return "ms-chap-v2";
  }
  return "unknown";
}

const char* ToString(Renegotiate policy) {
  switch (policy) {
    case Renegotiate::kNever:
      return "never";
    case Renegotiate::kOnMismatch:
      return "on-mismatch";
    case Renegotiate::kAlways:
      return "always";
  }
  return "unknown";
}

const char* ToString(LinkPhase phase) {
  switch (phase) {
    case LinkPhase::kDead:
      return "dead";
    case LinkPhase::kEstablish:
      return "establish";
    case LinkPhase::kAuthenticate:
      return "authenticate";
    case LinkPhase::kNetwork:
      return "network";
    case LinkPhase::kTerminate:
      return "terminate";
  }
  return "unknown";
}

const char* ToString(LinkDownCause cause) {
  switch (cause) {
    case LinkDownCause::kNone:
      return "none";
    case LinkDownCause::kClosedLocally:
      return "closed-locally";
    case LinkDownCause::kTerminatedByPeer:
      return "terminated-by-peer";
    case LinkDownCause::kNoLcp:
      return "no-lcp";
    case LinkDownCause::kLcpTimeout:
      return "lcp-timeout";
    case LinkDownCause::kLcpRefused:
      return "lcp-refused";
    case LinkDownCause::kLoopback:
      return "loopback";
    case LinkDownCause::kProxyRequired:
      return "proxy-required";
    case LinkDownCause::kEchoTimeout:
      return "echo-timeout";
    case LinkDownCause::kAuthTimeout:
      return "auth-timeout";
    case LinkDownCause::kAuthRefused:
      return "auth-refused";
    case LinkDownCause::kAuthFailed:
      return "auth-failed";
    case LinkDownCause::kAuthNameChanged:
      return "auth-name-changed";
    case LinkDownCause::kNetworkTimeout:
      return "network-timeout";
    case LinkDownCause::kNoNetworkProtocol:
      return "no-network-protocol";
    case LinkDownCause::kAddressRefused:
      return "address-refused";
  }
  return "unknown";
}

}  // namespace lns::ppp
