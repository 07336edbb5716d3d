// Keeps the forwarding tables equal to what Linux knows about the interfaces behind our AF_XDP
// ports: routes of the main table and neighbours, live; and has Linux resolve the next hops that
// packets missed. Linux stays the routing control plane; nothing is written into it but requests to
// resolve.
//
// A thread of its own, which waits for netlink and for nothing else. Lost notifications (ENOBUFS)
// and links that go down lead to a full comparison.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <thread>

#include "dataplane/kernel/route_mirror.h"
#include "dataplane/ports/port_set.h"
#include "dataplane/tables/table_writer.h"

#include "absl/status/statusor.h"

struct nl_msg;
struct nl_sock;
struct nlmsghdr;

namespace lns::dataplane {

class NetlinkFeed {
 public:
  // Reads everything once before it returns, so that packets find their routes from the start.
  static absl::StatusOr<std::unique_ptr<NetlinkFeed>> Start(const PortSet& ports,
                                                            TableWriter& writer);
  ~NetlinkFeed();  // ends the thread
  NetlinkFeed(const NetlinkFeed&) = delete;
  NetlinkFeed& operator=(const NetlinkFeed&) = delete;

 private:
  // One dump, on its way into RouteMirror::Resync.
  struct Snapshot {
    std::vector<KernelRoute> routes;
    std::vector<KernelNeighbour> neighbours;
  };

  NetlinkFeed(const PortSet& ports, TableWriter& writer);
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
  void ResolveWanted();
  void ConfirmStale();
  void AskKernel(const net::IpAddress& address, uint16_t port);
  void ReportRefusals();

  const PortSet& ports_;
  TableWriter& writer_;
  RouteMirror mirror_;
  nl_sock* events_ = nullptr;
  nl_sock* requests_ = nullptr;
  int stop_event_ = -1;
  bool needs_resync_ = false;
  uint64_t reported_refusals_ = 0;
  std::thread thread_;
};

}  // namespace lns::dataplane
