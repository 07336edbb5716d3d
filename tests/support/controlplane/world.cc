// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/support/controlplane/world.h"

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "controlplane/ipv6/link_packet.h"
#include "lib/base/bytes.h"
#include "lib/dhcpv6/message.h"
#include "lib/l2tp/header.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"

#include "absl/strings/str_cat.h"

namespace lns::test {

using controlplane::EngineAction;
using controlplane::EngineActions;
using controlplane::SessionEntry;
using controlplane::SessionKey;
using controlplane::SessionView;
using controlplane::TunnelEntry;

namespace {

bool Same(const SessionEntry& a, const SessionEntry& b) {
  return a.key == b.key && a.revision == b.revision && a.peer_id == b.peer_id &&
         a.ipv4_open == b.ipv4_open && a.ipv6_open == b.ipv6_open && a.prefixes == b.prefixes &&
         a.peer_mru == b.peer_mru && a.send_pfc == b.send_pfc && a.send_acfc == b.send_acfc &&
         a.sequence_numbers == b.sequence_numbers && a.reorder_ms == b.reorder_ms &&
         a.dscp == b.dscp && a.echo == b.echo;
}

bool Holds(const SessionEntry& entry, const net::IpPrefix& prefix) {
  return std::find(entry.prefixes.begin(), entry.prefixes.end(), prefix) != entry.prefixes.end();
}

std::string Text(const SessionKey& key) {
  return absl::StrCat(key.tunnel.value(), "/", key.session.value());
}

}  // namespace

WorldSettings PlainWorld() {
  WorldSettings settings;
  controlplane::PeerProfile profile{.name = "any"};
  profile.tunnel.host_name = "lns";
  settings.engine.peers = {profile};
  settings.engine.pools = {{.name = "pool", .prefix = *net::IpPrefix::Parse("100.64.0.0/24")}};
  settings.engine.ppp.local_name = "lns";
  settings.users = {{.name = "alice", .password = "secret"}, {.name = "bob", .password = "secret"}};
  return settings;
}

World::World(const WorldSettings& settings)
    : settings_(settings),
      rng_(settings.seed),
      now_(Instant() + Duration::Seconds(1000)),
      link_(settings.link, rng_),
      dataplane_(settings.dataplane, rng_),
      users_(settings.users),
      engine_(controlplane::Engine::Make(settings.engine, rng_)) {}

net::Endpoint World::LnsEndpoint() { return {net::IpAddress::V4(0xc6336401), 1701}; }

FakeLac& World::AddLac(const std::string& secret) {
  const auto number = static_cast<uint32_t>(lacs_.size());
  FakeLacSettings settings;
  settings.endpoint = {net::IpAddress::V4(0xc633640b + number), 1701};
  settings.tunnel.host_name = absl::StrCat("lac", number);
  settings.tunnel.secret = secret;
  return AddLac(settings);
}

FakeLac& World::AddLac(const FakeLacSettings& settings) {
  return *lacs_.emplace_back(std::make_unique<FakeLac>(settings, rng_));
}

void World::RunFor(Duration time) {
  RunUntil([] { return false; }, time);
}

bool World::RunUntil(const std::function<bool()>& done, Duration limit) {
  const Instant end = now_ + limit;
  FlushLacs();
  while (violation_.empty()) {
    if (done()) return true;
    const Instant next = NextEvent();
    if (next > end) break;
    now_ = std::max(now_, next);
    Step();
  }
  now_ = std::max(now_, end);
  return false;
}

Instant World::NextEvent() const {
  Instant next = std::min({engine_->NextDeadline(), link_.NextDelivery(), dataplane_.NextDeadline(),
                           echoes_.NextDeadline(),
                           events_.empty() ? Instant::Never() : events_.begin()->first});
  for (const auto& lac : lacs_) next = std::min(next, lac->NextDeadline());
  return next;
}

// Everything due at this instant, once; what that makes due again is the next step's.
void World::Step() {
  while (!events_.empty() && events_.begin()->first <= now_) {
    const std::function<void()> what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
  }
  while (auto delivery = link_.Take(now_)) {
    if (delivery->to > 0) {
      lacs_[static_cast<size_t>(delivery->to - 1)]->OnDatagram(delivery->datagram, now_);
    } else {
      Deliver(lacs_[static_cast<size_t>(-delivery->to - 1)]->settings().endpoint,
              delivery->datagram);
    }
  }
  std::vector<FakeDataplane::Outcome> outcomes;
  dataplane_.Run(now_, outcomes);
  for (const auto& outcome : outcomes) {
    Call([&](auto& engine, auto& out) {
      engine.OnSessionProgrammed(outcome.key, outcome.revision, outcome.status, now_, out);
    });
  }
  RunEchoes();
  if (engine_->NextDeadline() <= now_) {
    Call([&](auto& engine, auto& out) { engine.OnTimer(now_, out); });
  }
  for (auto& lac : lacs_) {
    if (lac->NextDeadline() <= now_) lac->OnTimer(now_);
  }
  FlushLacs();
  if (settings_.check_every_step && violation_.empty()) violation_ = FindViolation();
}

void World::Deliver(const net::Endpoint& from, ByteView datagram) {
  l2tp::Header header;
  if (l2tp::ParseHeader(datagram, header) != l2tp::HeaderError::kNone) return;
  const auto spread = static_cast<uint32_t>(settings_.max_punt_delay.nanoseconds() / 1000 + 1);
  // A ring keeps its order; the two rings' orders have nothing to do with each other.
  Instant& last = header.control ? last_control_punt_ : last_ppp_punt_;
  last = std::max(last, now_ + Duration::Microseconds(rng_.Below(spread)));
  if (header.control) {
    Schedule(last, [this, from, message = Bytes(datagram.begin(), datagram.end())] {
      Call([&](auto& engine, auto& out) {
        engine.OnControl({.local = LnsEndpoint(), .peer = from}, message, now_, out);
      });
    });
    return;
  }
  const SessionKey key{l2tp::LocalTunnelId(header.tunnel_id),
                       l2tp::LocalSessionId(header.session_id)};
  const TunnelEntry* tunnel = dataplane_.Find(key.tunnel);
  if (dataplane_.Find(key) == nullptr || tunnel == nullptr || tunnel->endpoints.peer != from)
    return;
  const ByteView payload = datagram.subspan(header.payload_offset, header.payload_length());
  FakeEchoes::Outcome echoes;
  if (echoes_.Take(*dataplane_.Find(key), payload, echoes)) return CarryOut(echoes);
  Schedule(last, [this, key, frame = Bytes(payload.begin(), payload.end())] {
    Call([&](auto& engine, auto& out) { engine.OnPpp(key, frame, now_, out); });
  });
}

void World::RunEchoes() {
  FakeEchoes::Outcome echoes;
  echoes_.Run(dataplane_.sessions(), now_, echoes);
  CarryOut(echoes);
}

void World::CarryOut(const FakeEchoes::Outcome& echoes) {
  for (const auto& [key, frame] : echoes.frames) SendPpp(*dataplane_.Find(key), frame);
  for (const SessionKey& key : echoes.missing) {
    Call([&](auto& engine, auto& out) { engine.OnEchoTimeout(key, now_, out); });
  }
}

// Out of the data plane.
void World::SendPpp(const SessionEntry& session, ByteView frame) {
  const TunnelEntry* tunnel = dataplane_.Find(session.key.tunnel);
  int index = 0;
  if (tunnel == nullptr || !LacAt(tunnel->endpoints.peer, &index)) return;
  link_.Send(index + 1, DataMessage(tunnel->peer_id.value(), session.peer_id.value(), frame), now_);
}

void World::FlushLacs() {
  for (size_t i = 0; i < lacs_.size(); ++i) {
    for (const Bytes& datagram : lacs_[i]->TakeSent()) {
      if (tap_) tap_(lacs_[i]->settings().endpoint, datagram);
      link_.Send(-static_cast<int>(i) - 1, datagram, now_);
    }
  }
}

void World::Call(const std::function<void(controlplane::Engine&, EngineActions&)>& call) {
  EngineActions actions;
  call(*engine_, actions);
  CarryOut(actions);
}

void World::CarryOut(EngineActions& actions) {
  for (EngineAction& action : actions) CarryOut(action);
}

void World::CarryOut(EngineAction& action) {
  std::visit(
      [&](auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, controlplane::SendControl>) {
          int index = 0;
          if (LacAt(what.endpoints.peer, &index)) link_.Send(index + 1, what.message, now_);
        } else if constexpr (std::is_same_v<What, controlplane::SendPpp>) {
          const SessionEntry* session = dataplane_.Find(what.session);
          if (session == nullptr) return;
          CheckAckLeaves(*session, what.frame);
          CheckPrefixesTold(*session, what.frame);
          SendPpp(*session, what.frame);
        } else if constexpr (std::is_same_v<What, controlplane::AuthenticateUser>) {
          const auto spread = static_cast<uint32_t>(settings_.max_aaa_delay.nanoseconds() / 1000);
          After(Duration::Microseconds(rng_.Below(spread + 1)), [this, request = what] {
            users_.Authenticate(request, now_);
            std::vector<controlplane::AuthOutcome> outcomes;
            users_.TakeOutcomes(outcomes);
            for (const auto& outcome : outcomes) {
              Call([&](auto& engine, auto& out) {
                engine.OnAuthVerdict(outcome.request_id, outcome.verdict, now_, out);
              });
            }
          });
        } else if constexpr (std::is_same_v<What, controlplane::ServiceOrderDone>) {
          OnOrderDone(what);
        } else if constexpr (std::is_same_v<What, controlplane::LogLine>) {
          log_.push_back(what.text);
        } else if constexpr (std::is_same_v<What, controlplane::SessionStarted>) {
          accounts_.Start(*what.facts);
        } else if constexpr (std::is_same_v<What, controlplane::SessionChanged>) {
          accounts_.Change(*what.facts);
        } else if constexpr (std::is_same_v<What, controlplane::SessionStopped>) {
          accounts_.Stop(what);
        } else if constexpr (std::is_same_v<What, controlplane::TunnelStarted> ||
                             std::is_same_v<What, controlplane::TunnelStopped> ||
                             std::is_same_v<What, controlplane::TunnelRejected> ||
                             std::is_same_v<What, controlplane::CallRejected> ||
                             std::is_same_v<What, controlplane::ProgramFilter> ||
                             std::is_same_v<What, controlplane::RemoveFilter> ||
                             std::is_same_v<What, controlplane::SetDraining>) {
          // nothing here depends on them
        } else {
          if constexpr (std::is_same_v<What, controlplane::ProgramTunnel>) {
            wanted_tunnels_.insert_or_assign(what.entry.local_id, what.entry);
          } else if constexpr (std::is_same_v<What, controlplane::RemoveTunnel>) {
            wanted_tunnels_.erase(what.id);
          } else if constexpr (std::is_same_v<What, controlplane::ProgramSession>) {
            wanted_sessions_.insert_or_assign(what.entry.key, what.entry);
          } else {
            static_assert(std::is_same_v<What, controlplane::RemoveSession>);
            wanted_sessions_.erase(what.key);
            opened_.erase(what.key);
          }
          dataplane_.Submit(what, now_);
        }
      },
      action);
}

