// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/ipv6_client.h"

#include <algorithm>
#include <array>

#include "lib/dhcpv6/client_packet.h"
#include "lib/nd/message.h"
#include "lib/net/icmpv6.h"
#include "lib/net/prefix.h"
#include "lib/net/udp.h"

namespace lns::lacsim {
namespace {

// RFC 4861 10, RFC 8415 7.6.
constexpr int kMaxSolicitations = 3;
constexpr Duration kSolicitationInterval = Duration::Seconds(4);
constexpr Duration kFirstWait = Duration::Seconds(1);
constexpr Duration kLongestWait = Duration::Seconds(30);

net::IpAddress LinkMulticast(uint8_t high, uint8_t low) {
  std::array<uint8_t, 16> raw{0xff, 0x02};
  raw[13] = high;
  raw[15] = low;
  return net::IpAddress::V6(raw);
}

}  // namespace

Ipv6Client::Ipv6Client(const Settings& settings)
    : settings_(settings), transaction_id_(settings.number << 8 & 0xffffff) {}

void Ipv6Client::Start(Instant now, std::vector<Bytes>& out) {
  Solicit(now, out);
  if (!settings_.wants_prefix) return;
  dhcp_ = Dhcp::kSoliciting;
  dhcp_wait_ = kFirstWait;
  SendDhcp(dhcpv6::MessageType::kSolicit, now, out);
}

void Ipv6Client::Solicit(Instant now, std::vector<Bytes>& out) {
  net::Ipv6Header header{.next_header = net::kProtocolIcmpv6, .hop_limit = nd::kHopLimit};
  header.source = net::LinkLocal(settings_.interface_id).raw();
  header.destination = LinkMulticast(0, 2).raw();
  out.push_back(
      net::MakeIpv6Packet(header, nd::MakeRouterSolicitation(), net::kIcmpv6ChecksumOffset));
  ++solicitations_;
  router_deadline_ =
      solicitations_ < kMaxSolicitations ? now + kSolicitationInterval : Instant::Never();
}

bool Ipv6Client::OnPacket(ByteView packet, Instant now, std::vector<Bytes>& out) {
  net::Ipv6Header header;
  if (net::ParseIpv6(packet, header) != net::IpError::kNone) return false;
  const ByteView payload = packet.subspan(net::kIpv6HeaderLength, header.payload_length);
  const bool from_link = header.source[0] == 0xfe && (header.source[1] & 0xc0) == 0x80;
  if (!from_link || payload.size() < net::kUdpHeaderLength ||
      net::TransportChecksum(net::AddressesOfIpv6(packet), header.next_header, payload) != 0) {
    return false;
  }
  if (header.next_header == net::kProtocolIcmpv6) {
    if (header.hop_limit == nd::kHopLimit) OnAdvertised(payload, now, out);
    return true;
  }
  if (header.next_header != net::kProtocolUdp || LoadBe16(payload.data() + 2) != 546) return false;
  OnDhcp(payload.subspan(net::kUdpHeaderLength), now, out);
  return true;
}

void Ipv6Client::OnAdvertised(ByteView message, Instant, std::vector<Bytes>&) {
  const auto advertisement = nd::ParseRouterAdvertisement(message);
  if (!advertisement.ok()) return;
  router_deadline_ = Instant::Never();
  address_.reset();
  for (const nd::PrefixInformation& prefix : advertisement->prefixes) {
    if (!prefix.autonomous || prefix.prefix.length != 64 || prefix.valid_s == 0) continue;
    if (advertisement->router_lifetime_s == 0) continue;
    address_ = net::WithInterfaceId(prefix.prefix, settings_.interface_id);
    return;
  }
}

void Ipv6Client::OnDhcp(ByteView bytes, Instant now, std::vector<Bytes>& out) {
  const auto message = dhcpv6::Parse(bytes);
  if (!message.ok() || message->transaction_id != transaction_id_) return;
  const bool offers = std::any_of(message->associations.begin(), message->associations.end(),
                                  [](const auto& ia) { return !ia.leases.empty(); });
  if (dhcp_ == Dhcp::kSoliciting && message->type == dhcpv6::MessageType::kAdvertise && offers) {
    server_id_ = message->server_id;
    dhcp_ = Dhcp::kRequesting;
    dhcp_wait_ = kFirstWait;
    ++transaction_id_;
    return SendDhcp(dhcpv6::MessageType::kRequest, now, out);
  }
  if (dhcp_ == Dhcp::kRequesting && message->type == dhcpv6::MessageType::kReply && offers) {
    dhcp_ = Dhcp::kBound;
    dhcp_deadline_ = Instant::Never();
    prefix_ = message->associations.front().leases.front().prefix;
  }
}

// Sent again until it is answered, each time after twice as long (RFC 8415 15).
void Ipv6Client::SendDhcp(dhcpv6::MessageType type, Instant now, std::vector<Bytes>& out) {
  dhcpv6::Message message{.type = type,
                          .transaction_id = transaction_id_,
                          .client_id = {0, 3, 0, 1, 0, 0, 0, 0, 0, 0},
                          .server_id = server_id_,
                          .associations = {{.kind = dhcpv6::IaKind::kPrefix, .iaid = 1}},
                          .requested_options = {dhcpv6::kOptionDnsServers}};
  StoreBe32(message.client_id.data() + 6, settings_.number);
  out.push_back(
      dhcpv6::ClientPacket(message, net::LinkLocal(settings_.interface_id), LinkMulticast(1, 2)));
  dhcp_deadline_ = now + dhcp_wait_;
  dhcp_wait_ = std::min(dhcp_wait_ * 2, kLongestWait);
}

void Ipv6Client::OnTimer(Instant now, std::vector<Bytes>& out) {
  if (router_deadline_ <= now) Solicit(now, out);
  if (dhcp_deadline_ > now) return;
  SendDhcp(
      dhcp_ == Dhcp::kRequesting ? dhcpv6::MessageType::kRequest : dhcpv6::MessageType::kSolicit,
      now, out);
}

Instant Ipv6Client::NextDeadline() const { return std::min(router_deadline_, dhcp_deadline_); }

void Ipv6Client::Release(std::vector<Bytes>& out) {
  dhcp_deadline_ = Instant::Never();
  if (dhcp_ != Dhcp::kBound) return;
  dhcp_ = Dhcp::kIdle;
  ++transaction_id_;
  SendDhcp(dhcpv6::MessageType::kRelease, Instant(), out);
  dhcp_deadline_ = Instant::Never();
  prefix_.reset();
}

}  // namespace lns::lacsim
