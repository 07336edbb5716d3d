// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <set>

#include "controlplane/lns/interned_strings.h"
#include "controlplane/lns/session_table.h"
#include "controlplane/lns/tunnel_table.h"
#include "lib/base/rng.h"

namespace lns::controlplane {
namespace {

net::EndpointPair Endpoints(uint32_t peer, uint16_t port) {
  return {.local = {net::IpAddress::V4(0xc6336401), 1701},
          .peer = {net::IpAddress::V4(peer), port}};
}

TEST(InternedStringsTest, EqualStringsAreKeptOnceUntilTheLastHandleGoes) {
  InternedStrings strings;
  {
    auto a = strings.Intern("0800123456");
    auto b = strings.Intern("0800123456");
    auto c = strings.Intern("0800999999");
    EXPECT_EQ(a.text().data(), b.text().data());
    EXPECT_EQ(strings.size(), 2u);
    c = std::move(a);
    EXPECT_EQ(c.text(), "0800123456");
    b = {};
    EXPECT_EQ(c.text(), "0800123456");
  }
  EXPECT_EQ(strings.size(), 0u);
  EXPECT_EQ(strings.Intern("").text(), "");
  EXPECT_EQ(strings.size(), 0u);
}

TEST(TunnelTableTest, NewestTunnelOwnsThePeersName) {
  TunnelTable tunnels;
  const auto peer = Endpoints(1, 1701);
  tunnels.Add(l2tp::LocalTunnelId(10), l2tp::PeerTunnelId(5), peer);
  TunnelRecord& second = tunnels.Add(l2tp::LocalTunnelId(11), l2tp::PeerTunnelId(5), peer);
  EXPECT_EQ(tunnels.FindByPeer(peer, l2tp::PeerTunnelId(5)), &second);
  EXPECT_EQ(tunnels.FindByPeer(Endpoints(1, 1702), l2tp::PeerTunnelId(5)), nullptr);
  EXPECT_EQ(tunnels.FindByPeer(peer, l2tp::PeerTunnelId(6)), nullptr);
  tunnels.Remove(l2tp::LocalTunnelId(10));
  EXPECT_EQ(tunnels.FindByPeer(peer, l2tp::PeerTunnelId(5)), &second);
  tunnels.Remove(l2tp::LocalTunnelId(11));
  EXPECT_EQ(tunnels.FindByPeer(peer, l2tp::PeerTunnelId(5)), nullptr);
  EXPECT_EQ(tunnels.size(), 0u);
}

// Random additions and removals: slots are reused, and each tunnel's list holds exactly its own.
TEST(SessionTableTest, ListsAndSlotsStayConsistent) {
  TunnelTable tunnels;
  SessionTable sessions;
  SeededRng rng(1);
  std::vector<TunnelRecord*> owners;
  for (uint16_t i = 1; i <= 3; ++i) {
    owners.push_back(
        &tunnels.Add(l2tp::LocalTunnelId(i), l2tp::PeerTunnelId(i), Endpoints(i, 1701)));
  }
  std::set<SessionKey> model;
  for (int step = 0; step < 5000; ++step) {
    TunnelRecord& owner = *owners[rng.Below(3)];
    const SessionKey key{owner.id, l2tp::LocalSessionId(static_cast<uint16_t>(1 + rng.Below(50)))};
    if (SessionRecord* session = sessions.Find(key)) {
      ASSERT_EQ(sessions.At(session->slot), session);
      const uint32_t slot = session->slot;
      const auto removed = sessions.Remove(*session);
      ASSERT_EQ(removed->key, key);
      ASSERT_EQ(sessions.At(slot), nullptr);
      ASSERT_EQ(model.erase(key), 1u);
    } else {
      sessions.Add(key, owner);
      model.insert(key);
    }
    ASSERT_EQ(sessions.size(), model.size());
    std::set<SessionKey> listed;
    for (const TunnelRecord* tunnel : owners) {
      uint32_t count = 0;
      for (uint32_t slot = tunnel->first_session; slot != SessionTable::kNil;
           slot = sessions.At(slot)->next) {
        ASSERT_EQ(sessions.At(slot)->tunnel, tunnel);
        listed.insert(sessions.At(slot)->key);
        ++count;
      }
      ASSERT_EQ(count, tunnel->session_count);
    }
    ASSERT_EQ(listed, model);
  }
  EXPECT_LE(sessions.slot_limit(), 150u);
}

}  // namespace
}  // namespace lns::controlplane
