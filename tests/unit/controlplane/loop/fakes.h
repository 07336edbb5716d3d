// Stand-ins for what surrounds the protocol loop, each of which remembers what it was told: an
// engine that follows a script of actions, and the seams Dataplane, Transport and Authenticator.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/aaa/authenticator.h"
#include "controlplane/lns/engine.h"
#include "controlplane/loop/dataplane.h"
#include "controlplane/loop/transport.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

inline SessionKey Key(uint16_t tunnel, uint16_t session) {
  return {l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(session)};
}

// Every call is a line in `calls`; `reply` may append actions for it.
class FakeEngine : public Engine {
 public:
  std::vector<std::string> calls;
  std::function<void(const std::string& call, EngineActions& out)> reply;
  std::vector<TunnelEntry> tunnels;
  std::vector<SessionEntry> sessions;
  std::vector<TunnelView> tunnel_views;
  std::map<SessionKey, SessionView> session_views;
  std::vector<PoolView> pools;
  std::vector<std::pair<SessionKey, absl::Status>> programmed;
  std::vector<uint16_t> programmed_revisions;  // one of each of these
  std::map<SessionKey, Explanation> stories;   // session 0: of the tunnel
  std::vector<Explanation> ended;              // the newest first
  std::map<uint64_t, ServicePtr> services;     // by the number in the accounting id
  std::vector<ServiceChange> service_changes;
  bool drains = false;
  std::vector<FilterPtr> filters;
  Instant deadline = Instant::Never();
  bool shutdown_complete = false;
  mutable int pages_read = 0;       // of `tunnels` and `sessions`
  mutable size_t largest_page = 0;  // of `tunnel_views`

