// What a session has beside its prefixes: claimed before its entries are written, so that a table
// that is full refuses the change and leaves everything as it was; released when no worker can go
// by it any more.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstdint>
#include <optional>

#include "dataplane/tables/table_state.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {

TableState::Extras TableState::ExtrasOf(uint32_t slot) const {
  const DownlinkEntry& down = parts_.tables.downlink[slot];
  Extras extras;
  const uint32_t gateway = down.gateway.load(std::memory_order_relaxed);
  if (gateway != 0) extras.gateway = {VrfOf(slot), net::IpAddress::V4(gateway)};
  if ((down.flags.load(std::memory_order_relaxed) & kHasExtras) == 0) return extras;
  extras.record = down.extras.load(std::memory_order_relaxed);
  extras.words = parts_.tables.extras[*extras.record];
  return extras;
}

absl::StatusOr<TableState::Extras> TableState::ClaimExtras(const SessionConfig& session,
                                                           uint32_t flags, const Extras& held) {
  Extras extras;
  absl::Status status = absl::OkStatus();
  if ((flags & kHasExtras) != 0) status = ClaimPolicies(session, held, extras);
  if (status.ok() && !session.gateway.is_none()) {
    const VrfAddress gateway{session.vrf, session.gateway};
    if (gateway != held.gateway) status = routes_.AddGateway(gateway);
    if (status.ok()) extras.gateway = gateway;
  }
  if (status.ok()) return extras;
  GiveBack(extras, held);
  return absl::Status(status.code(),
                      absl::StrCat("session ", session.key.tunnel.value(), "/",
                                   session.key.session.value(), ": ", status.message()));
}

absl::Status TableState::ClaimPolicies(const SessionConfig& session, const Extras& held,
                                       Extras& extras) {
  SessionExtras& words = extras.words;
  if (session.uplink_meter || session.downlink_meter) {
    const uint32_t meters = held.words.meters;
    const bool same = meters != 0 && meters_.UplinkOf(meters) == session.uplink_meter &&
                      meters_.DownlinkOf(meters) == session.downlink_meter;
    const std::optional<uint32_t> slot =
        same ? std::optional(meters)
             : Take([&] { return meters_.Add(session.uplink_meter, session.downlink_meter); });
    if (!slot.has_value()) return absl::ResourceExhaustedError("no meter is free for its rates");
    words.meters = *slot;
  }
  if (session.downlink_shaper) {
    const uint32_t shaper = held.words.shaper;
    const bool same = shaper != 0 && shapers_.ConfigOf(shaper) == *session.downlink_shaper;
    const std::optional<uint32_t> slot =
        same ? std::optional(shaper) : Take([&] { return shapers_.Add(*session.downlink_shaper); });
    if (!slot.has_value()) return absl::ResourceExhaustedError("no shaper is free for its rate");
    words.shaper = *slot;
  }
  if (absl::Status status = ClaimFilters(session, held, extras); !status.ok()) return status;
  if (session.dscp_policy) {
    const uint16_t before = held.words.dscp_profile;
    const bool same = before != 0 && dscp_policies_.PolicyOf(before) == *session.dscp_policy;
    const std::optional<uint32_t> profile =
        same ? std::optional<uint32_t>(before)
             : Take([&] { return dscp_policies_.Add(*session.dscp_policy); });
    if (!profile.has_value()) return absl::ResourceExhaustedError("no DSCP profile is free");
    words.dscp_profile = static_cast<uint16_t>(*profile);
  }
  extras.record = held.record.has_value() && words == held.words
                      ? held.record
                      : Take([this] { return TakeRecord(); });
  if (extras.record.has_value()) return absl::OkStatus();
  return absl::ResourceExhaustedError("as many sessions as there may be have a policy");
}

absl::Status TableState::ClaimFilters(const SessionConfig& session, const Extras& held,
                                      Extras& extras) {
  const absl::StatusOr<FilterSlots> uplink = filters_.Find(session.uplink_filters);
  if (!uplink.ok()) return uplink.status();
  const absl::StatusOr<FilterSlots> downlink = filters_.Find(session.downlink_filters);
  if (!downlink.ok()) return downlink.status();
  extras.words.uplink_filters = *uplink;
  extras.words.downlink_filters = *downlink;
  if (*uplink != held.words.uplink_filters) filters_.AddUser(*uplink);
  if (*downlink != held.words.downlink_filters) filters_.AddUser(*downlink);
  return absl::OkStatus();
}

void TableState::LetGo(const SessionExtras& own, const SessionExtras& kept) {
  if (own.uplink_filters != kept.uplink_filters) filters_.RemoveUser(own.uplink_filters);
  if (own.downlink_filters != kept.downlink_filters) filters_.RemoveUser(own.downlink_filters);
  if (own.dscp_profile != 0 && own.dscp_profile != kept.dscp_profile) {
    dscp_policies_.Remove(own.dscp_profile);
  }
}

uint32_t TableState::TakeRecord() {
  if (free_extras_.empty()) return kNotFound;
  const uint32_t record = free_extras_.back();
  free_extras_.pop_back();
  return record;
}

template <typename PartWith>
void TableState::Part(const Extras& own, const Extras& kept, PartWith&& part_with) {
  const SessionExtras& words = own.words;
  if (words.meters != 0 && words.meters != kept.words.meters) {
    part_with(SlotKind::kMeter, words.meters);
  }
  if (words.shaper != 0 && words.shaper != kept.words.shaper) {
    part_with(SlotKind::kShaper, words.shaper);
  }
  LetGo(words, kept.words);
  if (own.record.has_value() && own.record != kept.record) {
    part_with(SlotKind::kExtras, *own.record);
  }
}

void TableState::GiveBack(const Extras& claimed, const Extras& held) {
  Part(claimed, held, [this](SlotKind kind, uint32_t slot) { Free(kind, slot); });
}

void TableState::WriteExtras(const Extras& extras, DownlinkEntry& down) {
  const net::IpAddress& gateway = extras.gateway.address;
  down.gateway.store(gateway.is_none() ? 0 : gateway.v4(), std::memory_order_relaxed);
  // Without a policy the index stays: a worker may still go by the flags of before.
  if (!extras.record.has_value()) return;
  SessionExtras& record = parts_.tables.extras[*extras.record];
  if (record != extras.words) record = extras.words;
  down.extras.store(*extras.record, std::memory_order_release);
}

void TableState::ReleaseExtras(const Extras& held, const Extras& kept) {
  if (!held.gateway.address.is_none() && held.gateway != kept.gateway) {
    routes_.RemoveGateway(held.gateway);
  }
  Part(held, kept, [this](SlotKind kind, uint32_t slot) { retired_.Add(kind, slot); });
}

}  // namespace lns::dataplane
