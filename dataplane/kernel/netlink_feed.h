// Keeps the forwarding tables equal to what Linux knows about the interfaces of our ports, AF_XDP
// ones and mirrors: addresses, routes of one table for each VRF and neighbours, live; has Linux
// resolve the next hops that packets missed; and keeps our routes to subscribers in those tables
// (kernel/route_export). Linux stays the routing control plane; nothing else is written into it.
//
// A thread of its own, which waits for netlink and, for kTickMs at most, for the tables' journals.
// What the kernel does without a word for each route leads to a full comparison: links and
// addresses that come and go, next hop objects that are deleted; and so do lost notifications
// (ENOBUFS).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/kernel/netlink_parse.h"
#include "dataplane/kernel/own_routes.h"
#include "dataplane/kernel/route_export.h"
#include "dataplane/kernel/route_export_policy.h"
#include "dataplane/kernel/route_mirror.h"
#include "dataplane/ports/port_set.h"
#include "dataplane/tables/subscriber_journal.h"
#include "dataplane/tables/table_writer.h"

#include "absl/status/statusor.h"

struct nl_msg;
struct nl_sock;
struct nlmsghdr;

namespace lns::dataplane {

class NetlinkFeed {
 public:
  // Reads everything once before it returns, so that packets find their routes from the start.
  // Everything outlives the feed.
  static absl::StatusOr<std::unique_ptr<NetlinkFeed>> Start(const KernelSettings& settings,
                                                            const PortSet& ports,
                                                            TableWriter& writer,
                                                            SubscriberJournal& journal);
  ~NetlinkFeed();  // ends the thread and takes our routes back
  NetlinkFeed(const NetlinkFeed&) = delete;
  NetlinkFeed& operator=(const NetlinkFeed&) = delete;

 private:
  // One dump, on its way into RouteMirror::Resync.
  struct Snapshot {
    std::vector<KernelRoute> routes;
    std::vector<KernelNeighbour> neighbours;
    std::map<uint16_t, std::vector<net::IpAddress>> addresses;  // by port
    std::vector<VrfPrefix> own;                                 // routes of ours
    std::vector<VrfPrefix> misfit;  // and some that we would not write like this
  };
  using Clock = std::chrono::steady_clock;

  NetlinkFeed(const KernelSettings& settings, const PortSet& ports, TableWriter& writer,
              SubscriberJournal& journal);
  absl::Status Open();
  void Run();
  void ReceiveEvents();
  void OnEvent(nlmsghdr* header);
  void OnRoute(nlmsghdr* header);
  void OnNeighbour(nlmsghdr* header);
  void OnLink(nlmsghdr* header);
  absl::Status Resync();
  absl::Status Dump(int type, Snapshot& snapshot);
  void AddToSnapshot(nlmsghdr* header, Snapshot& snapshot);
  // True: there is more to write.
  bool Announce();
  absl::Status Carry(const RouteStep& step);
  void Housekeep(Clock::time_point now);
  void ResolveWanted();
  void ConfirmStale();
  void AskKernel(const net::IpAddress& address, uint16_t port);
  void ReportRefusals();

  const KernelSettings settings_;
  const PortSet& ports_;
  TableWriter& writer_;
  SubscriberJournal& journal_;
  const PortOfInterface port_of_;
  RouteMirror mirror_;
  RouteExport export_;
  OwnRoutes own_routes_;
  std::map<int, unsigned> link_flags_;  // of our interfaces, as last heard
  std::map<int, uint32_t> masters_;     // the same: the VRF device or bridge they are in
  nl_sock* events_ = nullptr;
  nl_sock* requests_ = nullptr;
  int stop_event_ = -1;
  bool needs_resync_ = false;
  Clock::time_point resync_not_before_;
  Clock::time_point settle_at_;
  Clock::time_point next_retry_;
  Clock::time_point next_confirmation_;
  uint64_t reported_refusals_ = 0;
  uint64_t write_failures_ = 0;
  uint64_t reported_failures_ = 0;
  absl::Status last_failure_;
  std::thread thread_;
};

}  // namespace lns::dataplane
