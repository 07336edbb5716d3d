// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/ppp/mschap.h"
#include "tools/lacsim/options.h"

namespace lns::lacsim {
namespace {

std::variant<Options, ExitCode> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "lacsim");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}
Options MustParse(const std::vector<const char*>& arguments) {
  const auto parsed = Parse(arguments);
  const Options* options = std::get_if<Options>(&parsed);
  EXPECT_NE(options, nullptr);
  return options == nullptr ? Options() : *options;
}

TEST(Options, DialsOneSessionByDefault) {
  const Options options = MustParse({"--lns", "198.51.100.1"});
  EXPECT_EQ(options.lns.ToString(), "198.51.100.1:1701");
  EXPECT_EQ(options.tunnels, 1u);
  EXPECT_EQ(options.sessions, 1u);
  EXPECT_EQ(options.auth, ppp::AuthProtocol::kChapMd5);
  EXPECT_EQ(options.hold, Duration());
  EXPECT_FALSE(options.traffic.enabled());
}

TEST(Options, ProxyAndMsChapAreChosenByName) {
  EXPECT_EQ(MustParse({"--lns", "198.51.100.1"}).proxy, ProxyMode::kNone);
  EXPECT_EQ(MustParse({"--lns", "198.51.100.1", "--proxy", "lcp"}).proxy, ProxyMode::kLcp);
  EXPECT_EQ(MustParse({"--lns", "198.51.100.1", "--proxy", "auth"}).proxy, ProxyMode::kAuth);
  if (!ppp::MsChapError().empty()) GTEST_SKIP() << ppp::MsChapError();
  EXPECT_EQ(MustParse({"--lns", "198.51.100.1", "--auth", "mschapv2"}).auth,
            ppp::AuthProtocol::kMsChapV2);
}

TEST(Options, TakesSourcePort1701OnlyWithAnAddressPerTunnel) {
  EXPECT_TRUE(
      MustParse({"--lns", "198.51.100.1", "--tunnels", "4", "--lac-addresses", "198.51.100.11/4"})
          .tunnels_have_own_addresses());
  EXPECT_FALSE(
      MustParse({"--lns", "198.51.100.1", "--tunnels", "5", "--lac-addresses", "198.51.100.11/4"})
          .tunnels_have_own_addresses());
}

TEST(Options, NegativeHoldLastsUntilASignal) {
  EXPECT_FALSE(MustParse({"--lns", "198.51.100.1", "--hold", "-1"}).hold.has_value());
  EXPECT_EQ(MustParse({"--lns", "198.51.100.1", "--hold", "1.5"}).hold,
            Duration::Milliseconds(1500));
}

TEST(Options, DirectionChoosesTheLanes) {
  const std::vector<const char*> base = {
      "--lns", "198.51.100.1",      "--host", "203.0.113.10", "--traffic-pps",
      "100",   "--traffic-seconds", "1"};
  const auto with = [&](const char* direction) {
    auto arguments = base;
    arguments.insert(arguments.end(), {"--direction", direction});
    return MustParse(arguments).traffic;
  };
  EXPECT_TRUE(with("up").up && !with("up").down);
  EXPECT_TRUE(!with("down").up && with("down").down);
  EXPECT_TRUE(with("both").up && with("both").down);
}

TEST(Options, RefusesWhatCannotBeRun) {
  const std::vector<std::vector<const char*>> rows = {
      {},
      {"--lns", "nowhere"},
      {"--lns", "198.51.100.1:0"},
      {"--lns", "198.51.100.1", "--auth", "eap"},
      {"--lns", "198.51.100.1", "--proxy", "eap"},
      {"--lns", "198.51.100.1", "--sessions", "65535"},
      {"--lns", "198.51.100.1", "--lac-addresses", "2001:db8::1"},
      {"--lns", "198.51.100.1", "--lac-addresses", "198.51.100.11/0"},
      {"--lns", "198.51.100.1", "--traffic-pps", "10", "--host", "203.0.113.10"},
      {"--lns", "198.51.100.1", "--traffic-pps", "10", "--traffic-seconds", "1"},
      {"--lns", "198.51.100.1", "--ping", "3"},
      {"--lns", "198.51.100.1", "--payload", "27"},
      {"--lns", "198.51.100.1", "--tun", "a-name-that-is-too-long"},
  };
  for (const auto& row : rows) {
    const auto parsed = Parse(row);
    const ExitCode* code = std::get_if<ExitCode>(&parsed);
    ASSERT_NE(code, nullptr) << (row.empty() ? "" : row.back());
    EXPECT_EQ(code->value, 2);
  }
}

TEST(ExpandNumber, ReplacesEveryPlaceholderAndNothingElse) {
  EXPECT_EQ(ExpandNumber("user%d", 7), "user7");
  EXPECT_EQ(ExpandNumber("%d@%d", 12), "12@12");
  EXPECT_EQ(ExpandNumber("100%", 1), "100%");
  EXPECT_EQ(ExpandNumber("", 1), "");
}

TEST(AddressRange, CountsUpThroughTheOctets) {
  const auto range = ParseAddressRange("198.51.100.254/4");
  ASSERT_TRUE(range);
  ASSERT_EQ(range->size(), 4u);
  EXPECT_EQ((*range)[1].ToString(), "198.51.100.255");
  EXPECT_EQ((*range)[2].ToString(), "198.51.101.0");
  EXPECT_EQ((*range)[3].ToString(), "198.51.101.1");
  const auto v6 = ParseAddressRange("2001:db8::ffff/2");
  ASSERT_TRUE(v6);
  EXPECT_EQ((*v6)[1].ToString(), "2001:db8::1:0");
  EXPECT_FALSE(ParseAddressRange("198.51.100.1/x"));
}

TEST(EndpointText, ReadsBothFamiliesWithAndWithoutPort) {
  const auto read = [](const char* text) {
    const auto endpoint = ParseEndpoint(text, 1701);
    return endpoint ? endpoint->ToString() : "nothing";
  };
  EXPECT_EQ(read("198.51.100.1"), "198.51.100.1:1701");
  EXPECT_EQ(read("198.51.100.1:7000"), "198.51.100.1:7000");
  EXPECT_EQ(read("2001:db8::1"), "[2001:db8::1]:1701");
  EXPECT_EQ(read("[2001:db8::1]:5"), "[2001:db8::1]:5");
  EXPECT_EQ(read("[2001:db8::1]"), "[2001:db8::1]:1701");
  for (const char* text : {"", "198.51.100.1:99999", "198.51.100.1:0", "198.51.100.1:",
                           "[198.51.100.1]:5", "[2001:db8::1", "[2001:db8::1]5", "host:1701"}) {
    EXPECT_EQ(read(text), "nothing") << text;
  }
}

}  // namespace
}  // namespace lns::lacsim
