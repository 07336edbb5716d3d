// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/radius/authenticator.h"

#include <algorithm>
#include <variant>

#include "controlplane/radius/access_request.h"
#include "lib/os/clock.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

std::vector<net::Endpoint> EndpointsOf(const radius::ClientSettings& settings) {
  std::vector<net::Endpoint> endpoints;
  for (const radius::ServerSettings& server : settings.servers) {
    endpoints.push_back(server.endpoint);
  }
  return endpoints;
}

constexpr char kTryLater[] = "Service unavailable";

}  // namespace

RadiusAuthenticator::RadiusAuthenticator(RadiusSettings settings, LocalUsers& local_users,
                                         Poller& poller, Rng& rng, LogSink log)
    : settings_(std::move(settings)),
      local_users_(local_users),
      log_(std::move(log)),
      client_(settings_.client, rng),
      sockets_(poller, settings_.source, EndpointsOf(settings_.client), *this),
      queue_(settings_.admission),
      cache_(settings_.cache_users, settings_.cache_lifetime, rng) {}

void RadiusAuthenticator::Authenticate(const AuthenticateUser& request, Instant now) {
  const bool local =
      settings_.local_users_first && local_users_.Knows(request.credentials.user_name);
  if (local || !settings_.used()) {
    ++totals_.local;
    return local_users_.Authenticate(request, now);
  }
  if (!client_.Usable(now)) {
    ++totals_.unanswered;
    return FallBack(request, now);
  }
  if (const auto evicted = queue_.Push(request, now)) {
    ++totals_.busy;
    Refuse(evicted->request_id, CloseCause::kAaaBusy, "too many users wait for the servers");
  }
  Pump(now);
}

void RadiusAuthenticator::Pump(Instant now) {
  while (const auto user = queue_.Pop(client_.in_flight())) {
    auto request = MakeAccessRequest(*user, settings_.nas, settings_.extra);
    if (!request) {
      ++totals_.inexpressible;
      Answer(user->request_id,
             {.message = "Authentication failed", .cause = "credentials of an unusable form"});
      continue;
    }
    ++totals_.asked;
    asked_.emplace(user->request_id, *user);
    client_.Submit(std::move(*request), now, actions_);
  }
  CarryOut(now);
}

void RadiusAuthenticator::CarryOut(Instant now) {
  // What is done may let others go on, which adds actions; each request is done once.
  for (size_t i = 0; i < actions_.size(); ++i) {
    const radius::ClientAction action = std::move(actions_[i]);
    if (const auto* send = std::get_if<radius::SendDatagram>(&action)) {
      sockets_.Send(*send);
    } else if (const auto* done = std::get_if<radius::RequestDone>(&action)) {
      OnDone(*done, now);
    } else {
      const auto& change = std::get<radius::ServerChanged>(action);
      log_(change.alive ? LogLevel::kInfo : LogLevel::kWarn,
           absl::StrCat("RADIUS server ", client_.settings_of(change.server).name,
                        change.alive ? " answers again" : " does not answer"));
    }
  }
  actions_.clear();
}

void RadiusAuthenticator::OnDone(const radius::RequestDone& done, Instant now) {
  const auto found = asked_.find(done.cookie);
  if (found == asked_.end()) return;
  const AuthenticateUser user = std::move(found->second);
  asked_.erase(found);
  if (done.outcome != radius::RequestOutcome::kAnswered) {
    ++totals_.unanswered;
    if (done.outcome == radius::RequestOutcome::kUnanswered) {
      queue_.OnLatency(settings_.client.give_up, now);
    }
    return FallBack(user, now);
  }
  queue_.OnAnswer(now);
  AccessAnswer answer = ReadAccessAnswer(user, done);
  totals_.malformed_attributes += answer.malformed;
  totals_.ignored_attributes += answer.ignored;
  if (answer.verdict.accepted) {
    ++totals_.accepted;
    queue_.OnLatency(done.latency, now);
    cache_.Remember(user, answer.verdict.service, now);
  } else {
    ++(answer.challenged ? totals_.challenged : totals_.refused);
    cache_.Forget(user.credentials.user_name);
  }
  Answer(user.request_id, std::move(answer.verdict));
}

