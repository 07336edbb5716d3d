// Ports with a mirror in Linux: what is not ours goes there as it came, within limits, and what
// Linux sends leaves by the port; what is ours never sees Linux.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/stage/fixture.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using punt::PuntReason;

constexpr std::string_view kEverybody = "ff:ff:ff:ff:ff:ff";
constexpr uint16_t kArp = 0x0806;
constexpr uint16_t kIpv4 = 0x0021;

Packet ToAccess() { return Packet().Ethernet(kAccessMac, kLacMac); }
Packet ToCore() { return Packet().Ethernet(kCoreMac, kHostMac); }
Bytes Arp() { return Packet().Ethernet(kEverybody, kLacMac).EtherType(kArp).Payload(28).Build(); }
Bytes Ping(uint8_t ttl = 64) {
  return ToAccess().Ipv4(kLac, kLns).Protocol(1).Ttl(ttl).Payload(16).Build();
}
Bytes Bgp() {
  return ToCore().Ipv4(kHost, "203.0.113.1").Protocol(6).Bytes({0x9c, 0x40, 0, 179}).Build();
}
Bytes FromSubscriber(std::string_view to) {
  return ToAccess()
      .Ipv4(kLac, kLns)
      .Udp(1701, 1701)
      .L2tp(7, 100)
      .Ppp(kIpv4)
      .Ipv4("100.64.0.2", to)
      .Payload(8)
      .Build();
}

class Mirror : public testing::Test {
 protected:
  explicit Mirror(const Rig::Options& options = {.answers = true, .mirror_slots = 16})
      : rig_(options), buffers_(rig_.BuffersInUse()) {}
  void TearDown() override { EXPECT_EQ(rig_.BuffersInUse(), buffers_) << "a buffer was lost"; }

  // What Linux gets of one frame.
  std::vector<Bytes> Bring(uint16_t port, const Bytes& frame) {
    rig_.Receive(port, frame);
    rig_.Poll();
    EXPECT_TRUE(rig_.TakeSent(kAccess).empty());
    EXPECT_TRUE(rig_.TakePunted().empty());
    EXPECT_TRUE(rig_.TakeMirrored(port == kAccess ? kCore : kAccess).empty());
    return rig_.TakeMirrored(port);
  }
  uint64_t AllDrops() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < dataplane::kDropReasonCount; ++i) {
      sum += rig_.Drops(static_cast<DropReason>(i));
    }
    return sum;
  }
  void Limit(uint32_t group, PuntReason reason, uint32_t of_group, uint32_t of_source) {
    rig_.punt_policy().Set(group, reason,
                           {.group = {.per_second = 1, .burst = of_group},
                            .source = {.per_second = 1, .burst = of_source}});
  }

  Rig rig_;
  const uint32_t buffers_;
};

TEST_F(Mirror, WhatIsNotOursGoesToLinuxAsItCame) {
  struct Row {
    const char* what;
    uint16_t port;
    Bytes frame;
    PuntReason reason;
  };
  const Row rows[] = {
      {"ARP to everybody", kAccess, Arp(), PuntReason::kLinuxNeighbour},
      {"a ping to our address", kAccess, Ping(), PuntReason::kLinuxHost},
      {"UDP to another port", kAccess, ToAccess().Ipv4(kLac, kLns).Udp(5, 1702).Payload(9).Build(),
       PuntReason::kLinuxHost},
      {"BGP to the core port's address", kCore, Bgp(), PuntReason::kLinuxRouting},
      {"L2TP that comes by the core port", kCore,
       ToCore().Ipv4(kHost, kLns).Udp(1701, 1701).L2tp(7, 100).Payload(9).Build(),
       PuntReason::kLinuxHost},
      {"a packet on its way elsewhere", kCore, ToCore().Ipv4(kHost, kLac).Payload(9).Build(),
       PuntReason::kLinuxHost},
      {"a fragment of a ping", kAccess,
       ToAccess().Ipv4(kLac, kLns).Protocol(1).Fragment(0x2000).Payload(16).Build(),
       PuntReason::kLinuxHost},
      {"a fragment of a ping by IPv6", kAccess,
       ToAccess().Ipv6(kLac6, kLns6).Protocol(44).Bytes({58, 0, 0, 1, 0, 0, 0, 9, 128, 0}).Build(),
       PuntReason::kLinuxHost},
      {"a frame of a VLAN", kAccess, ToAccess().EtherType(0x8100).Payload(60).Build(),
       PuntReason::kLinuxHost},
      {"a solicitation to a group", kAccess,
       Packet()
           .Ethernet("33:33:ff:00:00:01", kLacMac)
           .Ipv6("fe80::5", "ff02::1:ff00:1")
           .Ttl(255)
           .Protocol(58)
           .Bytes({135, 0, 0, 0})
           .Build(),
       PuntReason::kLinuxNeighbour},
      {"LLDP", kCore,
       Packet().Ethernet("01:80:c2:00:00:0e", kHostMac).EtherType(0x88cc).Payload(30).Build(),
       PuntReason::kLinuxGroup},
  };
  std::array<uint64_t, punt::kPuntReasonCount> expected{};
  for (const Row& row : rows) {
    EXPECT_EQ(Bring(row.port, row.frame), std::vector<Bytes>{row.frame}) << row.what;
    ++expected[static_cast<size_t>(row.reason)];
    for (size_t i = 1; i < expected.size(); ++i) {
      EXPECT_EQ(rig_.Punts(PuntReason{static_cast<uint8_t>(i)}), expected[i]) << row.what;
    }
  }
  EXPECT_EQ(AllDrops(), 0u);
}

