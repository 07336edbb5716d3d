// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/aaa/local_users.h"

#include "lib/crypto/constant_time_equal.h"
#include "lib/crypto/md5.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/mschap.h"

namespace lns::controlplane {
namespace {

// What every refused user is told, whatever the reason.
constexpr char kRefused[] = "Authentication failed";
// Digests are compared, so the time does not tell how much of the password was guessed.
bool PapMatches(std::string_view expected, std::string_view given) {
  return crypto::ConstantTimeEqual(crypto::Md5({AsBytes(expected)}), crypto::Md5({AsBytes(given)}));
}

}  // namespace

LocalUsers::LocalUsers(std::vector<LocalUser> users) {
  users_.reserve(users.size());
  for (LocalUser& user : users) {
    Entry entry{std::move(user.password),
                std::make_shared<const ServiceProfile>(std::move(user.service))};
    users_.try_emplace(std::move(user.name), std::move(entry));
  }
}

void LocalUsers::Authenticate(const AuthenticateUser& request, Instant) {
  ready_.push_back({.request_id = request.request_id, .verdict = Check(request.credentials)});
}

void LocalUsers::TakeOutcomes(std::vector<AuthOutcome>& out) {
  for (AuthOutcome& outcome : ready_) out.push_back(std::move(outcome));
  ready_.clear();
}

AuthVerdict LocalUsers::Check(const ppp::AuthenticationNeeded& credentials) {
  static const Entry kNobody;
  const auto found = users_.find(credentials.user_name);
  const bool known = found != users_.end();
  // The same work for a user who does not exist.
  const Entry& user = known ? found->second : kNobody;

  std::string ms_chap;
  bool matches = false;
  bool well_formed = true;
  switch (credentials.protocol) {
    case ppp::AuthProtocol::kPap:
      matches = PapMatches(user.password, credentials.password);
      break;
    case ppp::AuthProtocol::kChapMd5:
      well_formed =
          credentials.response.size() == ppp::kChapValueLength && !credentials.challenge.empty();
      matches = well_formed && ppp::ChapMd5Matches(credentials.identifier, user.password,
                                                   credentials.challenge, credentials.response);
      break;
    case ppp::AuthProtocol::kMsChapV1:
    case ppp::AuthProtocol::kMsChapV2:
      well_formed = credentials.response.size() == ppp::kMsChapResponseLength;
      matches = well_formed && ppp::MsChapMatches(credentials, user.password, ms_chap);
      break;
    case ppp::AuthProtocol::kNone:
      well_formed = false;
      break;
  }

  if (known && well_formed && matches) {
    ++accepted_;
    return {.accepted = true, .ms_chap = std::move(ms_chap), .service = user.service};
  }
  AuthVerdict refused{.message = kRefused};
  if (!well_formed) {
    ++bad_request_;
    refused.cause = "credentials of an unusable form";
  } else if (!known) {
    ++unknown_user_;
    refused.cause = "unknown user";
  } else {
    ++wrong_password_;
    refused.cause = "wrong password";
  }
  return refused;
}

std::vector<std::pair<std::string, uint64_t>> LocalUsers::Counters() const {
  return {{"aaa.local.accepted", accepted_},
          {"aaa.local.unknown-user", unknown_user_},
          {"aaa.local.wrong-password", wrong_password_},
          {"aaa.local.bad-request", bad_request_}};
}

}  // namespace lns::controlplane