void RadiusAuthenticator::FallBack(const AuthenticateUser& user, Instant now) {
  for (const Fallback fallback : settings_.when_down) {
    if (fallback == Fallback::kLocalUsers) {
      if (!local_users_.Knows(user.credentials.user_name)) continue;
      ++totals_.local;
      return local_users_.Authenticate(user, now);
    }
    if (ServicePtr service = cache_.Find(user, now)) {
      ++totals_.cached;
      return Answer(user.request_id, {.accepted = true, .service = std::move(service)});
    }
  }
  Refuse(user.request_id, CloseCause::kAaaUnavailable, "no RADIUS server answers");
}

void RadiusAuthenticator::Refuse(uint64_t request_id, CloseCause cause, const char* why) {
  Answer(request_id, {.message = kTryLater, .cause = why, .refusal = cause});
}

void RadiusAuthenticator::Answer(uint64_t request_id, AuthVerdict verdict) {
  ready_.push_back({.request_id = request_id, .verdict = std::move(verdict)});
}

void RadiusAuthenticator::TakeOutcomes(std::vector<AuthOutcome>& out) {
  local_users_.TakeOutcomes(out);
  for (AuthOutcome& outcome : ready_) out.push_back(std::move(outcome));
  ready_.clear();
}

void RadiusAuthenticator::OnTimer(Instant now) {
  client_.OnTimer(now, actions_);
  std::vector<AuthenticateUser> expired;
  if (queue_.NextDeadline() <= now) queue_.TakeExpired(now, expired);
  for (const AuthenticateUser& user : expired) {
    ++totals_.waited_too_long;
    Refuse(user.request_id, CloseCause::kAaaBusy, "the servers were too slow for all who wait");
  }
  CarryOut(now);
  Pump(now);
}

Instant RadiusAuthenticator::NextDeadline() const {
  return std::min(client_.NextDeadline(), queue_.NextDeadline());
}

void RadiusAuthenticator::OnRadiusDatagram(size_t server, uint32_t lane, ByteView datagram) {
  const Instant now = MonotonicNow();
  client_.OnDatagram(server, lane, datagram, now, actions_);
  CarryOut(now);
  Pump(now);
}

// May come while an action is carried out: what follows is carried out behind it, or by the timer.
void RadiusAuthenticator::OnRadiusRefused(size_t server) {
  client_.OnRefused(server, MonotonicNow(), actions_);
}

RadiusStatus RadiusAuthenticator::Status() const {
  RadiusStatus status{.waiting = queue_.size(),
                      .in_flight = client_.in_flight(),
                      .window = queue_.window(),
                      .waiting_limit = queue_.limit()};
  for (size_t i = 0; i < client_.server_count(); ++i) status.servers.push_back(client_.View(i));
  return status;
}

std::vector<std::pair<std::string, uint64_t>> RadiusAuthenticator::Counters() const {
  std::vector<std::pair<std::string, uint64_t>> all = local_users_.Counters();
  if (!settings_.used()) return all;
  const std::pair<const char*, uint64_t> totals[] = {
      {"asked", totals_.asked},
      {"accepted", totals_.accepted},
      {"refused", totals_.refused},
      {"challenged", totals_.challenged},
      {"inexpressible", totals_.inexpressible},
      {"unanswered", totals_.unanswered},
      {"busy", totals_.busy},
      {"waited-too-long", totals_.waited_too_long},
      {"cached", totals_.cached},
      {"local", totals_.local},
      {"malformed-attributes", totals_.malformed_attributes},
      {"ignored-attributes", totals_.ignored_attributes},
      {"waiting", queue_.size()},
      {"in-flight", client_.in_flight()},
      {"socket-open-failures", sockets_.open_failures()},
      {"socket-send-failures", sockets_.send_failures()},
  };
  for (const auto& [name, value] : totals)
    all.emplace_back(absl::StrCat("aaa.radius.", name), value);
  for (size_t i = 0; i < client_.server_count(); ++i) {
    const radius::ServerView server = client_.View(i);
    for (size_t c = 0; c < radius::kServerCounters; ++c) {
      all.emplace_back(absl::StrCat("radius.", server.settings->name, ".",
                                    NameOf(static_cast<radius::ServerCounter>(c))),
                       (*server.counters)[c]);
    }
  }
  return all;
}

}  // namespace lns::controlplane
