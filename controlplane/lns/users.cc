// Users who log in while online already (EngineSettings::duplicate_users): as often as AAA says
// (Port-Limit), else the configuration. Who holds a name is known only where it matters: with the
// policy kAllow nothing is kept.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <utility>

#include "controlplane/lns/engine_impl.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

// AAA has accepted the session's user. kNone: it may go on, and now holds the name.
CloseCause EngineImpl::SettleDuplicates(SessionRecord& session, Turn turn) {
  if (settings_.duplicate_users == DuplicateUserPolicy::kAllow || session.user_name.empty() ||
      session.holds_name) {
    return CloseCause::kNone;
  }
  if (settings_.duplicate_users == DuplicateUserPolicy::kCount) {
    if (users_.contains(session.user_name)) counters_.Add(Counter::kUserDuplicated);
  } else if (const CloseCause refusal = MakeRoomForUser(session, turn);
             refusal != CloseCause::kNone) {
    return refusal;
  }
  users_[session.user_name].push_back(session.slot);
  session.holds_name = true;
  return CloseCause::kNone;
}

CloseCause EngineImpl::MakeRoomForUser(SessionRecord& session, Turn turn) {
  const uint32_t wanted = session.service->max_sessions;
  const uint32_t limit = wanted != 0 ? wanted : settings_.sessions_per_user;
  // The limit may have been lowered since the others came.
  for (auto user = users_.find(session.user_name);
       user != users_.end() && user->second.size() >= limit;
       user = users_.find(session.user_name)) {
    if (settings_.duplicate_users == DuplicateUserPolicy::kDeny) {
      counters_.Add(Counter::kUserDenied);
      return CloseCause::kDuplicateUser;
    }
    SessionRecord& oldest = *sessions_.At(user->second.front());
    counters_.Add(Counter::kUserReplaced);
    Note(session, TrailNote::kUserReplaces,
         absl::StrCat(oldest.key.tunnel.value(), "/", oldest.key.session.value()), turn);
    // At once: the new session may need the address of the old one. It lets go of the name.
    oldest.close_cause = CloseCause::kReplaced;
    EndSession(oldest, CloseCause::kReplaced, "", turn);
  }
  return CloseCause::kNone;
}

// Before the name changes or the session goes.
void EngineImpl::ReleaseName(SessionRecord& session) {
  if (!session.holds_name) return;
  session.holds_name = false;
  const auto user = users_.find(session.user_name);
  SlotsOfUser slots = std::move(user->second);
  slots.erase(std::find(slots.begin(), slots.end(), session.slot));
  // The key is the text of one of the sessions: now of one that stays.
  users_.erase(user);
  if (!slots.empty()) users_.emplace(sessions_.At(slots.front())->user_name, std::move(slots));
}

}  // namespace lns::controlplane
