// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "controlplane/radius/call_attributes.h"
#include "lib/base/text.h"
#include "lib/radius/attributes.h"

namespace lns::controlplane {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CallAttributes : public testing::Test {
 protected:
  // In hexadecimal digits.
  std::vector<std::string> All(radius::AttributeId id) {
    std::vector<std::string> values;
    radius::AttributeReader reader(builder_.attributes());
    for (radius::Attribute attribute; reader.Next(attribute);) {
      if (attribute.id != id) continue;
      AppendHex(values.emplace_back(), attribute.value);
    }
    return values;
  }
  // As text.
  std::string Text(radius::AttributeId id) {
    const auto value = radius::Find(builder_.attributes(), id);
    return value ? std::string(AsText(*value)) : "none";
  }

  radius::PacketBuilder builder_{radius::Code::kAccessRequest, 1};
};

TEST_F(CallAttributes, NasIsNamedInItsAddressFamily) {
  AddNas({*net::IpAddress::Parse("192.0.2.1"), "lns1"}, builder_);
  EXPECT_THAT(All(radius::kNasIpAddress), ElementsAre("c0000201"));
  EXPECT_EQ(Text(radius::kNasIdentifier), "lns1");
  AddNas({*net::IpAddress::Parse("2001:db8::1"), ""}, builder_);
  EXPECT_THAT(All(radius::kNasIpv6Address), ElementsAre("20010db8000000000000000000000001"));
  EXPECT_EQ(All(radius::kNasIdentifier).size(), 1u);
}

TEST_F(CallAttributes, CallAndTunnelAreTold) {
  CallDescription call{.accounting_id = "0123",
                       .nas_port = 0x00070009,
                       .nas_port_id = "l2tp 7/9",
                       .lac_host_name = "lac1",
                       .lns_host_name = "lns1",
                       .serial_number = 42,
                       .called_number = "0800",
                       .calling_number = "0555",
                       .tx_connect_speed_bps = 100'000'000,
                       .rx_connect_speed_bps = 40'000'000};
  call.tunnel.local.address = *net::IpAddress::Parse("198.51.100.1");
  call.tunnel.peer.address = *net::IpAddress::Parse("198.51.100.11");
  AddCall(call, builder_);
  EXPECT_THAT(All(radius::kServiceType), ElementsAre("00000002"));
  EXPECT_THAT(All(radius::kFramedProtocol), ElementsAre("00000001"));
  EXPECT_THAT(All(radius::kNasPort), ElementsAre("00070009"));
  EXPECT_THAT(All(radius::kNasPortType), ElementsAre("00000005"));
  EXPECT_EQ(Text(radius::kNasPortId), "l2tp 7/9");
  EXPECT_EQ(Text(radius::kAcctSessionId), "0123");
  EXPECT_EQ(Text(radius::kCalledStationId), "0800");
  EXPECT_EQ(Text(radius::kCallingStationId), "0555");
  EXPECT_EQ(Text(radius::kConnectInfo), "100000000/40000000");
  EXPECT_THAT(All(radius::kTunnelType), ElementsAre("00000003"));
  EXPECT_THAT(All(radius::kTunnelMediumType), ElementsAre("00000001"));
  EXPECT_THAT(All(radius::kTunnelClientEndpoint), ElementsAre("003139382e35312e3130302e3131"));
  EXPECT_EQ(Text(radius::kTunnelServerEndpoint).substr(1), "198.51.100.1");
  EXPECT_EQ(Text(radius::kTunnelAssignmentId).substr(1), "7");
  EXPECT_EQ(Text(radius::kTunnelClientAuthId).substr(1), "lac1");
  EXPECT_EQ(Text(radius::kTunnelServerAuthId).substr(1), "lns1");
  EXPECT_EQ(Text(radius::kAcctTunnelConnection), "42");
}

TEST_F(CallAttributes, WhatIsNotKnownIsLeftOut) {
  AddCall({}, builder_);
  EXPECT_THAT(All(radius::kCalledStationId), IsEmpty());
  EXPECT_THAT(All(radius::kCallingStationId), IsEmpty());
  EXPECT_THAT(All(radius::kConnectInfo), IsEmpty());
  EXPECT_THAT(All(radius::kTunnelClientAuthId), IsEmpty());
  EXPECT_THAT(All(radius::kAgentCircuitId), IsEmpty());
}

TEST_F(CallAttributes, LineIsToldInTheForumsAttributes) {
  CallDescription call;
  call.line = l2tp::AccessLine{.circuit_id = "dslam 1/2",
                               .remote_id = "customer",
                               .actual_rate_up_bps = 40'000'000,
                               .actual_rate_down_bps = 10'000'000'000,
                               .actual_interleaving_delay_down_ms = 8,
                               .loop_encapsulation = 0x010203,
                               .iwf_session = true};
  AddCall(call, builder_);
  EXPECT_EQ(Text(radius::kAgentCircuitId), "dslam 1/2");
  EXPECT_EQ(Text(radius::kAgentRemoteId), "customer");
  EXPECT_THAT(All(radius::kActualDataRateUpstream), ElementsAre("02625a00"));
  EXPECT_THAT(All(radius::kActualDataRateDownstream), ElementsAre("ffffffff"));
  EXPECT_THAT(All(radius::kMinimumDataRateUpstream), IsEmpty());
  EXPECT_THAT(All(radius::kActualInterleavingDelayDownstream), ElementsAre("00000008"));
  EXPECT_THAT(All(radius::kAccessLoopEncapsulation), ElementsAre("010203"));
  EXPECT_THAT(All(radius::kIwfSession), ElementsAre(""));
}

}  // namespace
}  // namespace lns::controlplane
