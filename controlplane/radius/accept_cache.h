// Whom the servers accepted lately, to accept them again while no server answers: by the same
// password (PAP; a keyed digest of it is kept, never the password), or, for CHAP, whose answers
// only the server can check, by the line: the LAC and calling number of the last time. MS-CHAPv2
// must prove to the user that the password is known, which a cache cannot.
//
// Bounded: the oldest acceptance goes first. Lives on the protocol loop's thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <list>
#include <string>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/service.h"
#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/crypto/sha1.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

class AcceptCache {
 public:
  AcceptCache(size_t capacity, Duration lifetime, Rng& rng);

  void Remember(const AuthenticateUser& user, const ServicePtr& service, Instant now);
  void Forget(const std::string& user_name);
  // Null: not known well enough.
  ServicePtr Find(const AuthenticateUser& user, Instant now) const;

  size_t size() const { return by_name_.size(); }

 private:
  struct Entry {
    std::string name;
    crypto::Sha1Digest password{};  // zero: it was not PAP
    std::string line;               // empty: nothing names it
    ServicePtr service;
    Instant accepted;
  };
  using Entries = std::list<Entry>;  // oldest first

  crypto::Sha1Digest DigestOf(const AuthenticateUser& user) const;

  const size_t capacity_;
  const Duration lifetime_;
  Bytes key_;
  Entries entries_;
  absl::flat_hash_map<std::string, Entries::iterator> by_name_;
};

}  // namespace lns::controlplane