// In small pages, so that every run reads across their edges.
void World::ReadDesiredState(std::vector<TunnelEntry>& tunnels,
                             std::vector<SessionEntry>& sessions) const {
  constexpr size_t kPage = 3;
  uint32_t cursor = 0;
  do {
    cursor = engine_->DesiredTunnels(cursor, kPage, tunnels);
  } while (cursor != 0);
  do {
    cursor = engine_->DesiredSessions(cursor, kPage, sessions);
  } while (cursor != 0);
}

void World::RestartDataplane() {
  std::vector<TunnelEntry> tunnels;
  std::vector<SessionEntry> sessions;
  ReadDesiredState(tunnels, sessions);
  dataplane_.Return(tunnels, sessions);
}

uint64_t World::Order(std::vector<controlplane::ServiceChange> changes) {
  const uint64_t order = ++last_order_;
  orders_.emplace(order, changes);
  Call([&](auto& engine, auto& out) { engine.ChangeService(order, changes, now_, out); });
  return order;
}

// An order is done once; and then the engine and the data plane serve every session as it says, or
// none.
void World::OnOrderDone(const controlplane::ServiceOrderDone& done) {
  const auto wrong = [&](const char* what) {
    if (!violation_.empty()) return;
    violation_ = absl::StrCat("at ", (now_ - Instant()).milliseconds(), " ms: order ", done.order,
                              " ", what);
  };
  const auto placed = orders_.extract(done.order);
  if (placed.empty()) return wrong("is done and was not open");
  order_outcomes_.emplace(done.order, done.status);
  for (const controlplane::ServiceChange& change : placed.mapped()) {
    const controlplane::ServicePtr service = engine_->ServiceOf(change.session);
    if (!done.status.ok()) {
      if (service != nullptr && service == change.service) wrong("failed and left a change");
      continue;
    }
    if (service != change.service) return wrong("is done and changed nothing");
    // What carries nothing, or is to carry nothing any more, has no rate.
    const controlplane::SessionKey key = *accounts_.KeyOf(change.session);
    const SessionEntry& wanted = wanted_sessions_.at(key);
    const SessionEntry* entry = dataplane_.Find(key);
    if (!wanted.ipv4_open && !wanted.ipv6_open) continue;
    if (entry == nullptr || (!entry->ipv4_open && !entry->ipv6_open)) continue;
    const uint64_t rate = entry->downlink_meter ? entry->downlink_meter->rate_bps : 0;
    if (rate != service->rate_down_bps) return wrong("is done before the data plane has it");
  }
}

