// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/stage/fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <span>

#include "lib/base/check.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::kDropReasonCount;
using dataplane::kDropReasons;

struct Snapshot {
  std::vector<uint64_t> drops;
  std::vector<uint64_t> punts;
  uint32_t held = 0;
  std::map<std::pair<uint16_t, uint16_t>, dataplane::SessionCounts> sessions;
};

Snapshot Take(Rig& rig) {
  Snapshot snapshot;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    snapshot.drops.push_back(rig.Drops(static_cast<DropReason>(i)));
  }
  for (size_t i = 0; i < punt::kPuntReasonCount; ++i) {
    snapshot.punts.push_back(rig.Punts(static_cast<punt::PuntReason>(i)));
  }
  snapshot.held = rig.Held();
  for (const dataplane::SessionCounts& counts :
       rig.writer().SessionCounters(rig.writer().SessionKeys())) {
    snapshot.sessions[{counts.key.tunnel.value(), counts.key.session.value()}] = counts;
  }
  return snapshot;
}

std::string Hex(const Bytes& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof(digits), "%02x ", byte);
    text += digits;
  }
  return text;
}

void ComparePackets(const Row& row, Rig& rig) {
  for (const uint16_t port : {kAccess, kCore}) {
    const std::vector<Bytes> sent = rig.TakeSent(port);
    const bool expected = row.verdict.kind == Outcome::Kind::kSent && row.verdict.port == port;
    ASSERT_EQ(sent.size(), expected ? 1u : 0u) << "packets sent on port " << port;
    if (expected) {
      EXPECT_EQ(Hex(sent[0]), Hex(row.out.Build()));
    }
  }
  const std::vector<Rig::Punted> punted = rig.TakePunted();
  const bool expected = row.verdict.kind == Outcome::Kind::kPunted;
  ASSERT_EQ(punted.size(), expected ? 1u : 0u) << "frames punted";
  if (!expected) return;
  EXPECT_EQ(Hex(punted[0].payload), Hex(row.out.BuildIp()));
  const punt::FrameHeader& header = punted[0].header;
  EXPECT_EQ(header.reason, row.verdict.punt);
  EXPECT_EQ(header.punt_class, static_cast<uint8_t>(punt::Describe(row.verdict.punt).punt_class));
  EXPECT_EQ(header.port_index, row.port);
  EXPECT_EQ(header.interface_group, 10 + row.port);
  EXPECT_NE(header.timestamp_ns, 0u);
}

void CompareCounters(const Row& row, const Snapshot& before, const Snapshot& after) {
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const bool expected = row.verdict.kind == Outcome::Kind::kDropped &&
                          row.verdict.drop == static_cast<DropReason>(i);
    EXPECT_EQ(after.drops[i] - before.drops[i], expected ? 1u : 0u) << kDropReasons[i].name;
  }
  for (size_t i = 0; i < punt::kPuntReasonCount; ++i) {
    const bool expected = row.verdict.kind == Outcome::Kind::kPunted &&
                          row.verdict.punt == static_cast<punt::PuntReason>(i);
    EXPECT_EQ(after.punts[i] - before.punts[i], expected ? 1u : 0u) << punt::kPuntReasons[i].name;
  }
  EXPECT_EQ(after.held - before.held, row.verdict.kind == Outcome::Kind::kHeld ? 1u : 0u);
  for (const auto& [key, counts] : after.sessions) {
    dataplane::SessionCounts expected = before.sessions.at(key);
    for (const Counted& counted : row.counted) {
      if (std::pair(counted.tunnel, counted.session) != key) continue;
      (counted.uplink ? expected.uplink_packets : expected.downlink_packets) += 1;
      (counted.uplink ? expected.uplink_bytes : expected.downlink_bytes) += counted.bytes;
    }
    const std::string who = std::to_string(key.first) + "/" + std::to_string(key.second);
    EXPECT_EQ(counts.uplink_packets, expected.uplink_packets) << who;
    EXPECT_EQ(counts.uplink_bytes, expected.uplink_bytes) << who;
    EXPECT_EQ(counts.downlink_packets, expected.downlink_packets) << who;
    EXPECT_EQ(counts.downlink_bytes, expected.downlink_bytes) << who;
  }
}

