// A data plane on the bench: tables, one or two workers and two net_ring ports, all driven from the
// test's thread. The lab's addresses: access port 0 (198.51.100.1, LACs), core port 1
// (203.0.113.1).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <rte_mempool.h>
#include <rte_ring.h>

#include <array>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/core/frame_ring.h"
#include "dataplane/core/handoff.h"
#include "dataplane/tables/forwarding_state.h"
#include "dataplane/worker.h"
#include "lib/os/bell.h"
#include "lib/punt/mapping.h"

namespace lns::test {

inline constexpr std::string_view kAccessMac = "02:00:00:00:00:01";
inline constexpr std::string_view kCoreMac = "02:00:00:00:00:02";
inline constexpr std::string_view kLacMac = "02:00:00:00:01:11";
inline constexpr std::string_view kHostMac = "02:00:00:00:02:10";
inline constexpr std::string_view kLns = "198.51.100.1";
inline constexpr std::string_view kLac = "198.51.100.11";
inline constexpr std::string_view kLns6 = "2001:db8:1::1";
inline constexpr std::string_view kLac6 = "2001:db8:1::11";
inline constexpr std::string_view kHost = "203.0.113.10";
inline constexpr std::string_view kGateway = "100.64.0.1";
inline constexpr std::string_view kHost6 = "2001:db8:2::10";

inline constexpr uint16_t kAccess = 0;
inline constexpr uint16_t kCore = 1;
inline constexpr uint16_t kAccessGroup = 10;
inline constexpr uint16_t kCoreGroup = 11;
inline constexpr uint16_t kReorderMs = 20;
inline constexpr uint16_t kNowhere = 2;  // a port that no worker has a queue on
inline constexpr uint16_t kFirstMorePort = 3;

// What stands on the bench before each row.
//   tunnel 7 (peer's 70): kLns, kLac, 1701 both
//     session 100 (peer's 1000): 100.64.0.2, 192.0.2.64/26, 2001:db8:100::/56; both NCPs open
//     session 101 (peer's 1001): 100.64.0.3; both NCPs closed
//     session 102 (peer's 1002): 100.64.0.4; IPv4 open, PFC and ACFC, MRU 1000
//     sessions 103 (peer's 1003): 100.64.0.5, and 104 (1004): 100.64.0.6, IPv4 open, sequenced; 104
//       waits kReorderMs for missing numbers, and its DSCP is 46
//   tunnel 8 (peer's 80): kLns6, kLac6; session 200 (peer's 2000): 100.64.0.8, IPv4 open
//   tunnel 9 (peer's 90): kLns, 198.51.100.12 from port 40000, DSCP 10, no UDP checksum;
//     session 300 (peer's 3000): 100.64.0.9, IPv4 open
//   tunnel 10 (peer's 95): to 100.64.0.200, a subscriber's address; session 400: 100.64.0.10
//   subscriber prefixes 100.64.0.0/24, 2001:db8:100::/40
//   connected: 198.51.100.0/24 and 2001:db8:1::/64 on access, 203.0.113.0/24 and 2001:db8:2::/64
//     on core; 198.18.0.0/15 via kHost, 198.18.9.0/24 via 203.0.113.66 (unresolved),
//     198.19.0.0/16 on kNowhere
class Rig {
 public:
  struct Options {
    uint32_t workers = 1;
    bool punt_rings = true;
    bool inject_buffers = true;
    uint32_t ring_slots = 2048;  // of the ports
    uint32_t max_sessions = 64;
    uint32_t core_worker = 0;  // has the core port's queues; the access port's are the first one's
    uint16_t core_mtu = 1500;
    uint16_t access_mtu = 1600;
    // Senders whose packets are refused hear of it, and the LNS has addresses to answer from: on
    // access kLns and 2001:db8:1::1, on core 203.0.113.1 and 2001:db8:2::1, and session 100 knows
    // it as kGateway.
    bool answers = false;
    bool default_routes = false;  // via kHost and kHost6
    dataplane::AnswerPolicy answer_policy = {};
    uint32_t backlog_packets = 1024;
    // VRFs besides the main one, and further ports of role both, from kFirstMorePort on: the VRF of
    // each. Nothing is programmed there.
    std::vector<dataplane::VrfConfig> vrfs = {};
    std::vector<dataplane::VrfIndex> more_ports = {};
    // The access and the core port have mirrors in Linux, with rings of so many frames; 0: none.
    uint32_t mirror_slots = 0;
  };

