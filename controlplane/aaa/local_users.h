// Users from the configuration: PAP, CHAP-MD5 and MS-CHAP (RFC 1334, RFC 1994, RFC 2759) checked
// against the password in constant time. An unknown user and a wrong password cost the same and get
// the same answer on the wire; only the counters and the log line tell them apart.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/aaa/authenticator.h"
#include "controlplane/lns/service.h"
#include "lib/base/time.h"
#include "lib/ppp/link.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

struct LocalUser {
  std::string name;
  std::string password;
  ServiceProfile service;
};

class LocalUsers final : public Authenticator {
 public:
  // Of two users with one name the first counts; the configuration check refuses such a file.
  explicit LocalUsers(std::vector<LocalUser> users);

  bool Knows(const std::string& name) const { return users_.contains(name); }

  void Authenticate(const AuthenticateUser& request, Instant now) override;
  void TakeOutcomes(std::vector<AuthOutcome>& out) override;
  void OnTimer(Instant) override {}
  Instant NextDeadline() const override { return Instant::Never(); }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override;

 private:
  AuthVerdict Check(const ppp::AuthenticationNeeded& credentials);

  struct Entry {
    std::string password;
    ServicePtr service;
  };

  absl::flat_hash_map<std::string, Entry> users_;
  std::vector<AuthOutcome> ready_;
  uint64_t accepted_ = 0;
  uint64_t unknown_user_ = 0;
  uint64_t wrong_password_ = 0;
  uint64_t bad_request_ = 0;
};

}  // namespace lns::controlplane
