// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/netlink_feed.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
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
constexpr int kUsable =
    NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;

absl::Status NetlinkError(const char* what, int error) {
  return absl::UnavailableError(absl::StrCat("netlink: ", what, ": ", nl_geterror(error)));
}

net::IpAddress ToAddress(const nl_addr* address) {
  if (address == nullptr) return {};
  const auto* bytes = static_cast<const uint8_t*>(nl_addr_get_binary_addr(address));
  return net::IpAddress::FromBytes({bytes, nl_addr_get_len(address)}).value_or(net::IpAddress());
}

// The default route's address has no length, so the family comes from the route.
net::IpPrefix ToPrefix(rtnl_route* route) {
  nl_addr* to = rtnl_route_get_dst(route);
  net::IpAddress address = ToAddress(to);
  if (address.is_none()) {
    const std::array<uint8_t, 16> zero{};
    address =
        rtnl_route_get_family(route) == AF_INET6 ? net::IpAddress::V6(zero) : net::IpAddress::V4(0);
  }
  return {address, static_cast<uint8_t>(to == nullptr ? 0 : nl_addr_get_prefixlen(to))};
}

struct ParsedRoute {
  KernelRoute route;
  bool is_ours = false;  // leaves by one of our ports
};

// Null for what is no unicast route of the main table.
std::optional<ParsedRoute> ParseRoute(nlmsghdr* header, const PortSet& ports) {
  rtnl_route* raw = nullptr;
  if (rtnl_route_parse(header, &raw) != 0) return std::nullopt;
  const std::unique_ptr<rtnl_route, void (*)(rtnl_route*)> route(raw, rtnl_route_put);
  if (rtnl_route_get_table(raw) != RT_TABLE_MAIN || rtnl_route_get_type(raw) != RTN_UNICAST) {
    return std::nullopt;
  }
  ParsedRoute parsed;
  parsed.route.prefix = ToPrefix(raw);
  parsed.route.metric = rtnl_route_get_priority(raw);
  // Of several next hops, the first through a port of ours.
  const int hops = rtnl_route_get_nnexthops(raw);
  for (int i = 0; i < hops && !parsed.is_ours; ++i) {
    rtnl_nexthop* hop = rtnl_route_nexthop_n(raw, i);
    const Port* port = ports.FindInterface(rtnl_route_nh_get_ifindex(hop));
    if (port == nullptr) continue;
    parsed.is_ours = true;
    parsed.route.port = port->index;
    nl_addr* gateway = rtnl_route_nh_get_gateway(hop);
    if (gateway == nullptr) gateway = rtnl_route_nh_get_via(hop);
    parsed.route.next_hop = ToAddress(gateway);
  }
  return parsed;
}

struct ParsedNeighbour {
  KernelNeighbour neighbour;
  bool is_usable = false;
};

std::optional<ParsedNeighbour> ParseNeighbour(nlmsghdr* header, const PortSet& ports) {
  rtnl_neigh* raw = nullptr;
  if (rtnl_neigh_parse(header, &raw) != 0) return std::nullopt;
  const std::unique_ptr<rtnl_neigh, void (*)(rtnl_neigh*)> neighbour(raw, rtnl_neigh_put);
  const Port* port = ports.FindInterface(rtnl_neigh_get_ifindex(raw));
  ParsedNeighbour parsed;
  parsed.neighbour.address = ToAddress(rtnl_neigh_get_dst(raw));
  if (port == nullptr || parsed.neighbour.address.is_none()) return std::nullopt;
  parsed.neighbour.port = port->index;
  const int state = rtnl_neigh_get_state(raw);
  parsed.neighbour.is_stale = (state & NUD_STALE) != 0;
  const nl_addr* link = rtnl_neigh_get_lladdr(raw);
  parsed.is_usable = (state & kUsable) != 0 && link != nullptr &&
                     nl_addr_get_len(link) == parsed.neighbour.mac.size();
  if (parsed.is_usable) {
    std::memcpy(parsed.neighbour.mac.data(), nl_addr_get_binary_addr(link),
                parsed.neighbour.mac.size());
    // Linux lists the group addresses it listens to as neighbours; nothing is forwarded to them.
    if ((parsed.neighbour.mac[0] & 1) != 0) return std::nullopt;
  }
  return parsed;
}

using MessageVisitor = std::function<void(nlmsghdr*)>;

int VisitMessage(nl_msg* message, void* visitor) {
  (*static_cast<MessageVisitor*>(visitor))(nlmsg_hdr(message));
  return NL_OK;
}

}  // namespace