  explicit Rig(const Options& options);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Puts a frame on the wire towards us.
  void Receive(uint16_t port, ByteView frame, uint16_t headroom = 128);
  // Lets time pass for the workers; it stands still otherwise.
  static void Advance(uint64_t milliseconds) { now_ms_ += milliseconds; }
  // Turns the loop of the first `workers` until no one has work.
  void Poll(uint32_t workers = 64);
  // What was sent since the last call, but for empty packets (FillRing).
  std::vector<Bytes> TakeSent(uint16_t port);
  struct Punted {
    punt::FrameHeader header;
    Bytes payload;
    uint32_t worker;
  };
  std::vector<Punted> TakePunted();
  void InjectFrame(uint32_t worker, const punt::FrameHeader& header, ByteView payload);

  // Linux' side of a port's mirror: what it has got since the last call, and what it sends. False:
  // the ring is full.
  std::vector<Bytes> TakeMirrored(uint16_t port);
  bool SendFromLinux(uint16_t port, ByteView frame);
  Bell& linux_bell() { return linux_bell_; }

  // Sums over workers.
  uint64_t Drops(dataplane::DropReason reason) const;
  uint64_t Punts(punt::PuntReason reason) const;
  uint64_t PuntOverflows(punt::PuntClass punt_class) const;
  dataplane::SessionCounts Counts(uint16_t tunnel, uint16_t session);

  dataplane::TableWriter& writer() { return state_->writer(); }
  // The access port is in group kAccessGroup, the core port in kCoreGroup.
  dataplane::PuntPolicy& punt_policy() { return *punt_policy_; }
  dataplane::ForwardingState& state() { return *state_; }
  dataplane::Worker& worker(uint32_t index) { return *workers_[index]; }
  uint32_t worker_count() const { return static_cast<uint32_t>(workers_.size()); }
  dataplane::HandoffMesh* mesh() { return mesh_.get(); }
  rte_mbuf* MakePacket(ByteView frame, uint16_t headroom = 128);
  rte_ring* tx_ring(uint16_t port) { return ports_.at(port).tx; }
  // Packets that wait for a MAC address or for their session's rate, of all workers.
  uint32_t Held();
  // Buffers neither in a pool nor accounted for would show here.
  uint32_t BuffersInUse() const;

 private:
  // Whole cycles of the TSC's frequency, which rte_meter goes by.
  static uint64_t CyclesPerMs();
  static uint64_t Now() { return now_ms_ * CyclesPerMs(); }
  void MakeWorkers(const Options& options);
  void Program();
  void ProgramOwnAddresses();
  void ProgramDefaultRoutes();

  static inline uint64_t now_ms_ = 1'000'000;

  // What stands behind a port, by its index.
  struct Wire {
    rte_ring* rx = nullptr;
    rte_ring* tx = nullptr;
    uint16_t dpdk_port = 0;
  };
  static dataplane::PortLink LinkOf(const Options& options, uint16_t port);
  struct MirrorRings {
    std::vector<std::unique_ptr<dataplane::FrameRing>> to_linux;  // one per worker
    std::unique_ptr<dataplane::FrameRing> from_linux;
  };

  std::map<uint16_t, Wire> ports_;
  std::map<uint16_t, MirrorRings> mirrors_;
  Bell linux_bell_;
  std::unique_ptr<dataplane::ForwardingState> state_;
  std::unique_ptr<dataplane::HandoffMesh> mesh_;
  uint8_t* punt_memory_ = nullptr;
  std::unique_ptr<dataplane::PuntPolicy> punt_policy_;
  std::vector<std::array<punt::Consumer, 3>> punt_consumers_;
  std::vector<punt::Producer> inject_producers_;
  std::vector<std::unique_ptr<dataplane::Worker>> workers_;
};

// Shared by all rigs of the process.
rte_mempool* PacketPool();

}  // namespace lns::test
