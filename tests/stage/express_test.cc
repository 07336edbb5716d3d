// The express stages against the stages they stand for: the same traffic goes through a worker both
// ways and must leave the same packets, drops, punts and counts, in the same order within each
// flow. While a packet waits for a MAC address nobody takes the express way: that makes the other.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"
#include "tests/stage/fixture.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::StageId;

constexpr uint32_t kBursts = 400;
constexpr uint32_t kBurst = 32;

struct Arrival {
  uint16_t port = kAccess;
  Bytes frame;
};

struct Subscriber {
  uint16_t tunnel;
  uint16_t session;
  std::string_view address;
};
// Plain ones, one with compressed headers and an MRU of 1000, a closed one, sequenced ones, and
// those of a tunnel over IPv6, of one without UDP checksum, and of one that would be a loop.
constexpr Subscriber kSubscribers[] = {
    {7, 100, "100.64.0.2"}, {7, 100, "100.64.0.2"},  {7, 100, "100.64.0.2"}, {7, 102, "100.64.0.4"},
    {7, 101, "100.64.0.3"}, {7, 103, "100.64.0.5"},  {7, 104, "100.64.0.6"}, {8, 200, "100.64.0.8"},
    {9, 300, "100.64.0.9"}, {10, 400, "100.64.0.10"}};

// Random traffic, most of it plain. Each packet carries its number, so that no two are the same.
class Traffic {
 public:
  explicit Traffic(uint32_t seed) : rng_(seed) {}

  Arrival Next() { return rng_() % 2 == 0 ? Up() : Down(); }

 private:
  template <size_t kCount, typename T>
  T AnyOf(const T (&choices)[kCount]) {
    return choices[rng_() % kCount];
  }
  bool Once(uint32_t in) { return rng_() % in == 0; }

  void Number(Packet& packet) {
    Bytes payload(rng_() % 90);
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>(rng_());
    payload.resize(payload.size() + 4);
    StoreBe32(payload.data(), ++number_);
    if (Once(60)) payload.resize(1100);
    packet.Bytes(payload);
  }
  void Spoil(Packet& packet) {
    if (Once(20)) packet.Ttl(static_cast<uint8_t>(rng_() % 3));
    if (Once(30)) packet.BadIpChecksum();
    if (Once(30)) packet.HeaderWords(6);
    if (Once(30)) packet.TotalLengthError(rng_() % 2 == 0 ? 1 : -1);
  }

  Arrival Up() {
    const Subscriber& who = AnyOf(kSubscribers);
    Packet packet;
    packet.Ethernet(kAccessMac, kLacMac);
    if (who.tunnel == 8) {
      packet.Ipv6(kLac6, kLns6);
    } else {
      packet.Ipv4(who.tunnel == 9 ? "198.51.100.12" : kLac, kLns);
    }
    packet.Udp(who.tunnel == 9 ? 40000 : 1701, 1701);
    packet.L2tp(who.tunnel, who.session,
                {.length = Once(2), .length_error = Once(40) ? -1 : 0, .sequence = Once(30)});
    if (Once(30)) return {kAccess, Finish(packet.Ppp(0xc021))};
    if (Once(10)) {
      packet.Ppp(0x0057).Ipv6("2001:db8:100::5", kHost6);
      return {kAccess, Finish(packet)};
    }
    packet.Ppp(0x0021, {.address_and_control = !Once(5), .short_protocol = Once(5)});
    static constexpr std::string_view kTo[] = {
        kHost,        kHost,        kHost,         kHost,         "198.18.5.5",
        "198.18.5.5", "100.64.0.4", "203.0.113.1", "192.0.2.200", "198.19.0.1"};
    const bool routed = who.session == 100 && Once(8);
    packet.Ipv4(Once(25) ? "100.64.0.77" : routed ? "192.0.2.70" : who.address, AnyOf(kTo));
    Spoil(packet);
    return {kAccess, Finish(packet)};
  }
  Arrival Down() {
    Packet packet;
    packet.Ethernet(kCoreMac, kHostMac);
    if (Once(8)) {
      packet.Ipv6(kHost6, "2001:db8:100::5");
      if (Once(10)) packet.Ttl(1);
    } else {
      packet.Ipv4(kHost, Once(30) ? "100.64.0.99" : AnyOf(kSubscribers).address);
      Spoil(packet);
    }
    return {kCore, Finish(packet)};
  }
  Bytes Finish(Packet& packet) {
    Number(packet);
    return packet.Build();
  }

