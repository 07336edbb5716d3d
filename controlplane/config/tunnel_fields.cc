// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/tunnel_fields.h"

#include <algorithm>
#include <string>

#include "lib/ppp/mschap.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

ppp::AuthProtocol AuthOf(config::v1::AuthProtocol protocol) {
  switch (protocol) {
    case config::v1::PAP:
      return ppp::AuthProtocol::kPap;
    case config::v1::CHAP_MD5:
      return ppp::AuthProtocol::kChapMd5;
    case config::v1::MS_CHAP_V2:
      return ppp::AuthProtocol::kMsChapV2;
    case config::v1::MS_CHAP_V1:
      return ppp::AuthProtocol::kMsChapV1;
    default:
      return ppp::AuthProtocol::kNone;
  }
}

}  // namespace

void ReadChallenge(config::v1::ChallengePolicy policy, l2tp::TunnelSettings& tunnel) {
  if (policy == config::v1::CHALLENGE_POLICY_UNSPECIFIED) return;
  tunnel.challenge = policy == config::v1::ALWAYS       ? l2tp::ChallengePolicy::kAlways
                     : policy == config::v1::IF_OFFERED ? l2tp::ChallengePolicy::kIfOffered
                                                        : l2tp::ChallengePolicy::kNever;
}

std::vector<ppp::AuthProtocol> ReadAuth(const google::protobuf::RepeatedField<int>& in,
                                        std::string_view path, FieldChecks& check,
                                        const std::vector<ppp::AuthProtocol>& otherwise) {
  if (in.empty()) return otherwise;
  std::vector<ppp::AuthProtocol> protocols;
  for (int i = 0; i < in.size(); ++i) {
    const std::string at = Element(path, i, "");
    const ppp::AuthProtocol protocol = AuthOf(static_cast<config::v1::AuthProtocol>(in[i]));
    if (protocol == ppp::AuthProtocol::kNone) {
      check.Fail(at, "expected pap, chap_md5, ms_chap_v2 or ms_chap_v1");
    }
    if (std::count(protocols.begin(), protocols.end(), protocol) > 0) {
      check.Fail(at, "this protocol is there already");
    }
    if (const std::string why(ppp::MsChapError()); ppp::IsMsChap(protocol) && !why.empty()) {
      check.Fail(at, absl::StrCat("MS-CHAP is not possible on this machine: ", why));
    }
    protocols.push_back(protocol);
  }
  return protocols;
}

}  // namespace lns::controlplane
