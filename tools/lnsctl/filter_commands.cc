// Filters: what is in force, from the data plane; changes, by the control plane.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/config/yaml.h"
#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/print.h"
#include "tools/lnsctl/table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lns/control/v1/policy.pb.h"
#include "lns/dataplane/v1/policy.pb.h"

namespace lns::lnsctl {
namespace {

using dataplane::v1::FilterRule;
using dataplane::v1::PortRange;

const char* VerdictText(dataplane::v1::FilterVerdict verdict) {
  switch (verdict) {
    case dataplane::v1::FILTER_VERDICT_PERMIT:
      return "permit";
    case dataplane::v1::FILTER_VERDICT_DENY:
      return "deny";
    case dataplane::v1::FILTER_VERDICT_REDIRECT:
      return "redirect";
    default:
      return "?";
  }
}

template <typename List, typename Format>
void AppendList(const char* name, const List& list, Format&& format, std::string& text) {
  if (list.empty()) return;
  absl::StrAppend(&text, " ", name, " ",
                  absl::StrJoin(list, ",", [&](std::string* out, const auto& element) {
                    absl::StrAppend(out, format(element));
                  }));
}

std::string PortsText(const PortRange& range) {
  return range.first() == range.last() ? absl::StrCat(range.first())
                                       : absl::StrCat(range.first(), "-", range.last());
}

// "deny protocol 6 from 192.0.2.0/24 to-port 25", as near to what was written as may be.
std::string RuleText(const FilterRule& rule) {
  std::string text = VerdictText(rule.verdict());
  if (rule.family() != 0) absl::StrAppend(&text, " ipv", rule.family());
  if (rule.has_protocol()) absl::StrAppend(&text, " protocol ", rule.protocol());
  AppendList("from", rule.sources(), PrefixText, text);
  AppendList("from-port", rule.source_ports(), PortsText, text);
  AppendList("to", rule.destinations(), PrefixText, text);
  AppendList("to-port", rule.destination_ports(), PortsText, text);
  if (rule.has_icmp_type()) absl::StrAppend(&text, " icmp-type ", rule.icmp_type());
  if (rule.has_icmp_code()) absl::StrAppend(&text, " icmp-code ", rule.icmp_code());
  AppendList(
      "dscp", rule.dscps(), [](uint32_t dscp) { return absl::StrCat(dscp); }, text);
  if (rule.established()) text += " established";
  if (rule.later_fragments()) text += " later-fragments";
  AppendList("by", rule.next_hops(), AddressText, text);
  return text;
}

void AddRows(const dataplane::v1::FilterState& state, Table& table) {
  const dataplane::v1::Filter& filter = state.filter();
  std::string name = filter.name();
  std::string sessions = absl::StrCat(state.sessions());
  for (int i = 0; i < state.counters_size(); ++i) {
    const bool is_rest = i >= filter.rules_size();
    const dataplane::v1::MatchCounters& counters = state.counters(i);
    table.Add({name, sessions, is_rest ? "rest" : absl::StrCat(i + 1),
               absl::StrCat(counters.packets()), absl::StrCat(counters.bytes()),
               is_rest ? VerdictText(filter.rest()) : RuleText(filter.rules(i))});
    name.clear();
    sessions.clear();
  }
}

}  // namespace

absl::Status ShowFilters(Client& client, Output output, const std::string& name) {
  const auto context = client.Context();
  dataplane::v1::ListFiltersRequest request;
  request.set_name(name);
  const auto reader = client.dataplane_policy().ListFilters(context.get(), request);
  std::string json = "[";
  Table table({{"FILTER"},
               {"SESSIONS", Align::kRight},
               {"RULE", Align::kRight},
               {"PACKETS", Align::kRight},
               {"BYTES", Align::kRight},
               {"WHAT"}});
  for (dataplane::v1::FilterState state; reader->Read(&state);) {
    absl::StrAppend(&json, json.size() > 1 ? ",\n " : "", ToJson(state));
    AddRows(state, table);
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return client.DataplaneStatus(status);
  if (!name.empty() && json.size() == 1) {
    return absl::NotFoundError(absl::StrCat("there is no filter ", name, " in force"));
  }
  Print(output.json ? json + "]\n" : table.ToString());
  return absl::OkStatus();
}

absl::Status SetFilter(Client& client, Output output, const std::string& file) {
  control::v1::SetFilterRequest request;
  const auto read = config::LoadYaml(file, request.mutable_filter());
  if (!read.ok()) return read.status();
  const auto context = client.Context();
  control::v1::SetFilterReply reply;
  const grpc::Status status = client.control_policy().SetFilter(context.get(), request, &reply);
  if (!status.ok()) return client.ControlStatus(status);
  Print(output.json ? ToJson(reply) + "\n"
                    : absl::StrCat("filter ", request.filter().name(), " set\n"));
  return absl::OkStatus();
}

absl::Status RemoveFilter(Client& client, Output output, const std::string& name) {
  control::v1::RemoveFilterRequest request;
  request.set_name(name);
  const auto context = client.Context();
  control::v1::RemoveFilterReply reply;
  const grpc::Status status = client.control_policy().RemoveFilter(context.get(), request, &reply);
  if (!status.ok()) return client.ControlStatus(status);
  Print(output.json ? ToJson(reply) + "\n" : absl::StrCat("filter ", name, " removed\n"));
  return absl::OkStatus();
}

}  // namespace lns::lnsctl
