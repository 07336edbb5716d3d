// The verbs that ask the data plane.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/format.h"
#include "tools/lnsctl/json.h"
#include "tools/lnsctl/print.h"
#include "tools/lnsctl/table.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lns::lnsctl {
namespace {

std::string WorkerTable(const dataplane::v1::ListWorkersReply& reply) {
  Table table({{"WORKER", Align::kRight},
               {"LCORE", Align::kRight},
               {"BUSY", Align::kRight},
               {"RX", Align::kRight},
               {"TX", Align::kRight},
               {"PKT/POLL", Align::kRight},
               {"CYC/PKT", Align::kRight},
               {"HANDED-IN", Align::kRight},
               {"HANDED-OUT", Align::kRight}});
  for (const dataplane::v1::Worker& w : reply.workers()) {
    table.Add({absl::StrCat(w.index()), absl::StrCat(w.lcore()),
               PercentText(w.busy_cycles(), w.busy_cycles() + w.idle_cycles()),
               absl::StrCat(w.rx_packets()), absl::StrCat(w.tx_packets()),
               RatioText(w.rx_packets(), w.rx_bursts()), RatioText(w.busy_cycles(), w.rx_packets()),
               absl::StrCat(w.handoff_in()), absl::StrCat(w.handoff_out())});
  }
  return table.ToString();
}

// Summed over workers, in the order the data plane lists them.
std::string StageTable(const dataplane::v1::ListWorkersReply& reply) {
  std::vector<dataplane::v1::StageCycles> sums;
  std::map<std::string, size_t> index;
  for (const dataplane::v1::Worker& worker : reply.workers()) {
    for (const dataplane::v1::StageCycles& stage : worker.stages()) {
      const auto [at, added] = index.emplace(stage.stage(), sums.size());
      if (added) sums.emplace_back().set_stage(stage.stage());
      dataplane::v1::StageCycles& sum = sums[at->second];
      sum.set_packets(sum.packets() + stage.packets());
      sum.set_cycles(sum.cycles() + stage.cycles());
    }
  }
  Table table({{"STAGE"}, {"PACKETS", Align::kRight}, {"CYC/PKT", Align::kRight}});
  for (const dataplane::v1::StageCycles& sum : sums) {
    table.Add({sum.stage(), absl::StrCat(sum.packets()), RatioText(sum.cycles(), sum.packets())});
  }
  return table.ToString();
}

}  // namespace

absl::Status ShowDataplane(Client& client, Output output) {
  dataplane::v1::Info info;
  const grpc::Status status = client.forwarding().GetInfo(client.Context().get(), {}, &info);
  if (!status.ok()) return client.DataplaneStatus(status);
  PrintMessage(info, output);
  return absl::OkStatus();
}

absl::Status ShowDataplaneCounters(Client& client, Output output, CounterGroup group) {
  dataplane::v1::Counters counters;
  const grpc::Status status = client.telemetry().GetCounters(client.Context().get(), {}, &counters);
  if (!status.ok()) return client.DataplaneStatus(status);
  const CounterList& list = (counters.*group)();
  if (output.json) {
    Print(ToJson(list) + "\n");
    return absl::OkStatus();
  }
  Table table({{"COUNTER"}, {"VALUE", Align::kRight}});
  for (const auto& c : list) table.Add({c.name(), absl::StrCat(c.value())});
  Print(table.ToString());
  return absl::OkStatus();
}

absl::Status ListWorkers(Client& client, Output output) {
  dataplane::v1::ListWorkersReply reply;
  const grpc::Status status = client.telemetry().ListWorkers(client.Context().get(), {}, &reply);
  if (!status.ok()) return client.DataplaneStatus(status);
  if (output.json) {
    Print(ToJson(reply) + "\n");
  } else {
    Print(WorkerTable(reply) + "\n" + StageTable(reply));
  }
  return absl::OkStatus();
}

