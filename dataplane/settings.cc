// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/settings.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "dataplane/core/context.h"
#include "lib/config/yaml.h"
#include "lib/punt/mapping.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lns/config/v1/dataplane.pb.h"

namespace lns::dataplane {
namespace {

using config::SourceMap;
using config::v1::DataplaneConfig;

constexpr uint32_t kMinMtu = 576;
constexpr uint32_t kMaxMtu = 9600;
constexpr uint32_t kMaxTunnels = 65535;
constexpr uint32_t kMaxTableEntries = 16u << 20;
constexpr uint32_t kMinMegabytes = 64;
constexpr uint32_t kHighestLinuxProtocol = 4;
constexpr uint32_t kMaxAnswers = 1'000'000;
constexpr uint32_t kLowestPathMtu = 576;
constexpr uint32_t kHighestPathMtu = 9000;
constexpr uint32_t kShortestKeep = 5 * 60;  // RFC 1191 6.3, RFC 8201 4
constexpr uint32_t kLongestKeep = 24 * 60 * 60;
constexpr const char* kObjectName = "steer.bpf.o";

uint32_t Or(uint32_t value, uint32_t otherwise) { return value != 0 ? value : otherwise; }
const std::string& Or(const std::string& value, const std::string& otherwise) {
  return value.empty() ? otherwise : value;
}

std::string Range(uint32_t low, uint32_t high, uint32_t found) {
  return absl::StrCat("expected ", low, " to ", high, ", found ", found);
}

PoolRoutes ToPoolRoutes(config::v1::PoolRoutes policy) {
  switch (policy) {
    case config::v1::POOL_ROUTES_STICKY:
      return PoolRoutes::kSticky;
    case config::v1::POOL_ROUTES_ALWAYS:
      return PoolRoutes::kAlways;
    case config::v1::POOL_ROUTES_NEVER:
      return PoolRoutes::kNever;
    default:
      return PoolRoutes::kUsed;
  }
}

SessionRoutes ToSessionRoutes(config::v1::SessionRoutes policy) {
  switch (policy) {
    case config::v1::SESSION_ROUTES_ALL:
      return SessionRoutes::kAll;
    case config::v1::SESSION_ROUTES_NONE:
      return SessionRoutes::kNone;
    default:
      return SessionRoutes::kUncovered;
  }
}

// Installed, or in the build tree that the executable runs from.
std::string FindXdpObject(const std::string& folder) {
  namespace fs = std::filesystem;
  if (!folder.empty()) return (fs::path(folder) / kObjectName).string();
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path candidates[] = {fs::path(LNS_DATA_DIR) / kObjectName, beside / kObjectName,
                                 beside / "xdp" / kObjectName};
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate, error)) return candidate.string();
  }
  return candidates[0].string();
}

// Reads one configuration; the first mistake ends it.
class SettingsReader {
 public:
  SettingsReader(const DataplaneConfig& config, const SourceMap& source)
      : config_(config), source_(source) {}

