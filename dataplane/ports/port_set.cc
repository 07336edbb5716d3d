// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/ports/port_set.h"

#include <linux/capability.h>
#include <net/if.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint16_t kDescriptors = 1024;
// net_af_xdp keeps this many buffers in each fill queue, and as many may be on their way out.
constexpr uint32_t kAfXdpBuffersPerQueue = 2 * 2048;
constexpr uint32_t kPoolCache = 256;
// The kernel keeps this much in front of a packet in an AF_XDP buffer, beside the mbuf headroom.
constexpr uint16_t kXdpHeadroom = 256;
// Ethernet header, one VLAN tag, frame check sequence.
constexpr uint16_t kLinkOverhead = 14 + 4 + 4;
// A veth takes an XDP program only while its packets fit one page.
constexpr uint16_t kMaxAfXdpMtu = 3498;

absl::Status PortError(const Port& port, const std::string& what) {
  return absl::FailedPreconditionError(absl::StrCat("port ", port.settings.name, ": ", what));
}

// ioctl on a Linux interface by name.
class InterfaceQuery {
 public:
  explicit InterfaceQuery(const std::string& interface)
      : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    interface.copy(request_.ifr_name, IFNAMSIZ - 1);
  }
  ~InterfaceQuery() { close(socket_); }
  InterfaceQuery(const InterfaceQuery&) = delete;
  InterfaceQuery& operator=(const InterfaceQuery&) = delete;

  int Mtu() { return ioctl(socket_, SIOCGIFMTU, &request_) == 0 ? request_.ifr_mtu : 0; }
  bool IsRunning() {
    return ioctl(socket_, SIOCGIFFLAGS, &request_) == 0 && (request_.ifr_flags & IFF_UP) != 0 &&
           (request_.ifr_flags & IFF_RUNNING) != 0;
  }

 private:
  int socket_;
  ifreq request_{};
};

uint32_t CountReceiveQueues(const std::string& interface) {
  uint32_t count = 0;
  std::error_code error;
  const std::filesystem::path folder = "/sys/class/net/" + interface + "/queues";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with("rx-")) ++count;
  }
  return count;
}

// AF_XDP sockets, loading and attaching a program.
bool MayUseXdp() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return true;  // the driver will tell
  const auto has = [&](unsigned capability) {
    return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
  };
  return has(CAP_NET_ADMIN) && has(CAP_NET_RAW) && (has(CAP_SYS_ADMIN) || has(CAP_BPF));
}