void World::After(Duration delay, std::function<void()> what) {
  Schedule(now_ + delay, std::move(what));
}

void World::Schedule(Instant at, std::function<void()> what) {
  events_.emplace(at, std::move(what));
}

FakeLac* World::LacAt(const net::Endpoint& endpoint, int* index) {
  for (size_t i = 0; i < lacs_.size(); ++i) {
    if (lacs_[i]->settings().endpoint != endpoint) continue;
    *index = static_cast<int>(i);
    return lacs_[i].get();
  }
  return nullptr;
}

// With this Ack the subscriber may open and send packets at once.
void World::CheckAckLeaves(const SessionEntry& session, ByteView frame) {
  if (!violation_.empty() || frame.size() < 3 || frame[2] != ppp::kConfigureAck) return;
  const uint16_t protocol = LoadBe16(frame.data());
  if ((protocol == ppp::kProtocolIpcp && !session.ipv4_open) ||
      (protocol == ppp::kProtocolIpv6cp && !session.ipv6_open)) {
    violation_ = absl::StrCat("at ", (now_ - Instant()).milliseconds(), " ms: ", Text(session.key),
                              " is told to open while the data plane is closed");
  }
}

// How many prefixes the data plane should have of it.
size_t World::PrefixesOf(const SessionView& session, const SessionEntry& entry) const {
  const auto user =
      std::find_if(settings_.users.begin(), settings_.users.end(),
                   [&session](const auto& each) { return each.name == session.user_name; });
  controlplane::ServiceProfile service;
  if (user != settings_.users.end()) service = user->service;
  const auto id = accounts_.IdOf(session.key);
  const controlplane::ServicePtr changed = id ? engine_->ServiceOf(*id) : nullptr;
  if (changed != nullptr) service = *changed;
  size_t count = 0;
  if (entry.ipv4_open) count += 1 + service.ipv4_routes.size();
  if (!entry.ipv6_open) return count;
  count += service.ipv6_routes.size();
  return count + session.ipv6_prefixes.size() + session.delegated_prefixes.size();
}

