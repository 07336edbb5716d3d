// Tunnels and sessions: programming them, changing them while packets flow, removing them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/table_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dataplane/tables/table_state.h"
#include "dataplane/tables/tunnel_entry.h"
#include "lib/l2tp/header.h"
#include "lib/net/ipv6.h"
#include "lib/net/udp.h"
#include "lib/punt/layout.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kMaxSessionPrefixes = 64;
constexpr int kMaxDscp = 63;
constexpr size_t kNumbersLength = 4;  // Ns, Nr

uint32_t Word(const SessionKey& key) {
  return SessionKeyWord(key.tunnel.value(), key.session.value());
}

uint8_t OwnerOf(const SessionKey& key, uint32_t workers) {
  return static_cast<uint8_t>(punt::OwnerWorker(key.tunnel.value(), key.session.value(), workers));
}

std::string Text(const SessionKey& key) {
  return absl::StrCat("session ", key.tunnel.value(), "/", key.session.value());
}

// The subscriber's usual IPv4 source; 0.0.0.0 is nobody's.
uint32_t UsualSource(const SessionConfig& session) {
  for (const net::IpPrefix& prefix : session.prefixes) {
    if (prefix.address.is_v4() && prefix.length == 32) return prefix.address.v4();
  }
  return 0;
}

bool HasRoutes(const SessionConfig& session) {
  const auto count = std::ranges::count_if(
      session.prefixes, [](const net::IpPrefix& prefix) { return prefix.address.is_v4(); });
  return count > (UsualSource(session) != 0 ? 1 : 0);
}

uint32_t FlagsOf(const SessionConfig& session) {
  return (session.ipv4_open ? kIpv4Open : 0) | (session.ipv6_open ? kIpv6Open : 0) |
         (session.send_pfc ? kSendPfc : 0) | (session.send_acfc ? kSendAcfc : 0) |
         (session.sequence_numbers ? kSequenced : 0) | (session.clamp_mss ? kClampMss : 0) |
         (session.uplink_meter || session.downlink_meter ? kMetered : 0) |
         (session.downlink_shaper ? kShaped : 0) | (session.echo ? kEchoes : 0) |
         (session.uplink_filters.empty() && session.downlink_filters.empty() ? 0 : kFiltered) |
         (session.dscp_policy ? kDscpPolicy : 0) | (HasRoutes(session) ? kHasRoutes : 0) |
         (session.vrf != kMainVrf ? kOwnVrf : 0) |
         (session.dscp.has_value() ? kOwnDscp | uint32_t{*session.dscp} << kDscpShift : 0) |
         uint32_t{session.reorder_ms} << kReorderShift;
}

// What a tunnel adds to the flags of its sessions.
uint32_t FlagsOf(const TunnelConfig& tunnel) {
  return (tunnel.aggregate ? kAggregated : 0) | (tunnel.endpoints.vrf != kMainVrf ? kOwnVrf : 0);
}

// What every host takes: RFC 791 3.1, RFC 8200 5.
constexpr uint16_t kLeastMtuV4 = 576;
constexpr uint16_t kLeastMtuV6 = 1280;

std::vector<VrfPrefix> InVrf(VrfIndex vrf, const std::vector<net::IpPrefix>& prefixes) {
  std::vector<VrfPrefix> result;
  result.reserve(prefixes.size());
  for (const net::IpPrefix& prefix : prefixes) result.emplace_back(vrf, prefix);
  return result;
}

