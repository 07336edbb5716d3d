// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/process.h"

#include <poll.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <random>

#include "lib/os/clock.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "spdlog/spdlog.h"

namespace lns::dataplane {
namespace {

constexpr Duration kHousekeepingEvery = Duration::Seconds(1);
// Packets of a worker that may wait for their sessions' rates.
constexpr uint32_t kMinBacklog = 256;
constexpr uint32_t kMaxBacklog = 65536;

// New at every start and never zero, so that the control plane notices a restart.
uint64_t NewGeneration() {
  std::random_device source;
  const uint64_t value = uint64_t{source()} << 32 | source();
  return value != 0 ? value : 1;
}

int RunWorker(void* worker) {
  static_cast<Worker*>(worker)->Run();
  return 0;
}

}  // namespace

Process::Process(const Settings& settings) : settings_(settings), generation_(NewGeneration()) {}

absl::StatusOr<std::unique_ptr<Process>> Process::Start(const Settings& given) {
  Settings settings = given;
  if (absl::Status status = ReadVrfDevices(settings.vrfs, settings.ports, settings.kernel.table);
      !status.ok()) {
    return status;
  }
  for (const VrfSettings& vrf : settings.vrfs) settings.kernel.vrf_tables[vrf.index] = vrf.table;
  std::unique_ptr<Process> process(new Process(settings));
  if (absl::Status status = process->StartParts(); !status.ok()) return status;
  return process;
}

Process::~Process() {
  api_.reset();
  punt_server_.reset();
  path_errors_.reset();
  netlink_.reset();
  StopWorkers();
}

absl::Status Process::StartParts() {
  absl::StatusOr<InstanceLock> lock = InstanceLock::Take(settings_.run_dir, "dataplane");
  if (!lock.ok()) return lock.status();
  lock_.emplace(*std::move(lock));
  // AF_XDP sockets pin their buffers.
  const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0) {
    spdlog::debug("cannot raise the limit of locked memory");
  }
  absl::StatusOr<std::unique_ptr<Eal>> eal = Eal::Start(settings_.eal);
  if (!eal.ok()) return eal.status();
  eal_ = *std::move(eal);
  absl::StatusOr<std::unique_ptr<PortSet>> ports =
      PortSet::Open(settings_.ports, {.workers = settings_.workers(),
                                      .mbufs = settings_.mbufs,
                                      .xdp_object = settings_.xdp_object,
                                      .steering = &steering_});
  if (!ports.ok()) return ports.status();
  ports_ = *std::move(ports);
  for (const auto step : {&Process::StartTables, &Process::StartPunt, &Process::StartWorkers,
                          &Process::StartKernelFeeds, &Process::StartServices}) {
    if (absl::Status status = (this->*step)(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Process::StartTables() {
  ForwardingConfig config;
  config.limits = settings_.limits;
  config.workers = settings_.workers();
  config.socket = static_cast<int>(rte_socket_id());
  config.steering = &steering_;
  config.journal = &journal_;
  for (const Port& port : ports_->ports()) {
    config.ports.push_back({port.mac, port.mtu, port.settings.vrf.value_or(kMainVrf)});
  }
  for (const VrfSettings& vrf : settings_.vrfs) config.vrfs.push_back({vrf.index, vrf.lpm});
  absl::StatusOr<std::unique_ptr<ForwardingState>> tables = MakeForwardingState(config);
  if (absl::IsResourceExhausted(tables.status())) {
    return absl::ResourceExhaustedError(
        absl::StrCat("memory: ", tables.status().message(),
                     ": raise memory.megabytes or lower the numbers in tables"));
  }
  if (!tables.ok()) return tables.status();
  tables_ = *std::move(tables);
  if (settings_.workers() == 1) return absl::OkStatus();
  handoff_ = HandoffMesh::Make(settings_.workers(), config.socket);
  if (handoff_ != nullptr) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "memory: no room for the rings between workers: raise memory.megabytes");
}

absl::Status Process::StartPunt() {
  punt_policy_ = std::make_unique<PuntPolicy>(settings_.interface_groups, rte_get_tsc_hz());
  for (const auto& [row, limits] : settings_.punt_limits) {
    punt_policy_->Set(row.group, row.reason, limits);
  }
  absl::StatusOr<std::unique_ptr<PuntMemory>> memory =
      PuntMemory::Create({.workers = settings_.workers(),
                          .slots = settings_.punt_slots,
                          .dataplane_generation = generation_});
  if (!memory.ok()) return memory.status();
  punt_memory_ = *std::move(memory);
  punt_eventfds_ = std::make_unique<std::atomic<int>[]>(settings_.workers());
  for (uint32_t i = 0; i < settings_.workers(); ++i) {
    punt_eventfds_[i] = punt_memory_->event_descriptor(i);
  }
  absl::StatusOr<std::unique_ptr<PuntServer>> server =
      PuntServer::Listen(settings_.run_dir + "/punt.sock", *punt_memory_);
  if (!server.ok()) return server.status();
  punt_server_ = *std::move(server);
  return absl::OkStatus();
}

WorkerConfig Process::ConfigureWorker(uint32_t index) {
  WorkerConfig config;
  config.index = index;
  config.workers = settings_.workers();
  config.ports = ports_->WorkerPorts(index);
  config.tables = &tables_->tables();
  config.unresolved = &tables_->unresolved(index);
  config.handoff = handoff_.get();
  const punt::Mapping& mapping = punt_memory_->mapping();
  for (uint8_t c = 0; c < punt::kClassCount; ++c) {
    config.punt[c] = mapping.PuntProducer(index, punt::PuntClass{c});
  }
  config.inject = mapping.InjectConsumer(index);
  config.punt_policy = punt_policy_.get();
  config.punt_eventfd = &punt_eventfds_[index];
  config.inject_pool = ports_->pool();
  config.linux_bell = ports_->linux_bell();
  config.answers = settings_.answers;
  // What waits for a rate takes buffers away from the ports: half of what they can spare.
  const uint32_t for_backlogs = ports_->spare_mbufs() / 2 / settings_.workers();
  config.backlog_packets = std::bit_floor(std::clamp(for_backlogs, kMinBacklog, kMaxBacklog));
  return config;
}

absl::Status Process::StartWorkers() {
  for (uint32_t i = 0; i < settings_.workers(); ++i) {
    workers_.push_back(std::make_unique<Worker>(ConfigureWorker(i), tables_->quiescence()));
  }
  for (uint32_t i = 0; i < settings_.workers(); ++i) {
    if (rte_eal_remote_launch(RunWorker, workers_[i].get(), Eal::LcoreOf(i)) != 0) {
      return absl::InternalError(absl::StrCat("worker ", i, " does not start"));
    }
    ++launched_;
  }
  return absl::OkStatus();
}

void Process::StopWorkers() {
  for (uint32_t i = 0; i < launched_; ++i) workers_[i]->Stop();
  for (uint32_t i = 0; i < launched_; ++i) rte_eal_wait_lcore(Eal::LcoreOf(i));
  launched_ = 0;
}

absl::Status Process::StartKernelFeeds() {
  absl::StatusOr<std::unique_ptr<NetlinkFeed>> netlink =
      NetlinkFeed::Start(settings_.kernel, *ports_, tables_->writer(), journal_);
  if (!netlink.ok()) return netlink.status();
  netlink_ = *std::move(netlink);
  path_errors_ = std::make_unique<PathErrors>(
      settings_.paths,
      [this](int interface_index) -> std::optional<VrfIndex> {
        const Port* port = ports_->FindInterface(interface_index);
        if (port == nullptr || port->settings.role == PortRole::kCore) return std::nullopt;
        return port->settings.vrf.value_or(kMainVrf);
      },
      tables_->writer());
  if (absl::Status status = path_errors_->Open(); !status.ok()) {
    spdlog::warn("routers on the way to LACs are not heard: {}", status.ToString());
  }
  return absl::OkStatus();
}

absl::Status Process::StartServices() {
  ProcessView view;
  view.generation = generation_;
  view.version = LNS_VERSION;
  view.punt_socket = settings_.run_dir + "/punt.sock";
  view.writer = &tables_->writer();
  view.ports = ports_.get();
  view.steering = &steering_;
  view.punt_policy = punt_policy_.get();
  view.path_errors = &path_errors_->counters();
  view.vrfs = settings_.vrfs;
  view.main_table = settings_.kernel.table;
  view.worker_cores = settings_.eal.worker_cores;
  for (const auto& worker : workers_) view.workers.push_back(worker.get());
  absl::StatusOr<std::unique_ptr<ApiServer>> api = ApiServer::Start(settings_.listen_path, view);
  if (!api.ok()) return api.status();
  api_ = *std::move(api);
  return absl::OkStatus();
}

void Process::Run(int stop_descriptor) {
  spdlog::info("lns-dataplane {}: {} ports, {} workers, API on {}, generation {:x}", LNS_VERSION,
               ports_->ports().size(), workers_.size(), settings_.listen_path, generation_);
  for (const Port& port : ports_->ports()) {
    const std::vector<std::string> offers = OfferNames(port.offers);
    spdlog::info("port {}: {} queues, spread by {}; the device offers {}{}{}", port.settings.name,
                 port.queues, Name(port.spread.by),
                 offers.empty() ? "nothing for it" : absl::StrJoin(offers, ", "),
                 port.settings.mirror.empty() ? "" : "; mirror in Linux: ", port.settings.mirror);
  }
  Instant next_housekeeping = MonotonicNow();
  bool had_client = false;
  for (;;) {
    const auto [path_errors, path_errors6] = path_errors_->descriptors();
    pollfd ready[] = {{.fd = stop_descriptor, .events = POLLIN, .revents = 0},
                      {.fd = punt_server_->descriptor(), .events = POLLIN, .revents = 0},
                      {.fd = path_errors, .events = POLLIN, .revents = 0},
                      {.fd = path_errors6, .events = POLLIN, .revents = 0}};
    poll(ready, std::size(ready), static_cast<int>(kHousekeepingEvery.milliseconds()));
    if (ready[0].revents != 0) return;
    if (ready[1].revents != 0) punt_server_->Serve();
    if (punt_server_->has_client() != had_client) {
      had_client = punt_server_->has_client();
      if (had_client) {
        spdlog::info("control plane (pid {}) took the punt rings", punt_server_->client_pid());
      } else {
        spdlog::warn("control plane is gone; forwarding goes on");
      }
    }
    const Instant now = MonotonicNow();
    if ((ready[2].revents | ready[3].revents) != 0) path_errors_->Serve(now);
    if (now >= next_housekeeping) {
      next_housekeeping = now + kHousekeepingEvery;
      path_errors_->Tick(now);
      WatchLinks();
    }
  }
}

void Process::WatchLinks() {
  const std::vector<Port>& ports = ports_->ports();
  const bool is_first = link_was_up_.empty();
  link_was_up_.resize(ports.size());
  for (size_t i = 0; i < ports.size(); ++i) {
    const bool is_up = ports_->Statistics(ports[i]).link_up;
    if (is_first || is_up != link_was_up_[i]) {
      spdlog::log(is_up ? spdlog::level::info : spdlog::level::warn, "port {} ({}): link {}",
                  ports[i].settings.name, ports[i].settings.device, is_up ? "up" : "down");
      ports_->FollowLink(ports[i], is_up);
    }
    link_was_up_[i] = is_up;
  }
}

}  // namespace lns::dataplane