// A subscriber who is told that it has a prefix may use it at once.
void World::CheckPrefixesTold(const SessionEntry& session, ByteView frame) {
  if (!violation_.empty() || LoadBe16(frame.data()) != ppp::kProtocolIpv6) return;
  const auto packet = controlplane::ReadLinkPacket(frame.subspan(2));
  if (packet.kind != controlplane::LinkPacketKind::kDhcpv6) return;
  const auto message = dhcpv6::Parse(packet.payload);
  if (!message.ok() || message->type != dhcpv6::MessageType::kReply) return;
  for (const dhcpv6::Association& association : message->associations) {
    for (const dhcpv6::LeaseOption& lease : association.leases) {
      const bool there = Holds(session, lease.prefix);
      if (association.kind != dhcpv6::IaKind::kPrefix || lease.valid_s == 0 || there) continue;
      violation_ = absl::StrCat("at ", (now_ - Instant()).milliseconds(),
                                " ms: ", Text(session.key), " is told of ", lease.prefix.ToString(),
                                " which the data plane does not have");
    }
  }
}

// A subscriber who is open and whose packets the data plane drops: the data plane has not opened
// yet. It may have closed again, by the LNS's side of a link that ends or starts over.
std::string World::FindDeafDataplane() {
  for (const auto& [key, entry] : dataplane_.sessions()) {
    if (!wanted_sessions_.contains(key)) continue;
    Opened& opened = opened_[key];
    opened.ipv4 |= entry.ipv4_open;
    opened.ipv6 |= entry.ipv6_open;
  }
  for (const auto& lac : lacs_) {
    if (lac->tunnel() == nullptr) continue;
    for (const auto& call : lac->calls()) {
      const SessionKey key{l2tp::LocalTunnelId(lac->tunnel()->peer_id().value()),
                           l2tp::LocalSessionId(call->peer_id.value())};
      const auto opened = opened_.find(key);
      if (opened == opened_.end() || call->link == nullptr) continue;
      if ((call->state == FakeLac::CallState::kOnline && !opened->second.ipv4) ||
          (call->ipv6_up && !opened->second.ipv6)) {
        return Text(key);
      }
    }
  }
  return "";
}

