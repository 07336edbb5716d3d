// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/compiled_filter.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "lib/base/check.h"
#include "lib/base/endian.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

// rte_acl tries fewer nodes for each trie until what it makes of the rules is no larger.
constexpr size_t kMaxAclBytes = size_t{64} << 20;

// How one family's key is cut into fields. rte_acl wants the first to be a byte and the others to
// come in groups of four.
template <size_t kAddressWords>
struct Layout {
  static constexpr size_t kProtocol = 0;
  static constexpr size_t kSource = 1;
  static constexpr size_t kDestination = kSource + kAddressWords;
  static constexpr size_t kSourcePort = kDestination + kAddressWords;
  static constexpr size_t kDestinationPort = kSourcePort + 1;
  static constexpr size_t kDscp = kDestinationPort + 1;
  static constexpr size_t kFlags = kDscp + 1;
  static constexpr size_t kFields = kFlags + 1;
  static constexpr size_t kWords = kAddressWords;
  static_assert(kFields <= RTE_ACL_MAX_FIELDS);

  RTE_ACL_RULE_DEF(Rule, kFields);

  static rte_acl_config Config() {
    rte_acl_config config{};
    config.num_categories = 1;
    config.num_fields = kFields;
    config.max_size = kMaxAclBytes;
    size_t field = 0;
    uint8_t input = 0;
    const auto add = [&](uint8_t type, uint8_t size, size_t offset, bool begins_group) {
      if (begins_group && field != 0) ++input;
      config.defs[field] = {.type = type,
                            .size = size,
                            .field_index = static_cast<uint8_t>(field),
                            .input_index = input,
                            .offset = static_cast<uint32_t>(offset)};
      ++field;
    };
    add(RTE_ACL_FIELD_TYPE_BITMASK, 1, offsetof(FlowKey, protocol), true);
    for (const size_t address : {offsetof(FlowKey, source), offsetof(FlowKey, destination)}) {
      for (size_t word = 0; word < kWords; ++word) {
        add(RTE_ACL_FIELD_TYPE_MASK, 4, address + 4 * word, true);
      }
    }
    add(RTE_ACL_FIELD_TYPE_RANGE, 2, offsetof(FlowKey, ports), true);
    add(RTE_ACL_FIELD_TYPE_RANGE, 2, offsetof(FlowKey, ports) + 2, false);
    add(RTE_ACL_FIELD_TYPE_BITMASK, 2, offsetof(FlowKey, zero), true);
    add(RTE_ACL_FIELD_TYPE_BITMASK, 2, offsetof(FlowKey, zero_too), false);
    LNS_CHECK(field == kFields);
    return config;
  }
};
using Ipv4Layout = Layout<1>;
using Ipv6Layout = Layout<4>;

// One combination of a rule's lists.
struct Elementary {
  const net::IpPrefix* source = nullptr;  // null: all
  const net::IpPrefix* destination = nullptr;
  net::PortRange source_ports;
  net::PortRange destination_ports;
  int dscp = -1;  // all
  uint8_t flags = 0;
  uint8_t flags_mask = 0;
};

template <typename Fields>
void SetAddress(Fields& fields, size_t first, size_t words, const net::IpPrefix* prefix) {
  if (prefix == nullptr) return;
  const ByteView bytes = prefix->address.bytes();
  for (size_t word = 0; word < words; ++word) {
    const size_t begin = 32 * word;
    const size_t bits = std::clamp<size_t>(prefix->length, begin, begin + 32) - begin;
    fields[first + word].value.u32 = LoadBe32(bytes.data() + 4 * word);
    fields[first + word].mask_range.u32 = static_cast<uint32_t>(bits);
  }
}

