// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using punt::FrameKind;

constexpr uint16_t kLcp = 0xc021;
constexpr uint8_t kCs6 = 48;

// An LCP Configure-Request without options, from its protocol field.
Bytes LcpFrame() { return {0xc0, 0x21, 1, 1, 0, 4}; }
Bytes Control() { return Packet().L2tpControl(70, 0, 1, 2).Payload(20).BuildIp(); }

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {.what = "PPP control of a session with data sequencing has a number too",
       .inject = InjectedFrame{.tunnel = 7, .session = 103, .payload = {0xc0, 0x21, 9, 1, 0, 4}},
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Udp(1701, 1701)
                  .L2tp(70, 1003, {.sequence = true, .ns = 0})
                  .Bytes({0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 4})},
      {.what = "a PPP frame goes through its session's tunnel, with FF 03",
       .inject = InjectedFrame{.tunnel = 7, .session = 100, .payload = LcpFrame()},
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Udp(1701, 1701)
                  .L2tp(70, 1000)
                  .Ppp(kLcp)
                  .Bytes({1, 1, 0, 4})},
      {.what = "a PPP frame keeps FF 03 where the peer allows to leave it out",
       .inject = InjectedFrame{.tunnel = 7, .session = 102, .payload = LcpFrame()},
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Udp(1701, 1701)
                  .L2tp(70, 1002)
                  .Ppp(kLcp)
                  .Bytes({1, 1, 0, 4})},
      {.what = "a PPP frame of a session whose NCPs are closed goes out",
       .inject = InjectedFrame{.tunnel = 7, .session = 101, .payload = LcpFrame()},
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Udp(1701, 1701)
                  .L2tp(70, 1001)
                  .Ppp(kLcp)
                  .Bytes({1, 1, 0, 4})},
      {.what = "with two workers the owner injects",
       .inject = InjectedFrame{.tunnel = 7, .session = 101, .payload = LcpFrame()},
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Id(0x8000)
                  .Udp(1701, 1701)
                  .L2tp(70, 1001)
                  .Ppp(kLcp)
                  .Bytes({1, 1, 0, 4}),
       .rig = {.workers = 2}},
      {.what = "L2TP control goes between the addresses it names, with a UDP checksum",
       .inject = InjectedFrame{.kind = FrameKind::kL2tpControl,
                               .local = kLns,
                               .peer = kLac,
                               .peer_port = 5000,
                               .payload = Control()},
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Dscp(kCs6)
                  .Udp(1701, 5000)
                  .L2tpControl(70, 0, 1, 2)
                  .Payload(20)},
      {.what = "L2TP control over IPv6",
       .inject = InjectedFrame{.kind = FrameKind::kL2tpControl,
                               .local = kLns6,
                               .peer = kLac6,
                               .payload = Control()},
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv6(kLns6, kLac6)
                  .Dscp(kCs6)
                  .Udp(1701, 1701)
                  .L2tpControl(70, 0, 1, 2)
                  .Payload(20)},
      {.what = "a PPP frame of an unknown session is dropped by name",
       .inject = InjectedFrame{.tunnel = 7, .session = 999, .payload = LcpFrame()},
       .verdict = Drop(DropReason::kInjectUnknownSession)},
      {.what = "L2TP control without a port is dropped by name",
       .inject = InjectedFrame{.kind = FrameKind::kL2tpControl,
                               .local = kLns,
                               .peer = kLac,
                               .peer_port = 0,
                               .payload = Control()},
       .verdict = Drop(DropReason::kInjectBadFrame)},
      {.what = "a frame that the ring finds malformed is dropped by name",
       .inject = InjectedFrame{.kind = FrameKind::kL2tpControl, .payload = Control()},
       .verdict = Drop(DropReason::kInjectBadFrame)},
      {.what = "without buffers an injected PPP frame is dropped by name",
       .inject = InjectedFrame{.tunnel = 7, .session = 100, .payload = LcpFrame()},
       .verdict = Drop(DropReason::kInjectNoBuffer),
       .rig = {.inject_buffers = false}},
      {.what = "L2TP control to an address without a route is dropped by name",
       .inject = InjectedFrame{.kind = FrameKind::kL2tpControl,
                               .local = kLns,
                               .peer = "10.9.9.9",
                               .payload = Control()},
       .verdict = Drop(DropReason::kNoRoute)},
  };
  return rows;
}

}  // namespace

std::span<const Row> InjectRows() { return Rows(); }

}  // namespace lns::test
