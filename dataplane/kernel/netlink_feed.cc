// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/netlink_feed.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace lns::dataplane {
namespace {

constexpr int kSocketBuffer = 4 << 20;
// How long a packet without a neighbour may wait for the question to be asked.
constexpr int kTickMs = 20;
// Linux does not see our traffic, so it would never look again whether a neighbour is still there.
constexpr std::chrono::seconds kConfirmEvery{30};
constexpr size_t kMaxConfirmed = 1024;  // questions per round
// Of routes to subscribers, between two looks at what else there is to do.
constexpr size_t kStepsPerTurn = 1024;
constexpr std::chrono::seconds kRetryEvery{1};
// What a killed process announced is kept for so long without a control plane that says what is
// there now.
constexpr std::chrono::seconds kSettleAfter{30};
// After a comparison the rest has at least so many times as long before the next.
constexpr int kRestAfterResync = 4;
constexpr unsigned kLinkFlags = IFF_UP | IFF_RUNNING;

absl::Status NetlinkError(const char* what, int error) {
  return absl::UnavailableError(absl::StrCat("netlink: ", what, ": ", nl_geterror(error)));
}

using MessageVisitor = std::function<void(nlmsghdr*)>;

int VisitMessage(nl_msg* message, void* visitor) {
  (*static_cast<MessageVisitor*>(visitor))(nlmsg_hdr(message));
  return NL_OK;
}

}  // namespace

NetlinkFeed::NetlinkFeed(const KernelSettings& settings, const PortSet& ports, TableWriter& writer,
                         SubscriberJournal& journal)
    : settings_(settings),
      ports_(ports),
      writer_(writer),
      journal_(journal),
      port_of_([&ports](int interface_index) -> std::optional<uint16_t> {
        const Port* port = ports.FindInterface(interface_index);
        if (port == nullptr) return std::nullopt;
        return port->index;
      }),
      mirror_(writer),
      export_(settings.announce),
      own_routes_(settings),
      settle_at_(Clock::now() + kSettleAfter),
      next_confirmation_(Clock::now() + kConfirmEvery) {}

absl::StatusOr<std::unique_ptr<NetlinkFeed>> NetlinkFeed::Start(const KernelSettings& settings,
                                                                const PortSet& ports,
                                                                TableWriter& writer,
                                                                SubscriberJournal& journal) {
  std::unique_ptr<NetlinkFeed> feed(new NetlinkFeed(settings, ports, writer, journal));
  if (absl::Status status = feed->Open(); !status.ok()) return status;
  Snapshot links;
  if (absl::Status status = feed->Dump(RTM_GETLINK, links); !status.ok()) return status;
  if (absl::Status status = feed->Resync(); !status.ok()) return status;
  feed->thread_ = std::thread([raw = feed.get()] { raw->Run(); });
  pthread_setname_np(feed->thread_.native_handle(), "netlink");
  return feed;
}

NetlinkFeed::~NetlinkFeed() {
  if (thread_.joinable()) {
    eventfd_write(stop_event_, 1);
    thread_.join();
    (void)journal_.Take();
    export_.WithdrawAll();
    while (Announce()) {
    }
  }
  if (events_ != nullptr) nl_socket_free(events_);
  if (requests_ != nullptr) nl_socket_free(requests_);
  if (stop_event_ >= 0) close(stop_event_);
}

absl::Status NetlinkFeed::Open() {
  stop_event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  events_ = nl_socket_alloc();
  requests_ = nl_socket_alloc();
  if (stop_event_ < 0 || events_ == nullptr || requests_ == nullptr) {
    return absl::ResourceExhaustedError("netlink: no descriptor or memory");
  }
  nl_socket_disable_seq_check(events_);
  for (nl_sock* socket : {events_, requests_}) {
    if (const int error = nl_connect(socket, NETLINK_ROUTE); error != 0) {
      return NetlinkError("connect", error);
    }
  }
  // Members before the first dump: what changes meanwhile waits in the socket.
  if (const int error = nl_socket_add_memberships(
          events_, RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
          RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP, 0);
      error != 0) {
    return NetlinkError("subscribe", error);
  }
  nl_socket_set_buffer_size(events_, kSocketBuffer, 0);
  nl_socket_set_nonblocking(events_);
  return absl::OkStatus();
}