template <typename L>
typename L::Rule MakeRule(const net::FilterRule& rule, const Elementary& what, uint32_t number,
                          int32_t priority) {
  typename L::Rule out{};
  out.data = {.category_mask = 1, .priority = priority, .userdata = number};
  auto& fields = out.field;
  if (rule.protocol) {
    fields[L::kProtocol].value.u8 = *rule.protocol;
    fields[L::kProtocol].mask_range.u8 = 0xff;
  }
  SetAddress(fields, L::kSource, L::kWords, what.source);
  SetAddress(fields, L::kDestination, L::kWords, what.destination);
  fields[L::kSourcePort].value.u16 = what.source_ports.first;
  fields[L::kSourcePort].mask_range.u16 = what.source_ports.last;
  fields[L::kDestinationPort].value.u16 = what.destination_ports.first;
  fields[L::kDestinationPort].mask_range.u16 = what.destination_ports.last;
  if (what.dscp >= 0) {
    fields[L::kDscp].value.u16 = static_cast<uint16_t>(what.dscp);
    fields[L::kDscp].mask_range.u16 = 0xffff;
  }
  fields[L::kFlags].value.u16 = what.flags;
  fields[L::kFlags].mask_range.u16 = what.flags_mask;
  return out;
}

// Of the family; one null where the rule has no prefix at all.
std::vector<const net::IpPrefix*> PrefixesOf(const std::vector<net::IpPrefix>& prefixes,
                                             net::Family family) {
  std::vector<const net::IpPrefix*> of_family;
  if (prefixes.empty()) of_family.push_back(nullptr);
  for (const net::IpPrefix& prefix : prefixes) {
    if (prefix.address.family() == family) of_family.push_back(&prefix);
  }
  return of_family;
}

std::vector<net::PortRange> PortsOf(const std::vector<net::PortRange>& ranges,
                                    const std::optional<uint8_t>& icmp) {
  if (icmp) return {{*icmp, *icmp}};
  return ranges.empty() ? std::vector<net::PortRange>(1) : ranges;
}

bool IsAbout(const net::FilterRule& rule, net::Family family) {
  if (rule.family != net::Family::kNone && rule.family != family) return false;
  return rule.next_hops.empty() ||
         std::any_of(rule.next_hops.begin(), rule.next_hops.end(),
                     [&](const net::IpAddress& next_hop) { return next_hop.family() == family; });
}

template <typename Visit>
void ForEachElementary(const net::FilterRule& rule, net::Family family, Visit&& visit) {
  const std::vector<net::PortRange> source_ports = PortsOf(rule.source_ports, rule.icmp_type);
  const std::vector<net::PortRange> destination_ports =
      PortsOf(rule.destination_ports, rule.icmp_code);
  std::vector<int> dscps(rule.dscps.begin(), rule.dscps.end());
  if (dscps.empty()) dscps.push_back(-1);
  Elementary what;
  for (const net::IpPrefix* source : PrefixesOf(rule.sources, family)) {
    what.source = source;
    for (const net::IpPrefix* destination : PrefixesOf(rule.destinations, family)) {
      what.destination = destination;
      for (const int dscp : dscps) {
        what.dscp = dscp;
        what.flags = rule.later_fragments ? kFlowLaterFragment : 0;
        what.flags_mask = rule.later_fragments ? kFlowLaterFragment : 0;
        what.source_ports = {};
        what.destination_ports = {};
        if (!rule.looks_at_transport()) {
          visit(what);
          continue;
        }
        // What is permitted is permitted whole; what is denied is of no use without its beginning.
        if (rule.verdict != net::FilterVerdict::kDeny) {
          what.flags = what.flags_mask = kFlowLaterFragment;
          visit(what);
        }
        what.flags_mask = kFlowLaterFragment | (rule.established ? kFlowEstablished : 0);
        what.flags = rule.established ? kFlowEstablished : 0;
        for (const net::PortRange& from : source_ports) {
          what.source_ports = from;
          for (const net::PortRange& to : destination_ports) {
            what.destination_ports = to;
            visit(what);
          }
        }
      }
    }
  }
}

std::string UniqueName() {
  static std::atomic<uint64_t> made{0};
  return absl::StrCat("filter", made.fetch_add(1, std::memory_order_relaxed));
}

