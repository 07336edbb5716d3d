// Filters and DSCP policies by name: which there are, which a session gets from the terms AAA has
// named, and whether it can have them. Part of the engine; changes only through it.
//
// A session's filters are named as in RADIUS's Filter-Id (RFC 2865 5.11): "NAME.in", or "NAME"
// alone, for what the subscriber sends, "NAME.out" for what it is sent. A packet must pass each.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/close_cause.h"
#include "controlplane/lns/service.h"
#include "lib/net/filter.h"

#include "absl/status/status.h"

namespace lns::controlplane {

using FilterPtr = std::shared_ptr<const net::Filter>;
using DscpPolicyPtr = std::shared_ptr<const net::DscpPolicy>;

struct PolicySettings {
  std::vector<FilterPtr> filters;
  std::map<std::string, DscpPolicyPtr, std::less<>> dscp_policies;
  // Of sessions to which AAA gives none.
  std::vector<std::string> session_filters;
  std::string session_dscp_policy;
  // The filter of what those send whom AAA gives a redirect URL; empty: none.
  std::string redirect_filter;
  bool ignore_unknown = false;  // go on without what is not there, instead of ending the call
};

class Policies {
 public:
  static constexpr size_t kMaxPerDirection = 4;
  static constexpr size_t kMaxFilters = 1023;

  explicit Policies(const PolicySettings& settings);

  // kNone: all that the terms name is there.
  CloseCause Check(const ServiceProfile& service) const;
  // What a session with these terms gets.
  void AppendTo(const ServiceProfile& service, SessionEntry& entry) const;

  // kInvalidArgument for what is no filter, kResourceExhausted for too many.
  absl::Status Set(FilterPtr filter);
  bool Has(std::string_view name) const { return filters_.find(name) != filters_.end(); }
  // Whether the terms give a session this filter.
  bool Names(const ServiceProfile& service, std::string_view filter) const;
  // Whether sessions get it to whom AAA gives nothing else.
  bool IsConfigured(std::string_view name) const;
  void Remove(std::string_view name);
  // In the order of names.
  std::vector<FilterPtr> All() const;

 private:
  struct Direction {
    std::string_view name;
    bool uplink = true;
  };
  static Direction Split(std::string_view text);
  // Of what the terms name, redirect and all, in order.
  std::vector<Direction> NamedBy(const ServiceProfile& service) const;
  const std::string& DscpPolicyOf(const ServiceProfile& service) const;

  const PolicySettings& settings_;
  std::map<std::string, FilterPtr, std::less<>> filters_;
};

}  // namespace lns::controlplane