// "net_null0,size=64" is device net_null0 with arguments size=64.
std::pair<std::string, std::string> SplitVdev(const std::string& text) {
  const size_t comma = text.find(',');
  if (comma == std::string::npos) return {text, ""};
  return {text.substr(0, comma), text.substr(comma + 1)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<PortSet>> PortSet::Open(const std::vector<PortSettings>& settings,
                                                       const PortSetConfig& config) {
  std::unique_ptr<PortSet> set(new PortSet(config));
  if (absl::Status status = set->OpenAll(settings); !status.ok()) return status;
  return set;
}

absl::Status PortSet::OpenAll(const std::vector<PortSettings>& settings) {
  for (const PortSettings& one : settings) {
    Port& port = ports_.emplace_back();
    port.settings = one;
    port.index = static_cast<uint16_t>(ports_.size() - 1);
    if (absl::Status status = CheckDevice(port); !status.ok()) return status;
  }
  if (absl::Status status = MakePool(); !status.ok()) return status;
  for (Port& port : ports_) {
    if (absl::Status status = Probe(port); !status.ok()) return status;
    ++probed_;
    if (absl::Status status = Configure(port); !status.ok()) return status;
    if (absl::Status status = StartQueues(port); !status.ok()) return status;
  }
  return OpenMirrors();
}

PortSet::~PortSet() {
  mirrors_.reset();
  for (uint32_t i = 0; i < probed_; ++i) {
    const Port& port = ports_[i];
    rte_eth_dev_stop(port.dpdk_port);
    rte_eth_dev_close(port.dpdk_port);
    // The driver takes its program off; should it not, nothing of ours may stay on the interface.
    if (port.settings.kind == DeviceKind::kAfXdp) {
      (void)Steering::DetachOwn(port.settings.device);
    }
  }
  rte_mempool_free(pool_);
}

absl::Status PortSet::CheckDevice(Port& port) const {
  port.mtu = port.settings.mtu.value_or(1500);
  if (port.settings.kind != DeviceKind::kAfXdp) return absl::OkStatus();
  const std::string& interface = port.settings.device;
  port.interface_index = static_cast<int>(if_nametoindex(interface.c_str()));
  if (port.interface_index == 0) {
    return PortError(port, absl::StrCat("no network interface '", interface,
                                        "' in this network namespace: create it or correct "
                                        "af_xdp.interface"));
  }
  if (!MayUseXdp()) {
    return absl::PermissionDeniedError(
        absl::StrCat("port ", port.settings.name,
                     ": no permission for AF_XDP: run as root, or with CAP_NET_ADMIN, CAP_NET_RAW "
                     "and CAP_BPF"));
  }
  const int linux_mtu = InterfaceQuery(interface).Mtu();
  if (port.settings.mtu && *port.settings.mtu > linux_mtu) {
    return PortError(port, absl::StrCat("mtu ", *port.settings.mtu, " is above that of interface ",
                                        interface, " (", linux_mtu, "): run `ip link set dev ",
                                        interface, " mtu ", *port.settings.mtu, "` first"));
  }
  const int mtu = port.settings.mtu ? *port.settings.mtu : linux_mtu;
  if (mtu > kMaxAfXdpMtu) {
    return PortError(
        port, absl::StrCat("interface ", interface, " has MTU ", mtu, ", AF_XDP takes at most ",
                           kMaxAfXdpMtu, ": run `ip link set dev ", interface, " mtu ",
                           kMaxAfXdpMtu, "`"));
  }
  port.mtu = static_cast<uint16_t>(mtu);
  const uint32_t queues = CountReceiveQueues(interface);
  if (queues != port.settings.queues) {
    // A queue without a socket would lose what is ours and arrives there.
    return PortError(
        port, absl::StrCat("interface ", interface, " has ", queues,
                           " receive queues, the configuration serves ", port.settings.queues,
                           ": set af_xdp.queues, or run "
                           "`ethtool -L ",
                           interface, " combined ", port.settings.queues, "`"));
  }
  if (access(config_.xdp_object.c_str(), R_OK) != 0) {
    return PortError(port, absl::StrCat("no XDP object at '", config_.xdp_object,
                                        "': install it or set xdp_object to its directory"));
  }
  const absl::StatusOr<bool> stale = Steering::DetachOwn(interface);
  return stale.status();
}

absl::Status PortSet::MakePool() {
  uint16_t mtu = 1500;
  uint32_t needed = config_.workers * (2 * kPoolCache + 512);
  for (const Port& port : ports_) {
    mtu = std::max(mtu, port.mtu);
    needed += port.settings.kind == DeviceKind::kAfXdp
                  ? port.settings.queues * kAfXdpBuffersPerQueue
                  : config_.workers * 2u * kDescriptors;
  }
  if (config_.mbufs < needed) {
    return absl::InvalidArgumentError(absl::StrCat(
        "memory.mbufs: ", config_.mbufs, " packet buffers are too few for these ", ports_.size(),
        " ports and ", config_.workers, " workers: set at least ", needed));
  }
  const int wanted = RTE_PKTMBUF_HEADROOM + kXdpHeadroom + mtu + kLinkOverhead;
  const int room = std::max<int>(RTE_ALIGN_CEIL(wanted, 64), RTE_MBUF_DEFAULT_BUF_SIZE);
  spare_mbufs_ = config_.mbufs - needed;
  pool_ = rte_pktmbuf_pool_create("packets", config_.mbufs, kPoolCache, 0,
                                  static_cast<uint16_t>(room), static_cast<int>(rte_socket_id()));
  if (pool_ != nullptr) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("memory: no room for ", config_.mbufs, " packet buffers of ", room,
                   " bytes: raise memory.megabytes or lower memory.mbufs"));
}

absl::Status PortSet::Probe(Port& port) {
  const PortSettings& settings = port.settings;
  int error = 0;
  switch (settings.kind) {
    case DeviceKind::kAfXdp: {
      port.dpdk_name = absl::StrCat("net_af_xdp", port.index);
      const std::string arguments =
          absl::StrCat("iface=", settings.device, ",start_queue=0,queue_count=", settings.queues,
                       ",xdp_prog=", config_.xdp_object);
      error = rte_eal_hotplug_add("vdev", port.dpdk_name.c_str(), arguments.c_str());
      break;
    }
    case DeviceKind::kVdev: {
      const auto [name, arguments] = SplitVdev(settings.device);
      port.dpdk_name = name;
      error = rte_eal_hotplug_add("vdev", name.c_str(), arguments.c_str());
      break;
    }
    case DeviceKind::kPci:
      port.dpdk_name = settings.device;  // probed by the EAL
      break;
  }
  if (error == 0) error = rte_eth_dev_get_port_by_name(port.dpdk_name.c_str(), &port.dpdk_port);
  if (error == 0) return absl::OkStatus();
  const char* advice = settings.kind == DeviceKind::kPci
                           ? "is it bound to vfio-pci (dpdk-devbind.py --status)?"
                           : "check the device's name and arguments";
  return PortError(port, absl::StrCat("DPDK has no device '", settings.device,
                                      "': ", rte_strerror(-error), ": ", advice));
}

absl::Status PortSet::Configure(Port& port) {
  rte_eth_dev_info info{};
  int error = rte_eth_dev_info_get(port.dpdk_port, &info);
  if (error != 0) return PortError(port, rte_strerror(-error));
  const PortSettings& settings = port.settings;
  port.offers = {.kind = settings.kind,
                 .max_queues = std::min(info.max_rx_queues, info.max_tx_queues),
                 .rss = info.flow_type_rss_offloads};
  const bool is_af_xdp = settings.kind == DeviceKind::kAfXdp;
  port.spread = ChooseSpread(port.offers, settings.role, config_.workers,
                             is_af_xdp ? settings.queues : uint16_t{0});
  port.queues = port.spread.queues;
  rte_eth_conf conf{};
  conf.rxmode.mtu = port.mtu;
  if (port.spread.rss != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = port.spread.rss;
  }
  error = rte_eth_dev_configure(port.dpdk_port, port.queues, port.queues, &conf);
  if (error != 0) {
    return PortError(port, absl::StrCat("cannot configure ", port.queues, " queues, mtu ", port.mtu,
                                        ": ", rte_strerror(-error)));
  }
  return absl::OkStatus();
}

absl::Status PortSet::StartQueues(Port& port) {
  uint16_t rx_descriptors = kDescriptors;
  uint16_t tx_descriptors = kDescriptors;
  int error = rte_eth_dev_adjust_nb_rx_tx_desc(port.dpdk_port, &rx_descriptors, &tx_descriptors);
  const auto socket = static_cast<unsigned>(std::max(0, rte_eth_dev_socket_id(port.dpdk_port)));
  for (uint16_t queue = 0; queue < port.queues && error == 0; ++queue) {
    error = rte_eth_rx_queue_setup(port.dpdk_port, queue, rx_descriptors, socket, nullptr, pool_);
    if (error == 0) {
      error = rte_eth_tx_queue_setup(port.dpdk_port, queue, tx_descriptors, socket, nullptr);
    }
  }
  if (error == 0 && port.settings.mac && port.settings.kind != DeviceKind::kAfXdp) {
    rte_ether_addr address;
    std::memcpy(address.addr_bytes, port.settings.mac->data(), port.settings.mac->size());
    // Virtual devices may have no address to set: what matters is what we write into frames.
    (void)rte_eth_dev_default_mac_addr_set(port.dpdk_port, &address);
  }
  if (error == 0) error = rte_eth_dev_start(port.dpdk_port);
  if (error != 0) {
    return PortError(port, absl::StrCat("cannot start '", port.settings.device, "': ",
                                        rte_strerror(-error), " (DPDK's own message is above)"));
  }
  if (port.settings.kind == DeviceKind::kPci && port.queues > 1 &&
      port.settings.role != PortRole::kCore && port.spread.by != SpreadBy::kSession) {
    port.offers.l2tp_rule = InstallSessionRule(port.dpdk_port);
    port.spread = ChooseSpread(port.offers, port.settings.role, config_.workers);
  }
  // Group addresses are Linux': neighbour discovery, OSPF. Virtual devices take them anyway.
  if (!port.settings.mirror.empty()) (void)rte_eth_allmulticast_enable(port.dpdk_port);
  rte_ether_addr address{};
  rte_eth_macaddr_get(port.dpdk_port, &address);
  std::memcpy(port.mac.data(), address.addr_bytes, port.mac.size());
  if (port.settings.mac) port.mac = *port.settings.mac;
  if (port.settings.kind != DeviceKind::kAfXdp || config_.steering == nullptr) {
    return absl::OkStatus();
  }
  return config_.steering->AddInterface(port.settings.device,
                                        {.is_access = port.settings.role != PortRole::kCore,
                                         .is_core = port.settings.role != PortRole::kAccess,
                                         .vrf = port.settings.vrf.value_or(kMainVrf)});
}

absl::Status PortSet::OpenMirrors() {
  std::vector<Mirrors::Wanted> wanted;
  for (const Port& port : ports_) {
    if (port.settings.mirror.empty()) continue;
    wanted.push_back(
        {.port = port.index,
         .tap = {.interface = port.settings.mirror, .mac = port.mac, .mtu = port.mtu}});
  }
  if (wanted.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Mirrors>> mirrors = Mirrors::Open(wanted, config_.workers);
  if (!mirrors.ok()) return mirrors.status();
  mirrors_ = *std::move(mirrors);
  for (const Mirrors::Wanted& one : wanted) {
    ports_[one.port].interface_index = mirrors_->TapOf(one.port)->interface_index();
  }
  return absl::OkStatus();
}

const Port* PortSet::Find(const std::string& name) const {
  const auto it = std::find_if(ports_.begin(), ports_.end(),
                               [&](const Port& port) { return port.settings.name == name; });
  return it == ports_.end() ? nullptr : &*it;
}

const Port* PortSet::FindInterface(int interface_index) const {
  if (interface_index == 0) return nullptr;
  const auto it = std::find_if(ports_.begin(), ports_.end(), [&](const Port& port) {
    return port.interface_index == interface_index;
  });
  return it == ports_.end() ? nullptr : &*it;
}

PortStatistics PortSet::Statistics(const Port& port) const {
  PortStatistics statistics;
  if (port.settings.kind == DeviceKind::kAfXdp) {
    statistics.link_up = InterfaceQuery(port.settings.device).IsRunning();
  } else {
    rte_eth_link link{};
    statistics.link_up =
        rte_eth_link_get_nowait(port.dpdk_port, &link) == 0 && link.link_status != 0;
  }
  rte_eth_stats device{};
  if (rte_eth_stats_get(port.dpdk_port, &device) == 0) {
    statistics.rx_packets = device.ipackets;
    statistics.tx_packets = device.opackets;
    statistics.rx_missed = device.imissed;
    statistics.rx_errors = device.ierrors + device.rx_nombuf;
    statistics.tx_errors = device.oerrors;
  }
  return statistics;
}

std::optional<MirrorStatistics> PortSet::MirrorStatisticsOf(const Port& port) const {
  return mirrors_ == nullptr ? std::nullopt : mirrors_->Statistics(port.index);
}

void PortSet::FollowLink(const Port& port, bool is_up) const {
  const Tap* tap = mirrors_ == nullptr ? nullptr : mirrors_->TapOf(port.index);
  if (tap != nullptr) tap->SetCarrier(is_up);
}

std::vector<WorkerPort> PortSet::WorkerPorts(uint32_t worker) const {
  std::vector<WorkerPort> views;
  for (const Port& port : ports_) {
    WorkerPort& view = views.emplace_back();
    view.index = port.index;
    view.dpdk_port = port.dpdk_port;
    view.role = port.settings.role;
    view.vrf = port.settings.vrf.value_or(kMainVrf);
    view.interface_group = port.settings.interface_group;
    view.mtu = port.mtu;
    view.mac = port.mac;
    view.tx_worker = worker % port.queues;
    if (worker < port.queues) {
      view.rx_queue = static_cast<uint16_t>(worker);
      view.tx_queue = static_cast<uint16_t>(worker);
    }
    if (mirrors_ == nullptr) continue;
    view.to_linux = mirrors_->ToLinux(port.index, worker);
    // Ports' mirrors are served by different workers where they can.
    if (worker == port.index % port.queues) view.from_linux = mirrors_->FromLinux(port.index);
  }
  return views;
}

}  // namespace lns::dataplane
