// Users who log in while online already (EngineSettings::duplicate_users). Who holds a name is
// known only where it matters: with the policy kAllow nothing is kept.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/engine_impl.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

// AAA has accepted the session's user. kNone: it may go on, and now holds the name.
CloseCause EngineImpl::SettleDuplicates(SessionRecord& session, Turn turn) {
  if (settings_.duplicate_users == DuplicateUserPolicy::kAllow || session.user_name.empty() ||
      session.holds_name) {
    return CloseCause::kNone;
  }
  const auto holder = users_.find(session.user_name);
  if (holder != users_.end()) {
    if (settings_.duplicate_users == DuplicateUserPolicy::kDeny) {
      counters_.Add(Counter::kUserDenied);
      return CloseCause::kDuplicateUser;
    }
    SessionRecord& other = *sessions_.At(holder->second);
    counters_.Add(Counter::kUserReplaced);
    Note(session, TrailNote::kUserReplaces,
         absl::StrCat(other.key.tunnel.value(), "/", other.key.session.value()), turn);
    // At once: the new session may need the address of the old one.
    other.close_cause = CloseCause::kReplaced;
    EndSession(other, CloseCause::kReplaced, "", turn);
  }
  users_.emplace(session.user_name, session.slot);
  session.holds_name = true;
  return CloseCause::kNone;
}

// Before the name changes or the session goes.
void EngineImpl::ReleaseName(SessionRecord& session) {
  if (!session.holds_name) return;
  session.holds_name = false;
  users_.erase(session.user_name);
}

}  // namespace lns::controlplane
