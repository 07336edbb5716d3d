// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/stage/rig.h"

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lib/base/check.h"

namespace lns::test {
namespace {

using dataplane::NeighbourConfig;
using dataplane::Origin;
using dataplane::RouteConfig;
using dataplane::SessionConfig;
using dataplane::TunnelConfig;

constexpr uint32_t kPuntSlots = 64;
constexpr uint16_t kBufferSize = 4096;
constexpr uint32_t kMirrorRoom = 5000;  // more than a packet buffer

net::IpAddress Address(std::string_view text) { return *net::IpAddress::Parse(text); }
net::IpPrefix Prefix(std::string_view text) { return *net::IpPrefix::Parse(text); }

std::string UniqueName(const char* kind) {
  static int count = 0;
  return std::string(kind) + std::to_string(count++);
}

rte_ring* MakeRing(uint32_t slots) {
  rte_ring* ring =
      rte_ring_create(UniqueName("rig").c_str(), slots, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
  LNS_CHECK(ring != nullptr);
  return ring;
}

uint16_t MakePort(rte_ring* rx, rte_ring* tx) {
  const int port = rte_eth_from_rings(UniqueName("port").c_str(), &rx, 1, &tx, 1, 0);
  LNS_CHECK(port >= 0);
  const auto id = static_cast<uint16_t>(port);
  const rte_eth_conf conf{};
  LNS_CHECK(rte_eth_dev_configure(id, 1, 1, &conf) == 0);
  LNS_CHECK(rte_eth_rx_queue_setup(id, 0, 64, 0, nullptr, PacketPool()) == 0);
  LNS_CHECK(rte_eth_tx_queue_setup(id, 0, 64, 0, nullptr) == 0);
  LNS_CHECK(rte_eth_dev_start(id) == 0);
  return id;
}

void DrainAndFree(rte_ring* ring) {
  void* packet = nullptr;
  while (rte_ring_sc_dequeue(ring, &packet) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(packet));
  rte_ring_free(ring);
}

TunnelConfig Tunnel(uint16_t local, uint16_t peer, std::string_view lns, std::string_view lac) {
  TunnelConfig tunnel;
  tunnel.local_id = l2tp::LocalTunnelId(local);
  tunnel.peer_id = l2tp::PeerTunnelId(peer);
  tunnel.endpoints = {.local = {Address(lns), 1701}, .peer = {Address(lac), 1701}};
  return tunnel;
}

SessionConfig Session(uint16_t tunnel, uint16_t local, uint16_t peer,
                      std::vector<std::string_view> prefixes) {
  SessionConfig session;
  session.key = {l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(local)};
  session.peer_id = l2tp::PeerSessionId(peer);
  session.ipv4_open = true;
  for (const std::string_view prefix : prefixes) session.prefixes.push_back(Prefix(prefix));
  return session;
}

}  // namespace

rte_mempool* PacketPool() {
  static rte_mempool* pool =
      rte_pktmbuf_pool_create("rig_pool", 4095, 0, 0, kBufferSize + RTE_PKTMBUF_HEADROOM, 0);
  LNS_CHECK(pool != nullptr);
  return pool;
}

Rig::Rig(const Options& options) {
  const auto ports = static_cast<uint16_t>(kFirstMorePort + options.more_ports.size());
  for (uint16_t port = 0; port < ports; ++port) {
    if (port == kNowhere) continue;
    Wire& wire = ports_[port];
    wire.rx = MakeRing(2048);
    wire.tx = MakeRing(options.ring_slots);
    wire.dpdk_port = MakePort(wire.rx, wire.tx);
  }
  dataplane::ForwardingConfig config;
  config.limits = {.max_tunnels = 16,
                   .max_sessions = options.max_sessions,
                   .max_routes = 64,
                   .max_neighbours = 64};
  config.workers = options.workers;
  for (uint16_t port = 0; port < ports; ++port) config.ports.push_back(LinkOf(options, port));
  config.vrfs = options.vrfs;
  auto state = dataplane::MakeForwardingState(config);
  LNS_CHECK(state.ok());
  state_ = *std::move(state);
  Program();
  if (options.answers) ProgramOwnAddresses();
  if (options.default_routes) ProgramDefaultRoutes();
  for (const uint16_t port : {kAccess, kCore}) {
    if (options.mirror_slots == 0) break;
    MirrorRings& rings = mirrors_[port];
    const auto make = [&] {
      return std::make_unique<dataplane::FrameRing>(options.mirror_slots, kMirrorRoom);
    };
    for (uint32_t worker = 0; worker < options.workers; ++worker) {
      rings.to_linux.push_back(make());
    }
    rings.from_linux = make();
  }
  MakeWorkers(options);
}

dataplane::PortLink Rig::LinkOf(const Options& options, uint16_t port) {
  dataplane::PortLink link{.mac = {2, 0, 0, 0, 0, static_cast<uint8_t>(port + 1)}};
  if (port == kAccess) link.mtu = options.access_mtu;
  if (port == kCore) link.mtu = options.core_mtu;
  if (port >= kFirstMorePort) link.vrf = options.more_ports[port - kFirstMorePort];
  return link;
}

void Rig::MakeWorkers(const Options& options) {
  const uint32_t workers = options.workers;
  mesh_ = dataplane::HandoffMesh::Make(workers, 0);
  LNS_CHECK(mesh_ != nullptr);
  const size_t size = punt::TotalSize(kPuntSlots, workers);
  punt_memory_ = static_cast<uint8_t*>(std::aligned_alloc(4096, (size + 4095) / 4096 * 4096));
  const auto mapping = punt::Mapping::Initialise(MutableByteView(punt_memory_, size),
                                                 {.workers = workers, .slots = kPuntSlots});
  LNS_CHECK(mapping.ok());
  punt_policy_ = std::make_unique<dataplane::PuntPolicy>(
      std::vector<std::string>(dataplane::kMaxInterfaceGroups, "group"), CyclesPerMs() * 1000);
  for (uint32_t index = 0; index < workers; ++index) {
    dataplane::WorkerConfig config;
    config.index = index;
    config.workers = workers;
    config.tables = &state_->tables();
    config.unresolved = &state_->unresolved(index);
    config.handoff = mesh_.get();
    config.punt_policy = punt_policy_.get();
    config.inject_pool = options.inject_buffers ? PacketPool() : nullptr;
    config.linux_bell = &linux_bell_;
    config.clock = {.now = Now, .per_second = CyclesPerMs() * 1000};
    config.answers = options.answer_policy;
    config.backlog_packets = options.backlog_packets;
    if (!options.answers) config.answers = {.per_second = 0, .fragment = false};
    std::array<punt::Consumer, 3> consumers;
    for (uint32_t c = 0; c < punt::kClassCount; ++c) {
      const auto punt_class = static_cast<punt::PuntClass>(c);
      if (options.punt_rings) config.punt[c] = mapping->PuntProducer(index, punt_class);
      consumers[c] = mapping->PuntConsumer(index, punt_class);
    }
    punt_consumers_.push_back(consumers);
    config.inject = mapping->InjectConsumer(index);
    inject_producers_.push_back(mapping->InjectProducer(index));
    // One queue per port.
    for (const auto& [port, wire] : ports_) {
      const dataplane::PortLink link = LinkOf(options, port);
      dataplane::WorkerPort view;
      view.index = port;
      view.dpdk_port = wire.dpdk_port;
      view.role = port == kAccess ? dataplane::PortRole::kAccess : dataplane::PortRole::kCore;
      if (port >= kFirstMorePort) view.role = dataplane::PortRole::kBoth;
      view.vrf = link.vrf;
      view.interface_group = port == kAccess ? kAccessGroup : kCoreGroup;
      view.mtu = link.mtu;
      view.mac = link.mac;
      view.tx_worker = port == kCore ? options.core_worker : 0;
      if (index == view.tx_worker) view.rx_queue = view.tx_queue = 0;
      if (const auto mirror = mirrors_.find(port); mirror != mirrors_.end()) {
        view.to_linux = mirror->second.to_linux[index].get();
        if (index == view.tx_worker) view.from_linux = mirror->second.from_linux.get();
      }
      config.ports.push_back(view);
    }
    dataplane::WorkerPort nowhere;
    nowhere.index = kNowhere;
    nowhere.tx_worker = index;
    config.ports.push_back(nowhere);
    workers_.push_back(std::make_unique<dataplane::Worker>(config, state_->quiescence()));
  }
}

Rig::~Rig() {
  workers_.clear();
  for (const auto& [port, wire] : ports_) {
    rte_eth_dev_stop(wire.dpdk_port);
    rte_eth_dev_close(wire.dpdk_port);
    DrainAndFree(wire.rx);
    DrainAndFree(wire.tx);
  }
  mesh_.reset();
  std::free(punt_memory_);
}

void Rig::Program() {
  dataplane::TableWriter& writer = state_->writer();
  const auto must = [](const absl::Status& status) { LNS_CHECK(status.ok()); };
  must(writer.AddLocalAddress(Address(kLns)));
  must(writer.AddLocalAddress(Address(kLns6)));
  must(writer.AddSubscriberPrefix(Prefix("100.64.0.0/24")));
  must(writer.AddSubscriberPrefix(Prefix("2001:db8:100::/40")));
  const auto route = [&](std::string_view prefix, uint16_t port, std::string_view via = "") {
    RouteConfig config{.prefix = Prefix(prefix), .port = port, .origin = Origin::kKernel};
    if (!via.empty()) config.next_hop = Address(via);
    must(writer.UpsertRoute(config));
  };
  route("198.51.100.0/24", kAccess);
  route("2001:db8:1::/64", kAccess);
  route("203.0.113.0/24", kCore);
  route("2001:db8:2::/64", kCore);
  route("198.18.0.0/15", kCore, kHost);
  route("198.18.9.0/24", kCore, "203.0.113.66");
  route("198.19.0.0/16", kNowhere, "192.0.2.1");
  const auto neighbour = [&](std::string_view address, uint16_t port, std::string_view mac) {
    must(writer.UpsertNeighbour({.address = Address(address),
                                 .port = port,
                                 .mac = *net::ParseMac(mac),
                                 .origin = Origin::kKernel}));
  };
  neighbour(kLac, kAccess, kLacMac);
  neighbour("198.51.100.12", kAccess, kLacMac);
  neighbour(kLac6, kAccess, kLacMac);
  neighbour(kHost, kCore, kHostMac);
  neighbour(kHost6, kCore, kHostMac);
  neighbour("192.0.2.1", kNowhere, kHostMac);

  must(writer.UpsertTunnel(Tunnel(7, 70, kLns, kLac)));
  must(writer.UpsertTunnel(Tunnel(8, 80, kLns6, kLac6)));
  TunnelConfig plain = Tunnel(9, 90, kLns, "198.51.100.12");
  plain.endpoints.peer.port = 40000;
  plain.dscp = 10;
  plain.udp_checksum_off = true;
  must(writer.UpsertTunnel(plain));
  must(writer.UpsertTunnel(Tunnel(10, 95, kLns, "100.64.0.200")));

  SessionConfig both =
      Session(7, 100, 1000, {"100.64.0.2/32", "192.0.2.64/26", "2001:db8:100::/56"});
  both.ipv6_open = true;
  must(writer.UpsertSession(both));
  SessionConfig closed = Session(7, 101, 1001, {"100.64.0.3/32"});
  closed.ipv4_open = false;
  must(writer.UpsertSession(closed));
  SessionConfig compressed = Session(7, 102, 1002, {"100.64.0.4/32"});
  compressed.send_pfc = compressed.send_acfc = true;
  compressed.peer_mru = 1000;
  must(writer.UpsertSession(compressed));
  SessionConfig sequenced = Session(7, 103, 1003, {"100.64.0.5/32"});
  sequenced.sequence_numbers = true;
  must(writer.UpsertSession(sequenced));
  SessionConfig reordered = Session(7, 104, 1004, {"100.64.0.6/32"});
  reordered.sequence_numbers = true;
  reordered.reorder_ms = kReorderMs;
  reordered.dscp = 46;
  must(writer.UpsertSession(reordered));
  must(writer.UpsertSession(Session(8, 200, 2000, {"100.64.0.8/32"})));
  must(writer.UpsertSession(Session(9, 300, 3000, {"100.64.0.9/32"})));
  must(writer.UpsertSession(Session(10, 400, 4000, {"100.64.0.10/32"})));
}

void Rig::ProgramDefaultRoutes() {
  for (const auto& [prefix, via] : {std::pair("0.0.0.0/0", kHost), std::pair("::/0", kHost6)}) {
    LNS_CHECK(state_->writer()
                  .UpsertRoute({.prefix = Prefix(prefix), .next_hop = Address(via), .port = kCore})
                  .ok());
  }
}

uint64_t Rig::CyclesPerMs() { return rte_get_tsc_hz() / 1000; }

void Rig::ProgramOwnAddresses() {
  const auto must = [](const absl::Status& status) { LNS_CHECK(status.ok()); };
  dataplane::TableWriter& writer = state_->writer();
  must(writer.SetPortAddresses(kAccess, {Address(kLns), Address(kLns6)}));
  must(writer.SetPortAddresses(kCore, {Address("203.0.113.1"), Address("2001:db8:2::1")}));
  for (const char* linux : {"203.0.113.1", "203.0.113.255", "2001:db8:2::1"}) {
    must(writer.UpsertRoute({.prefix = Prefix(linux),
                             .origin = Origin::kKernel,
                             .kind = dataplane::RouteKind::kLinux}));
  }
  const dataplane::SessionKey key{l2tp::LocalTunnelId(7), l2tp::LocalSessionId(100)};
  SessionConfig session = writer.Sessions({{key}}).at(0);
  session.gateway = Address(kGateway);
  must(writer.UpsertSession(session));
}

rte_mbuf* Rig::MakePacket(ByteView frame, uint16_t headroom) {
  rte_mbuf* packet = rte_pktmbuf_alloc(PacketPool());
  LNS_CHECK(packet != nullptr && headroom + frame.size() <= packet->buf_len);
  packet->data_off = headroom;
  packet->data_len = static_cast<uint16_t>(frame.size());
  packet->pkt_len = static_cast<uint32_t>(frame.size());
  if (!frame.empty()) std::memcpy(rte_pktmbuf_mtod(packet, void*), frame.data(), frame.size());
  return packet;
}

void Rig::Receive(uint16_t port, ByteView frame, uint16_t headroom) {
  LNS_CHECK(rte_ring_sp_enqueue(ports_.at(port).rx, MakePacket(frame, headroom)) == 0);
}

void Rig::Poll(uint32_t workers) {
  bool busy = true;
  for (int turn = 0; busy && turn < 10000; ++turn) {
    busy = false;
    for (uint32_t i = 0; i < workers && i < workers_.size(); ++i) {
      if (workers_[i]->PollOnce()) busy = true;
    }
  }
  LNS_CHECK(!busy);
}

std::vector<Bytes> Rig::TakeSent(uint16_t port) {
  std::vector<Bytes> sent;
  void* item = nullptr;
  while (rte_ring_sc_dequeue(ports_.at(port).tx, &item) == 0) {
    auto* packet = static_cast<rte_mbuf*>(item);
    const auto* data = rte_pktmbuf_mtod(packet, const uint8_t*);
    if (packet->data_len != 0) sent.emplace_back(data, data + packet->data_len);
    rte_pktmbuf_free(packet);
  }
  return sent;
}

std::vector<Rig::Punted> Rig::TakePunted() {
  std::vector<Punted> punted;
  for (uint32_t worker = 0; worker < workers_.size(); ++worker) {
    for (punt::Consumer& consumer : punt_consumers_[worker]) {
      consumer.Poll(kPuntSlots, [&](const punt::FrameHeader& header, ByteView payload) {
        punted.push_back({header, Bytes(payload.begin(), payload.end()), worker});
      });
    }
  }
  return punted;
}

void Rig::InjectFrame(uint32_t worker, const punt::FrameHeader& header, ByteView payload) {
  LNS_CHECK(inject_producers_[worker].Push(header, payload));
  (void)inject_producers_[worker].Publish();
}

std::vector<Bytes> Rig::TakeMirrored(uint16_t port) {
  std::vector<Bytes> frames;
  for (const auto& ring : mirrors_.at(port).to_linux) {
    ring->Poll(UINT32_MAX,
               [&](ByteView frame) { frames.emplace_back(frame.begin(), frame.end()); });
  }
  return frames;
}

bool Rig::SendFromLinux(uint16_t port, ByteView frame) {
  return mirrors_.at(port).from_linux->Push(frame);
}

uint64_t Rig::Drops(dataplane::DropReason reason) const {
  uint64_t sum = 0;
  for (const auto& worker : workers_) {
    sum += worker->counters().drops[static_cast<size_t>(reason)].value();
  }
  return sum;
}

uint64_t Rig::Punts(punt::PuntReason reason) const {
  uint64_t sum = 0;
  for (const auto& worker : workers_) {
    sum += worker->counters().punts[static_cast<size_t>(reason)].value();
  }
  return sum;
}

uint64_t Rig::PuntOverflows(punt::PuntClass punt_class) const {
  uint64_t sum = 0;
  for (const auto& worker : workers_) {
    sum += worker->counters().punt_overflows[static_cast<size_t>(punt_class)].value();
  }
  return sum;
}

dataplane::SessionCounts Rig::Counts(uint16_t tunnel, uint16_t session) {
  const dataplane::SessionKey key{l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(session)};
  for (const dataplane::SessionCounts& counts : writer().SessionCounters(writer().SessionKeys())) {
    if (counts.key == key) return counts;
  }
  LNS_CHECK(false);
  return {};
}

uint32_t Rig::Held() {
  uint32_t sum = 0;
  for (const auto& worker : workers_) {
    sum += worker->context().hold().packets() + worker->context().backlog().packets();
  }
  return sum;
}

uint32_t Rig::BuffersInUse() const { return rte_mempool_in_use_count(PacketPool()); }

}  // namespace lns::test
