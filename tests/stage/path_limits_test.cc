// What routers on the way to a tunnel's peer say of its width, and what sessions' packets come to.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "dataplane/tables/forwarding_state.h"
#include "dataplane/tables/table_writer.h"

namespace lns::dataplane {
namespace {

Instant At(int64_t seconds) { return Instant() + Duration::Seconds(seconds); }
net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }

constexpr int kAround = 20 + 8 + 6 + 4;  // IPv4, UDP, L2TP, PPP
constexpr int kAroundIpv6 = kAround + 20;

class PathLimitsTest : public testing::Test {
 protected:
  PathLimitsTest() {
    ForwardingConfig config;
    config.limits = {.max_tunnels = 2, .max_sessions = 4, .max_routes = 8, .max_neighbours = 2};
    config.ports = {{{2, 0, 0, 0, 0, 1}, 1500}};
    config.vrfs = {{1, false}};
    auto state = MakeForwardingState(config);
    EXPECT_TRUE(state.ok()) << state.status().message();
    state_ = *std::move(state);
    for (const char* prefix : {"198.51.100.0/24", "2001:db8::/64"}) {
      EXPECT_TRUE(writer().UpsertRoute({.prefix = *net::IpPrefix::Parse(prefix), .port = 0}).ok());
    }
  }

  static TunnelConfig Tunnel(uint16_t id, const char* peer = "198.51.100.11") {
    TunnelConfig tunnel;
    tunnel.local_id = l2tp::LocalTunnelId(id);
    tunnel.peer_id = l2tp::PeerTunnelId(static_cast<uint16_t>(id + 100));
    const net::IpAddress address = Address(peer);
    tunnel.endpoints = {{Address(address.is_v4() ? "198.51.100.1" : "2001:db8::1"), 1701},
                        {address, 1701}};
    tunnel.outer_path.dont_fragment = true;
    return tunnel;
  }
  static PathReport About(const TunnelConfig& tunnel, uint16_t mtu) {
    return {.ends = tunnel.endpoints, .tunnel = tunnel.peer_id, .mtu = mtu};
  }
  // A tunnel with one session, 1.
  void Add(const TunnelConfig& tunnel) {
    ASSERT_TRUE(writer().UpsertTunnel(tunnel).ok());
    SessionConfig session;
    session.key = {tunnel.local_id, l2tp::LocalSessionId(1)};
    session.peer_id = l2tp::PeerSessionId(1);
    ASSERT_TRUE(writer().UpsertSession(session).ok());
  }

  TableWriter& writer() { return state_->writer(); }
  int Fits(uint16_t tunnel) {
    const uint32_t slot = state_->tables().sessions->Find(SessionKeyWord(tunnel, 1));
    return SessionMtu(state_->tables().downlink[slot].mru_and_mtu.load());
  }
  PathVerdict Limit(const PathReport& report, Instant until = At(600)) {
    return writer().LimitPath(report, until);
  }