// What peers can make the engine keep.
std::string World::FindUnbounded() const {
  const controlplane::EngineSettings& limits = settings_.engine;
  const controlplane::TrailSettings& trails = limits.trails;
  const auto tunnels = engine_->Tunnels();
  if (tunnels.size() > size_t{2} * limits.max_tunnels + limits.max_half_open) return "tunnels kept";
  size_t sessions_hold = 0;
  size_t count = 0;
  for (const SessionView& session : engine_->Sessions()) {
    sessions_hold += engine_->Explain(session.key)->trail.capacity();
    ++count;
  }
  if (sessions_hold > trails.total_bytes + trails.session_bytes +
                          count * controlplane::TrailSettings::kFloorBytes) {
    return "trails of sessions";
  }
  for (const controlplane::TunnelView& tunnel : tunnels) {
    if (engine_->Explain(tunnel.local_id)->trail.capacity() > trails.tunnel_bytes) {
      return "the trail of a tunnel";
    }
  }
  if (engine_->Ended([](const auto&) { return true; }).size() > 2 * trails.ended) {
    return "stories of what ended";
  }
  return "";
}

std::string World::FindViolation() {
  const auto wrong = [&](const auto&... what) {
    return absl::StrCat("at ", (now_ - Instant()).milliseconds(), " ms: ", what...);
  };
  const std::vector<SessionView> sessions = engine_->Sessions();
  const controlplane::EngineCounts counts = engine_->Counts();
  if (counts.sessions != sessions.size()) return wrong("session count ", counts.sessions);
  if (counts.sessions > settings_.engine.max_sessions) return wrong("too many sessions");
  if (counts.tunnels > settings_.engine.max_tunnels) return wrong("too many tunnels");

  if (const std::string deaf = FindDeafDataplane(); !deaf.empty()) {
    return wrong("the subscriber of ", deaf, " is open before the data plane is");
  }

  if (const std::string unbounded = FindUnbounded(); !unbounded.empty()) return wrong(unbounded);

  std::set<std::pair<std::string, net::IpAddress>> addresses;  // by VRF
  std::vector<net::IpPrefix> links;
  std::vector<net::IpPrefix> homes;
  std::set<std::pair<l2tp::LocalTunnelId, l2tp::PeerSessionId>> peer_ids;
  uint32_t online = 0;
  size_t unprogrammed = 0;
  SessionKey last;
  for (const SessionView& session : sessions) {
    if (session.key <= last) return wrong("sessions are not in order at ", Text(session.key));
    last = session.key;
    if (!session.ipv4_address.is_none() &&
        !addresses.emplace(session.vrf, session.ipv4_address).second) {
      return wrong(session.ipv4_address.ToString(), " is held twice");
    }
    // A call that came twice: its ICRQ was processed twice.
    if (session.peer_id.value() != 0 &&
        !peer_ids.emplace(session.key.tunnel, session.peer_id).second) {
      return wrong("two sessions for call ", session.peer_id.value(), " of tunnel ",
                   session.key.tunnel.value());
    }
    if (session.state == "wait-reply") {  // the called party has not answered
      ++unprogrammed;
      continue;
    }
    const auto wanted = wanted_sessions_.find(session.key);
    if (wanted == wanted_sessions_.end()) return wrong(Text(session.key), " is not programmed");
    const SessionEntry& entry = wanted->second;
    const bool is_online = session.state == "online";
    online += is_online ? 1 : 0;
    const bool is_open = entry.ipv4_open || entry.ipv6_open;
    if (is_online && !is_open) return wrong(Text(session.key), " is online but not open");
    if (is_open && !is_online && session.state != "network" && session.state != "closing") {
      return wrong(Text(session.key), " is open in state ", session.state);
    }
    if (entry.prefixes.size() != PrefixesOf(session, entry)) {
      return wrong(Text(session.key), " has ", entry.prefixes.size(), " prefixes");
    }
    for (const auto* prefixes : {&session.ipv6_prefixes, &session.delegated_prefixes}) {
      for (const net::IpPrefix& prefix : *prefixes) {
        if (entry.ipv6_open && !Holds(entry, prefix)) {
          return wrong(Text(session.key), " has ", prefix.ToString(), " and it is not programmed");
        }
      }
    }
    links.insert(links.end(), session.ipv6_prefixes.begin(), session.ipv6_prefixes.end());
    homes.insert(homes.end(), session.delegated_prefixes.begin(), session.delegated_prefixes.end());
    if (entry.ipv4_open && entry.prefixes[0] != net::IpPrefix::Host(session.ipv4_address)) {
      return wrong(Text(session.key), " is open with another address than its own");
    }
  }
  if (!accounts_.complaint().empty()) return wrong(accounts_.complaint());
  for (const SessionView& session : sessions) {
    if (session.state == "online" && !accounts_.IsOpen(session.key)) {
      return wrong(Text(session.key), " is online and nobody accounts for it");
    }
  }
  if (accounts_.open() > sessions.size()) return wrong("a session that is gone was not stopped");
  if (online > counts.sessions_online) return wrong("online count ", counts.sessions_online);
  if (wanted_sessions_.size() + unprogrammed != sessions.size()) {
    return wrong("a session was not removed");
  }

  std::vector<TunnelEntry> tunnels;
  std::vector<SessionEntry> entries;
  ReadDesiredState(tunnels, entries);
  if (tunnels.size() != wanted_tunnels_.size()) return wrong("desired tunnels differ");
  for (const SessionEntry& entry : entries) {
    const auto wanted = wanted_sessions_.find(entry.key);
    if (wanted == wanted_sessions_.end() || !Same(wanted->second, entry)) {
      return wrong("desired state differs for ", Text(entry.key));
    }
    if (!wanted_tunnels_.contains(entry.key.tunnel)) return wrong("session without its tunnel");
  }
  for (const controlplane::PoolView& pool : engine_->Pools()) {
    const auto held = std::count_if(addresses.begin(), addresses.end(), [&](const auto& address) {
      return address.first == pool.vrf && pool.prefix.Contains(address.second);
    });
    const auto in_pool = [&pool](const net::IpPrefix& prefix) {
      return pool.prefix.Contains(prefix.address);
    };
    const auto linked = std::count_if(links.begin(), links.end(), in_pool);
    const auto delegated = std::count_if(homes.begin(), homes.end(), in_pool);
    const auto known = static_cast<uint64_t>(held + linked + delegated);
    // What is only offered is nobody's yet.
    const bool offers = pool.prefix.address.is_v6() && pool.unit_length < 64;
    if (offers ? pool.used < known : pool.used != known) {
      return wrong(pool.used, " leases of ", pool.name, " for ", known, " users");
    }
  }
  if (Counter("lns.timer-stuck") != 0) return wrong("a timer is stuck");
  return "";
}