absl::Status CheckTunnel(const TunnelConfig& tunnel) {
  const net::EndpointPair& ends = tunnel.endpoints;
  if (tunnel.local_id.value() == 0 || tunnel.peer_id.value() == 0) {
    return absl::InvalidArgumentError("tunnel id 0");
  }
  if (ends.local.address.is_none() || ends.local.address.family() != ends.peer.address.family()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tunnel ", tunnel.local_id.value(), ": endpoints are not of one family"));
  }
  if (ends.local.port == 0 || ends.peer.port == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("tunnel ", tunnel.local_id.value(), ": UDP port 0"));
  }
  if (tunnel.dscp > kMaxDscp) {
    return absl::InvalidArgumentError(absl::StrCat("DSCP ", tunnel.dscp, " is above ", kMaxDscp));
  }
  if (tunnel.udp_checksum_off && ends.local.address.is_v6()) {
    return absl::InvalidArgumentError("UDP checksum cannot be off over IPv6");
  }
  const uint16_t least_mtu = ends.local.address.is_v4() ? kLeastMtuV4 : kLeastMtuV6;
  if (tunnel.outer_path.mtu != 0 && tunnel.outer_path.mtu < least_mtu) {
    return absl::InvalidArgumentError(absl::StrCat("tunnel ", tunnel.local_id.value(),
                                                   ": path MTU ", tunnel.outer_path.mtu,
                                                   " is below ", least_mtu));
  }
  if (tunnel.aggregate) {
    for (const auto& limit : {tunnel.aggregate->uplink, tunnel.aggregate->downlink}) {
      if (limit && (limit->rate_bps < kMinShaperBps || limit->rate_bps > kMaxRateBps ||
                    limit->burst_bytes > kMaxBurstBytes || limit->peak_rate_bps != 0)) {
        return absl::InvalidArgumentError(
            absl::StrCat("limit \"", tunnel.aggregate->name, "\" cannot be: rate ", limit->rate_bps,
                         ", burst ", limit->burst_bytes, ", peak rate ", limit->peak_rate_bps));
      }
    }
  }
  return absl::OkStatus();
}

bool SameTunnel(const TunnelConfig& a, const TunnelConfig& b) {
  return a.peer_id == b.peer_id && a.endpoints == b.endpoints && a.dscp == b.dscp &&
         a.udp_checksum_off == b.udp_checksum_off && a.outer_path == b.outer_path &&
         a.aggregate == b.aggregate;
}

// What RFC 2697 3 and RFC 2698 3 ask of the numbers.
absl::Status CheckMeter(const SessionKey& key, const std::optional<MeterConfig>& meter) {
  constexpr uint64_t kMinRate = 8;  // an octet per second
  if (!meter.has_value()) return absl::OkStatus();
  const bool two_rates = meter->peak_rate_bps != 0;
  const bool rates_fit = meter->rate_bps >= kMinRate && meter->rate_bps <= kMaxRateBps &&
                         meter->peak_rate_bps <= kMaxRateBps &&
                         (!two_rates || meter->peak_rate_bps >= meter->rate_bps);
  const bool bursts_fit = meter->burst_bytes != 0 && meter->burst_bytes <= kMaxBurstBytes &&
                          meter->peak_burst_bytes <= kMaxBurstBytes &&
                          (!two_rates || meter->peak_burst_bytes != 0);
  if (rates_fit && bursts_fit) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      Text(key), ": no meter has rate ", meter->rate_bps, ", burst ", meter->burst_bytes,
      ", peak rate ", meter->peak_rate_bps, ", peak or excess burst ", meter->peak_burst_bytes));
}

absl::Status CheckShaper(const SessionKey& key, const std::optional<ShaperConfig>& shaper) {
  if (!shaper.has_value() ||
      (shaper->rate_bps >= kMinShaperBps && shaper->rate_bps <= kMaxRateBps &&
       shaper->burst_bytes <= kMaxShaperQueue && shaper->queue_bytes <= kMaxShaperQueue)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(Text(key), ": no shaper has rate ",
                                                 shaper->rate_bps, ", burst ", shaper->burst_bytes,
                                                 ", queue ", shaper->queue_bytes));
}