  void OnControl(const net::EndpointPair& endpoints, ByteView message, Instant,
                 EngineActions& out) override {
    Called(absl::StrCat("control from ", endpoints.peer.ToString(), ": ", Text(message)), out);
  }
  void OnPpp(const SessionKey& session, ByteView frame, Instant, EngineActions& out) override {
    Called(absl::StrCat("ppp of ", Name(session), ": ", Text(frame)), out);
  }
  void OnSessionProgrammed(const SessionKey& session, uint16_t revision, const absl::Status& status,
                           Instant, EngineActions& out) override {
    programmed.emplace_back(session, status);
    programmed_revisions.push_back(revision);
    Called(absl::StrCat("programmed ", Name(session), " ", status.ok() ? "ok" : "refused"), out);
  }
  void OnAuthVerdict(uint64_t request_id, const AuthVerdict& verdict, Instant,
                     EngineActions& out) override {
    Called(absl::StrCat("verdict ", request_id, verdict.accepted ? " yes" : " no"), out);
  }
  void OnTimer(Instant now, EngineActions& out) override {
    deadline = Instant::Never();
    Called(absl::StrCat("timer ", now.nanoseconds()), out);
  }
  Instant NextDeadline() const override { return deadline; }
  absl::Status ClearSession(const SessionKey& session, Instant, EngineActions& out) override {
    Called(absl::StrCat("clear session ", Name(session)), out);
    return session_views.count(session) > 0 ? absl::OkStatus() : absl::NotFoundError("no session");
  }
  absl::Status ClearTunnel(l2tp::LocalTunnelId tunnel, Instant, EngineActions& out) override {
    Called(absl::StrCat("clear tunnel ", tunnel.value()), out);
    for (const TunnelView& view : tunnel_views) {
      if (view.local_id == tunnel) return absl::OkStatus();
    }
    return absl::NotFoundError("no tunnel");
  }
  absl::StatusOr<l2tp::LocalTunnelId> OpenTunnel(const std::string& peer, Instant,
                                                 EngineActions& out) override {
    Called("open tunnel to " + peer, out);
    if (peer != "lac") return absl::NotFoundError("there is no peer " + peer);
    return l2tp::LocalTunnelId(7);
  }
  absl::StatusOr<SessionKey> PlaceCall(const OutgoingCall& call, Instant,
                                       EngineActions& out) override {
    Called(absl::StrCat("call ", call.called_number, " by ", call.peer, call.tunnel.value(), " at ",
                        call.minimum_bps, " to ", call.maximum_bps),
           out);
    if (call.tunnel.value() == 9) return absl::FailedPreconditionError("not established");
    return SessionKey{l2tp::LocalTunnelId(7), l2tp::LocalSessionId(8)};
  }
  absl::Status RequestLineSpeed(const SessionKey& session, Instant, EngineActions& out) override {
    Called(absl::StrCat("line speed of ", Name(session)), out);
    return session_views.count(session) > 0 ? absl::OkStatus() : absl::NotFoundError("no session");
  }
  bool TerminateSession(const AccountingId& id, CloseCause cause, Instant,
                        EngineActions& out) override {
    Called(absl::StrCat("terminate ", id.ToString(), ": ", NameOf(cause)), out);
    return id.number != 0;
  }
  ServicePtr ServiceOf(const AccountingId& id) const override {
    const auto found = services.find(id.number);
    return found == services.end() ? nullptr : found->second;
  }
  void ChangeService(uint64_t order, const std::vector<ServiceChange>& changes, Instant,
                     EngineActions& out) override {
    service_changes.insert(service_changes.end(), changes.begin(), changes.end());
    Called(absl::StrCat("change service by order ", order, " of ", changes.size()), out);
  }
  void SetDrain(bool on, Instant, EngineActions&) override { drains = on; }
  bool draining() const override { return drains; }
  absl::Status SetFilter(const FilterPtr& filter, Instant, EngineActions& out) override {
    Called("set filter " + filter->name, out);
    filters.push_back(filter);
    return absl::OkStatus();
  }
  absl::Status RemoveFilter(const std::string& name, Instant, EngineActions& out) override {
    Called("remove filter " + name, out);
    const auto is_it = [&](const FilterPtr& filter) { return filter->name == name; };
    return std::erase_if(filters, is_it) > 0 ? absl::OkStatus() : absl::NotFoundError(name);
  }
  std::vector<FilterPtr> Filters() const override { return filters; }
  std::optional<Explanation> Explain(const SessionKey& session) const override {
    const auto found = stories.find(session);
    if (found == stories.end()) return std::nullopt;
    return found->second;
  }
  std::optional<Explanation> Explain(l2tp::LocalTunnelId tunnel) const override {
    return Explain(SessionKey{tunnel, {}});
  }
  std::vector<Explanation> Ended(
      const std::function<bool(const Explanation&)>& wanted) const override {
    std::vector<Explanation> found;
    std::copy_if(ended.begin(), ended.end(), std::back_inserter(found), wanted);
    return found;
  }
  void Shutdown(Instant, EngineActions& out) override { Called("shutdown", out); }
  bool ShutdownComplete() const override { return shutdown_complete; }
  std::vector<TunnelView> Tunnels() const override { return tunnel_views; }
  std::vector<TunnelView> TunnelsAfter(l2tp::LocalTunnelId after, size_t limit) const override {
    std::vector<TunnelView> page;
    for (const TunnelView& view : tunnel_views) {  // in the order of ids
      if (after < view.local_id && page.size() < limit) page.push_back(view);
    }
    largest_page = std::max(largest_page, page.size());
    return page;
  }
  std::vector<SessionView> Sessions() const override { return SessionsAfter({}, SIZE_MAX); }
  std::vector<SessionView> SessionsAfter(const SessionKey& after, size_t limit) const override {
    std::vector<SessionView> page;
    for (auto it = session_views.upper_bound(after);
         it != session_views.end() && page.size() < limit; ++it) {
      page.push_back(it->second);
    }
    return page;
  }
  std::optional<SessionView> FindSession(const SessionKey& session) const override {
    const auto found = session_views.find(session);
    if (found == session_views.end()) return std::nullopt;
    return found->second;
  }
  std::vector<PoolView> Pools() const override { return pools; }
  EngineCounts Counts() const override {
    return {static_cast<uint32_t>(tunnel_views.size()), static_cast<uint32_t>(session_views.size()),
            0};
  }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return {{"engine_calls", calls.size()}};
  }
  uint32_t DesiredTunnels(uint32_t cursor, size_t limit,
                          std::vector<TunnelEntry>& out) const override {
    return Page(tunnels, cursor, limit, out);
  }
  uint32_t DesiredSessions(uint32_t cursor, size_t limit,
                           std::vector<SessionEntry>& out) const override {
    return Page(sessions, cursor, limit, out);
  }

  static std::string Name(const SessionKey& key) {
    return absl::StrCat(key.tunnel.value(), "/", key.session.value());
  }

 private:
  template <typename Entry>
  uint32_t Page(const std::vector<Entry>& all, uint32_t cursor, size_t limit,
                std::vector<Entry>& out) const {
    ++pages_read;
    const size_t end = std::min(all.size(), cursor + limit);
    for (size_t i = cursor; i < end; ++i) out.push_back(all[i]);
    return end < all.size() ? static_cast<uint32_t>(end) : 0;
  }
  static std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }
  void Called(std::string call, EngineActions& out) {
    calls.push_back(std::move(call));
    if (reply) reply(calls.back(), out);
  }
};

