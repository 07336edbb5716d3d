// A filter as workers use it: the rules of each family in an rte_acl trie, what each rule does, and
// how many packets it has matched. Made off the worker threads, constant from then on but for the
// counters, of which each worker has its own; a changed filter is a new one
// (tables/filter_book.h).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_acl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/core/counters.h"
#include "dataplane/tables/filter_status.h"
#include "dataplane/tables/flow_key.h"
#include "lib/net/filter.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

class CompiledFilter {
 public:
  struct Action {
    net::FilterVerdict verdict = net::FilterVerdict::kDeny;
    // Of redirect: into Tables::redirects, of IPv4 and IPv6; 0: none.
    std::array<uint16_t, 2> redirects{};
  };

  // kInvalidArgument for what is no filter, kResourceExhausted without the memory.
  static absl::StatusOr<std::unique_ptr<CompiledFilter>> Make(const net::Filter& filter,
                                                              uint32_t workers, int socket);
  // Before it is published.
  void SetRedirect(size_t rule, net::Family family, uint16_t redirect) {
    actions_[rule].redirects[IndexOf(family)] = redirect;
  }

  // Of each key of the family the number of its action: the first rule that matches, or the one
  // behind the last rule. At most kMaxKeys.
  static constexpr uint32_t kMaxKeys = 64;
  void Classify(net::Family family, const FlowKey* const* keys, uint32_t count,
                uint32_t* actions) const;
  const Action& action(uint32_t number) const { return actions_[number]; }
  uint16_t RedirectOf(uint32_t number, net::Family family) const {
    return actions_[number].redirects[IndexOf(family)];
  }

  // By the worker alone.
  void Count(uint32_t worker, uint32_t number, uint32_t bytes) {
    MatchCounters& counters = counters_[worker][number];
    counters.packets.Add(1);
    counters.bytes.Add(bytes);
  }
  // Of all workers; one for each rule and one for the rest.
  std::vector<MatchCounts> Counts() const;
  const net::Filter& filter() const { return filter_; }

 private:
  // A line each, so that no two workers write to one.
  struct alignas(64) MatchCounters {
    Counter packets;
    Counter bytes;
  };
  struct FreeAcl {
    void operator()(rte_acl_ctx* acl) const { rte_acl_free(acl); }
  };
  using Acl = std::unique_ptr<rte_acl_ctx, FreeAcl>;

  CompiledFilter(const net::Filter& filter, uint32_t workers);
  static size_t IndexOf(net::Family family) { return family == net::Family::kIpv4 ? 0 : 1; }

  const net::Filter filter_;
  std::vector<Action> actions_;
  std::array<Acl, 2> acls_;                           // null: no rule is about the family
  std::vector<std::vector<MatchCounters>> counters_;  // by worker
};

}  // namespace lns::dataplane
