// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/telemetry_service.h"

#include <rte_cycles.h>

#include <algorithm>
#include <chrono>

#include "dataplane/core/counters.h"
#include "dataplane/services/convert.h"
#include "dataplane/services/pages.h"
#include "lib/punt/punt_reason.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kDefaultIntervalMs = 1000;
constexpr uint32_t kMinIntervalMs = 100;
constexpr uint32_t kMaxIntervalMs = 60'000;
constexpr uint32_t kCancelCheckMs = 100;
constexpr int kMaxKeysPerRead = 1024;

using NamedCounters = google::protobuf::RepeatedPtrField<types::v1::NamedCounter>;

void Add(NamedCounters* counters, const std::string& name, uint64_t value) {
  types::v1::NamedCounter* counter = counters->Add();
  counter->set_name(name);
  counter->set_value(value);
}

template <typename Pick>
uint64_t Sum(const std::vector<Worker*>& workers, Pick&& pick) {
  uint64_t sum = 0;
  for (const Worker* worker : workers) sum += pick(worker->counters()).value();
  return sum;
}

std::string_view RoleName(PortRole role) {
  switch (role) {
    case PortRole::kAccess:
      return "access";
    case PortRole::kCore:
      return "core";
    case PortRole::kBoth:
      return "both";
  }
  return "";
}

}  // namespace

void TelemetryService::Fill(v1::Counters* counters) const {
  const auto& workers = process_.workers;
  const auto sum = [&](auto pick) { return Sum(workers, pick); };
  counters->set_generation(process_.generation);
  counters->set_monotonic_ns(static_cast<uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)));
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    Add(counters->mutable_drops(), CounterName(kDropReasons[i].name),
        sum([i](const WorkerCounters& c) -> auto& { return c.drops[i]; }));
  }
  for (size_t i = 1; i < punt::kPuntReasonCount; ++i) {
    Add(counters->mutable_punts(), CounterName(punt::kPuntReasons[i].name),
        sum([i](const WorkerCounters& c) -> auto& { return c.punts[i]; }));
  }
  for (size_t i = 0; i < punt::kClassCount; ++i) {
    Add(counters->mutable_punt_overflows(), absl::StrCat("class", i),
        sum([i](const WorkerCounters& c) -> auto& { return c.punt_overflows[i]; }));
  }
  Add(counters->mutable_injects(), "control_sent",
      sum([](const WorkerCounters& c) -> auto& { return c.inject.control; }));
  Add(counters->mutable_injects(), "ppp_sent",
      sum([](const WorkerCounters& c) -> auto& { return c.inject.ppp; }));
  NamedCounters* traffic = counters->mutable_traffic();
  Add(traffic, "uplink_packets",
      sum([](const WorkerCounters& c) -> auto& { return c.traffic.uplink_packets; }));
  Add(traffic, "uplink_bytes",
      sum([](const WorkerCounters& c) -> auto& { return c.traffic.uplink_bytes; }));
  Add(traffic, "downlink_packets",
      sum([](const WorkerCounters& c) -> auto& { return c.traffic.downlink_packets; }));
  Add(traffic, "downlink_bytes",
      sum([](const WorkerCounters& c) -> auto& { return c.traffic.downlink_bytes; }));
  for (size_t i = 0; i < kRouterCounterCount; ++i) {
    Add(counters->mutable_router(), CounterName(kRouterCounters[i].name),
        sum([i](const WorkerCounters& c) -> auto& { return c.router[i]; }));
  }
  for (size_t i = 0; i < kPathVerdictCount; ++i) {
    Add(counters->mutable_path_reports(), CounterName(kPathVerdicts[i].name),
        (*process_.path_errors)[i].value());
  }
  const SteeringCounters verdicts = process_.steering->Counters();
  for (size_t i = 0; i < verdicts.size(); ++i) {
    Add(counters->mutable_xdp(), std::string(kSteeringCounterNames[i]), verdicts[i]);
  }
}

grpc::Status TelemetryService::GetCounters(grpc::ServerContext*, const v1::GetCountersRequest*,
                                           v1::Counters* reply) {
  Fill(reply);
  return grpc::Status::OK;
}