TEST_F(Mirror, AnothersFrameOnTheSameWireIsNotLinux) {
  const Bytes frame = Packet().Ethernet("02:00:00:00:77:77", kLacMac).Ipv4(kLac, kLns).Build();
  EXPECT_TRUE(Bring(kAccess, frame).empty());
  EXPECT_EQ(rig_.Drops(DropReason::kNotOurs), 1u);
}

TEST_F(Mirror, PaddingIsCutOff) {
  const Bytes padded = ToAccess().Ipv4(kLac, kLns).Protocol(1).Payload(4).Padding(22).Build();
  const Bytes packet = ToAccess().Ipv4(kLac, kLns).Protocol(1).Payload(4).Build();
  EXPECT_EQ(Bring(kAccess, padded), std::vector<Bytes>{packet});
}

TEST_F(Mirror, WhatIsOursDoesNotReachLinux) {
  rig_.Receive(kAccess, FromSubscriber(kHost));
  rig_.Receive(kAccess, ToAccess().Ipv4(kLac, kLns).Udp(1701, 1701).L2tpControl(0, 0).Build());
  rig_.Receive(kCore, ToCore().Ipv4(kHost, "100.64.0.2").Payload(9).Build());
  rig_.Receive(kAccess, ToAccess().Ipv4(kLac, kLns).Udp(1701, 1701).L2tp(9, 9).Payload(9).Build());
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kCore).size(), 1u);
  EXPECT_EQ(rig_.TakeSent(kAccess).size(), 1u);
  EXPECT_EQ(rig_.TakePunted().size(), 1u);
  EXPECT_TRUE(rig_.TakeMirrored(kAccess).empty());
  EXPECT_TRUE(rig_.TakeMirrored(kCore).empty());
}

// 203.0.113.255 is Linux' broadcast address.
TEST_F(Mirror, SubscribersDoNotReachLinux) {
  rig_.Receive(kAccess, FromSubscriber("203.0.113.255"));
  rig_.Poll();
  EXPECT_TRUE(rig_.TakeMirrored(kAccess).empty());
  EXPECT_EQ(rig_.Drops(DropReason::kNotOurs), 1u);
}

TEST_F(Mirror, LinuxHasPacketsThatArePutTogetherAsOne) {
  const auto fragment = [](uint16_t flags_and_offset, size_t length, uint8_t first) {
    return ToAccess()
        .Ipv4(kLac, kLns)
        .Protocol(17)
        .Id(9)
        .Fragment(flags_and_offset)
        .Payload(length, first)
        .Build();
  };
  const Bytes ports = {0x13, 0x88, 0x13, 0x89, 0, 48, 0, 0};
  Bytes first =
      ToAccess().Ipv4(kLac, kLns).Protocol(17).Id(9).Fragment(0x2000).Bytes(ports).Build();
  rig_.Receive(kAccess, first);
  rig_.Receive(kAccess, fragment(0x0001, 40, 1));
  rig_.Poll();
  Bytes data = ports;
  for (uint8_t i = 0; i < 40; ++i) data.push_back(static_cast<uint8_t>(1 + i));
  EXPECT_EQ(rig_.TakeMirrored(kAccess),
            std::vector<Bytes>{ToAccess().Ipv4(kLac, kLns).Protocol(17).Id(9).Bytes(data).Build()});
}

// Its IPv6 header has moved up over the fragment header, and the Ethernet header follows it.
TEST_F(Mirror, LinuxHasIpv6PacketsThatArePutTogetherAsOne) {
  const Bytes ports = {0x13, 0x88, 0x13, 0x89, 0, 16, 0, 1};
  Bytes first = {17, 0, 0, 1, 0, 0, 0, 9};  // offset 0, more follow
  first.insert(first.end(), ports.begin(), ports.end());
  const Bytes second = {17, 0, 0, 8, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8};
  for (const Bytes& fragment : {first, second}) {
    rig_.Receive(kAccess, ToAccess().Ipv6(kLac6, kLns6).Protocol(44).Bytes(fragment).Build());
  }
  rig_.Poll();
  Bytes data = ports;
  data.insert(data.end(), second.begin() + 8, second.end());
  EXPECT_EQ(rig_.TakeMirrored(kAccess),
            std::vector<Bytes>{ToAccess().Ipv6(kLac6, kLns6).Protocol(17).Bytes(data).Build()});
}