absl::Status ListPorts(Client& client, Output output) {
  dataplane::v1::ListPortsReply reply;
  const grpc::Status status = client.telemetry().ListPorts(client.Context().get(), {}, &reply);
  if (!status.ok()) return client.DataplaneStatus(status);
  std::string json = "[";
  Table table({{"PORT"},
               {"DEVICE"},
               {"ROLE"},
               {"LINK"},
               {"MAC"},
               {"MTU", Align::kRight},
               {"RX", Align::kRight},
               {"TX", Align::kRight},
               {"MISSED", Align::kRight},
               {"RX-ERR", Align::kRight},
               {"TX-ERR", Align::kRight},
               {"QUEUES", Align::kRight},
               {"SPREAD"},
               {"DEVICE-OFFERS"}});
  Table mirrors({{"MIRROR"},
                 {"OF-PORT"},
                 {"TO-LINUX", Align::kRight},
                 {"LOST", Align::kRight},
                 {"FROM-LINUX", Align::kRight},
                 {"LOST", Align::kRight}});
  bool has_mirrors = false;
  for (const dataplane::v1::Port& p : reply.ports()) {
    absl::StrAppend(&json, json.size() > 1 ? ",\n " : "", ToJson(p));
    table.Add({p.name(), p.device(), p.role(), p.link_up() ? "up" : "down", MacText(p.mac()),
               absl::StrCat(p.mtu()), absl::StrCat(p.rx_packets()), absl::StrCat(p.tx_packets()),
               absl::StrCat(p.rx_missed()), absl::StrCat(p.rx_errors()),
               absl::StrCat(p.tx_errors()), absl::StrCat(p.queues()), p.spread(),
               p.offers().empty() ? "-" : absl::StrJoin(p.offers(), ",")});
    if (!p.has_mirror()) continue;
    has_mirrors = true;
    const dataplane::v1::PortMirror& m = p.mirror();
    mirrors.Add({m.interface(), p.name(), absl::StrCat(m.to_linux()),
                 absl::StrCat(m.to_linux_lost()), absl::StrCat(m.from_linux()),
                 absl::StrCat(m.from_linux_lost())});
  }
  Print(output.json ? json + "]\n" : table.ToString());
  if (!output.json && has_mirrors) Print("\n" + mirrors.ToString());
  return absl::OkStatus();
}

namespace {
std::string LimitText(bool present, const dataplane::v1::Meter& limit) {
  return present ? absl::StrCat(limit.rate_bps()) : "none";
}
}  // namespace

absl::Status ListAggregates(Client& client, Output output) {
  const auto context = client.Context();
  Table table({{"LIMIT"},
               {"TUNNELS", Align::kRight},
               {"UP-BPS", Align::kRight},
               {"DOWN-BPS", Align::kRight},
               {"UP-DROPPED", Align::kRight},
               {"DOWN-DROPPED", Align::kRight}});
  return client.DataplaneStatus(PrintStream<dataplane::v1::AggregateStatus>(
      client.forwarding().ListAggregates(context.get(), {}), output, std::move(table),
      [](Table& rows, const dataplane::v1::AggregateStatus& a) {
        const dataplane::v1::Aggregate& limit = a.aggregate();
        rows.Add(
            {limit.name(), absl::StrCat(a.tunnels()), LimitText(limit.has_uplink(), limit.uplink()),
             LimitText(limit.has_downlink(), limit.downlink()),
             absl::StrCat(a.uplink_dropped_packets()), absl::StrCat(a.downlink_dropped_packets())});
      }));
}

namespace {
std::string NextHopText(const types::v1::IpAddress& address) {
  return address.octets().empty() ? "connected" : AddressText(address);
}

// What the data plane calls its VRFs, by number.
absl::StatusOr<std::map<uint32_t, std::string>> VrfNames(Client& client) {
  dataplane::v1::Info info;
  const grpc::Status status = client.forwarding().GetInfo(client.Context().get(), {}, &info);
  if (!status.ok()) return client.DataplaneStatus(status);
  std::map<uint32_t, std::string> names;
  for (const dataplane::v1::Vrf& vrf : info.vrfs()) names[vrf.id()] = vrf.name();
  return names;
}

// Empty: of every one.
absl::StatusOr<std::optional<uint32_t>> VrfNumber(const std::map<uint32_t, std::string>& names,
                                                  const std::string& wanted) {
  if (wanted.empty()) return std::nullopt;
  for (const auto& [number, name] : names) {
    if (wanted == name || wanted == absl::StrCat(number)) return number;
  }
  return absl::NotFoundError(absl::StrCat("there is no VRF ", wanted, ": see `lnsctl vrf show`"));
}

}  // namespace

absl::Status ListPathLimits(Client& client, Output output) {
  auto names = VrfNames(client);
  if (!names.ok()) return names.status();
  const auto context = client.Context();
  Table table({{"PEER"}, {"VRF"}, {"MTU", Align::kRight}, {"FOR-S", Align::kRight}});
  return client.DataplaneStatus(PrintStream<dataplane::v1::PathLimit>(
      client.forwarding().ListPathLimits(context.get(), {}), output, std::move(table),
      [&names](Table& rows, const dataplane::v1::PathLimit& limit) {
        rows.Add({AddressText(limit.peer()), (*names)[limit.vrf()], absl::StrCat(limit.mtu()),
                  absl::StrCat(limit.remaining_s())});
      }));
}