template <typename L>
absl::StatusOr<rte_acl_ctx*> BuildAcl(const net::Filter& filter, net::Family family, int socket) {
  std::vector<typename L::Rule> rules;
  for (size_t i = 0; i < filter.rules.size(); ++i) {
    const net::FilterRule& rule = filter.rules[i];
    if (!IsAbout(rule, family)) continue;
    ForEachElementary(rule, family, [&](const Elementary& what) {
      rules.push_back(MakeRule<L>(rule, what, static_cast<uint32_t>(i + 1),
                                  static_cast<int32_t>(filter.rules.size() - i)));
    });
  }
  if (rules.empty()) return nullptr;
  const std::string name = UniqueName();
  const rte_acl_param parameters{.name = name.c_str(),
                                 .socket_id = socket,
                                 .rule_size = RTE_ACL_RULE_SZ(L::kFields),
                                 .max_rule_num = static_cast<uint32_t>(rules.size())};
  rte_acl_ctx* acl = rte_acl_create(&parameters);
  if (acl == nullptr) return absl::ResourceExhaustedError("no memory for an ACL");
  const rte_acl_config config = L::Config();
  const auto* first = reinterpret_cast<const rte_acl_rule*>(rules.data());
  if (rte_acl_add_rules(acl, first, static_cast<uint32_t>(rules.size())) != 0 ||
      rte_acl_build(acl, &config) != 0) {
    rte_acl_free(acl);
    return absl::ResourceExhaustedError(
        absl::StrCat("no ACL can be built of ", rules.size(), " combinations"));
  }
  return acl;
}

}  // namespace

CompiledFilter::CompiledFilter(const net::Filter& filter, uint32_t workers)
    : filter_(filter), counters_(workers) {
  for (const net::FilterRule& rule : filter.rules) actions_.push_back({.verdict = rule.verdict});
  actions_.push_back({.verdict = filter.rest});
  for (auto& of_worker : counters_) of_worker = std::vector<MatchCounters>(actions_.size());
}

absl::StatusOr<std::unique_ptr<CompiledFilter>> CompiledFilter::Make(const net::Filter& filter,
                                                                     uint32_t workers, int socket) {
  if (const std::string problem = net::ProblemOf(filter); !problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("filter ", filter.name, ": ", problem));
  }
  std::unique_ptr<CompiledFilter> compiled(new CompiledFilter(filter, workers));
  const auto ipv4 = BuildAcl<Ipv4Layout>(compiled->filter_, net::Family::kIpv4, socket);
  if (!ipv4.ok()) return ipv4.status();
  compiled->acls_[0].reset(*ipv4);
  const auto ipv6 = BuildAcl<Ipv6Layout>(compiled->filter_, net::Family::kIpv6, socket);
  if (!ipv6.ok()) return ipv6.status();
  compiled->acls_[1].reset(*ipv6);
  return compiled;
}

void CompiledFilter::Classify(net::Family family, const FlowKey* const* keys, uint32_t count,
                              uint32_t* actions) const {
  const auto rest = static_cast<uint32_t>(actions_.size() - 1);
  const Acl& acl = acls_[IndexOf(family)];
  if (acl == nullptr) {
    std::fill_n(actions, count, rest);
    return;
  }
  LNS_DCHECK(count <= kMaxKeys);
  const uint8_t* data[kMaxKeys];
  for (uint32_t i = 0; i < count; ++i) data[i] = reinterpret_cast<const uint8_t*>(keys[i]);
  rte_acl_classify(acl.get(), data, actions, count, 1);
  // 0, no match, becomes the largest number.
  for (uint32_t i = 0; i < count; ++i) actions[i] = std::min(actions[i] - 1, rest);
}

std::vector<MatchCounts> CompiledFilter::Counts() const {
  std::vector<MatchCounts> sums(actions_.size());
  for (const auto& of_worker : counters_) {
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i].packets += of_worker[i].packets.value();
      sums[i].bytes += of_worker[i].bytes.value();
    }
  }
  return sums;
}

}  // namespace lns::dataplane
