// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/access_request.h"

#include <memory>
#include <string>
#include <utility>

#include "controlplane/radius/service_attributes.h"
#include "controlplane/radius/tunnel_policy.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/mschap.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/value.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

using ppp::AuthenticationNeeded;
using ppp::AuthProtocol;

constexpr char kRefused[] = "Authentication failed";
constexpr size_t kMaxMessage = 253;

// Identifier and response (RFC 2865 5.3); the challenge always goes by itself.
bool AddChap(const AuthenticationNeeded& user, radius::PacketBuilder& out) {
  if (user.response.size() != ppp::kChapValueLength) return false;
  Bytes value = {user.identifier};
  value.insert(value.end(), user.response.begin(), user.response.end());
  return out.Add(radius::kChapPassword, value) && out.Add(radius::kChapChallenge, user.challenge);
}

//  | Ident | Flags | Peer-Challenge (16) | Reserved (8) | Response (24) |     RFC 2548 2.3.2
//  | Ident | Flags | LM-Response (24)    | NT-Response (24)             |     RFC 2548 2.1.3
// PPP has the flags last (RFC 2759 4, RFC 2433 5). Those of version 2 are zero.
bool AddMsChap(const AuthenticationNeeded& user, radius::PacketBuilder& out) {
  if (user.response.size() != ppp::kMsChapResponseLength) return false;
  const bool v2 = user.protocol == AuthProtocol::kMsChapV2;
  Bytes value = {user.identifier, v2 ? uint8_t{0} : user.response.back()};
  value.insert(value.end(), user.response.begin(), user.response.end() - 1);
  return out.Add(radius::kMsChapChallenge, user.challenge) &&
         out.Add(v2 ? radius::kMsChap2Response : radius::kMsChapResponse, value);
}

bool AddCredentials(const AuthenticationNeeded& user, radius::PacketBuilder& out) {
  switch (user.protocol) {
    case AuthProtocol::kPap:
      return true;  // hidden with what the client chooses
    case AuthProtocol::kChapMd5:
      return AddChap(user, out);
    case AuthProtocol::kMsChapV1:
    case AuthProtocol::kMsChapV2:
      return AddMsChap(user, out);
    case AuthProtocol::kNone:
      break;
  }
  return false;
}

// All of them joined, as RFC 2865 5.18 shows them.
std::string ReplyMessage(ByteView attributes) {
  std::string text;
  radius::AttributeReader reader(attributes);
  for (radius::Attribute attribute; reader.Next(attribute);) {
    if (attribute.id == radius::kReplyMessage) text += AsText(attribute.value);
  }
  return text.substr(0, kMaxMessage);
}

// The text behind the identifier (RFC 2548 2.1.5, 2.3.3).
std::string MsChapText(ByteView attributes, radius::AttributeId id) {
  const auto value = radius::Find(attributes, id);
  if (!value || value->size() < 2) return "";
  return std::string(AsText(value->subspan(1)));
}

AuthVerdict Refused(std::string cause, const std::string& message) {
  AuthVerdict verdict;
  verdict.message = message.empty() ? kRefused : message;
  verdict.cause = std::move(cause);
  return verdict;
}

void Accept(const AuthenticateUser& user, const radius::RequestDone& done, AccessAnswer& answer) {
  const ByteView attributes = done.attributes;
  // RFC 2865 5.6: what is not supported is a refusal.
  if (const auto value = radius::Find(attributes, radius::kServiceType)) {
    const uint32_t type = radius::ReadInteger(*value).value_or(0);
    if (type != radius::kServiceTypeFramed) {
      answer.verdict = Refused(absl::StrCat("accepted for Service-Type ", type, " only"), "");
      return;
    }
  }
  ServiceReading service = ReadService(attributes);
  answer.malformed = service.malformed;
  answer.ignored = service.ignored;
  if (user.call != nullptr) {
    TunnelPolicy tunnel = ReadTunnelPolicy(attributes, *user.call);
    if (tunnel.malformed) ++answer.malformed;
    if (!tunnel.allowed) {
      answer.verdict = Refused("accepted for other tunnels only", "");
      return;
    }
    service.profile.tunnel_group = std::move(tunnel.group);
  }
  service.profile.by_radius = true;
  std::string ms_chap;
  if (user.credentials.protocol == AuthProtocol::kMsChapV2) {
    ms_chap = MsChapText(attributes, radius::kMsChap2Success);
    if (ms_chap.empty()) {
      answer.verdict = Refused("accepted without MS-CHAP2-Success", "");
      return;
    }
  }
  answer.verdict.accepted = true;
  answer.verdict.message = ReplyMessage(attributes);
  answer.verdict.ms_chap = std::move(ms_chap);
  answer.verdict.service = std::make_shared<const ServiceProfile>(std::move(service.profile));
}

}  // namespace

std::optional<radius::ClientRequest> MakeAccessRequest(const AuthenticateUser& user,
                                                       const NasIdentity& nas, ByteView extra) {
  const AuthenticationNeeded& credentials = user.credentials;
  radius::PacketBuilder builder(radius::Code::kAccessRequest, 0);
  if (!builder.AddText(radius::kUserName, credentials.user_name) ||
      !AddCredentials(credentials, builder)) {
    return std::nullopt;
  }
  AddNas(nas, builder);
  if (user.call != nullptr) {
    AddCall(*user.call, builder);
    if (user.call->peer_mru != 0) builder.AddInteger(radius::kFramedMtu, user.call->peer_mru);
  }
  builder.AddRaw(extra);
  const ByteView attributes = builder.attributes();
  const bool pap = credentials.protocol == AuthProtocol::kPap;
  return radius::ClientRequest{.cookie = user.request_id,
                               .code = radius::Code::kAccessRequest,
                               .attributes = Bytes(attributes.begin(), attributes.end()),
                               .has_password = pap,
                               .password = pap ? credentials.password : std::string()};
}

AccessAnswer ReadAccessAnswer(const AuthenticateUser& user, const radius::RequestDone& done) {
  AccessAnswer answer;
  switch (done.code) {
    case radius::Code::kAccessAccept:
      Accept(user, done, answer);
      break;
    case radius::Code::kAccessChallenge:
      answer.challenged = true;
      answer.verdict = Refused("the server asks something PPP cannot (Access-Challenge)", "");
      break;
    default:
      answer.verdict = Refused("refused by the server", ReplyMessage(done.attributes));
      answer.verdict.ms_chap = MsChapText(done.attributes, radius::kMsChapError);
      break;
  }
  return answer;
}

}  // namespace lns::controlplane
