// The table writer's account of filters: which names stand in which slots, who has them, and what
// is still to be freed. A session has a filter's slot, so a change of the filter is one store for
// all its sessions; what was compiled before is freed when no worker can be in it any more. Next
// hops of redirects stand in a table of their own and are kept resolved like tunnels' peers. Called
// under the table writer's mutex; filters are compiled before, without it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/tables/compiled_filter.h"
#include "dataplane/tables/retired.h"
#include "dataplane/tables/route_book.h"
#include "dataplane/tables/session_extras.h"
#include "dataplane/tables/table_writer.h"

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::dataplane {

using FilterSlots = std::array<uint16_t, kMaxSessionFilters>;

class FilterBook {
 public:
  // And of next hops that filters redirect to. The first of each is nobody's.
  static constexpr uint32_t kSlots = 1024;

  FilterBook(std::span<std::atomic<CompiledFilter*>> filters, std::span<net::IpAddress> redirects,
             RouteBook& routes, RetiredSlots& retired);

  // Whether just this is in force; it is fresh then.
  bool Confirm(const net::Filter& filter);
  absl::Status Publish(std::unique_ptr<CompiledFilter> compiled);
  // kFailedPrecondition while sessions have it. One that is not there is ok.
  absl::Status Remove(std::string_view name);

  // The slots of a session's filters; kInvalidArgument for a name that is not there.
  absl::StatusOr<FilterSlots> Find(std::span<const std::string> names) const;
  std::vector<std::string> NamesOf(const FilterSlots& slots) const;
  void AddUser(const FilterSlots& slots);
  void RemoveUser(const FilterSlots& slots);

  // When no worker can be in it any more.
  void Free(uint32_t retired);

  void MarkStale();
  uint32_t Sweep();  // removes what is stale and nobody's
  std::vector<FilterStatus> List(std::string_view name) const;

 private:
  struct Entry {
    uint16_t slot = 0;
    uint32_t users = 0;
    bool stale = false;
    std::unique_ptr<CompiledFilter> compiled;
    std::vector<uint16_t> redirects;
  };
  // What a filter has left behind.
  struct Remains {
    std::unique_ptr<CompiledFilter> compiled;
    std::vector<uint16_t> redirects;
    uint16_t slot = 0;  // 0: it goes on, changed
  };
  struct Redirect {
    uint16_t slot = 0;
    uint32_t users = 0;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  absl::StatusOr<std::vector<uint16_t>> TakeRedirects(CompiledFilter& compiled);
  uint16_t TakeRedirect(const net::IpAddress& next_hop);  // 0: none is free
  void GiveRedirects(std::span<const uint16_t> redirects);
  // After it was unpublished.
  void Retire(Remains remains);

  std::span<std::atomic<CompiledFilter*>> filters_;
  std::span<net::IpAddress> redirects_;
  RouteBook& routes_;
  RetiredSlots& retired_;
  Entries entries_;
  std::array<Entries::value_type*, kSlots> by_slot_{};
  std::vector<uint16_t> free_slots_;
  std::map<net::IpAddress, Redirect> redirect_slots_;
  std::vector<uint16_t> free_redirects_;
  absl::flat_hash_map<uint32_t, Remains> remains_;
  uint32_t retirements_ = 0;
};

}  // namespace lns::dataplane