  absl::StatusOr<Settings> Read() {
    for (const auto step :
         {&SettingsReader::ReadPaths, &SettingsReader::ReadCores, &SettingsReader::ReadMemory,
          &SettingsReader::ReadTables, &SettingsReader::ReadKernel, &SettingsReader::ReadVrfs,
          &SettingsReader::ReadPorts, &SettingsReader::ReadAnswers, &SettingsReader::ReadPathPolicy,
          &SettingsReader::ReadPuntLimits}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return settings_;
  }

 private:
  absl::Status ReadPaths() {
    settings_.run_dir = Or(config_.run_dir(), "/run/terminus");
    if (settings_.run_dir[0] != '/') {
      return source_.Error("run_dir", "expected an absolute path");
    }
    const std::string listen =
        Or(config_.listen(), absl::StrCat("unix:", settings_.run_dir, "/dataplane.sock"));
    if (!absl::StartsWith(listen, "unix:/")) {
      return source_.Error("listen",
                           "expected unix:/PATH (TCP would need mutual TLS, which this "
                           "release does not have)");
    }
    settings_.listen_path = listen.substr(5);
    settings_.log_level = Or(config_.log_level(), "info");
    const std::set<std::string> levels = {"trace", "debug", "info", "warn", "error"};
    if (!levels.contains(settings_.log_level)) {
      return source_.Error("log_level", absl::StrCat("expected trace, debug, info, warn or error, "
                                                     "found \"",
                                                     settings_.log_level, "\""));
    }
    settings_.xdp_object = FindXdpObject(config_.xdp_object());
    return absl::OkStatus();
  }

  absl::Status ReadCores() {
    const auto& cpu = config_.cpu();
    if (cpu.worker_cores_size() == 0 || cpu.worker_cores_size() > static_cast<int>(kMaxWorkers)) {
      return source_.Error(
          "cpu.worker_cores",
          absl::StrCat("expected 1 to ", kMaxWorkers, " cores, found ", cpu.worker_cores_size()));
    }
    std::set<uint32_t> seen;
    for (int i = 0; i < cpu.worker_cores_size(); ++i) {
      if (seen.insert(cpu.worker_cores(i)).second) continue;
      return source_.Error(absl::StrCat("cpu.worker_cores[", i, "]"),
                           absl::StrCat("core ", cpu.worker_cores(i), " is given twice"));
    }
    settings_.eal.main_core = cpu.main_core();
    settings_.eal.worker_cores = {cpu.worker_cores().begin(), cpu.worker_cores().end()};
    return absl::OkStatus();
  }

  absl::Status ReadMemory() {
    const auto& memory = config_.memory();
    settings_.eal.hugepages = memory.hugepages();
    settings_.eal.megabytes = Or(memory.megabytes(), 512);
    settings_.mbufs = Or(memory.mbufs(), 16384);
    if (settings_.eal.megabytes < kMinMegabytes) {
      return source_.Error("memory.megabytes", absl::StrCat("expected at least ", kMinMegabytes,
                                                            ", found ", settings_.eal.megabytes));
    }
    settings_.punt_slots = Or(config_.punt().slots(), 2048);
    if (!punt::IsValidSlotCount(settings_.punt_slots)) {
      return source_.Error("punt.slots",
                           absl::StrCat("expected a power of two from ", punt::kMinSlots, " to ",
                                        punt::kMaxSlots, ", found ", settings_.punt_slots));
    }
    return absl::OkStatus();
  }

  absl::Status ReadTables() {
    const auto& tables = config_.tables();
    TableLimits& limits = settings_.limits;
    struct Row {
      const char* path;
      uint32_t given;
      uint32_t largest;
      uint32_t& limit;
    };
    const Row rows[] = {
        {"tables.max_tunnels", tables.max_tunnels(), kMaxTunnels, limits.max_tunnels},
        {"tables.max_sessions", tables.max_sessions(), kMaxTableEntries, limits.max_sessions},
        {"tables.max_routes", tables.max_routes(), kMaxTableEntries, limits.max_routes},
        {"tables.max_neighbours", tables.max_neighbours(), kMaxTableEntries, limits.max_neighbours},
        {"tables.max_policy_sessions", tables.max_policy_sessions(), kMaxTableEntries,
         limits.max_policy_sessions},
    };
    for (const Row& row : rows) {
      if (row.given > row.largest) {
        return source_.Error(row.path, Range(1, row.largest, row.given));
      }
      if (row.given != 0) row.limit = row.given;
    }
    return absl::OkStatus();
  }

  absl::Status ReadKernel() {
    KernelSettings& kernel = settings_.kernel;
    kernel.table = Or(config_.kernel().table(), kernel.table);
    const auto& announce = config_.kernel().announce();
    const uint32_t protocol = Or(announce.protocol(), kernel.protocol);
    // Linux' own routes have the numbers up to RTPROT_STATIC.
    if (protocol <= kHighestLinuxProtocol || protocol > 255) {
      return source_.Error("kernel.announce.protocol",
                           Range(kHighestLinuxProtocol + 1, 255, protocol));
    }
    kernel.protocol = static_cast<uint8_t>(protocol);
    kernel.metric = announce.metric();
    kernel.announce = {
        .pools = ToPoolRoutes(announce.pools()),
        .keep_pools_when_draining = announce.when_draining() == config::v1::DRAINING_POOLS_KEEP,
        .hosts = ToSessionRoutes(announce.hosts()),
        .prefixes = ToSessionRoutes(announce.prefixes())};
    return absl::OkStatus();
  }

  absl::Status ReadVrfs() {
    std::set<uint32_t> tables = {settings_.kernel.table};
    for (int i = 0; i < config_.vrfs_size(); ++i) {
      const config::v1::VrfConfig& config = config_.vrfs(i);
      const std::string path = absl::StrCat("vrfs[", i, "]");
      if (config.name().empty()) return source_.Error(path + ".name", "is required");
      if (config.id() == 0 || config.id() >= kMaxVrfs) {
        return source_.Error(path + ".id", Range(1, kMaxVrfs - 1, config.id()));
      }
      for (const VrfSettings& other : settings_.vrfs) {
        if (other.name != config.name() && other.index != config.id()) continue;
        return source_.Error(path,
                             absl::StrCat("VRF ", other.name, " has this name or id already"));
      }
      if (config.table() != 0 && !tables.insert(config.table()).second) {
        return source_.Error(path + ".table", absl::StrCat("table ", config.table(),
                                                           " is another VRF's, or kernel.table"));
      }
      settings_.vrfs.push_back({.name = config.name(),
                                .index = static_cast<VrfIndex>(config.id()),
                                .table = config.table(),
                                .lpm = config.full_table()});
    }
    return absl::OkStatus();
  }

  absl::Status ReadPortVrf(const config::v1::PortConfig& config, const std::string& path,
                           PortSettings& port) {
    if (config.vrf().empty()) return absl::OkStatus();
    for (const VrfSettings& vrf : settings_.vrfs) {
      if (vrf.name == config.vrf()) port.vrf = vrf.index;
    }
    if (port.vrf.has_value()) return absl::OkStatus();
    return source_.Error(path + ".vrf", absl::StrCat("no VRF '", config.vrf(), "' in vrfs"));
  }

  absl::Status ReadAnswers() {
    const config::v1::AnswerConfig& in = config_.answers();
    AnswerPolicy& policy = settings_.answers;
    struct Row {
      const char* path;
      bool is_given;
      uint32_t given;
      uint32_t& rate;
    };
    const Row rows[] = {
        {"answers.per_second", in.has_per_second(), in.per_second(), policy.per_second},
        {"answers.burst", in.burst() != 0, in.burst(), policy.burst},
        {"answers.session_per_second", in.has_session_per_second(), in.session_per_second(),
         policy.session_per_second},
        {"answers.session_burst", in.session_burst() != 0, in.session_burst(),
         policy.session_burst},
    };
    for (const Row& row : rows) {
      if (!row.is_given) continue;
      if (row.given > kMaxAnswers) return source_.Error(row.path, Range(0, kMaxAnswers, row.given));
      row.rate = row.given;
    }
    policy.fragment = !in.refuse_instead_of_fragmenting();
    return absl::OkStatus();
  }

  absl::Status ReadPathPolicy() {
    const config::v1::PathConfig& in = config_.paths();
    PathPolicy& policy = settings_.paths;
    policy.listen = !in.ignore_reports();
    if (in.least_mtu() != 0) {
      if (in.least_mtu() < kLowestPathMtu || in.least_mtu() > kHighestPathMtu) {
        return source_.Error("paths.least_mtu",
                             Range(kLowestPathMtu, kHighestPathMtu, in.least_mtu()));
      }
      policy.least_mtu = static_cast<uint16_t>(in.least_mtu());
    }
    if (in.keep_s() != 0) {
      if (in.keep_s() < kShortestKeep || in.keep_s() > kLongestKeep) {
        return source_.Error("paths.keep_s", Range(kShortestKeep, kLongestKeep, in.keep_s()));
      }
      policy.keep = Duration::Seconds(in.keep_s());
    }
    return absl::OkStatus();
  }

  absl::Status ReadPorts() {
    if (config_.ports_size() == 0 || config_.ports_size() > kMaxPorts) {
      return source_.Error("ports", absl::StrCat("expected 1 to ", kMaxPorts, " ports, found ",
                                                 config_.ports_size()));
    }
    std::set<std::string> names;
    for (int i = 0; i < config_.ports_size(); ++i) {
      const std::string path = absl::StrCat("ports[", i, "]");
      if (absl::Status status = ReadPort(config_.ports(i), path); !status.ok()) return status;
      const std::string& name = settings_.ports.back().name;
      if (!names.insert(name).second) {
        return source_.Error(path + ".name", absl::StrCat("another port is named '", name, "'"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadPort(const config::v1::PortConfig& config, const std::string& path) {
    PortSettings& port = settings_.ports.emplace_back();
    port.name = config.name();
    if (port.name.empty()) return source_.Error(path + ".name", "is required");
    if (absl::Status status = ReadRole(config, path, port); !status.ok()) return status;
    if (absl::Status status = ReadDevice(config, path, port); !status.ok()) return status;
    if (absl::Status status = ReadGroup(config, path, port); !status.ok()) return status;
    if (absl::Status status = ReadPortVrf(config, path, port); !status.ok()) return status;
    if (absl::Status status = ReadMirror(config, path, port); !status.ok()) return status;
    if (config.mtu() != 0) {
      if (config.mtu() < kMinMtu || config.mtu() > kMaxMtu) {
        return source_.Error(path + ".mtu", Range(kMinMtu, kMaxMtu, config.mtu()));
      }
      port.mtu = static_cast<uint16_t>(config.mtu());
    }
    if (config.mac().empty()) return absl::OkStatus();
    port.mac = net::ParseMac(config.mac());
    if (!port.mac) {
      return source_.Error(path + ".mac", absl::StrCat("expected six octets like "
                                                       "02:00:00:00:00:01, found \"",
                                                       config.mac(), "\""));
    }
    if (port.kind == DeviceKind::kAfXdp) {
      return source_.Error(path + ".mac", "the interface belongs to Linux: use `ip link set dev " +
                                              port.device + " address`");
    }
    return absl::OkStatus();
  }

  absl::Status ReadMirror(const config::v1::PortConfig& config, const std::string& path,
                          PortSettings& port) {
    const std::string& name = config.mirror();
    if (name.empty()) return absl::OkStatus();
    if (port.kind == DeviceKind::kAfXdp) {
      return source_.Error(path + ".mirror", "the interface belongs to Linux and needs no mirror");
    }
    const bool is_name = name.size() < IFNAMSIZ && name.find_first_of("/: \t%") == name.npos;
    if (!is_name || name == "." || name == "..") {
      return source_.Error(path + ".mirror",
                           absl::StrCat("expected the name of an interface, found \"", name, "\""));
    }
    for (const PortSettings& other : settings_.ports) {
      if (other.LinuxInterface() != name) continue;
      return source_.Error(path + ".mirror", absl::StrCat("port ", other.name, " has it already"));
    }
    port.mirror = name;
    return absl::OkStatus();
  }

  absl::Status ReadRole(const config::v1::PortConfig& config, const std::string& path,
                        PortSettings& port) {
    switch (config.role()) {
      case config::v1::ACCESS:
        port.role = PortRole::kAccess;
        return absl::OkStatus();
      case config::v1::CORE:
        port.role = PortRole::kCore;
        return absl::OkStatus();
      case config::v1::BOTH:
        port.role = PortRole::kBoth;
        return absl::OkStatus();
      default:
        return source_.Error(path + ".role", "is required: access, core or both");
    }
  }

  absl::Status ReadGroup(const config::v1::PortConfig& config, const std::string& path,
                         PortSettings& port) {
    const std::string name =
        Or(config.group(), port.role == PortRole::kCore ? "backbone" : "access");
    std::vector<std::string>& groups = settings_.interface_groups;
    const auto found = std::find(groups.begin(), groups.end(), name);
    port.interface_group = static_cast<uint16_t>(found - groups.begin());
    if (found != groups.end()) return absl::OkStatus();
    if (groups.size() == kMaxInterfaceGroups) {
      return source_.Error(path + ".group", absl::StrCat("there are ", kMaxInterfaceGroups,
                                                         " interface groups already"));
    }
    groups.push_back(name);
    return absl::OkStatus();
  }

  // After the ports, which name the groups.
  absl::Status ReadPuntLimits() {
    for (int i = 0; i < config_.punt().limits_size(); ++i) {
      const config::v1::PuntLimit& limit = config_.punt().limits(i);
      const std::string path = absl::StrCat("punt.limits[", i, "]");
      const std::vector<std::string>& groups = settings_.interface_groups;
      if (PuntPolicy::Rows(groups, limit.group(), "").empty()) {
        return source_.Error(path + ".group",
                             absl::StrCat("no port is in a group '", limit.group(), "'"));
      }
      const std::vector<PuntRow> rows = PuntPolicy::Rows(groups, limit.group(), limit.reason());
      if (rows.empty()) {
        return source_.Error(path + ".reason",
                             absl::StrCat("no punt reason '", limit.reason(), "'"));
      }
      PuntLimits limits;
      if (limit.has_per_second()) {
        limits.group = {.per_second = limit.per_second(), .burst = Or(limit.burst(), 1)};
      }
      if (limit.has_source_per_second()) {
        limits.source = {.per_second = limit.source_per_second(),
                         .burst = Or(limit.source_burst(), 1)};
      }
      for (const PuntRow& row : rows) settings_.punt_limits.emplace_back(row, limits);
    }
    return absl::OkStatus();
  }

  absl::Status ReadDevice(const config::v1::PortConfig& config, const std::string& path,
                          PortSettings& port) {
    using config::v1::PortConfig;
    switch (config.device_case()) {
      case PortConfig::kAfXdp: {
        port.kind = DeviceKind::kAfXdp;
        port.device = config.af_xdp().interface();
        if (port.device.empty()) return source_.Error(path + ".af_xdp.interface", "is required");
        const uint32_t queues = Or(config.af_xdp().queues(), 1);
        if (queues > settings_.workers()) {
          return source_.Error(path + ".af_xdp.queues",
                               absl::StrCat("expected at most one per worker (",
                                            settings_.workers(), "), found ", queues));
        }
        port.queues = static_cast<uint16_t>(queues);
        return absl::OkStatus();
      }
      case PortConfig::kVdev:
        port.kind = DeviceKind::kVdev;
        port.device = config.vdev();
        break;
      case PortConfig::kPci:
        port.kind = DeviceKind::kPci;
        port.device = config.pci();
        settings_.eal.pci_addresses.push_back(config.pci());
        break;
      case PortConfig::DEVICE_NOT_SET:
        return source_.Error(path, "needs a device: one of af_xdp, vdev, pci");
    }
    return port.device.empty() ? source_.Error(path, "the device's name is empty")
                               : absl::OkStatus();
  }

  const DataplaneConfig& config_;
  const SourceMap& source_;
  Settings settings_;
};

}  // namespace

absl::StatusOr<Settings> ReadSettings(const std::string& file) {
  DataplaneConfig config;
  const absl::StatusOr<SourceMap> source = config::LoadYaml(file, &config);
  if (!source.ok()) return source.status();
  return SettingsReader(config, *source).Read();
}

}  // namespace lns::dataplane