grpc::Status TelemetryService::WatchCounters(grpc::ServerContext* context,
                                             const v1::WatchCountersRequest* request,
                                             grpc::ServerWriter<v1::Counters>* out) {
  const uint32_t interval =
      request->interval_ms() == 0 ? kDefaultIntervalMs : request->interval_ms();
  if (interval < kMinIntervalMs || interval > kMaxIntervalMs) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            absl::StrCat("interval_ms: expected 0 or ", kMinIntervalMs, " to ", kMaxIntervalMs,
                         ", found ", interval)};
  }
  do {
    v1::Counters counters;
    Fill(&counters);
    if (!out->Write(counters)) break;
  } while (!SleepFor(interval, context));
  return grpc::Status::OK;
}

bool TelemetryService::SleepFor(uint32_t milliseconds, grpc::ServerContext* context) {
  std::unique_lock lock(mutex_);
  uint32_t slept = 0;
  while (slept < milliseconds && !is_stopping_ && !context->IsCancelled()) {
    const uint32_t step = std::min(kCancelCheckMs, milliseconds - slept);
    stopped_.wait_for(lock, std::chrono::milliseconds(step), [this] { return is_stopping_; });
    slept += step;
  }
  return is_stopping_ || context->IsCancelled();
}

void TelemetryService::Stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  stopped_.notify_all();
}

grpc::Status TelemetryService::ListSessionCounters(grpc::ServerContext*,
                                                   const v1::ListSessionCountersRequest* request,
                                                   grpc::ServerWriter<v1::SessionCounters>* out) {
  std::vector<SessionKey> keys;
  if (request->has_key()) {
    const auto key = ToSessionKey(request->key(), "key");
    if (!key.ok()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, std::string(key.status().message())};
    }
    keys.push_back(*key);
  } else {
    keys = process_.writer->SessionKeys();
  }
  bool found = false;
  for (const std::span<const SessionKey> page : PagesOf(keys)) {
    for (const SessionCounts& counts : process_.writer->SessionCounters(page)) {
      found = true;
      v1::SessionCounters message;
      *message.mutable_key() = FromSessionKey(counts.key);
      message.set_uplink_packets(counts.uplink_packets);
      message.set_uplink_bytes(counts.uplink_bytes);
      message.set_downlink_packets(counts.downlink_packets);
      message.set_downlink_bytes(counts.downlink_bytes);
      message.set_sequence_lost(counts.sequence_lost);
      message.set_sequence_late(counts.sequence_late);
      message.set_sequence_reordered(counts.sequence_reordered);
      message.set_uplink_policed_packets(counts.uplink_policed_packets);
      message.set_uplink_policed_bytes(counts.uplink_policed_bytes);
      message.set_downlink_policed_packets(counts.downlink_policed_packets);
      message.set_downlink_policed_bytes(counts.downlink_policed_bytes);
      message.set_shaper_queued_packets(counts.shaper_queued_packets);
      message.set_shaper_queued_bytes(counts.shaper_queued_bytes);
      message.set_shaper_dropped_packets(counts.shaper_dropped_packets);
      message.set_shaper_dropped_bytes(counts.shaper_dropped_bytes);
      if (counts.echo) *message.mutable_echo() = FromEchoCounts(*counts.echo);
      if (!out->Write(message)) return grpc::Status::OK;
    }
  }
  if (request->has_key() && !found) return {grpc::StatusCode::NOT_FOUND, "key: no such session"};
  return grpc::Status::OK;
}

