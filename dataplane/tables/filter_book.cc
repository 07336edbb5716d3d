// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/filter_book.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {

FilterBook::FilterBook(std::span<std::atomic<CompiledFilter*>> filters,
                       std::span<net::IpAddress> redirects, RouteBook& routes,
                       RetiredSlots& retired)
    : filters_(filters), redirects_(redirects), routes_(routes), retired_(retired) {
  for (size_t slot = kSlots; slot > 1; --slot) {
    free_slots_.push_back(static_cast<uint16_t>(slot - 1));
    free_redirects_.push_back(static_cast<uint16_t>(slot - 1));
  }
}

bool FilterBook::Confirm(const net::Filter& filter) {
  const auto present = entries_.find(filter.name);
  if (present == entries_.end() || present->second.compiled->filter() != filter) return false;
  present->second.stale = false;
  return true;
}

absl::Status FilterBook::Publish(std::unique_ptr<CompiledFilter> compiled) {
  const std::string& name = compiled->filter().name;
  auto present = entries_.find(name);
  if (present == entries_.end() && free_slots_.empty()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("filter ", name, ": there are ", kSlots - 1, " already"));
  }
  absl::StatusOr<std::vector<uint16_t>> redirects = TakeRedirects(*compiled);
  if (!redirects.ok()) return redirects.status();
  if (present == entries_.end()) {
    present = entries_.emplace(name, Entry{.slot = free_slots_.back()}).first;
    free_slots_.pop_back();
    by_slot_[present->second.slot] = &*present;
  }
  Entry& entry = present->second;
  filters_[entry.slot].store(compiled.get(), std::memory_order_release);
  if (entry.compiled != nullptr) {
    Retire({.compiled = std::move(entry.compiled), .redirects = std::move(entry.redirects)});
  }
  entry.compiled = std::move(compiled);
  entry.redirects = *std::move(redirects);
  entry.stale = false;
  return absl::OkStatus();
}

absl::Status FilterBook::Remove(std::string_view name) {
  const auto present = entries_.find(name);
  if (present == entries_.end()) return absl::OkStatus();
  Entry& entry = present->second;
  if (entry.users != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("filter ", present->first, ": sessions have it ", entry.users, " times"));
  }
  by_slot_[entry.slot] = nullptr;
  // The slot goes on saying what it said until nobody can look: a worker that still has the session
  // of before must not let a packet pass for want of its filter.
  Retire({.compiled = std::move(entry.compiled),
          .redirects = std::move(entry.redirects),
          .slot = entry.slot});
  entries_.erase(present);
  return absl::OkStatus();
}

void FilterBook::Retire(Remains remains) {
  const uint32_t number = retirements_++;
  remains_.emplace(number, std::move(remains));
  retired_.Add(SlotKind::kFilter, number);
}

void FilterBook::Free(uint32_t retired) {
  const auto found = remains_.find(retired);
  LNS_CHECK(found != remains_.end());
  const Remains& remains = found->second;
  GiveRedirects(remains.redirects);
  if (remains.slot != 0) {
    filters_[remains.slot].store(nullptr, std::memory_order_relaxed);
    free_slots_.push_back(remains.slot);
  }
  remains_.erase(found);
}

absl::StatusOr<std::vector<uint16_t>> FilterBook::TakeRedirects(CompiledFilter& compiled) {
  std::vector<uint16_t> taken;
  const net::Filter& filter = compiled.filter();
  for (size_t rule = 0; rule < filter.rules.size(); ++rule) {
    for (const net::IpAddress& next_hop : filter.rules[rule].next_hops) {
      const uint16_t redirect = TakeRedirect(next_hop);
      if (redirect == 0) {
        GiveRedirects(taken);
        return absl::ResourceExhaustedError(
            absl::StrCat("filter ", filter.name, ": no room for another next hop"));
      }
      taken.push_back(redirect);
      compiled.SetRedirect(rule, next_hop.family(), redirect);
    }
  }
  return taken;
}

uint16_t FilterBook::TakeRedirect(const net::IpAddress& next_hop) {
  Redirect& redirect = redirect_slots_[next_hop];
  if (redirect.users == 0) {
    if (free_redirects_.empty()) {
      redirect_slots_.erase(next_hop);
      return 0;
    }
    redirect.slot = free_redirects_.back();
    free_redirects_.pop_back();
    redirects_[redirect.slot] = next_hop;
    routes_.AddPeer(next_hop);
  }
  ++redirect.users;
  return redirect.slot;
}

void FilterBook::GiveRedirects(std::span<const uint16_t> redirects) {
  for (const uint16_t slot : redirects) {
    const net::IpAddress next_hop = redirects_[slot];
    const auto found = redirect_slots_.find(next_hop);
    LNS_CHECK(found != redirect_slots_.end());
    if (--found->second.users != 0) continue;
    routes_.RemovePeer(next_hop);
    free_redirects_.push_back(slot);
    redirect_slots_.erase(found);
  }
}

absl::StatusOr<FilterSlots> FilterBook::Find(std::span<const std::string> names) const {
  if (names.size() > kMaxSessionFilters) {
    return absl::InvalidArgumentError(
        absl::StrCat(names.size(), " filters, at most ", kMaxSessionFilters));
  }
  FilterSlots slots{};
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = entries_.find(names[i]);
    if (found == entries_.end()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no filter ", names[i]));
    }
    slots[i] = found->second.slot;
  }
  return slots;
}

std::vector<std::string> FilterBook::NamesOf(const FilterSlots& slots) const {
  std::vector<std::string> names;
  for (const uint16_t slot : slots) {
    if (slot != 0) names.push_back(by_slot_[slot]->first);
  }
  return names;
}

void FilterBook::AddUser(const FilterSlots& slots) {
  for (const uint16_t slot : slots) {
    if (slot != 0) ++by_slot_[slot]->second.users;
  }
}

void FilterBook::RemoveUser(const FilterSlots& slots) {
  for (const uint16_t slot : slots) {
    if (slot != 0) --by_slot_[slot]->second.users;
  }
}

void FilterBook::MarkStale() {
  for (auto& [name, entry] : entries_) entry.stale = true;
}

uint32_t FilterBook::Sweep() {
  std::vector<std::string> gone;
  for (const auto& [name, entry] : entries_) {
    if (entry.stale && entry.users == 0) gone.push_back(name);
  }
  for (const std::string& name : gone) LNS_CHECK(Remove(name).ok());
  return static_cast<uint32_t>(gone.size());
}

std::vector<FilterStatus> FilterBook::List(std::string_view name) const {
  std::vector<FilterStatus> list;
  for (const auto& [own_name, entry] : entries_) {
    if (!name.empty() && name != own_name) continue;
    list.push_back({.filter = entry.compiled->filter(),
                    .counts = entry.compiled->Counts(),
                    .sessions = entry.users});
  }
  return list;
}

}  // namespace lns::dataplane