void NetlinkFeed::Run() {
  for (bool more_to_write = false;;) {
    pollfd ready[] = {{.fd = nl_socket_get_fd(events_), .events = POLLIN, .revents = 0},
                      {.fd = stop_event_, .events = POLLIN, .revents = 0}};
    poll(ready, 2, more_to_write ? 0 : kTickMs);
    if (ready[1].revents != 0) return;
    if (ready[0].revents != 0) ReceiveEvents();
    const Clock::time_point now = Clock::now();
    if (needs_resync_ && now >= resync_not_before_) {
      needs_resync_ = false;
      if (absl::Status status = Resync(); !status.ok()) {
        spdlog::warn("kernel routes cannot be read, trying again: {}", status.ToString());
        needs_resync_ = true;
      }
      resync_not_before_ = Clock::now() + kRestAfterResync * (Clock::now() - now);
    }
    ResolveWanted();
    Housekeep(now);
    more_to_write = Announce();
  }
}

void NetlinkFeed::Housekeep(Clock::time_point now) {
  if (now >= settle_at_) export_.Settle();
  if (now >= next_retry_) {
    next_retry_ = now + kRetryEvery;
    export_.Retry();
  }
  if (now < next_confirmation_) return;
  next_confirmation_ = now + kConfirmEvery;
  ConfirmStale();
  ReportRefusals();
}

bool NetlinkFeed::Announce() {
  for (const SubscriberChange& change : journal_.Take()) export_.Apply(change);
  const std::vector<RouteStep> steps = export_.TakeSteps(kStepsPerTurn);
  for (const RouteStep& step : steps) {
    absl::Status status = Carry(step);
    if (status.ok()) continue;
    export_.Failed(step);
    if (write_failures_++ == 0) {
      spdlog::warn("a route to subscribers cannot be written: {}", status.ToString());
      reported_failures_ = 1;
    }
    last_failure_ = std::move(status);
  }
  return steps.size() == kStepsPerTurn;
}

absl::Status NetlinkFeed::Carry(const RouteStep& step) {
  spdlog::debug("{} the route to {} in table {}", step.add ? "announcing" : "withdrawing",
                step.prefix.prefix.ToString(), settings_.TableOf(step.prefix.vrf));
  return step.add ? own_routes_.Add(requests_, step.prefix)
                  : own_routes_.Remove(requests_, step.prefix);
}

void NetlinkFeed::ReceiveEvents() {
  MessageVisitor visitor = [this](nlmsghdr* header) { OnEvent(header); };
  nl_socket_modify_cb(events_, NL_CB_VALID, NL_CB_CUSTOM, VisitMessage, &visitor);
  const int error = nl_recvmsgs_default(events_);
  if (error >= 0 || error == -NLE_AGAIN || error == -NLE_INTR) return;
  spdlog::warn("kernel notifications were lost ({}): reading everything again", nl_geterror(error));
  needs_resync_ = true;
}

void NetlinkFeed::OnEvent(nlmsghdr* header) {
  switch (header->nlmsg_type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      OnRoute(header);
      break;
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      OnNeighbour(header);
      break;
    case RTM_NEWLINK:
    case RTM_DELLINK:
      OnLink(header);
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      // With an address go routes that have it as their source.
      if (ParseAddress(header, port_of_)) needs_resync_ = true;
      break;
    case RTM_DELNEXTHOP:
      needs_resync_ = true;
      break;
    default:
      break;
  }
}