grpc::Status TelemetryService::ReadSessionTraffic(grpc::ServerContext*,
                                                  const v1::ReadSessionTrafficRequest* request,
                                                  v1::ReadSessionTrafficReply* reply) {
  if (request->keys_size() > kMaxKeysPerRead) {
    return {
        grpc::StatusCode::INVALID_ARGUMENT,
        absl::StrCat("keys: expected at most ", kMaxKeysPerRead, ", found ", request->keys_size())};
  }
  std::vector<SessionKey> keys;
  keys.reserve(static_cast<size_t>(request->keys_size()));
  for (const types::v1::SessionKey& message : request->keys()) {
    const auto key = ToSessionKey(message, "keys");
    if (!key.ok()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, std::string(key.status().message())};
    }
    keys.push_back(*key);
  }
  reply->set_generation(process_.generation);
  for (const std::span<const SessionKey> page : PagesOf(keys)) {
    for (const SessionCounts& counts : process_.writer->SessionCounters(page)) {
      *reply->add_sessions() = FromCounts(counts);
    }
  }
  return grpc::Status::OK;
}

grpc::Status TelemetryService::ReadTunnelTraffic(grpc::ServerContext*,
                                                 const v1::ReadTunnelTrafficRequest*,
                                                 v1::ReadTunnelTrafficReply* reply) {
  reply->set_generation(process_.generation);
  for (const TunnelUplink& uplink : process_.writer->TunnelUplinks()) {
    v1::TunnelTraffic* tunnel = reply->add_tunnels();
    tunnel->set_local_tunnel_id(uplink.tunnel.value());
    tunnel->set_uplink_packets(uplink.packets);
  }
  return grpc::Status::OK;
}

grpc::Status TelemetryService::ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                                           v1::ListWorkersReply* reply) {
  reply->set_tsc_hz(rte_get_tsc_hz());
  for (size_t i = 0; i < process_.workers.size(); ++i) {
    const WorkerCounters& counters = process_.workers[i]->counters();
    v1::Worker* worker = reply->add_workers();
    worker->set_index(static_cast<uint32_t>(i));
    worker->set_lcore(process_.worker_cores[i]);
    worker->set_busy_cycles(counters.busy_cycles.value());
    worker->set_idle_cycles(counters.idle_cycles.value());
    worker->set_rx_packets(counters.rx_packets.value());
    worker->set_tx_packets(counters.tx_packets.value());
    worker->set_rx_bursts(counters.rx_bursts.value());
    worker->set_handoff_in(counters.handoff_in.value());
    worker->set_handoff_out(counters.handoff_out.value());
    for (size_t stage = 0; stage < kStageCount; ++stage) {
      v1::StageCycles* cycles = worker->add_stages();
      cycles->set_stage(std::string(kStageNames[stage]));
      cycles->set_packets(counters.stages[stage].packets.value());
      cycles->set_cycles(counters.stages[stage].cycles.value());
    }
  }
  return grpc::Status::OK;
}

grpc::Status TelemetryService::ListPorts(grpc::ServerContext*, const v1::ListPortsRequest*,
                                         v1::ListPortsReply* reply) {
  for (const Port& port : process_.ports->ports()) {
    const PortStatistics statistics = process_.ports->Statistics(port);
    v1::Port* message = reply->add_ports();
    message->set_name(port.settings.name);
    message->set_device(port.dpdk_name);
    message->set_role(std::string(RoleName(port.settings.role)));
    message->set_link_up(statistics.link_up);
    message->set_mac(std::string(AsText(port.mac)));
    message->set_mtu(port.mtu);
    message->set_rx_packets(statistics.rx_packets);
    message->set_tx_packets(statistics.tx_packets);
    message->set_rx_missed(statistics.rx_missed);
    message->set_rx_errors(statistics.rx_errors);
    message->set_tx_errors(statistics.tx_errors);
    message->set_queues(port.queues);
    message->set_spread(std::string(Name(port.spread.by)));
    for (const std::string& offer : OfferNames(port.offers)) message->add_offers(offer);
    if (const auto mirror = process_.ports->MirrorStatisticsOf(port); mirror.has_value()) {
      v1::PortMirror& told = *message->mutable_mirror();
      told.set_interface(port.settings.mirror);
      told.set_to_linux(mirror->to_linux);
      told.set_to_linux_lost(mirror->to_linux_lost);
      told.set_from_linux(mirror->from_linux);
      told.set_from_linux_lost(mirror->from_linux_lost);
    }
  }
  return grpc::Status::OK;
}

}  // namespace lns::dataplane