absl::Status ListVrfs(Client& client, Output output) {
  const auto context = client.Context();
  const auto reader = client.forwarding().ListVrfs(context.get(), {});
  std::string json = "[";
  Table table({{"VRF"},
               {"ID", Align::kRight},
               {"TABLE", Align::kRight},
               {"PORTS"},
               {"TUNNELS", Align::kRight},
               {"SESSIONS", Align::kRight},
               {"ROUTES", Align::kRight},
               {"LOCAL", Align::kRight},
               {"POOLS", Align::kRight}});
  for (dataplane::v1::VrfStatus row; reader->Read(&row);) {
    absl::StrAppend(&json, json.size() > 1 ? ",\n " : "", ToJson(row));
    const dataplane::v1::Vrf& vrf = row.vrf();
    table.Add({vrf.name(), absl::StrCat(vrf.id()), absl::StrCat(vrf.table()),
               absl::StrJoin(vrf.ports(), ", "), absl::StrCat(row.tunnels()),
               absl::StrCat(row.sessions()), absl::StrCat(row.routes()),
               absl::StrCat(row.local_addresses()), absl::StrCat(row.subscriber_prefixes())});
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return client.DataplaneStatus(status);
  Print(output.json ? json + "]\n" : table.ToString());
  return absl::OkStatus();
}

absl::Status ListRoutes(Client& client, Output output, const std::string& vrf) {
  auto names = VrfNames(client);
  if (!names.ok()) return names.status();
  const auto wanted = VrfNumber(*names, vrf);
  if (!wanted.ok()) return wanted.status();
  const auto context = client.Context();
  const auto reader = client.forwarding().ListRoutes(context.get(), {});
  std::string json = "[";
  Table table({{"PREFIX"}, {"NEXT-HOP"}, {"PORT"}, {"ORIGIN"}, {"VRF"}});
  for (dataplane::v1::Route route; reader->Read(&route);) {
    if (wanted->has_value() && route.vrf() != **wanted) continue;
    const std::string& name = (*names)[route.vrf()];
    absl::StrAppend(&json, json.size() > 1 ? ",\n " : "", ToJson(route));
    const char* origin = route.origin() == dataplane::v1::ROUTE_ORIGIN_KERNEL ? "kernel" : "api";
    if (route.kind() != dataplane::v1::ROUTE_KIND_FORWARD) {
      const bool to_linux = route.kind() == dataplane::v1::ROUTE_KIND_LINUX;
      table.Add({PrefixText(route.prefix()), to_linux ? "linux" : "unreachable", "", origin, name});
      continue;
    }
    table.Add(
        {PrefixText(route.prefix()), NextHopText(route.next_hop()), route.port(), origin, name});
    for (const dataplane::v1::RoutePath& path : route.more_paths()) {
      table.Add({"", NextHopText(path.next_hop()), path.port(), "", ""});
    }
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return client.DataplaneStatus(status);
  Print(output.json ? json + "]\n" : table.ToString());
  return absl::OkStatus();
}

namespace {
std::string LimitText(bool is_limited, uint32_t per_second, uint32_t burst) {
  return is_limited ? absl::StrCat(per_second, "/s, ", burst, " at once") : "none";
}
}  // namespace

absl::Status ShowPuntLimits(Client& client, Output output) {
  const auto context = client.Context();
  dataplane::v1::ListPuntLimitsReply reply;
  const grpc::Status status = client.protection().ListPuntLimits(context.get(), {}, &reply);
  if (!status.ok()) return client.DataplaneStatus(status);
  std::string json = "[";
  Table table({{"GROUP"},
               {"REASON"},
               {"CLASS"},
               {"OF-GROUP"},
               {"OF-SOURCE"},
               {"PASSED", Align::kRight},
               {"GROUP-REFUSED", Align::kRight},
               {"SOURCE-REFUSED", Align::kRight}});
  for (const dataplane::v1::PuntLimitsRow& row : reply.rows()) {
    absl::StrAppend(&json, json.size() > 1 ? ",\n " : "", ToJson(row));
    const dataplane::v1::PuntLimits& limits = row.limits();
    table.Add({row.group(), row.reason(), row.punt_class(),
               LimitText(limits.has_per_second(), limits.per_second(), limits.burst()),
               LimitText(limits.has_source_per_second(), limits.source_per_second(),
                         limits.source_burst()),
               absl::StrCat(row.passed()), absl::StrCat(row.group_refused()),
               absl::StrCat(row.source_refused())});
  }
  Print(output.json ? json + "]\n" : table.ToString());
  return absl::OkStatus();
}

absl::Status SetPuntLimits(Client& client, Output output,
                           const dataplane::v1::SetPuntLimitsRequest& request) {
  const auto context = client.Context();
  dataplane::v1::SetPuntLimitsReply reply;
  const grpc::Status status = client.protection().SetPuntLimits(context.get(), request, &reply);
  if (!status.ok()) return client.DataplaneStatus(status);
  Print(output.json ? ToJson(reply) + "\n" : absl::StrCat(reply.changed(), " rows changed\n"));
  return absl::OkStatus();
}

}  // namespace lns::lnsctl