// What the seams were told, in one list, so that tests see the order across them.
using Journal = std::vector<std::string>;

class FakeDataplane final : public Dataplane {
 public:
  explicit FakeDataplane(Journal& journal) : journal_(journal) {}
  void ProgramTunnel(const TunnelEntry& tunnel) override {
    journal_.push_back(absl::StrCat("program tunnel ", tunnel.local_id.value()));
  }
  void RemoveTunnel(l2tp::LocalTunnelId tunnel) override {
    journal_.push_back(absl::StrCat("remove tunnel ", tunnel.value()));
  }
  void ProgramSession(const SessionEntry& session, bool confirm) override {
    journal_.push_back(absl::StrCat("program session ", FakeEngine::Name(session.key),
                                    confirm ? " and confirm" : ""));
  }
  void RemoveSession(const SessionKey& session) override {
    journal_.push_back(absl::StrCat("remove session ", FakeEngine::Name(session)));
  }
  void ProgramFilter(const FilterPtr& filter) override {
    journal_.push_back("filter " + filter->name);
  }
  void RemoveFilter(const std::string& name) override {
    journal_.push_back("remove filter " + name);
  }
  void SetDraining(bool on) override { journal_.push_back(on ? "drain" : "stop draining"); }
  bool Settled() const override { return settled; }
  bool settled = true;

 private:
  Journal& journal_;
};

class FakeTransport final : public Transport {
 public:
  struct Frame {
    punt::FrameKind kind;
    std::string payload;
    SessionKey session;
  };
  explicit FakeTransport(Journal& journal) : journal_(journal) {}
  std::array<std::deque<Frame>, punt::kClassCount> punted;
  bool attached = true;

  size_t Receive(punt::PuntClass punt_class, size_t limit, FrameSink& sink) override {
    auto& queue = punted[static_cast<size_t>(punt_class)];
    size_t taken = 0;
    for (; taken < limit && !queue.empty(); ++taken) {
      const Frame frame = queue.front();
      queue.pop_front();
      PuntedFrame out;
      out.kind = frame.kind;
      out.payload = AsBytes(frame.payload);
      out.session = frame.session;
      out.endpoints.peer = {net::IpAddress::V4(0xc6336401), 1701};
      sink.OnFrame(out);
    }
    return taken;
  }
  bool PrepareToSleep() override { return true; }
  void SendControl(const controlplane::SendControl& message) override {
    journal_.push_back(absl::StrCat("send control ", std::string(AsText(message.message))));
  }
  void SendPpp(const controlplane::SendPpp& frame) override {
    journal_.push_back(absl::StrCat("send ppp ", FakeEngine::Name(frame.session)));
  }
  void Flush() override { ++flushes; }
  void OnTimer(Instant) override {}
  Instant NextDeadline() const override { return Instant::Never(); }
  bool Attached() const override { return attached; }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override { return {}; }
  int flushes = 0;

 private:
  Journal& journal_;
};

class FakeAuthenticator final : public Authenticator {
 public:
  explicit FakeAuthenticator(Journal& journal) : journal_(journal) {}
  std::vector<AuthOutcome> ready;
  bool accept_at_once = false;

  void Authenticate(const AuthenticateUser& request, Instant) override {
    journal_.push_back(absl::StrCat("authenticate ", request.credentials.user_name));
    if (accept_at_once) ready.push_back({request.request_id, {.accepted = true}});
  }
  void TakeOutcomes(std::vector<AuthOutcome>& out) override {
    out.insert(out.end(), ready.begin(), ready.end());
    ready.clear();
  }
  void OnTimer(Instant) override {}
  Instant NextDeadline() const override { return Instant::Never(); }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override { return {}; }

 private:
  Journal& journal_;
};

}  // namespace lns::controlplane