  std::mt19937 rng_;
  uint32_t number_ = 0;
};

// What a worker made of it.
struct Result {
  std::vector<Bytes> sent[2];
  std::vector<uint64_t> drops;
  std::vector<uint64_t> punts;
  std::map<std::pair<uint16_t, uint16_t>, std::tuple<uint64_t, uint64_t, uint64_t, uint64_t>>
      sessions;
};

// The outer id, and with it the header's checksum, depends on what else was sent.
Bytes WithoutId(Bytes frame) {
  constexpr size_t kIp = 14;
  if (frame.size() > kIp + 20 && frame[kIp] == 0x45 && frame[kIp + 9] == 17) {
    for (const size_t at : {4u, 5u, 10u, 11u}) frame[kIp + at] = 0;
  }
  return frame;
}

Result Forward(uint32_t seed, bool detour) {
  Rig rig({});
  if (detour) FillHold(rig, "203.0.113.77", 1, 1);
  Result result;
  for (size_t i = 0; i < dataplane::kDropReasonCount; ++i) {
    result.drops.push_back(rig.Drops(static_cast<DropReason>(i)));
  }
  Traffic traffic(seed);
  for (uint32_t burst = 0; burst < kBursts; ++burst) {
    for (uint32_t i = 0; i < kBurst; ++i) {
      const Arrival arrival = traffic.Next();
      rig.Receive(arrival.port, arrival.frame);
    }
    rig.Poll();
    for (const uint16_t port : {kAccess, kCore}) {
      for (const Bytes& frame : rig.TakeSent(port)) result.sent[port].push_back(WithoutId(frame));
    }
    (void)rig.TakePunted();
  }
  for (size_t i = 0; i < dataplane::kDropReasonCount; ++i) {
    result.drops[i] = rig.Drops(static_cast<DropReason>(i)) - result.drops[i];
  }
  for (size_t i = 0; i < punt::kPuntReasonCount; ++i) {
    result.punts.push_back(rig.Punts(static_cast<punt::PuntReason>(i)));
  }
  for (const Subscriber& who : kSubscribers) {
    const dataplane::SessionCounts counts = rig.Counts(who.tunnel, who.session);
    // What is held was of session 7/100, counted once.
    const bool extra = detour && who.session == 100;
    result.sessions[{who.tunnel, who.session}] = {counts.uplink_packets - (extra ? 1 : 0),
                                                  counts.uplink_bytes - (extra ? 21 : 0),
                                                  counts.downlink_packets, counts.downlink_bytes};
  }
  return result;
}

// Of a tunnelled packet: the last byte of the PPP protocol.
size_t ProtocolAt(const Bytes& frame, size_t l2tp) {
  const bool numbered = (frame[l2tp] & 0x08) != 0;
  size_t at = l2tp + (numbered ? 10 : 6);
  if (frame[at] == 0xff) at += 2;
  return (frame[at] & 1) != 0 ? at : at + 1;
}

// The frames of each flow in their order: by addresses of the forwarded header, of a tunnelled
// packet by its session and what is in it.
std::map<std::string, std::vector<Bytes>> ByFlow(const std::vector<Bytes>& frames) {
  constexpr size_t kL2tp = 14 + 20 + 8;
  std::map<std::string, std::vector<Bytes>> flows;
  for (const Bytes& frame : frames) {
    const bool is_v4 = frame[12] == 0x08;
    const bool is_tunnelled = is_v4 && frame[23] == 17;
    const auto from = [&](size_t at, size_t length) {
      const auto begin = frame.begin() + static_cast<std::ptrdiff_t>(at);
      return std::string(begin, begin + static_cast<std::ptrdiff_t>(length));
    };
    std::string flow = is_tunnelled ? from(kL2tp + 2, 4) + from(ProtocolAt(frame, kL2tp), 1)
                       : is_v4      ? from(26, 8)
                                    : from(22, 32);
    flows[std::move(flow)].push_back(frame);
  }
  return flows;
}

