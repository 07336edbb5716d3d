// From a router's message to what the tables are told. The sockets are tested in
// tests/functional/test_narrow_path.py.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/kernel/path_errors.h"
#include "lib/net/icmp_error.h"
#include "lib/net/ipv4.h"
#include "lib/net/udp.h"
#include "tests/support/fake_table_writer.h"

namespace lns::dataplane {
namespace {

using net::Family;

constexpr int kAccess = 4;  // an interface of a port in VRF 3
constexpr uint32_t kOurs = 0xc6336401;
constexpr uint32_t kTheirs = 0xc633640b;

// Data messages with the ids 70 and 1, without and with a Length.
const Bytes kData = {0x00, 0x02, 0x00, 0x46, 0x00, 0x01};
const Bytes kLengthy = {0x40, 0x02, 0x05, 0xc0, 0x00, 0x46, 0x00, 0x01};

Bytes About(ByteView payload, uint32_t mtu) {
  Bytes packet(net::kIpv4HeaderLength + net::kUdpHeaderLength);
  net::WriteIpv4({.total_length = 1500,
                  .fragment = net::kIpv4DontFragment,
                  .protocol = net::kProtocolUdp,
                  .source = kOurs,
                  .destination = kTheirs},
                 packet);
  net::WriteUdp({.source_port = 1701, .destination_port = 1702, .length = 1480},
                MutableByteView(packet).subspan(net::kIpv4HeaderLength));
  packet.insert(packet.end(), payload.begin(), payload.end());
  const size_t headers = net::IcmpErrorHeaders(Family::kIpv4);
  Bytes message(headers + packet.size());
  std::copy(packet.begin(), packet.end(), message.begin() + static_cast<ptrdiff_t>(headers));
  net::WriteIcmpError({.problem = net::IcmpProblem::kTooBig,
                       .source = net::IpAddress::V4(0xcb007101),
                       .value = mtu},
                      message);
  return {message.begin() + net::kIpv4HeaderLength, message.end()};
}

class PathErrorsTest : public testing::Test {
 protected:
  void Take(const Bytes& message, int interface_index = kAccess) {
    errors_.Take(Family::kIpv4, message, interface_index, now_);
  }
  uint64_t Count(PathVerdict verdict) const {
    return errors_.counters()[static_cast<size_t>(verdict)].value();
  }

  test::FakeTableWriter writer_;
  Instant now_ = Instant::FromNanoseconds(1000);
  PathErrors errors_{{.least_mtu = 1280, .keep = Duration::Seconds(600)},
                     [](int interface_index) -> std::optional<VrfIndex> {
                       if (interface_index != kAccess) return std::nullopt;
                       return VrfIndex{3};
                     },
                     writer_};
};

TEST_F(PathErrorsTest, TheTablesAreToldWhoseWayAndForHowLong) {
  Take(About(kData, 1400));
  ASSERT_EQ(writer_.path_reports().size(), 1u);
  const PathReport report = writer_.path_reports()[0];
  EXPECT_EQ(report.ends,
            (net::EndpointPair{
                {net::IpAddress::V4(kOurs), 1701}, {net::IpAddress::V4(kTheirs), 1702}, 3}));
  EXPECT_EQ(report.tunnel, l2tp::PeerTunnelId(70));
  EXPECT_EQ(report.mtu, 1400);
  EXPECT_EQ(Count(PathVerdict::kTaken), 1u);
  now_ = now_ + Duration::Seconds(599);
  errors_.Tick(now_);
  EXPECT_EQ(writer_.PathLimits().size(), 1u);
  now_ = now_ + Duration::Seconds(1);
  errors_.Tick(now_);
  EXPECT_TRUE(writer_.PathLimits().empty());
}

TEST_F(PathErrorsTest, TheTunnelIsReadAsFarAsItIsQuoted) {
  Take(About(kLengthy, 1400));
  Take(About({}, 1400));
  Take(About(ByteView(kData).first(3), 1400));
  Take(About(ByteView(kLengthy).first(5), 1400));
  const std::vector<PathReport> reports = writer_.path_reports();
  ASSERT_EQ(reports.size(), 4u);
  EXPECT_EQ(reports[0].tunnel, l2tp::PeerTunnelId(70));
  for (size_t i = 1; i < 4; ++i) EXPECT_FALSE(reports[i].tunnel.has_value()) << i;
}

TEST_F(PathErrorsTest, NothingBelowTheLeastIsBelieved) {
  Take(About(kData, 68));
  ASSERT_EQ(writer_.path_reports().size(), 1u);
  EXPECT_EQ(writer_.path_reports()[0].mtu, 1280);
}

TEST_F(PathErrorsTest, WhatIsNotLookedAtIsCounted) {
  Bytes damaged = About(kData, 1400);
  damaged.back() ^= 1;
  Take(damaged);
  EXPECT_EQ(Count(PathVerdict::kUnreadable), 1u);
  Take(About(kData, 1400), kAccess + 1);
  EXPECT_EQ(Count(PathVerdict::kForeignPort), 1u);
  EXPECT_TRUE(writer_.path_reports().empty());
}

TEST_F(PathErrorsTest, SoManyASecondAreLookedAt) {
  for (uint32_t i = 0; i < PathErrors::kMaxPerSecond + 5; ++i) Take(About(kData, 1400));
  EXPECT_EQ(writer_.path_reports().size(), PathErrors::kMaxPerSecond);
  EXPECT_EQ(Count(PathVerdict::kRate), 5u);
  errors_.Tick(now_);
  Take(About(kData, 1400));
  EXPECT_EQ(writer_.path_reports().size(), PathErrors::kMaxPerSecond + 1);
}

}  // namespace
}  // namespace lns::dataplane
