// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/accept_cache.h"

#include <utility>

#include "lib/crypto/constant_time_equal.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr size_t kKeyLength = 32;

std::string LineOf(const AuthenticateUser& user) {
  if (user.call == nullptr || user.call->calling_number.empty()) return "";
  return absl::StrCat(user.call->tunnel.peer.address.ToString(), " ", user.call->calling_number);
}

}  // namespace

AcceptCache::AcceptCache(size_t capacity, Duration lifetime, Rng& rng)
    : capacity_(capacity), lifetime_(lifetime), key_(kKeyLength) {
  rng.Fill(key_);
}

// Keyed on both sides, so that the length of one part cannot stand for another's.
crypto::Sha1Digest AcceptCache::DigestOf(const AuthenticateUser& user) const {
  const crypto::Sha1Digest inner =
      crypto::Sha1({key_, AsBytes(user.credentials.user_name), ByteView(key_).first(1),
                    AsBytes(user.credentials.password)});
  return crypto::Sha1({key_, inner});
}

void AcceptCache::Remember(const AuthenticateUser& user, const ServicePtr& service, Instant now) {
  const std::string& name = user.credentials.user_name;
  Forget(name);
  if (capacity_ == 0) return;
  if (entries_.size() >= capacity_) Forget(std::string(entries_.front().name));
  Entry entry{.name = name, .line = LineOf(user), .service = service, .accepted = now};
  if (user.credentials.protocol == ppp::AuthProtocol::kPap) entry.password = DigestOf(user);
  entries_.push_back(std::move(entry));
  by_name_.emplace(name, std::prev(entries_.end()));
}

void AcceptCache::Forget(const std::string& user_name) {
  const auto found = by_name_.find(user_name);
  if (found == by_name_.end()) return;
  entries_.erase(found->second);
  by_name_.erase(found);
}

ServicePtr AcceptCache::Find(const AuthenticateUser& user, Instant now) const {
  const auto found = by_name_.find(user.credentials.user_name);
  if (found == by_name_.end()) return nullptr;
  const Entry& entry = *found->second;
  if (now - entry.accepted > lifetime_) return nullptr;
  bool known = false;
  switch (user.credentials.protocol) {
    case ppp::AuthProtocol::kPap:
      known = entry.password != crypto::Sha1Digest{} &&
              crypto::ConstantTimeEqual(entry.password, DigestOf(user));
      break;
    case ppp::AuthProtocol::kChapMd5:
    case ppp::AuthProtocol::kMsChapV1:
      known = !entry.line.empty() && entry.line == LineOf(user);
      break;
    case ppp::AuthProtocol::kMsChapV2:
    case ppp::AuthProtocol::kNone:
      break;
  }
  return known ? entry.service : nullptr;
}

}  // namespace lns::controlplane
