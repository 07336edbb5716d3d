// Bursts over the loopback interface, on ports the kernel chooses.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>

#include "tools/lacsim/udp_socket.h"

namespace lns::lacsim {
namespace {

const net::IpAddress kLoopback = *net::IpAddress::Parse("127.0.0.1");

UdpSocket Open(std::optional<net::Endpoint> peer = std::nullopt) {
  auto socket = UdpSocket::Open({.local = {kLoopback, 0}, .peer = peer});
  EXPECT_TRUE(socket.ok()) << socket.status();
  return *std::move(socket);
}

sockaddr_in AddressOf(const UdpSocket& socket) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  EXPECT_EQ(::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  return address;
}
net::Endpoint EndpointOf(const UdpSocket& socket) {
  return {kLoopback, ntohs(AddressOf(socket).sin_port)};
}

// What arrives until `count` datagrams have, or nothing does for a second.
std::vector<Bytes> ReceiveAll(UdpSocket& socket, ReceiveBuffers& buffers, size_t count) {
  std::vector<Bytes> all;
  pollfd poll{.fd = socket.fd(), .events = POLLIN, .revents = 0};
  while (all.size() < count && ::poll(&poll, 1, 1000) == 1) {
    for (const ByteView datagram : socket.Receive(buffers)) {
      all.emplace_back(datagram.begin(), datagram.end());
    }
  }
  return all;
}

TEST(UdpSocket, ABurstArrivesInOrderAndWhole) {
  ReceiveBuffers buffers;
  UdpSocket receiver = Open();
  UdpSocket sender = Open(EndpointOf(receiver));
  std::vector<Bytes> sent;
  for (size_t i = 0; i < kMaxBurst; ++i) sent.emplace_back(1 + 20 * i, static_cast<uint8_t>(i));
  const std::vector<ByteView> views(sent.begin(), sent.end());
  EXPECT_EQ(sender.Send(views), kMaxBurst);
  EXPECT_EQ(ReceiveAll(receiver, buffers, kMaxBurst), sent);
  EXPECT_EQ(receiver.receive_drops(), 0u);
  EXPECT_TRUE(receiver.Receive(buffers).empty());
}

TEST(UdpSocket, EachDatagramOfAnUnconnectedBurstHasItsOwnDestination) {
  ReceiveBuffers buffers;
  UdpSocket first = Open(), second = Open(), sender = Open();
  const Bytes one = {1}, two = {2}, three = {3};
  const std::vector<ByteView> views = {one, two, three};
  const std::vector<sockaddr_in> destinations = {AddressOf(first), AddressOf(second),
                                                 AddressOf(first)};
  EXPECT_EQ(sender.Send(views, destinations), 3u);
  EXPECT_EQ(ReceiveAll(first, buffers, 2), (std::vector<Bytes>{one, three}));
  const auto& source = reinterpret_cast<const sockaddr_in&>(UdpSocket::SourceOf(buffers, 0));
  EXPECT_EQ(source.sin_port, AddressOf(sender).sin_port);
  EXPECT_EQ(ReceiveAll(second, buffers, 1), (std::vector<Bytes>{two}));
}

TEST(UdpSocket, ARefusalOfAnEarlierDatagramDoesNotCostALaterOne) {
  ReceiveBuffers buffers;
  auto closed = std::make_unique<UdpSocket>(Open());
  const net::Endpoint peer = EndpointOf(*closed);
  closed.reset();
  UdpSocket sender = Open(peer);
  const Bytes payload = {7};
  const ByteView view = payload;
  // The port answers with an ICMP error, which the socket reports on a later call.
  EXPECT_EQ(sender.Send({&view, 1}), 1u);
  auto receiver = UdpSocket::Open({.local = peer});
  ASSERT_TRUE(receiver.ok()) << receiver.status();
  EXPECT_EQ(sender.Send({&view, 1}), 1u);
  EXPECT_EQ(ReceiveAll(*receiver, buffers, 1).size(), 1u);
}

TEST(UdpSocket, OverrunsOfItsReceiveBufferAreCounted) {
  ReceiveBuffers buffers;
  UdpSocket receiver = Open();
  const int small = 4096;
  ASSERT_EQ(::setsockopt(receiver.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
  UdpSocket sender = Open(EndpointOf(receiver));
  const Bytes payload(1000, 1);
  const std::vector<ByteView> views(kMaxBurst, payload);
  ASSERT_EQ(sender.Send(views), kMaxBurst);
  const size_t arrived = ReceiveAll(receiver, buffers, kMaxBurst).size();
  EXPECT_LT(arrived, kMaxBurst);
  EXPECT_EQ(receiver.receive_drops(), kMaxBurst - arrived);
}

TEST(UdpSocket, SaysWhatItCouldNotOpen) {
  const auto socket = UdpSocket::Open({.netns = "no-such-namespace", .local = {kLoopback, 0}});
  ASSERT_FALSE(socket.ok());
  EXPECT_NE(socket.status().message().find("no-such-namespace"), std::string::npos);
  UdpSocket taken = Open();
  const auto again = UdpSocket::Open({.local = EndpointOf(taken)});
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.status().message().find(EndpointOf(taken).ToString()), std::string::npos);
}

}  // namespace
}  // namespace lns::lacsim
