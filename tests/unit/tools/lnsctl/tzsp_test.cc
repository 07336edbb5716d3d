// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>

#include "tools/lnsctl/tzsp.h"

namespace lns::lnsctl {
namespace {

using std::string_literals::operator""s;

CapturedPacket Packet(std::string_view frame) {
  return {.port = "core",
          .realtime_ns = 0x12345678ull * 1'000'000'000 + 0x00012345ull * 1000 + 999,
          .sent = true,
          .frame = frame,
          .length = 0x0605,
          .comment = "not told"};
}

TEST(TzspTest, TagsStandBeforeTheFrame) {
  EXPECT_EQ(TzspDatagram(Packet("frame"), 0x01020304),
            "\x01\x00\x00\x01"s                          // version, received packet, Ethernet
            "\x28\x04\x01\x02\x03\x04"s                  // 40: its number
            "\x29\x02\x06\x05"s                          // 41: its length
            "\x52\x08\x12\x34\x56\x78\x00\x01\x23\x45"s  // 82: when
            "\x50\x04"
            "core"s  // 80: where
            "\x01"s
            "frame"s);
}

TEST(TzspTest, WhatDoesNotFitATagIsCut) {
  const std::string name(300, 'n');
  CapturedPacket packet = Packet("");
  packet.port = name;
  packet.length = 70'000;
  const std::string datagram = TzspDatagram(packet, 0);
  EXPECT_NE(datagram.find("\x29\x02\xff\xff"s), std::string::npos);
  EXPECT_TRUE(datagram.ends_with("\x50\xff"s + std::string(255, 'n') + "\x01"s));
}

TEST(TzspTest, ATargetIsAnAddressAndAPort) {
  for (const char* good : {"udp:127.0.0.1:37008", "udp:[::1]:37008"}) {
    EXPECT_TRUE(TzspSender::Connect(good).ok()) << good;
  }
  for (const char* bad :
       {"file", "udp:", "udp:127.0.0.1", "udp:127.0.0.1:", "udp:127.0.0.1:x", "udp:127.0.0.1:0",
        "udp:::1:37008", "udp:[::1]", "udp:collector:37008", "udp::37008"}) {
    EXPECT_EQ(TzspSender::Connect(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

class Collector {
 public:
  Collector() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }
  std::string target() const { return "udp:127.0.0.1:" + std::to_string(port_); }
  void Leave() { socket_.Reset(); }
  std::optional<std::string> Receive() {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 5000) != 1) return std::nullopt;
    std::array<char, 4096> buffer;
    const ssize_t length = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (length < 0) return std::nullopt;
    return std::string(buffer.data(), static_cast<size_t>(length));
  }

 private:
  FileDescriptor socket_;
  uint16_t port_ = 0;
};

TEST(TzspTest, PacketsAreNumberedAndCounted) {
  Collector collector;
  auto sender = TzspSender::Connect(collector.target());
  ASSERT_TRUE(sender.ok()) << sender.status();
  for (uint32_t number = 0; number < 3; ++number) {
    sender->Send(Packet("frame"));
    EXPECT_EQ(collector.Receive(), TzspDatagram(Packet("frame"), number));
  }
  EXPECT_EQ(sender->sent(), 3u);
  EXPECT_EQ(sender->not_sent(), 0u);
}

// The kernel hears of it from the first datagram and says so at the next.
TEST(TzspTest, WhatNobodyListensToIsCounted) {
  Collector collector;
  auto sender = TzspSender::Connect(collector.target());
  ASSERT_TRUE(sender.ok());
  collector.Leave();
  for (int i = 0; i < 4; ++i) sender->Send(Packet("frame"));
  EXPECT_EQ(sender->sent(), 2u);
  EXPECT_EQ(sender->not_sent(), 2u);
}

}  // namespace
}  // namespace lns::lnsctl
