// What the route book knows to be ours: local addresses, gateways, prefixes of subscribers and of
// single sessions, and that the XDP programs are told of them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/route_book.h"
#include "dataplane/tables/route_book_keys.h"
#include "lib/base/check.h"

namespace lns::dataplane {

absl::Status RouteBook::AddLocalAddress(const VrfAddress& address) {
  if (address.address.is_none()) return absl::InvalidArgumentError("no address");
  if (absl::Status status = CheckVrf(address.vrf); !status.ok()) return status;
  const VrfPrefix host = HostOf(address);
  if (const auto slot = slots_.find(host); slot != slots_.end() && slot->second.local) {
    slot->second.local_stale = false;
    return absl::OkStatus();
  }
  if (local_addresses_ >= kMaxLocalAddresses) {
    return absl::ResourceExhaustedError("too many local addresses");
  }
  if (steering_ != nullptr) {
    if (absl::Status status = steering_->AddLocalAddress(address); !status.ok()) return status;
  }
  SlotOf(host).local = true;
  if (!RefreshPrefix(host)) {
    SlotOf(host).local = false;
    RefreshPrefix(host);
    return FibFull(host);
  }
  ++local_addresses_;
  return absl::OkStatus();
}

absl::Status RouteBook::RemoveLocalAddress(const VrfAddress& address) {
  if (address.address.is_none()) return absl::OkStatus();
  const auto slot = slots_.find(HostOf(address));
  if (slot == slots_.end() || !slot->second.local) return absl::OkStatus();
  slot->second.local = slot->second.local_stale = false;
  --local_addresses_;
  Refresh(slot);
  return steering_ != nullptr ? steering_->RemoveLocalAddress(address) : absl::OkStatus();
}

absl::Status RouteBook::AddGateway(const VrfAddress& address) {
  if (const auto known = gateways_.find(address); known != gateways_.end()) {
    ++known->second;
    return absl::OkStatus();
  }
  if (gateways_.size() >= kMaxGateways) {
    return absl::ResourceExhaustedError(absl::StrCat("too many gateways (", gateways_.size(), ")"));
  }
  const VrfPrefix host = HostOf(address);
  SlotOf(host).gateway = true;
  if (!RefreshPrefix(host)) {
    SlotOf(host).gateway = false;
    RefreshPrefix(host);
    return FibFull(host);
  }
  gateways_[address] = 1;
  return absl::OkStatus();
}

void RouteBook::RemoveGateway(const VrfAddress& address) {
  const auto known = gateways_.find(address);
  LNS_CHECK(known != gateways_.end());
  if (--known->second != 0) return;
  gateways_.erase(known);
  const auto slot = slots_.find(HostOf(address));
  slot->second.gateway = false;
  Refresh(slot);
}

absl::Status RouteBook::AddSubscriberPrefix(const VrfPrefix& prefix) {
  if (!IsPrefix(prefix.prefix)) return BadPrefix(prefix.prefix);
  if (absl::Status status = CheckVrf(prefix.vrf); !status.ok()) return status;
  if (const auto slot = slots_.find(prefix); slot != slots_.end() && slot->second.subscriber) {
    slot->second.subscriber_stale = false;
    return absl::OkStatus();
  }
  if (subscriber_prefixes_ >= kMaxSubscriberPrefixes) {
    return absl::ResourceExhaustedError("too many subscriber prefixes");
  }
  if (steering_ != nullptr) {
    if (absl::Status status = steering_->AddSubscriberPrefix(prefix); !status.ok()) return status;
  }
  SlotOf(prefix).subscriber = true;
  if (!RefreshPrefix(prefix)) {
    SlotOf(prefix).subscriber = false;
    RefreshPrefix(prefix);
    return FibFull(prefix);
  }
  ++subscriber_prefixes_;
  ++subscriber_lengths_[IndexOf(prefix.prefix.address.family())][prefix.prefix.length];
  AttachAllIn(prefix);
  NoteSubscribers(SubscriberChange::Kind::kPool, true, prefix);
  return absl::OkStatus();
}

absl::Status RouteBook::RemoveSubscriberPrefix(const VrfPrefix& prefix) {
  const auto slot = slots_.find(prefix);
  if (slot == slots_.end() || !slot->second.subscriber) return absl::OkStatus();
  slot->second.subscriber = slot->second.subscriber_stale = false;
  const bool still_steered = slot->second.session;
  --subscriber_prefixes_;
  --subscriber_lengths_[IndexOf(prefix.prefix.address.family())][prefix.prefix.length];
  NoteSubscribers(SubscriberChange::Kind::kPool, false, prefix);
  Refresh(slot);
  AttachAllIn(prefix);
  if (steering_ == nullptr || still_steered) return absl::OkStatus();
  return steering_->RemoveSubscriberPrefix(prefix);
}

bool RouteBook::IsCovered(const VrfPrefix& where) const {
  const net::IpPrefix& prefix = where.prefix;
  const auto& lengths = subscriber_lengths_[IndexOf(prefix.address.family())];
  for (int length = prefix.length; length >= 0; --length) {
    if (lengths[static_cast<size_t>(length)] == 0) continue;
    const auto slot = slots_.find(Shortened(where.vrf, prefix.address, length));
    if (slot != slots_.end() && slot->second.subscriber) return true;
  }
  return false;
}

absl::Status RouteBook::AddSessionPrefix(const VrfPrefix& prefix) {
  if (!IsPrefix(prefix.prefix)) return BadPrefix(prefix.prefix);
  if (absl::Status status = SteerSessionPrefix(prefix); !status.ok()) return status;
  NoteSubscribers(SubscriberChange::Kind::kSession, true, prefix);
  return absl::OkStatus();
}

absl::Status RouteBook::SteerSessionPrefix(const VrfPrefix& prefix) {
  if (IsCovered(prefix)) return absl::OkStatus();
  const auto present = slots_.find(prefix);
  if (present != slots_.end() && present->second.session) return absl::OkStatus();
  if (session_prefixes_ >= limits_.max_routes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("too many session prefixes outside every subscriber prefix (",
                     session_prefixes_, "), no room for ", prefix.prefix.ToString()));
  }
  if (steering_ != nullptr) {
    if (absl::Status status = steering_->AddSubscriberPrefix(prefix); !status.ok()) return status;
  }
  SlotOf(prefix).session = true;
  if (RefreshPrefix(prefix)) {
    ++session_prefixes_;
    return absl::OkStatus();
  }
  SlotOf(prefix).session = false;
  RefreshPrefix(prefix);
  return FibFull(prefix);
}

void RouteBook::RemoveSessionPrefix(const VrfPrefix& prefix) {
  NoteSubscribers(SubscriberChange::Kind::kSession, false, prefix);
  const auto slot = slots_.find(prefix);
  if (slot == slots_.end() || !slot->second.session) return;
  slot->second.session = false;
  --session_prefixes_;
  const bool still_steered = slot->second.subscriber;
  Refresh(slot);
  // An entry too many in the steering map only brings packets that are then dropped by name.
  if (steering_ != nullptr && !still_steered) (void)steering_->RemoveSubscriberPrefix(prefix);
}

}  // namespace lns::dataplane