std::string World::Leftover() const {
  const controlplane::EngineCounts counts = engine_->Counts();
  if (counts.tunnels != 0) return absl::StrCat(counts.tunnels, " live tunnels");
  if (counts.sessions != 0) return absl::StrCat(counts.sessions, " sessions");
  if (counts.sessions_online != 0) return "sessions counted online";
  if (!engine_->Tunnels().empty()) return "retained tunnels";
  for (const controlplane::PoolView& pool : engine_->Pools()) {
    if (pool.used != 0) return absl::StrCat(pool.used, " addresses of ", pool.name);
  }
  // Also the rest of the ids: the last one ended.
  if (engine_->NextDeadline() != Instant::Never()) return "a timer";
  if (accounts_.open() != 0) return "sessions accounted for";
  if (!orders_.empty()) return "orders that were never done";
  if (!wanted_sessions_.empty() || !wanted_tunnels_.empty()) return "entries not taken back";
  if (!dataplane_.sessions().empty()) return "sessions in the data plane";
  if (!dataplane_.tunnels().empty()) return "tunnels in the data plane";
  return "";
}

bool World::Logged(const std::string& text) const {
  return std::any_of(log_.begin(), log_.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

uint64_t World::Counter(const std::string& name) const {
  for (const auto& [key, value] : engine_->Counters()) {
    if (key == name) return value;
  }
  return UINT64_MAX;
}

}  // namespace lns::test
