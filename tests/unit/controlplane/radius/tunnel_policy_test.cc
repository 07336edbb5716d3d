// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <functional>

#include "controlplane/radius/tunnel_policy.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"

namespace lns::controlplane {
namespace {

using radius::PacketBuilder;

CallDescription Call() {
  return {.tunnel = {.local = {net::IpAddress::V4(0xc6336401), 1701},  // 198.51.100.1
                     .peer = {net::IpAddress::V4(0xc633640b), 1701}},  // 198.51.100.11
          .lac_host_name = "lac1",
          .lns_host_name = "lns"};
}

// RFC 2868 3, as the terminator of the tunnel sees it.
TEST(TunnelPolicyTest, AUserMayComeByATunnelThatFitsInAllThatIsSaidOfIt) {
  struct Row {
    const char* what;
    std::function<void(PacketBuilder& packet)> fill;
    bool allowed;
    const char* group = "";
  };
  const Row rows[] = {
      {"nothing is said", [](auto&) {}, true},
      {"L2TP", [](auto& p) { p.AddTaggedInteger(radius::kTunnelType, 0, 3); }, true},
      {"PPTP", [](auto& p) { p.AddTaggedInteger(radius::kTunnelType, 0, 1); }, false},
      {"L2TP or PPTP",
       [](auto& p) {
         p.AddTaggedInteger(radius::kTunnelType, 1, 1);
         p.AddTaggedInteger(radius::kTunnelType, 2, 3);
       },
       true},
      {"over IPv6 only", [](auto& p) { p.AddTaggedInteger(radius::kTunnelMediumType, 0, 2); },
       false},
      {"everything fits",
       [](auto& p) {
         p.AddTaggedInteger(radius::kTunnelType, 5, 3);
         p.AddTaggedInteger(radius::kTunnelMediumType, 5, 1);
         p.AddTaggedText(radius::kTunnelClientEndpoint, 5, "198.51.100.11");
         p.AddTaggedText(radius::kTunnelServerEndpoint, 5, "198.51.100.1");
         p.AddTaggedText(radius::kTunnelClientAuthId, 5, "lac1");
         p.AddTaggedText(radius::kTunnelServerAuthId, 5, "lns");
         p.AddTaggedText(radius::kTunnelPrivateGroupId, 5, "red");
         p.AddTaggedText(radius::kTunnelAssignmentId, 5, "whatever");
         p.AddTaggedInteger(radius::kTunnelPreference, 5, 9);
       },
       true, "red"},
      {"another LAC's address",
       [](auto& p) { p.AddTaggedText(radius::kTunnelClientEndpoint, 0, "198.51.100.12"); }, false},
      {"a LAC by a name",
       [](auto& p) { p.AddTaggedText(radius::kTunnelClientEndpoint, 0, "lac1"); }, false},
      {"another LNS address",
       [](auto& p) { p.AddTaggedText(radius::kTunnelServerEndpoint, 0, "198.51.100.2"); }, false},
      {"another LAC's name",
       [](auto& p) { p.AddTaggedText(radius::kTunnelClientAuthId, 0, "lac2"); }, false},
      {"another LNS name", [](auto& p) { p.AddTaggedText(radius::kTunnelServerAuthId, 0, "x"); },
       false},
      {"half of each of two tunnels",
       [](auto& p) {
         p.AddTaggedText(radius::kTunnelClientAuthId, 1, "lac1");
         p.AddTaggedText(radius::kTunnelClientEndpoint, 1, "198.51.100.12");
         p.AddTaggedText(radius::kTunnelClientAuthId, 2, "lac2");
         p.AddTaggedText(radius::kTunnelClientEndpoint, 2, "198.51.100.11");
       },
       false},
      {"the group of the tunnel it came by",
       [](auto& p) {
         p.AddTaggedText(radius::kTunnelClientAuthId, 1, "lac2");
         p.AddTaggedText(radius::kTunnelPrivateGroupId, 1, "blue");
         p.AddTaggedText(radius::kTunnelClientAuthId, 2, "lac1");
         p.AddTaggedText(radius::kTunnelPrivateGroupId, 2, "red");
       },
       true, "red"},
      {"a group alone", [](auto& p) { p.AddTaggedText(radius::kTunnelPrivateGroupId, 0, "red"); },
       true, "red"},
      {"a group beside a tunnel that does not fit",
       [](auto& p) {
         p.AddTaggedText(radius::kTunnelPrivateGroupId, 0, "red");
         p.AddTaggedText(radius::kTunnelClientAuthId, 1, "lac2");
       },
       false},
  };
  for (const Row& row : rows) {
    PacketBuilder packet(radius::Code::kAccessAccept, 1);
    row.fill(packet);
    const TunnelPolicy policy = ReadTunnelPolicy(packet.attributes(), Call());
    EXPECT_EQ(policy.allowed, row.allowed) << row.what;
    EXPECT_EQ(policy.group, row.group) << row.what;
    EXPECT_FALSE(policy.malformed) << row.what;
  }
}

TEST(TunnelPolicyTest, AMalformedAttributeIsToldAndSaysNothing) {
  PacketBuilder packet(radius::Code::kAccessAccept, 1);
  packet.Add(radius::kTunnelType, Bytes{0, 0, 1});
  const TunnelPolicy policy = ReadTunnelPolicy(packet.attributes(), Call());
  EXPECT_TRUE(policy.malformed);
  EXPECT_TRUE(policy.allowed);
}

}  // namespace
}  // namespace lns::controlplane