TEST_F(Mirror, EachKindHasItsLimit) {
  Limit(kAccessGroup, PuntReason::kLinuxHost, 3, 100);
  for (int i = 0; i < 10; ++i) rig_.Receive(kAccess, Ping());
  rig_.Receive(kAccess, Arp());
  rig_.Poll();
  EXPECT_EQ(rig_.TakeMirrored(kAccess).size(), 3u + 1u) << "ARP is another kind";
  EXPECT_EQ(rig_.Drops(DropReason::kPuntGroupRate), 7u);
  EXPECT_EQ(rig_.Punts(PuntReason::kLinuxHost), 3u);
  const auto row = static_cast<size_t>(PuntReason::kLinuxHost);
  EXPECT_EQ(rig_.worker(0).punt_guard().counters(kAccessGroup, row)->group_refused.value(), 7u);
}

TEST_F(Mirror, ASendersLimitIsItsOwn) {
  Limit(kAccessGroup, PuntReason::kLinuxHost, 100, 2);
  for (int i = 0; i < 5; ++i) {
    rig_.Receive(kAccess, Ping());
    rig_.Receive(kAccess, ToAccess().Ipv4("198.51.100.12", kLns).Protocol(1).Payload(16).Build());
  }
  rig_.Poll();
  EXPECT_EQ(rig_.TakeMirrored(kAccess).size(), 4u);
  EXPECT_EQ(rig_.Drops(DropReason::kPuntSourceRate), 6u);
}

TEST_F(Mirror, WhatLinuxDoesNotTakeIsDroppedAndNobodyWaits) {
  for (int i = 0; i < 20; ++i) {
    rig_.Receive(kAccess, Ping());
    rig_.Receive(kAccess, FromSubscriber(kHost));
  }
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kCore).size(), 20u) << "of the session nothing is lost";
  EXPECT_EQ(rig_.Drops(DropReason::kMirrorFull), 4u);
  EXPECT_EQ(rig_.TakeMirrored(kAccess).size(), 16u);
  EXPECT_EQ(rig_.Punts(PuntReason::kLinuxHost), 16u);
}

TEST_F(Mirror, LinuxIsWokenOnceForWhatATurnHasForIt) {
  rig_.linux_bell().BeginSleep();
  rig_.Receive(kAccess, FromSubscriber(kHost));
  rig_.Poll();
  rig_.TakeSent(kCore);
  pollfd bell{.fd = rig_.linux_bell().descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&bell, 1, 0), 0) << "not for what is ours";
  rig_.Receive(kAccess, Ping());
  rig_.Receive(kAccess, Arp());
  rig_.Poll();
  EXPECT_EQ(poll(&bell, 1, 0), 1);
  EXPECT_EQ(rig_.TakeMirrored(kAccess).size(), 2u);
  rig_.linux_bell().EndSleep();
  EXPECT_EQ(poll(&bell, 1, 0), 0);
}

TEST_F(Mirror, WhatLinuxSendsLeavesByThePort) {
  const std::vector<Bytes> frames = {Arp(), Ping(63), Ping(62)};
  for (const Bytes& frame : frames) EXPECT_TRUE(rig_.SendFromLinux(kAccess, frame));
  EXPECT_TRUE(rig_.SendFromLinux(kCore, Bgp()));
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kAccess), frames);
  EXPECT_EQ(rig_.TakeSent(kCore), std::vector<Bytes>{Bgp()});
  EXPECT_EQ(AllDrops(), 0u);
  EXPECT_EQ(rig_.worker(0).counters().tx_packets.value(), 4u);
}

TEST_F(Mirror, WhatLinuxSendsAndNoBufferHoldsIsDropped) {
  EXPECT_TRUE(rig_.SendFromLinux(kAccess, Bytes(4500)));
  EXPECT_TRUE(rig_.SendFromLinux(kAccess, Arp()));
  rig_.Poll();
  EXPECT_EQ(rig_.TakeSent(kAccess), std::vector<Bytes>{Arp()});
  EXPECT_EQ(rig_.Drops(DropReason::kInjectNoBuffer), 1u);
}

TEST_F(Mirror, TwoWorkersGiveEachTheirOwn) {
  Rig rig({.workers = 2, .core_worker = 1, .mirror_slots = 16});
  rig.Receive(kAccess, Ping());
  rig.Receive(kCore, ToCore().Ipv4(kHost, kLns).Protocol(1).Payload(16).Build());
  EXPECT_TRUE(rig.SendFromLinux(kCore, Bgp()));
  rig.Poll();
  EXPECT_EQ(rig.TakeMirrored(kAccess).size(), 1u);
  EXPECT_EQ(rig.TakeMirrored(kCore).size(), 1u);
  EXPECT_EQ(rig.TakeSent(kCore), std::vector<Bytes>{Bgp()});
  EXPECT_EQ(rig.worker(1).counters().tx_packets.value(), 1u);
  EXPECT_EQ(rig.worker(1).counters().punts[static_cast<size_t>(PuntReason::kLinuxHost)].value(),
            1u);
}

}  // namespace
}  // namespace lns::test
