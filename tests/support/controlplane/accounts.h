// Checks what the engine tells accounting as it comes: every session that starts is new, has what
// it needs, and ends once. For the simulated world.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/session_facts.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace lns::test {

class Accounts {
 public:
  void Start(const controlplane::SessionFacts& facts) {
    Check(!ended_.contains(facts.id), "started again after its end", facts.id);
    Check(open_.emplace(facts.id, facts.key).second, "started twice", facts.id);
    Check(keys_.emplace(facts.key, facts.id).second, "started beside another of its key", facts.id);
    CheckFacts(facts);
    last_ = facts;
  }
  void Change(const controlplane::SessionFacts& facts) {
    Check(open_.contains(facts.id), "changed and is not open", facts.id);
    CheckFacts(facts);
    last_ = facts;
    ++changes_;
  }
  void Stop(const controlplane::SessionStopped& stopped) {
    const auto open = open_.find(stopped.id);
    Check(open != open_.end() && open->second == stopped.key, "ended and was not open", stopped.id);
    Check(stopped.cause != controlplane::TerminateCause::kNone, "ended for no reason", stopped.id);
    last_cause_ = stopped.cause;
    open_.erase(stopped.id);
    keys_.erase(stopped.key);
    ended_.insert(stopped.id);
  }

  // In the order of their slots.
  std::vector<controlplane::AccountingId> OpenIds() const {
    std::vector<controlplane::AccountingId> ids;
    for (const auto& [id, key] : open_) ids.push_back(id);
    std::sort(ids.begin(), ids.end(), [](const auto& a, const auto& b) { return a.slot < b.slot; });
    return ids;
  }
  // nullopt: nobody accounts for it.
  std::optional<controlplane::AccountingId> IdOf(const controlplane::SessionKey& key) const {
    const auto found = keys_.find(key);
    return found == keys_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<controlplane::SessionKey> KeyOf(const controlplane::AccountingId& id) const {
    const auto found = open_.find(id);
    return found == open_.end() ? std::nullopt : std::optional(found->second);
  }
  bool IsOpen(const controlplane::SessionKey& key) const { return keys_.contains(key); }
  size_t open() const { return open_.size(); }
  size_t ended() const { return ended_.size(); }
  size_t changes() const { return changes_; }
  // The newest facts told, and the newest cause.
  const controlplane::SessionFacts& last() const { return last_; }
  controlplane::TerminateCause last_cause() const { return last_cause_; }
  // The first thing that was wrong; empty: nothing.
  const std::string& complaint() const { return complaint_; }

 private:
  void CheckFacts(const controlplane::SessionFacts& facts) {
    Check(facts.call.accounting_id == facts.id.ToString(), "goes by two ids", facts.id);
    Check(facts.service != nullptr, "has no service", facts.id);
    Check(!facts.ipv4_address.is_none() || facts.ipv6_interface_id.has_value(),
          "is online with nothing", facts.id);
  }
  void Check(bool good, const char* what, const controlplane::AccountingId& id) {
    if (!good && complaint_.empty()) complaint_ = "session " + id.ToString() + " " + what;
  }

  absl::flat_hash_map<controlplane::AccountingId, controlplane::SessionKey> open_;
  absl::flat_hash_map<controlplane::SessionKey, controlplane::AccountingId> keys_;
  absl::flat_hash_set<controlplane::AccountingId> ended_;
  size_t changes_ = 0;
  controlplane::SessionFacts last_;
  controlplane::TerminateCause last_cause_{};
  std::string complaint_;
};

}  // namespace lns::test