TEST(Express, MakesOfAllTrafficWhatTheStagesMakeOfIt) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    const Result express = Forward(seed, false);
    const Result stages = Forward(seed, true);
    for (const uint16_t port : {kAccess, kCore}) {
      EXPECT_EQ(express.sent[port].size(), stages.sent[port].size());
      std::vector<Bytes> one = express.sent[port];
      std::vector<Bytes> other = stages.sent[port];
      std::ranges::sort(one);
      std::ranges::sort(other);
      EXPECT_TRUE(one == other) << "other packets on port " << port;
    }
    for (const uint16_t port : {kAccess, kCore}) {
      EXPECT_TRUE(ByFlow(express.sent[port]) == ByFlow(stages.sent[port])) << "another order";
    }
    EXPECT_EQ(express.drops, stages.drops);
    EXPECT_EQ(express.punts, stages.punts);
    EXPECT_EQ(express.sessions, stages.sessions);
    EXPECT_GT(express.sent[kCore].size(), kBursts * kBurst / 10);
    EXPECT_GT(express.sent[kAccess].size(), kBursts * kBurst / 10);
  }
}

// One packet of a session that is not plain does not keep the others of the batch from it.
TEST(Express, TakesThePlainOnesOutOfABatch) {
  Rig rig({});
  const auto up = [](uint16_t session, std::string_view source, uint8_t first) {
    return Packet()
        .Ethernet(kAccessMac, kLacMac)
        .Ipv4(kLac, kLns)
        .Udp(1701, 1701)
        .L2tp(7, session)
        .Ppp(0x0021)
        .Ipv4(source, kHost)
        .Payload(30, first)
        .Build();
  };
  rig.Receive(kAccess, up(100, "100.64.0.2", 1));
  rig.Receive(kAccess, up(103, "100.64.0.5", 2));
  rig.Receive(kAccess, up(100, "100.64.0.2", 3));
  rig.Poll();
  const auto& stages = rig.worker(0).counters().stages;
  EXPECT_EQ(stages[static_cast<size_t>(StageId::kExpress)].packets.value(), 3u);
  EXPECT_EQ(stages[static_cast<size_t>(StageId::kRewrite)].packets.value(), 1u);
  std::vector<uint8_t> firsts;
  for (const Bytes& frame : rig.TakeSent(kCore)) firsts.push_back(frame[34]);
  EXPECT_EQ(firsts, (std::vector<uint8_t>{1, 3, 2}));
}

// What is behind an odd packet waits for it: they may be of one flow.
TEST(Express, LeavesWhatIsBehindAnOddPacketBehindIt) {
  Rig rig({});
  const auto down = [](uint8_t words, uint8_t first) {
    return Packet()
        .Ethernet(kCoreMac, kHostMac)
        .Ipv4(kHost, "100.64.0.2")
        .HeaderWords(words)
        .Payload(30, first)
        .Build();
  };
  const auto up = [](bool numbered, uint8_t first) {
    return Packet()
        .Ethernet(kAccessMac, kLacMac)
        .Ipv4(kLac, kLns)
        .Udp(1701, 1701)
        .L2tp(7, 100, {.sequence = numbered})
        .Ppp(0x0021)
        .Ipv4("100.64.0.2", kHost)
        .Payload(30, first)
        .Build();
  };
  for (uint8_t i = 1; i <= 3; ++i) {
    rig.Receive(kAccess, up(i == 2, i));
    rig.Receive(kCore, down(5, i));
  }
  rig.Poll();
  std::vector<uint8_t> firsts;
  for (const Bytes& frame : rig.TakeSent(kCore)) firsts.push_back(frame[34]);
  EXPECT_EQ(firsts, (std::vector<uint8_t>{1, 2, 3}));
  const auto& stages = rig.worker(0).counters().stages;
  EXPECT_EQ(stages[static_cast<size_t>(StageId::kRewrite)].packets.value(), 2u);
}

}  // namespace
}  // namespace lns::test