void NetlinkFeed::OnRoute(nlmsghdr* header) {
  const auto parsed = ParseRoute(header, settings_, port_of_);
  if (!parsed) return;
  const bool is_new = header->nlmsg_type == RTM_NEWROUTE;
  const bool replaces = (header->nlmsg_flags & NLM_F_REPLACE) != 0;
  const KernelRoute& route = parsed->route;
  if (own_routes_.IsOurs(*parsed)) {
    // Somebody else removes it.
    if (!is_new && export_.IsInstalled(route.prefix)) needs_resync_ = true;
    return;
  }
  // The kernel's IPv6 routes through gateways are one per prefix and metric, but for those that
  // routers advertise.
  const bool is_merged = route.prefix.prefix.address.is_v6() && route.kind == RouteKind::kForward &&
                         route.HasGateway() && parsed->protocol != RTPROT_RA;
  if (!parsed->is_ours) {
    // Took the place of one that may have been ours.
    if (is_new && replaces) mirror_.RemoveRoutes(route.prefix, route.metric);
  } else if (!is_new) {
    const bool known = is_merged ? mirror_.RemovePaths(route) : mirror_.RemoveRoute(route);
    if (!known) needs_resync_ = true;
  } else if (replaces) {
    mirror_.ReplaceRoute(route);
  } else if (is_merged) {
    mirror_.ReplaceGateways(route);
  } else {
    mirror_.AddRoute(route);
  }
}

void NetlinkFeed::OnNeighbour(nlmsghdr* header) {
  const auto parsed = ParseNeighbour(header, port_of_);
  if (!parsed) return;
  if (header->nlmsg_type == RTM_NEWNEIGH && parsed->is_usable) {
    mirror_.SetNeighbour(parsed->neighbour);
  } else {
    mirror_.RemoveNeighbour(parsed->neighbour.address, parsed->neighbour.port);
  }
}

void NetlinkFeed::OnLink(nlmsghdr* header) {
  const auto* link = static_cast<const ifinfomsg*>(nlmsg_data(header));
  const Port* port = ports_.FindInterface(link->ifi_index);
  if (port == nullptr) return;
  if (header->nlmsg_type == RTM_DELLINK) {
    spdlog::error("port {}: interface {} was deleted; restart lns-dataplane when it is back",
                  port->settings.name, port->settings.LinuxInterface());
  }
  const nlattr* master = nlmsg_find_attr(header, sizeof(ifinfomsg), IFLA_MASTER);
  const uint32_t in = master == nullptr ? 0 : nla_get_u32(master);
  if (const auto [known, is_new] = masters_.try_emplace(link->ifi_index, in);
      !is_new && known->second != in) {
    known->second = in;
    spdlog::error("port {}: interface {} was put into another VRF or bridge; restart lns-dataplane",
                  port->settings.name, port->settings.LinuxInterface());
  }
  // Linux drops the IPv4 routes of a link that goes down without a word for each, and goes on with
  // the other paths of a route when one of them loses its carrier.
  const unsigned flags = link->ifi_flags & kLinkFlags;
  const auto [known, is_new] = link_flags_.try_emplace(link->ifi_index, flags);
  if (is_new || known->second != flags) needs_resync_ = true;
  known->second = flags;
}

absl::Status NetlinkFeed::Resync() {
  Snapshot snapshot;
  if (absl::Status status = Dump(RTM_GETROUTE, snapshot); !status.ok()) return status;
  if (absl::Status status = Dump(RTM_GETNEIGH, snapshot); !status.ok()) return status;
  if (absl::Status status = Dump(RTM_GETADDR, snapshot); !status.ok()) return status;
  for (const Port& port : ports_.ports()) {
    if (port.interface_index == 0) continue;
    absl::Status status = writer_.SetPortAddresses(port.index, snapshot.addresses[port.index]);
    if (!status.ok()) return status;
  }
  mirror_.Resync(snapshot.routes, snapshot.neighbours);
  for (const VrfPrefix& prefix : snapshot.misfit) {
    if (absl::Status status = own_routes_.Remove(requests_, prefix); !status.ok()) return status;
  }
  export_.Reconcile(snapshot.own);
  spdlog::debug("kernel: {} routes and {} neighbours on our ports", mirror_.routes(),
                mirror_.neighbours());
  return absl::OkStatus();
}