  std::unique_ptr<ForwardingState> state_;
};

TEST_F(PathLimitsTest, TheWayIsAsNarrowAsItWasLastSaidUntilThatIsForgotten) {
  const TunnelConfig tunnel = Tunnel(7);
  Add(tunnel);
  EXPECT_EQ(Fits(7), 1500 - kAround);
  EXPECT_EQ(Limit(About(tunnel, 1400)), PathVerdict::kTaken);
  EXPECT_EQ(Fits(7), 1400 - kAround);
  EXPECT_EQ(Limit(About(tunnel, 1400)), PathVerdict::kKnown);
  EXPECT_EQ(Limit(About(tunnel, 1450)), PathVerdict::kKnown) << "no report widens";
  EXPECT_EQ(Fits(7), 1400 - kAround);
  EXPECT_EQ(Limit(About(tunnel, 1300), At(700)), PathVerdict::kTaken);
  EXPECT_EQ(Fits(7), 1300 - kAround);
  const std::vector<PathLimit> limits = writer().PathLimits();
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(limits[0].peer.address, Address("198.51.100.11"));
  EXPECT_EQ(limits[0].mtu, 1300);
  EXPECT_EQ(limits[0].until, At(700));
  writer().ForgetPathLimits(At(699));
  EXPECT_EQ(Fits(7), 1300 - kAround);
  writer().ForgetPathLimits(At(700));
  EXPECT_EQ(Fits(7), 1500 - kAround);
  EXPECT_TRUE(writer().PathLimits().empty());
  EXPECT_EQ(Limit(About(tunnel, 1400)), PathVerdict::kTaken) << "it may be said again";
}

TEST_F(PathLimitsTest, AllTunnelsToThePeerSeeItAlsoLaterOnes) {
  const TunnelConfig first = Tunnel(7);
  Add(first);
  EXPECT_EQ(Limit(About(first, 1400)), PathVerdict::kTaken);
  Add(Tunnel(8));
  EXPECT_EQ(Fits(8), 1400 - kAround);
  ASSERT_TRUE(writer().RemoveTunnel(first.local_id).ok());
  Add(first);
  EXPECT_EQ(Fits(7), 1400 - kAround);
  writer().ForgetPathLimits(At(600));
  EXPECT_EQ(Fits(7), 1500 - kAround);
  EXPECT_EQ(Fits(8), 1500 - kAround);
}

TEST_F(PathLimitsTest, PacketsThatMayBeCutAreNotMeant) {
  TunnelConfig cut = Tunnel(7);
  cut.outer_path.dont_fragment = false;
  Add(cut);
  EXPECT_EQ(Limit(About(cut, 1400)), PathVerdict::kMayBeCut);
  EXPECT_EQ(Fits(7), 1500 - kAround);
  // Nor by what another tunnel to the same peer was told.
  const TunnelConfig whole = Tunnel(8);
  Add(whole);
  EXPECT_EQ(Limit(About(whole, 1400)), PathVerdict::kTaken);
  EXPECT_EQ(Fits(8), 1400 - kAround);
  EXPECT_EQ(Fits(7), 1500 - kAround);
}

TEST_F(PathLimitsTest, NoRouterCutsIpv6) {
  TunnelConfig tunnel = Tunnel(7, "2001:db8::11");
  tunnel.outer_path.dont_fragment = false;
  Add(tunnel);
  EXPECT_EQ(Limit(About(tunnel, 1280)), PathVerdict::kTaken);
  EXPECT_EQ(Fits(7), 1280 - kAroundIpv6);
}

TEST_F(PathLimitsTest, WhatNoTunnelSentSaysNothing) {
  const TunnelConfig tunnel = Tunnel(7);
  Add(tunnel);
  std::vector<PathReport> strangers(6, About(tunnel, 1300));
  strangers[0].ends.peer.address = Address("198.51.100.12");
  strangers[1].ends.peer.port = 1702;
  strangers[2].ends.local.address = Address("198.51.100.2");
  strangers[3].ends.local.port = 1702;
  strangers[4].ends.vrf = 1;
  strangers[5].tunnel = l2tp::PeerTunnelId(7);
  for (const PathReport& report : strangers) {
    EXPECT_EQ(Limit(report), PathVerdict::kNoSuchTunnel);
  }
  EXPECT_EQ(Fits(7), 1500 - kAround);
  PathReport short_quote = About(tunnel, 1300);
  short_quote.tunnel.reset();
  EXPECT_EQ(Limit(short_quote), PathVerdict::kTaken);
  EXPECT_EQ(Fits(7), 1300 - kAround);
}

TEST_F(PathLimitsTest, TheProfilesLengthStaysTheUpperBound) {
  TunnelConfig tunnel = Tunnel(7);
  tunnel.outer_path.mtu = 1440;
  Add(tunnel);
  EXPECT_EQ(Limit(About(tunnel, 1440)), PathVerdict::kKnown);
  EXPECT_EQ(Limit(About(tunnel, 1400)), PathVerdict::kTaken);
  EXPECT_EQ(Fits(7), 1400 - kAround);
  writer().ForgetPathLimits(At(600));
  EXPECT_EQ(Fits(7), 1440 - kAround);
}

TEST_F(PathLimitsTest, OuterPacketsAreCutToIt) {
  TunnelConfig tunnel = Tunnel(7);
  tunnel.outer_path.fragment = true;
  Add(tunnel);
  EXPECT_EQ(Limit(About(tunnel, 1400)), PathVerdict::kTaken);
  const auto path_mtu = [&] {
    return state_->tables().tunnels[state_->tables().tunnel_by_id[7].load()].path_mtu;
  };
  EXPECT_EQ(path_mtu(), 1400);
  writer().ForgetPathLimits(At(600));
  EXPECT_EQ(path_mtu(), 1500);
}

TEST_F(PathLimitsTest, AWayThatIsNotThereHasNoWidth) {
  const TunnelConfig tunnel = Tunnel(7, "203.0.113.1");
  Add(tunnel);
  EXPECT_EQ(Limit(About(tunnel, 1400)), PathVerdict::kKnown);
  EXPECT_TRUE(writer().PathLimits().empty());
}

TEST_F(PathLimitsTest, PeersThatCameAndWentFillNoMemory) {
  const auto come_and_go = [&](const char* peer) {
    const TunnelConfig tunnel = Tunnel(7, peer);
    Add(tunnel);
    const PathVerdict verdict = Limit(About(tunnel, 1400));
    EXPECT_TRUE(writer().RemoveTunnel(tunnel.local_id).ok());
    return verdict;
  };
  EXPECT_EQ(come_and_go("198.51.100.11"), PathVerdict::kTaken);
  EXPECT_EQ(come_and_go("198.51.100.12"), PathVerdict::kTaken);
  EXPECT_EQ(come_and_go("198.51.100.13"), PathVerdict::kFull);
  EXPECT_EQ(writer().PathLimits().size(), 2u);
}

}  // namespace
}  // namespace lns::dataplane
