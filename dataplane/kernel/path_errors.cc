// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/kernel/path_errors.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/l2tp/header.h"
#include "lib/net/icmp_error.h"
#include "lib/net/ipv4.h"
#include "lib/net/too_big.h"
#include "lib/os/clock.h"

#include "absl/status/statusor.h"
#include "spdlog/spdlog.h"

namespace lns::dataplane {
namespace {

using net::Family;

constexpr size_t kLongestMessage = 2048;  // of what is of interest: the beginning of the quote
constexpr int kPerTurn = 64;
// As in linux/icmp.h, which hides netinet/in.h's IPv6 structures. The value is a word whose bits
// say which types not to pass.
constexpr int kIcmpFilter = 1;

absl::Status Refused(const char* what) {
  const int error = errno;
  return absl::ErrnoToStatus(error, what);
}

template <typename Value>
bool SetOption(int descriptor, int level, int name, const Value& value) {
  return setsockopt(descriptor, level, name, &value, sizeof(value)) == 0;
}

absl::StatusOr<FileDescriptor> Listen(Family family) {
  const bool is_v4 = family == Family::kIpv4;
  constexpr int kType = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  FileDescriptor socket(is_v4 ? ::socket(AF_INET, kType, IPPROTO_ICMP)
                              : ::socket(AF_INET6, kType, IPPROTO_ICMPV6));
  if (!socket.valid()) return Refused("raw socket");
  const int on = 1;
  bool is_set = false;
  if (is_v4) {
    const uint32_t blocked = ~(1u << net::CodeOf(net::IcmpProblem::kTooBig, family).type);
    is_set = SetOption(socket.get(), SOL_RAW, kIcmpFilter, blocked) &&
             SetOption(socket.get(), IPPROTO_IP, IP_PKTINFO, on);
  } else {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(net::CodeOf(net::IcmpProblem::kTooBig, family).type, &filter);
    is_set = SetOption(socket.get(), IPPROTO_ICMPV6, ICMP6_FILTER, filter) &&
             SetOption(socket.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, on);
  }
  if (!is_set) return Refused("raw socket option");
  return socket;
}

// By which interface a message came; 0: it is not said.
int InterfaceOf(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof(info));
      return info.ipi_ifindex;
    }
    if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof(info));
      return static_cast<int>(info.ipi6_ifindex);
    }
  }
  return 0;
}

// A quote may end anywhere, so its length says nothing about the message.
std::optional<l2tp::PeerTunnelId> TunnelOf(ByteView l2tp_message) {
  if (l2tp_message.size() < 2) return std::nullopt;
  const bool has_length = (LoadBe16(l2tp_message.data()) & l2tp::kLengthBit) != 0;
  const size_t at = has_length ? 4 : 2;
  if (l2tp_message.size() < at + 2) return std::nullopt;
  return l2tp::PeerTunnelId(LoadBe16(l2tp_message.data() + at));
}

}  // namespace

PathErrors::PathErrors(const PathPolicy& policy, VrfOfInterface vrf_of, TableWriter& writer)
    : policy_(policy), vrf_of_(std::move(vrf_of)), writer_(writer) {}

absl::Status PathErrors::Open() {
  if (!policy_.listen) return absl::OkStatus();
  for (const auto& [family, socket] :
       {std::pair(Family::kIpv4, &ipv4_), std::pair(Family::kIpv6, &ipv6_)}) {
    absl::StatusOr<FileDescriptor> opened = Listen(family);
    // A machine without IPv6 has no tunnels over it.
    if (!opened.ok() && family == Family::kIpv6 && absl::IsUnimplemented(opened.status())) break;
    if (!opened.ok()) return opened.status();
    *socket = *std::move(opened);
  }
  return absl::OkStatus();
}

void PathErrors::Serve(Instant now) {
  ServeSocket(Family::kIpv4, ipv4_.get(), now);
  ServeSocket(Family::kIpv6, ipv6_.get(), now);
}

void PathErrors::ServeSocket(Family family, int descriptor, Instant now) {
  if (descriptor < 0) return;
  for (int i = 0; i < kPerTurn; ++i) {
    std::array<uint8_t, kLongestMessage> buffer;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control;
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = recvmsg(descriptor, &message, 0);
    if (length < 0) return;
    ByteView packet(buffer.data(), static_cast<size_t>(length));
    if (family == Family::kIpv4) {  // which a raw socket gets with the IP header
      if (packet.size() < net::kIpv4HeaderLength) continue;
      packet = packet.subspan(std::min(packet.size(), net::Ipv4HeaderLength(packet.data())));
    }
    // The filter passes what else has the type: ports and hosts that cannot be reached.
    if (net::IsTooBig(family, packet)) Take(family, packet, InterfaceOf(message), now);
  }
}

void PathErrors::Tick(Instant now) {
  left_ = kMaxPerSecond;
  if (policy_.listen) writer_.ForgetPathLimits(now);
}

void PathErrors::Take(Family family, ByteView message, int interface_index, Instant now) {
  counters_[static_cast<size_t>(Judge(family, message, interface_index, now))].Add(1);
}

PathVerdict PathErrors::Judge(Family family, ByteView message, int interface_index, Instant now) {
  const std::optional<net::TooBig> said = net::ReadTooBig(family, message);
  if (!said.has_value()) return PathVerdict::kUnreadable;
  const std::optional<VrfIndex> vrf = vrf_of_(interface_index);
  if (!vrf.has_value()) return PathVerdict::kForeignPort;
  if (left_ == 0) return PathVerdict::kRate;
  --left_;
  PathReport report{.ends = said->ends, .tunnel = TunnelOf(said->payload)};
  report.ends.vrf = *vrf;
  report.mtu = static_cast<uint16_t>(std::clamp<uint32_t>(said->mtu, policy_.least_mtu, 0xffff));
  const PathVerdict verdict = writer_.LimitPath(report, now + policy_.keep);
  if (verdict == PathVerdict::kTaken) {
    spdlog::info("the way to {} carries IP packets of {} octets, a router says; for {} s",
                 report.ends.peer.address.ToString(), report.mtu,
                 policy_.keep.milliseconds() / 1000);
  }
  return verdict;
}

}  // namespace lns::dataplane
