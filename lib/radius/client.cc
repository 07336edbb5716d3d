// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/radius/client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/hiding.h"

namespace lns::radius {
namespace {

ServerCounter CounterOf(PacketError error) {
  switch (error) {
    case PacketError::kTruncated:
      return ServerCounter::kTruncated;
    case PacketError::kBadLength:
      return ServerCounter::kBadLength;
    case PacketError::kNone:
    case PacketError::kBadAttribute:
      break;
  }
  return ServerCounter::kBadAttribute;
}

ServerCounter CounterOf(Genuineness genuineness) {
  switch (genuineness) {
    case Genuineness::kBadMessageAuthenticator:
      return ServerCounter::kBadMessageAuthenticator;
    case Genuineness::kMissingMessageAuthenticator:
      return ServerCounter::kMissingMessageAuthenticator;
    case Genuineness::kGenuine:
    case Genuineness::kBadAuthenticator:
      break;
  }
  return ServerCounter::kBadAuthenticator;
}

// nullopt: no answer to such a request.
std::optional<ServerCounter> CounterOf(Code request, Code reply) {
  // A port for accounting answers a probe with Accounting-Response (RFC 5997 3).
  if (request == Code::kStatusServer) {
    const bool answer = reply == Code::kAccessAccept || reply == Code::kAccessReject ||
                        reply == Code::kAccountingResponse;
    return answer ? std::optional(ServerCounter::kProbeAnswers) : std::nullopt;
  }
  if (request == Code::kAccountingRequest) {
    return reply == Code::kAccountingResponse ? std::optional(ServerCounter::kAcknowledgements)
                                              : std::nullopt;
  }
  switch (reply) {
    case Code::kAccessAccept:
      return ServerCounter::kAccepts;
    case Code::kAccessReject:
      return ServerCounter::kRejects;
    case Code::kAccessChallenge:
      return ServerCounter::kChallenges;
    default:
      return std::nullopt;
  }
}

}  // namespace

const char* NameOf(ServerCounter counter) {
  static constexpr const char* kNames[] = {
#define SERVER_COUNTER(enumerator, name) name,
#include "lib/radius/server_counter.def"
#undef SERVER_COUNTER
  };
  return kNames[static_cast<size_t>(counter)];
}

Client::Lane::Lane() {
  waiting.fill(kNobody);
  for (size_t i = 0; i < kIdentifiers; ++i) free[i] = static_cast<uint8_t>(i);
}

Client::Client(ClientSettings settings, Rng& rng) : settings_(std::move(settings)), rng_(rng) {
  LNS_CHECK(settings_.servers.size() <= ClientSettings::kMaxServers);
  servers_.resize(settings_.servers.size());
}

void Client::Submit(ClientRequest request, Instant now, ClientActions& out) {
  const uint32_t slot = TakeSlot();
  Pending& pending = pending_[slot];
  pending.request = std::move(request);
  pending.give_up = now + settings_.give_up;
  ++in_flight_;
  Place(slot, now, out);
}

bool Client::MayBeAsked(size_t index, uint32_t tried, Instant now) const {
  if ((tried >> index & 1) != 0) return false;
  const Server& server = servers_[index];
  // After the dead time, one at a time.
  return server.alive || (server.dead_until <= now && server.in_flight == 0);
}

bool Client::Usable(Instant now) const {
  for (size_t i = 0; i < servers_.size(); ++i) {
    if (MayBeAsked(i, 0, now)) return true;
  }
  return false;
}

size_t Client::Choose(uint32_t tried, Instant now) {
  uint32_t order = UINT32_MAX;
  uint32_t weights = 0;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const ServerSettings& settings = settings_.servers[i];
    if (!MayBeAsked(i, tried, now) || settings.order > order) continue;
    if (settings.order < order) weights = 0;
    order = settings.order;
    weights += settings.weight;
  }
  if (weights == 0) return ClientSettings::kMaxServers;
  uint32_t dice = rng_.Below(weights);
  for (size_t i = 0; i < servers_.size(); ++i) {
    const ServerSettings& settings = settings_.servers[i];
    if (!MayBeAsked(i, tried, now) || settings.order != order) continue;
    if (dice < settings.weight) return i;
    dice -= settings.weight;
  }
  return ClientSettings::kMaxServers;
}

