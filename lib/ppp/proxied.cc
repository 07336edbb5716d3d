// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/proxied.h"

#include <string>

#include "lib/ppp/auth_step.h"
#include "lib/ppp/chap.h"

namespace lns::ppp {
namespace {

bool IsOfType(const ProxiedLcp& proxied, ProxyAuthenType type) {
  return proxied.authen_type == static_cast<uint16_t>(type);
}

AuthenticationNeeded Question(const ProxiedLcp& proxied, AuthProtocol protocol) {
  // RFC 2661 4.4.5: the identifier is the low byte.
  return {.protocol = protocol,
          .user_name = std::string(proxied.authen_name),
          .identifier = static_cast<uint8_t>(proxied.authen_id.value_or(0)),
          .proxied = true};
}

AuthenticationNeeded WithPassword(const ProxiedLcp& proxied) {
  AuthenticationNeeded question = Question(proxied, AuthProtocol::kPap);
  question.password = std::string(AsText(proxied.authen_response));
  return question;
}

}  // namespace

bool IsTextLogin(const ProxiedLcp& proxied) {
  return IsOfType(proxied, ProxyAuthenType::kText) && !proxied.authen_name.empty();
}

std::optional<AuthenticationNeeded> ProxiedAnswer(const ProxiedLcp& proxied, AuthProtocol agreed) {
  if (proxied.authen_name.size() > kMaxUserName) return std::nullopt;
  if (agreed == AuthProtocol::kNone) {
    if (!IsTextLogin(proxied)) return std::nullopt;
    return WithPassword(proxied);
  }
  if (!proxied.authen_id) return std::nullopt;
  if (agreed == AuthProtocol::kPap) {
    if (!IsOfType(proxied, ProxyAuthenType::kPap)) return std::nullopt;
    return WithPassword(proxied);
  }
  const bool chap =
      IsOfType(proxied, ProxyAuthenType::kChap) || IsOfType(proxied, ProxyAuthenType::kMsChapV1);
  if (!chap || proxied.authen_challenge.empty() ||
      proxied.authen_response.size() != ChapResponseLength(agreed)) {
    return std::nullopt;
  }
  AuthenticationNeeded question = Question(proxied, agreed);
  question.challenge.assign(proxied.authen_challenge.begin(), proxied.authen_challenge.end());
  question.response.assign(proxied.authen_response.begin(), proxied.authen_response.end());
  return question;
}

}  // namespace lns::ppp