void Bring(const Row& row, Rig& rig) {
  if (!row.inject) {
    Packet in = row.in;
    if (!in.has_ethernet()) {
      in.Ethernet(row.port == kAccess ? kAccessMac : kCoreMac,
                  row.port == kAccess ? kLacMac : kHostMac);
    }
    rig.Receive(row.port, in.Build(), row.headroom);
    return;
  }
  const InjectedFrame& frame = *row.inject;
  punt::FrameHeader header{};
  header.kind = frame.kind;
  header.local_tunnel_id = frame.tunnel;
  header.local_session_id = frame.session;
  header.local_udp_port = frame.local_port;
  header.peer_udp_port = frame.peer_port;
  if (!frame.local.empty()) {
    const net::IpAddress local = *net::IpAddress::Parse(frame.local);
    const net::IpAddress peer = *net::IpAddress::Parse(frame.peer);
    header.family = static_cast<uint8_t>(local.family());
    header.local_address = local.raw();
    header.peer_address = peer.raw();
  }
  const uint32_t owner = punt::OwnerWorker(frame.tunnel, frame.session, rig.worker_count());
  rig.InjectFrame(owner, header, frame.payload);
}

}  // namespace

void FillRing(Rig& rig, rte_ring* ring) {
  while (rte_ring_full(ring) == 0) LNS_CHECK(rte_ring_sp_enqueue(ring, rig.MakePacket({})) == 0);
}

void FillHandoff(Rig& rig, uint32_t from, uint32_t to) {
  for (uint32_t i = 0; i < dataplane::HandoffMesh::kRingSlots; ++i) {
    rte_mbuf* const packet = rig.MakePacket({});
    LNS_CHECK(rig.mesh()->RingOf(from, to).Put(std::span(&packet, 1)) == 1);
  }
}

void FillHold(Rig& rig, std::string_view first, uint32_t next_hops, uint32_t packets_each) {
  const uint32_t address = net::IpAddress::Parse(first)->v4();
  for (uint32_t i = 0; i < next_hops; ++i) {
    const Bytes frame = Packet()
                            .Ethernet(kAccessMac, kLacMac)
                            .Ipv4(kLac, kLns)
                            .Udp(1701, 1701)
                            .L2tp(7, 100)
                            .Ppp(0x0021)
                            .Ipv4("100.64.0.2", net::IpAddress::V4(address + i).ToString())
                            .Payload(1)
                            .Build();
    for (uint32_t n = 0; n < packets_each; ++n) rig.Receive(kAccess, frame);
  }
  rig.Poll();
  LNS_CHECK(rig.Held() == next_hops * packets_each);
}

void Must(const absl::Status& status) { ASSERT_TRUE(status.ok()) << status.message(); }

void RunRow(const Row& row) {
  SCOPED_TRACE(row.what);
  const uint32_t buffers = rte_mempool_in_use_count(PacketPool());
  {
    Rig rig(row.rig);
    if (row.prepare) row.prepare(rig);
    const Snapshot before = Take(rig);
    Bring(row, rig);
    rig.Poll(row.polled_workers);
    if (row.wait_ms != 0) {
      Rig::Advance(row.wait_ms);
      rig.Poll(row.polled_workers);
    }
    if (row.meanwhile) {
      EXPECT_EQ(rig.Held(), before.held + 1);
      row.meanwhile(rig);
      rig.Poll(row.polled_workers);
    }
    const Snapshot after = Take(rig);
    CompareCounters(row, before, after);
    ComparePackets(row, rig);
  }
  EXPECT_EQ(rte_mempool_in_use_count(PacketPool()), buffers) << "buffers lost";
}

}  // namespace lns::test