uint32_t Client::TakeSlot() {
  uint32_t slot = static_cast<uint32_t>(pending_.size());
  if (free_slots_.empty()) {
    pending_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  pending_[slot].used = true;
  return slot;
}

void Client::FreeSlot(uint32_t slot) {
  Pending& pending = pending_[slot];
  if (!pending.probe) --in_flight_;
  pending = {.generation = pending.generation + 1};
  free_slots_.push_back(slot);
}

void Client::Place(uint32_t slot, Instant now, ClientActions& out) {
  Pending& pending = pending_[slot];
  // Each round marks one more server as tried.
  while (now < pending.give_up) {
    const size_t server = Choose(pending.tried, now);
    if (server == ClientSettings::kMaxServers) break;
    if (pending.tried != 0) Count(server, ServerCounter::kFailovers);
    pending.tried |= 1u << server;
    if (!TakeIdentifier(server, slot)) {
      Count(server, ServerCounter::kFull);
      continue;
    }
    Count(server, ServerCounter::kRequests);
    pending.timeout = settings_.retransmit;
    pending.first_sent = now;
    Build(pending);
    return Transmit(slot, now, out);
  }
  Finish(slot,
         {.outcome = pending.tried == 0 ? RequestOutcome::kNoServer : RequestOutcome::kUnanswered},
         out);
}

bool Client::TakeIdentifier(size_t index, uint32_t slot) {
  Server& server = servers_[index];
  // The lane with most free ones: its identifiers have rested longest.
  auto lane =
      std::max_element(server.lanes.begin(), server.lanes.end(),
                       [](const Lane& a, const Lane& b) { return a.free_count < b.free_count; });
  if (lane == server.lanes.end() || lane->free_count == 0) {
    if (server.lanes.size() >= settings_.max_lanes) return false;
    server.lanes.emplace_back();
    lane = server.lanes.end() - 1;
  }
  const uint8_t identifier = lane->free[lane->next_free];
  lane->next_free = (lane->next_free + 1) % kIdentifiers;
  --lane->free_count;
  lane->waiting[identifier] = slot;
  Pending& pending = pending_[slot];
  if (!pending.probe) ++server.in_flight;
  pending.placed = true;
  pending.server = index;
  pending.lane = static_cast<uint32_t>(lane - server.lanes.begin());
  pending.identifier = identifier;
  pending.transmissions = 0;
  return true;
}

void Client::Leave(Pending& pending) {
  if (!pending.placed) return;
  Server& server = servers_[pending.server];
  Lane& lane = server.lanes[pending.lane];
  lane.waiting[pending.identifier] = kNobody;
  lane.free[(lane.next_free + lane.free_count) % kIdentifiers] = pending.identifier;
  ++lane.free_count;
  if (!pending.probe) --server.in_flight;
  pending.placed = false;
}

// Message-Authenticator comes first: no attribute before it can be made to look like one.
void Client::Build(Pending& pending) {
  const std::string& secret = settings_.servers[pending.server].secret;
  const ClientRequest& request = pending.request;
  PacketBuilder builder(request.code, pending.identifier);
  const bool signs_attributes = request.code != Code::kAccountingRequest;
  Authenticator authenticator;
  rng_.Fill(authenticator);
  if (signs_attributes) {
    builder.SetAuthenticator(authenticator);
    builder.AddMessageAuthenticator();
  }
  if (request.has_password) {
    // A longer one than RADIUS can say is nobody's; it is cut, and the server will refuse it.
    const std::string_view password(request.password);
    const auto hidden =
        HideUserPassword(password.substr(0, kMaxHiddenPassword), secret, authenticator);
    builder.Add(kUserPassword, *hidden);
  }
  builder.AddRaw(request.attributes);
  const MutableByteView packet = builder.Finish();
  if (signs_attributes) {
    SignAccessRequest(packet, secret);
  } else {
    SignRequest(packet, secret);
  }
  pending.packet.assign(packet.begin(), packet.end());
}

void Client::Transmit(uint32_t slot, Instant now, ClientActions& out) {
  Pending& pending = pending_[slot];
  Server& server = servers_[pending.server];
  ++pending.transmissions;
  if (server.silent_since == Instant::Never()) server.silent_since = now;
  // A tenth more or less, so that what was sent at once is not repeated at once (RFC 5080 2.2.1).
  const int64_t tenth = pending.timeout.nanoseconds() / 10;
  const int64_t jitter = tenth / 1000 * (static_cast<int64_t>(rng_.Below(2001)) - 1000);
  SetTimer(slot, std::min(now + pending.timeout + Duration::Nanoseconds(jitter), pending.give_up));
  pending.timeout = std::min(pending.timeout * 2, settings_.retransmit_cap);
  out.emplace_back(SendDatagram{pending.server, pending.lane, pending.packet});
}

void Client::SetTimer(uint32_t slot, Instant at) {
  timers_.push({at, slot, pending_[slot].generation});
}

void Client::OnTimer(Instant now, ClientActions& out) {
  while (!timers_.empty() && timers_.top().at <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    const Pending& pending = pending_[timer.slot];
    if (pending.used && pending.generation == timer.generation) OnTimeout(timer.slot, now, out);
  }
  for (size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i].next_probe <= now) Probe(i, now, out);
  }
}

Instant Client::NextDeadline() const {
  Instant next = timers_.empty() ? Instant::Never() : timers_.top().at;
  for (const Server& server : servers_) next = std::min(next, server.next_probe);
  return next;
}

void Client::OnTimeout(uint32_t slot, Instant now, ClientActions& out) {
  Pending& pending = pending_[slot];
  const size_t index = pending.server;
  Server& server = servers_[index];
  Count(index, ServerCounter::kTimeouts);
  if (pending.probe) {
    Leave(pending);
    return FreeSlot(slot);
  }
  if (server.alive && now - server.silent_since >= settings_.dead_after) Bury(index, now, out);
  ++pending.generation;  // what else would wake it is void
  if (server.alive && pending.transmissions < settings_.tries && now < pending.give_up) {
    Count(index, ServerCounter::kRetransmissions);
    return Transmit(slot, now, out);
  }
  // Its one request after the dead time was not answered either.
  if (!server.alive) server.dead_until = std::max(server.dead_until, now + settings_.dead_time);
  Leave(pending);
  Place(slot, now, out);
}