absl::Status CheckSession(const SessionConfig& session) {
  if (session.key.tunnel.value() == 0 || session.key.session.value() == 0 ||
      session.peer_id.value() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(Text(session.key), ": id 0"));
  }
  if (session.prefixes.size() > kMaxSessionPrefixes) {
    return absl::InvalidArgumentError(absl::StrCat(Text(session.key), ": ", session.prefixes.size(),
                                                   " prefixes, at most ", kMaxSessionPrefixes));
  }
  if (session.reorder_ms > kMaxReorderMs || session.dscp.value_or(0) > kMaxDscp) {
    return absl::InvalidArgumentError(absl::StrCat(Text(session.key), ": reorder_ms is above ",
                                                   kMaxReorderMs, " or DSCP above ", kMaxDscp));
  }
  if (session.gateway.is_v6()) {
    return absl::InvalidArgumentError(
        absl::StrCat(Text(session.key), ": gateway is not IPv4: ", session.gateway.ToString()));
  }
  if (session.echo &&
      (session.echo->interval_s > kMaxEchoInterval || session.echo->max_misses == 0)) {
    return absl::InvalidArgumentError(absl::StrCat(Text(session.key), ": LCP echoes every ",
                                                   session.echo->interval_s, " s, of which ",
                                                   session.echo->max_misses, " may be missed"));
  }
  for (const auto& meter : {session.uplink_meter, session.downlink_meter}) {
    if (absl::Status status = CheckMeter(session.key, meter); !status.ok()) return status;
  }
  absl::Status shaper = CheckShaper(session.key, session.downlink_shaper);
  if (!shaper.ok()) return shaper;
  for (const net::IpPrefix& prefix : session.prefixes) {
    if (!RouteBook::IsPrefix(prefix)) {
      return absl::InvalidArgumentError(
          absl::StrCat(Text(session.key), ": not a prefix: ", prefix.ToString()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void TableState::Collect() {
  retired_.Collect([this](SlotKind kind, uint32_t slot) { Free(kind, slot); });
}

void TableState::Free(SlotKind kind, uint32_t slot) {
  switch (kind) {
    case SlotKind::kSession:
      if (const auto counting = counting_.find(slot); counting != counting_.end()) {
        if (last_counts_.size() < kLastCountsKept) {
          last_counts_.push_back(CountsOf(slot, counting->second));
        }
        counting_.erase(counting);
      }
      sessions_.Free(slot);
      break;
    case SlotKind::kTunnel:
      aggregates_.Release(parts_.tables.tunnels[slot].aggregate);
      free_tunnels_.push_back(slot);
      break;
    case SlotKind::kAdjacency:
      routes_.FreeAdjacency(slot);
      break;
    case SlotKind::kSubscriberPrefix:
      parts_.tables.subscribers->Free(slot);
      break;
    case SlotKind::kFibPrefix:
      parts_.tables.fib->Free(slot);
      break;
    case SlotKind::kMeter:
      meters_.Free(slot);
      break;
    case SlotKind::kShaper:
      shapers_.Free(slot);
      break;
    case SlotKind::kFilter:
      filters_.Free(slot);
      break;
    case SlotKind::kDscpProfile:
      dscp_policies_.Free(slot);
      break;
    case SlotKind::kExtras:
      free_extras_.push_back(slot);
      break;
    case SlotKind::kNextHopGroup:
      routes_.FreeGroup(slot);
      break;
  }
}

uint32_t TableState::TakeTunnelSlot() {
  if (free_tunnels_.empty() && !retired_.empty()) {
    retired_.Wait();
    Collect();
  }
  if (free_tunnels_.empty()) return kNotFound;
  const uint32_t slot = free_tunnels_.back();
  free_tunnels_.pop_back();
  return slot;
}

uint32_t TableState::TakeSessionSlot() {
  if (!sessions_.HasFree() && !retired_.empty()) {
    retired_.Wait();
    Collect();
  }
  return sessions_.HasFree() ? sessions_.Take() : kNotFound;
}

uint32_t TableState::NewTunnelEntry(const TunnelConfig& tunnel) {
  const uint32_t index = TakeTunnelSlot();
  if (index == kNotFound) return kNotFound;
  TunnelEntry& entry = parts_.tables.tunnels[index];
  entry = MakeTunnelEntry(tunnel);
  if (tunnel.outer_path.fragment) {
    // Where there is no path no packet gets so far as to be cut.
    const uint16_t mtu = PathMtu(tunnel);
    entry.path_mtu = mtu != 0 ? mtu : kNeverCut - 1;
  }
  if (!tunnel.aggregate) return index;
  const std::optional<uint32_t> limit = Take([&] { return aggregates_.Take(*tunnel.aggregate); });
  if (!limit.has_value()) {
    free_tunnels_.push_back(index);
    return kNotFound;
  }
  entry.aggregate = static_cast<uint16_t>(*limit);
  return index;
}

absl::Status TableState::UpsertTunnel(const TunnelConfig& tunnel) {
  const std::lock_guard lock = Begin();
  if (absl::Status status = CheckTunnel(tunnel); !status.ok()) return status;
  if (!routes_.HasVrf(tunnel.endpoints.vrf)) {
    return absl::InvalidArgumentError(absl::StrCat("tunnel ", tunnel.local_id.value(), ": no VRF ",
                                                   tunnel.endpoints.vrf, " is configured"));
  }
  const uint16_t id = tunnel.local_id.value();
  const auto present = tunnels_.find(id);
  if (present != tunnels_.end() && SameTunnel(present->second.config, tunnel)) {
    present->second.stale = false;
    return absl::OkStatus();
  }
  if (present != tunnels_.end() && present->second.config.endpoints.vrf != tunnel.endpoints.vrf) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tunnel ", id, " is in VRF ", present->second.config.endpoints.vrf, " for life"));
  }
  const bool full = present == tunnels_.end() && tunnels_.size() >= config_.limits.max_tunnels;
  const uint32_t index = full ? kNotFound : NewTunnelEntry(tunnel);
  if (index == kNotFound) {
    return absl::ResourceExhaustedError(
        absl::StrCat("tunnel table is full (", tunnels_.size(), ")"));
  }
  TunnelRecord& record = tunnels_[id];
  const uint32_t before = present == tunnels_.end() ? kNotFound : record.index;
  if (before != kNotFound) routes_.RemovePeer(PeerOf(record.config));
  routes_.AddPeer(PeerOf(tunnel));
  record.config = tunnel;
  record.index = index;
  record.stale = false;
  record.path_mtu = PathMtu(tunnel);
  parts_.tables.tunnel_by_id[id].store(index, std::memory_order_release);
  Repoint(record);
  if (before != kNotFound) retired_.Add(SlotKind::kTunnel, before);
  return absl::OkStatus();
}

void TableState::Repoint(const TunnelRecord& record) {
  for (uint32_t slot = record.sessions.first; slot != kNotFound; slot = sessions_.NextOf(slot)) {
    DownlinkEntry& down = parts_.tables.downlink[slot];
    const auto peer_session = static_cast<uint16_t>(down.peer_ids.load(std::memory_order_relaxed));
    down.peer_ids.store(SessionKeyWord(record.config.peer_id.value(), peer_session),
                        std::memory_order_relaxed);
    const uint16_t mru = SessionMru(down.mru_and_mtu.load(std::memory_order_relaxed));
    const uint32_t flags =
        (down.flags.load(std::memory_order_relaxed) & ~kAggregated) | FlagsOf(record.config);
    down.mru_and_mtu.store(MruAndMtu(mru, MtuOf(flags, mru, record)), std::memory_order_relaxed);
    UplinkEntry& up = parts_.tables.uplink[slot];
    const uint32_t tunnel = TunnelAndVrf(record.index, VrfOf(slot));
    up.flags.store(flags, std::memory_order_release);
    down.flags.store(flags, std::memory_order_release);
    up.tunnel.store(tunnel, std::memory_order_release);
    down.tunnel.store(tunnel, std::memory_order_release);
  }
}

uint16_t TableState::MtuOf(uint32_t flags, uint16_t mru, const TunnelRecord& tunnel) {
  if (tunnel.path_mtu == 0) return mru;
  const size_t ip = tunnel.config.endpoints.local.address.is_v4() ? net::kIpv4HeaderLength
                                                                  : net::kIpv6HeaderLength;
  const size_t overhead = ip + net::kUdpHeaderLength + l2tp::kMinHeaderLength +
                          ((flags & kSequenced) != 0 ? kNumbersLength : 0) +
                          ((flags & kSendAcfc) != 0 ? 0 : 2) + ((flags & kSendPfc) != 0 ? 1 : 2);
  const size_t room = tunnel.path_mtu > overhead ? tunnel.path_mtu - overhead : 0;
  return static_cast<uint16_t>(std::min<size_t>(mru, room));
}

absl::Status TableState::RemoveTunnel(l2tp::LocalTunnelId id) {
  const std::lock_guard lock = Begin();
  if (tunnels_.contains(id.value())) DropTunnel(id.value());
  return absl::OkStatus();
}

void TableState::DropTunnel(uint16_t id) {
  TunnelRecord& record = tunnels_.at(id);
  while (record.sessions.first != kNotFound) DropSession(record.sessions.first);
  parts_.tables.tunnel_by_id[id].store(kNotFound, std::memory_order_release);
  retired_.Add(SlotKind::kTunnel, record.index);
  routes_.RemovePeer(PeerOf(record.config));
  tunnels_.erase(id);
}

uint32_t TableState::SlotOf(const SessionKey& key) const {
  return parts_.tables.sessions->Find(Word(key));
}

absl::Status TableState::UpsertSession(const SessionConfig& given) {
  const std::lock_guard lock = Begin();
  SessionConfig session = given;
  if (session.peer_mru == 0) session.peer_mru = 1500;
  if (absl::Status status = CheckSession(session); !status.ok()) return status;
  if (!routes_.HasVrf(session.vrf)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Text(session.key), ": no VRF ", session.vrf, " is configured"));
  }
  const auto tunnel = tunnels_.find(session.key.tunnel.value());
  if (tunnel == tunnels_.end()) {
    return absl::NotFoundError(absl::StrCat("no tunnel ", session.key.tunnel.value()));
  }
  const uint32_t slot = SlotOf(session.key);
  return slot == kNotFound ? AddSession(session, tunnel->second)
                           : ChangeSession(session, slot, tunnel->second);
}

// Points every prefix at the session; on failure those it did not hold before are given back.
absl::Status TableState::ClaimPrefixes(const SessionConfig& session, uint32_t slot,
                                       const std::vector<VrfPrefix>& held) {
  SubscriberTable& subscribers = *parts_.tables.subscribers;
  std::vector<VrfPrefix> claimed;
  absl::Status status = absl::OkStatus();
  for (const VrfPrefix& prefix : InVrf(session.vrf, session.prefixes)) {
    const uint32_t owner = subscribers.Exact(prefix);
    if (owner == slot) continue;
    if (owner != kNotFound) {
      status = absl::AlreadyExistsError(
          absl::StrCat(prefix.prefix.ToString(), " belongs to another session"));
      break;
    }
    status = routes_.AddSessionPrefix(prefix);
    if (!status.ok()) break;
    claimed.push_back(prefix);
    if (!subscribers.Upsert(prefix, slot)) {
      status = absl::ResourceExhaustedError("subscriber table is full");
      break;
    }
  }
  if (status.ok()) return status;
  for (const VrfPrefix& prefix : claimed) {
    if (std::find(held.begin(), held.end(), prefix) == held.end()) ReleasePrefix(prefix);
  }
  return status;
}

void TableState::ReleasePrefix(const VrfPrefix& prefix) {
  const uint32_t entry = parts_.tables.subscribers->Erase(prefix);
  if (entry != kNotFound) retired_.Add(SlotKind::kSubscriberPrefix, entry);
  routes_.RemoveSessionPrefix(prefix);
}

// A worker that reads half of a change sees the old peer with the new flags at worst, never a
// network protocol open that neither the old nor the new session has open.
void TableState::WriteEntries(const SessionConfig& session, uint32_t slot,
                              const TunnelRecord& tunnel, const Extras& extras) {
  UplinkEntry& up = parts_.tables.uplink[slot];
  DownlinkEntry& down = parts_.tables.downlink[slot];
  const uint32_t flags = FlagsOf(session) | FlagsOf(tunnel.config);
  up.flags.fetch_and(flags, std::memory_order_acq_rel);
  down.flags.fetch_and(flags, std::memory_order_acq_rel);
  parts_.tables.owners[slot].store(OwnerOf(session.key, config_.workers),
                                   std::memory_order_relaxed);
  up.key.store(Word(session.key), std::memory_order_relaxed);
  down.key.store(Word(session.key), std::memory_order_relaxed);
  up.ipv4_source.store(UsualSource(session), std::memory_order_relaxed);
  down.mru_and_mtu.store(MruAndMtu(session.peer_mru, MtuOf(flags, session.peer_mru, tunnel)),
                         std::memory_order_relaxed);
  WriteExtras(extras, down);
  down.peer_ids.store(SessionKeyWord(tunnel.config.peer_id.value(), session.peer_id.value()),
                      std::memory_order_relaxed);
  const uint32_t tunnel_and_vrf = TunnelAndVrf(tunnel.index, session.vrf);
  up.tunnel.store(tunnel_and_vrf, std::memory_order_release);
  down.tunnel.store(tunnel_and_vrf, std::memory_order_release);
  WriteEchoes(session, slot);
  up.flags.store(flags, std::memory_order_release);
  down.flags.store(flags, std::memory_order_release);
}

// The usual IPv4 host stands in the uplink entry; this is about the rest.
void TableState::RememberPrefixes(const SessionConfig& session, uint32_t slot) {
  std::vector<net::IpPrefix> others = session.prefixes;
  const uint32_t usual = UsualSource(session);
  if (usual != 0) {
    others.erase(
        std::find(others.begin(), others.end(), net::IpPrefix::Host(net::IpAddress::V4(usual))));
  }
  if (others.empty()) {
    sessions_.SetOtherEntry(slot, kNotFound);
  } else if (others.size() == 1 && !SubscriberTable::IsIpv4Host(others[0])) {
    sessions_.SetOtherEntry(slot, parts_.tables.subscribers->EntryOf({session.vrf, others[0]}));
  } else {
    sessions_.SetOtherPrefixes(slot, std::move(others));
  }
}

absl::Status TableState::AddSession(const SessionConfig& session, TunnelRecord& tunnel) {
  const uint32_t slot = TakeSessionSlot();
  if (slot == kNotFound) {
    return absl::ResourceExhaustedError(
        absl::StrCat("session table is full (", sessions_.size(), ")"));
  }
  UplinkEntry& up = parts_.tables.uplink[slot];
  DownlinkEntry& down = parts_.tables.downlink[slot];
  for (Counter* counter : {&up.packets, &up.bytes, &up.sequence_lost, &up.sequence_late,
                           &up.sequence_reordered, &down.packets, &down.bytes}) {
    counter->Reset();
  }
  up.sequence.store({}, std::memory_order_relaxed);
  down.next_ns.store(0, std::memory_order_relaxed);
  down.next_answer.store(0, std::memory_order_relaxed);
  if (absl::Status status = ProvideEchoes(session, slot); !status.ok()) {
    sessions_.Free(slot);
    return status;
  }
  const absl::StatusOr<Extras> extras = ClaimExtras(session, FlagsOf(session), {});
  if (!extras.ok()) {
    sessions_.Free(slot);
    return extras.status();
  }
  WriteEntries(session, slot, tunnel, *extras);
  absl::Status status = ClaimPrefixes(session, slot, {});
  if (status.ok() && !parts_.tables.sessions->Upsert(Word(session.key), slot)) {
    for (const net::IpPrefix& prefix : session.prefixes) ReleasePrefix({session.vrf, prefix});
    status = absl::ResourceExhaustedError("session hash is full");
  }
  if (!status.ok()) {
    // Its prefixes may have been seen, so its slot is not free at once either.
    StopEchoes(session.key, slot);
    retired_.Add(SlotKind::kSession, slot);
    ReleaseExtras(*extras, {});
    return status;
  }
  sessions_.Add(slot, Word(session.key), tunnel.sessions);
  ++sessions_per_vrf_[session.vrf];
  RememberPrefixes(session, slot);
  return absl::OkStatus();
}

absl::Status TableState::ChangeSession(const SessionConfig& session, uint32_t slot,
                                       const TunnelRecord& tunnel) {
  if (absl::Status status = ProvideEchoes(session, slot); !status.ok()) return status;
  const Extras before = ExtrasOf(slot);
  const VrfIndex vrf_before = VrfOf(slot);
  const std::vector<VrfPrefix> held = InVrf(vrf_before, PrefixesOf(slot));
  const absl::StatusOr<Extras> extras = ClaimExtras(session, FlagsOf(session), before);
  if (!extras.ok()) return extras.status();
  if (absl::Status status = ClaimPrefixes(session, slot, held); !status.ok()) {
    ReleaseExtras(*extras, before);
    return status;
  }
  WriteEntries(session, slot, tunnel, *extras);
  ReleaseExtras(before, *extras);
  const std::vector<VrfPrefix> kept = InVrf(session.vrf, session.prefixes);
  for (const VrfPrefix& prefix : held) {
    if (std::find(kept.begin(), kept.end(), prefix) == kept.end()) ReleasePrefix(prefix);
  }
  --sessions_per_vrf_[vrf_before];
  ++sessions_per_vrf_[session.vrf];
  RememberPrefixes(session, slot);
  sessions_.MarkFresh(slot);
  return absl::OkStatus();
}

absl::Status TableState::RemoveSession(const SessionKey& key) {
  const std::lock_guard lock = Begin();
  const uint32_t slot = SlotOf(key);
  if (slot == kNotFound) return absl::OkStatus();
  DropSession(slot);
  counting_.emplace(slot, key);
  return absl::OkStatus();
}

void TableState::DropSession(uint32_t slot) {
  const uint32_t key = sessions_.KeyOf(slot);
  StopEchoes({l2tp::LocalTunnelId(static_cast<uint16_t>(key >> 16)),
              l2tp::LocalSessionId(static_cast<uint16_t>(key))},
             slot);
  parts_.tables.sessions->Erase(key);
  for (const VrfPrefix& prefix : InVrf(VrfOf(slot), PrefixesOf(slot))) ReleasePrefix(prefix);
  --sessions_per_vrf_[VrfOf(slot)];
  sessions_.Remove(slot, tunnels_.at(static_cast<uint16_t>(key >> 16)).sessions);
  retired_.Add(SlotKind::kSession, slot);
  // Behind the session: its last counts are read from its meters too.
  ReleaseExtras(ExtrasOf(slot), {});
}

}  // namespace lns::dataplane