NetlinkFeed::NetlinkFeed(const PortSet& ports, TableWriter& writer)
    : ports_(ports), writer_(writer), mirror_(writer) {}

absl::StatusOr<std::unique_ptr<NetlinkFeed>> NetlinkFeed::Start(const PortSet& ports,
                                                                TableWriter& writer) {
  std::unique_ptr<NetlinkFeed> feed(new NetlinkFeed(ports, writer));
  if (absl::Status status = feed->Open(); !status.ok()) return status;
  if (absl::Status status = feed->Resync(); !status.ok()) return status;
  feed->thread_ = std::thread([raw = feed.get()] { raw->Run(); });
  pthread_setname_np(feed->thread_.native_handle(), "netlink");
  return feed;
}

NetlinkFeed::~NetlinkFeed() {
  if (thread_.joinable()) {
    eventfd_write(stop_event_, 1);
    thread_.join();
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
  if (const int error = nl_socket_add_memberships(events_, RTNLGRP_LINK, RTNLGRP_NEIGH,
                                                  RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, 0);
      error != 0) {
    return NetlinkError("subscribe", error);
  }
  nl_socket_set_buffer_size(events_, kSocketBuffer, 0);
  nl_socket_set_nonblocking(events_);
  return absl::OkStatus();
}

void NetlinkFeed::Run() {
  auto next_confirmation = std::chrono::steady_clock::now() + kConfirmEvery;
  for (;;) {
    pollfd ready[] = {{.fd = nl_socket_get_fd(events_), .events = POLLIN, .revents = 0},
                      {.fd = stop_event_, .events = POLLIN, .revents = 0}};
    poll(ready, 2, kTickMs);
    if (ready[1].revents != 0) return;
    if (ready[0].revents != 0) ReceiveEvents();
    if (needs_resync_) {
      needs_resync_ = false;
      if (absl::Status status = Resync(); !status.ok()) {
        spdlog::warn("kernel routes cannot be read, trying again: {}", status.ToString());
        needs_resync_ = true;
      }
    }
    ResolveWanted();
    if (const auto now = std::chrono::steady_clock::now(); now >= next_confirmation) {
      next_confirmation = now + kConfirmEvery;
      ConfirmStale();
      ReportRefusals();
    }
  }
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
    default:
      break;
  }
}

void NetlinkFeed::OnRoute(nlmsghdr* header) {
  const auto parsed = ParseRoute(header, ports_);
  if (!parsed) return;
  const bool is_new = header->nlmsg_type == RTM_NEWROUTE;
  const bool replaces = (header->nlmsg_flags & NLM_F_REPLACE) != 0;
  if (!parsed->is_ours) {
    // Took the place of one that may have been ours.
    if (is_new && replaces) mirror_.RemoveRoutes(parsed->route.prefix, parsed->route.metric);
  } else if (!is_new) {
    mirror_.RemoveRoute(parsed->route);
  } else if (replaces) {
    mirror_.ReplaceRoute(parsed->route);
  } else {
    mirror_.AddRoute(parsed->route);
  }
}

void NetlinkFeed::OnNeighbour(nlmsghdr* header) {
  const auto parsed = ParseNeighbour(header, ports_);
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
                  port->settings.name, port->settings.device);
  }
  // Linux drops the IPv4 routes of a link that goes down without a word for each.
  if ((link->ifi_change & IFF_UP) != 0 || (link->ifi_flags & IFF_UP) == 0) needs_resync_ = true;
}

absl::Status NetlinkFeed::Resync() {
  Snapshot snapshot;
  if (absl::Status status = Dump(RTM_GETROUTE, snapshot); !status.ok()) return status;
  if (absl::Status status = Dump(RTM_GETNEIGH, snapshot); !status.ok()) return status;
  mirror_.Resync(snapshot.routes, snapshot.neighbours);
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
  if (header->nlmsg_type == RTM_NEWROUTE) {
    const auto parsed = ParseRoute(header, ports_);
    if (parsed && parsed->is_ours) snapshot.routes.push_back(parsed->route);
  } else if (header->nlmsg_type == RTM_NEWNEIGH) {
    const auto parsed = ParseNeighbour(header, ports_);
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
  size_t asked = 0;
  for (const KernelNeighbour& neighbour : mirror_.StaleNeighbours()) {
    if (++asked > kMaxConfirmed) return;
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
  if (mirror_.refused() == reported_refusals_) return;
  spdlog::warn("{} kernel routes or neighbours were refused, lately: {}",
               mirror_.refused() - reported_refusals_, mirror_.last_refusal().ToString());
  reported_refusals_ = mirror_.refused();
}

}  // namespace lns::dataplane