void Client::Finish(uint32_t slot, RequestDone done, ClientActions& out) {
  Pending& pending = pending_[slot];
  Leave(pending);
  done.cookie = pending.request.cookie;
  FreeSlot(slot);
  out.emplace_back(std::move(done));
}

void Client::OnDatagram(size_t index, uint32_t lane, ByteView datagram, Instant now,
                        ClientActions& out) {
  Packet packet;
  const PacketError error = ParsePacket(datagram, packet);
  if (error != PacketError::kNone) return Count(index, CounterOf(error));
  const Server& server = servers_[index];
  const uint32_t slot =
      lane < server.lanes.size() ? server.lanes[lane].waiting[packet.identifier] : kNobody;
  if (slot == kNobody) return Count(index, ServerCounter::kLate);
  if (IsGenuine(index, pending_[slot], packet)) OnReply(slot, packet, now, out);
}

bool Client::IsGenuine(size_t index, const Pending& pending, const Packet& packet) {
  const ServerSettings& settings = settings_.servers[index];
  const bool access = pending.request.code == Code::kAccessRequest;
  const ByteView authenticator =
      ByteView(pending.packet).subspan(kAuthenticatorOffset, kAuthenticatorLength);
  const Genuineness genuineness =
      CheckResponse(packet, authenticator, settings.secret,
                    access ? settings.demand : MessageAuthenticator::kOptional);
  if (genuineness == Genuineness::kGenuine) return true;
  Count(index, CounterOf(genuineness));
  return false;
}

void Client::OnReply(uint32_t slot, const Packet& packet, Instant now, ClientActions& out) {
  Pending& pending = pending_[slot];
  const size_t index = pending.server;
  const auto counter = CounterOf(pending.request.code, packet.code);
  if (!counter) return Count(index, ServerCounter::kUnexpectedCode);
  Count(index, *counter);
  Leave(pending);
  HearFrom(index, now, out);
  if (pending.probe) return FreeSlot(slot);
  RequestDone done{.outcome = RequestOutcome::kAnswered,
                   .server = index,
                   .latency = now - pending.first_sent,
                   .code = packet.code,
                   .attributes = Bytes(packet.attributes.begin(), packet.attributes.end())};
  std::copy_n(pending.packet.begin() + kAuthenticatorOffset, kAuthenticatorLength,
              done.request_authenticator.begin());
  servers_[index].latency.Add(done.latency);
  Finish(slot, std::move(done), out);
}

void Client::HearFrom(size_t index, Instant now, ClientActions& out) {
  Server& server = servers_[index];
  // What waits still is asked from now on.
  server.silent_since = server.in_flight > 0 ? now : Instant::Never();
  server.refusals = 0;
  if (server.alive) return;
  server.alive = true;
  server.dead_until = server.next_probe = Instant::Never();
  out.emplace_back(ServerChanged{index, true});
}

void Client::Bury(size_t index, Instant now, ClientActions& out) {
  Server& server = servers_[index];
  server.alive = false;
  server.dead_until = now + settings_.dead_time;
  if (settings_.servers[index].probe) server.next_probe = now + settings_.probe_interval;
  Count(index, ServerCounter::kDeaths);
  out.emplace_back(ServerChanged{index, false});
  // Whoever waits for it goes on with another at once, by its timer.
  for (uint32_t slot = 0; slot < pending_.size(); ++slot) {
    Pending& pending = pending_[slot];
    if (pending.used && pending.placed && !pending.probe && pending.server == index) {
      SetTimer(slot, now);
    }
  }
}

void Client::OnRefused(size_t index, Instant now, ClientActions& out) {
  Count(index, ServerCounter::kRefused);
  Server& server = servers_[index];
  if (++server.refusals >= settings_.dead_after_refusals && server.alive) Bury(index, now, out);
}

void Client::Probe(size_t index, Instant now, ClientActions& out) {
  servers_[index].next_probe = now + settings_.probe_interval;
  const uint32_t slot = TakeSlot();
  Pending& pending = pending_[slot];
  pending.probe = true;
  pending.request.code = Code::kStatusServer;
  pending.give_up = now + settings_.probe_interval;
  pending.timeout = settings_.probe_interval;
  pending.first_sent = now;
  if (!TakeIdentifier(index, slot)) {
    Count(index, ServerCounter::kFull);
    return FreeSlot(slot);
  }
  Count(index, ServerCounter::kProbes);
  Build(pending);
  Transmit(slot, now, out);
}

ServerView Client::View(size_t index) const {
  const Server& server = servers_[index];
  return {.settings = &settings_.servers[index],
          .alive = server.alive,
          .in_flight = server.in_flight,
          .lanes = server.lanes.size(),
          .latency = &server.latency,
          .counters = &server.counters};
}

}  // namespace lns::radius