absl::Status NetlinkFeed::Dump(int type, Snapshot& snapshot) {
  rtgenmsg every_family{.rtgen_family = AF_UNSPEC};
  const int sent = nl_send_simple(requests_, type, NLM_F_DUMP, &every_family, sizeof(every_family));
  if (sent < 0) return NetlinkError("dump request", sent);
  MessageVisitor visitor = [&](nlmsghdr* header) { AddToSnapshot(header, snapshot); };
  nl_socket_modify_cb(requests_, NL_CB_VALID, NL_CB_CUSTOM, VisitMessage, &visitor);
  const int error = nl_recvmsgs_default(requests_);
  return error < 0 ? NetlinkError("dump", error) : absl::OkStatus();
}

void NetlinkFeed::AddToSnapshot(nlmsghdr* header, Snapshot& snapshot) {
  if (header->nlmsg_type == RTM_NEWLINK) {
    OnLink(header);
  } else if (header->nlmsg_type == RTM_NEWROUTE) {
    const auto parsed = ParseRoute(header, settings_, port_of_);
    if (!parsed || !parsed->is_ours) return;
    if (!own_routes_.IsOurs(*parsed)) {
      snapshot.routes.push_back(parsed->route);
    } else if (own_routes_.IsAsWritten(*parsed)) {
      snapshot.own.push_back(parsed->route.prefix);
    } else {
      snapshot.misfit.push_back(parsed->route.prefix);
    }
  } else if (header->nlmsg_type == RTM_NEWADDR) {
    const auto parsed = ParseAddress(header, port_of_);
    if (parsed) snapshot.addresses[parsed->port].push_back(parsed->address);
  } else if (header->nlmsg_type == RTM_NEWNEIGH) {
    const auto parsed = ParseNeighbour(header, port_of_);
    if (parsed && parsed->is_usable) snapshot.neighbours.push_back(parsed->neighbour);
  }
}

void NetlinkFeed::ResolveWanted() {
  std::set<std::pair<net::IpAddress, uint16_t>> asked;
  for (const NeighbourConfig& wanted : writer_.TakeUnresolved()) {
    if (asked.emplace(wanted.address, wanted.port).second) AskKernel(wanted.address, wanted.port);
  }
}

void NetlinkFeed::ConfirmStale() {
  for (const KernelNeighbour& neighbour : mirror_.StaleNeighbours(kMaxConfirmed)) {
    AskKernel(neighbour.address, neighbour.port);
  }
}

// NTF_USE: as if Linux itself had a packet for the neighbour. What it learns comes as an event.
void NetlinkFeed::AskKernel(const net::IpAddress& address, uint16_t port) {
  if (port >= ports_.ports().size() || ports_.ports()[port].interface_index == 0) return;
  const std::unique_ptr<rtnl_neigh, void (*)(rtnl_neigh*)> neighbour(rtnl_neigh_alloc(),
                                                                     rtnl_neigh_put);
  const std::unique_ptr<nl_addr, void (*)(nl_addr*)> to(
      nl_addr_build(address.is_v4() ? AF_INET : AF_INET6, address.bytes().data(),
                    address.bytes().size()),
      nl_addr_put);
  if (neighbour == nullptr || to == nullptr) return;
  rtnl_neigh_set_ifindex(neighbour.get(), ports_.ports()[port].interface_index);
  rtnl_neigh_set_dst(neighbour.get(), to.get());
  rtnl_neigh_set_state(neighbour.get(), NUD_NONE);
  rtnl_neigh_set_flags(neighbour.get(), NTF_USE);
  if (const int error = rtnl_neigh_add(requests_, neighbour.get(), NLM_F_CREATE); error < 0) {
    spdlog::debug("cannot ask for {}: {}", address.ToString(), nl_geterror(error));
  }
}

void NetlinkFeed::ReportRefusals() {
  if (write_failures_ != reported_failures_) {
    spdlog::warn("routes to subscribers could not be written {} times, lately: {}",
                 write_failures_ - reported_failures_, last_failure_.ToString());
    reported_failures_ = write_failures_;
  }
  if (mirror_.refused() == reported_refusals_) return;
  spdlog::warn("{} kernel routes or neighbours were refused, lately: {}",
               mirror_.refused() - reported_refusals_, mirror_.last_refusal().ToString());
  reported_refusals_ = mirror_.refused();
}

}  // namespace lns::dataplane
