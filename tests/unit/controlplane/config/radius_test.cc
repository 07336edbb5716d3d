// RADIUS in the configuration, and the dictionary that is shipped.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "controlplane/config/settings.h"
#include "lib/radius/attributes.h"

namespace lns::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kSmallest[] = R"(lns: {addresses: [198.51.100.1], host_name: lns1}
peers: [{name: any}]
)";

absl::StatusOr<RadiusSettings> Check(const std::string& yaml,
                                     const std::string& file = "lns.yaml") {
  config::v1::ControlplaneConfig message;
  const auto source = config::ParseYaml(kSmallest + yaml, file, &message);
  if (!source.ok()) return source.status();
  const auto settings = CheckConfig(message, *source);
  if (!settings.ok()) return settings.status();
  return settings->radius;
}

TEST(RadiusConfig, AbsentItIsNotUsed) {
  const auto radius = Check("");
  ASSERT_TRUE(radius.ok()) << radius.status();
  EXPECT_FALSE(radius->used());
  ASSERT_NE(radius->dictionary, nullptr);
}

TEST(RadiusConfig, ServerGetsEveryDefault) {
  const auto radius = Check("radius: {servers: [{address: 192.0.2.21, secret: s}]}\n");
  ASSERT_TRUE(radius.ok()) << radius.status();
  EXPECT_TRUE(radius->used());
  const radius::ServerSettings& server = radius->client.servers[0];
  EXPECT_EQ(server.name, "192.0.2.21");
  EXPECT_EQ(server.endpoint.ToString(), "192.0.2.21:1812");
  EXPECT_EQ(server.order, 1u);
  EXPECT_EQ(server.weight, 1u);
  EXPECT_EQ(server.demand, radius::MessageAuthenticator::kRequired);
  EXPECT_TRUE(server.probe);
  EXPECT_EQ(radius->nas.identifier, "lns1");
  EXPECT_EQ(radius->nas.address.ToString(), "198.51.100.1");
  EXPECT_TRUE(radius->local_users_first);
  EXPECT_TRUE(radius->when_down.empty());
}

TEST(RadiusConfig, EveryFieldIsRead) {
  const auto radius = Check(R"(radius:
  servers:
    - {name: a, address: "2001:db8::21", port: 1645, secret: s, order: 2, weight: 5,
       require_message_authenticator: false, probe: false}
    - {address: 192.0.2.22, secret: t}
  times: {retransmit_ms: 500, retransmit_cap_ms: 2000, tries: 4, give_up_s: 9, dead_after_s: 2,
          dead_time_s: 30, probe_interval_s: 3}
  source_addresses: [198.51.100.1, "2001:db8::1"]
  device: mgmt
  nas_identifier: other
  nas_address: 192.0.2.1
  framed_prefixes: [100.66.0.0/16, "2001:db8:66::/48"]
  local_users_first: false
  when_down: [local_users, cache]
  cache_users: 0
  cache_lifetime_s: 60
  max_in_flight: 100
  max_waiting: 200
  max_wait_s: 4
  target_ms: 250
)");
  ASSERT_TRUE(radius.ok()) << radius.status();
  ASSERT_THAT(radius->client.servers, SizeIs(2));
  const radius::ServerSettings& server = radius->client.servers[0];
  EXPECT_EQ(server.endpoint.ToString(), "[2001:db8::21]:1645");
  EXPECT_EQ(server.secret, "s");
  EXPECT_EQ(server.order, 2u);
  EXPECT_EQ(server.weight, 5u);
  EXPECT_EQ(server.demand, radius::MessageAuthenticator::kOptional);
  EXPECT_FALSE(server.probe);
  EXPECT_EQ(radius->client.retransmit, Duration::Milliseconds(500));
  EXPECT_EQ(radius->client.retransmit_cap, Duration::Seconds(2));
  EXPECT_EQ(radius->client.tries, 4u);
  EXPECT_EQ(radius->client.give_up, Duration::Seconds(9));
  EXPECT_EQ(radius->client.dead_after, Duration::Seconds(2));
  EXPECT_EQ(radius->client.dead_time, Duration::Seconds(30));
  EXPECT_EQ(radius->client.probe_interval, Duration::Seconds(3));
  EXPECT_THAT(radius->source.addresses, SizeIs(2));
  EXPECT_EQ(radius->source.device, "mgmt");
  EXPECT_EQ(radius->nas.identifier, "other");
  EXPECT_EQ(radius->nas.address.ToString(), "192.0.2.1");
  EXPECT_THAT(radius->framed_prefixes, SizeIs(2));
  EXPECT_FALSE(radius->local_users_first);
  EXPECT_THAT(radius->when_down, ElementsAre(Fallback::kLocalUsers, Fallback::kCache));
  EXPECT_EQ(radius->cache_users, 0u);
  EXPECT_EQ(radius->cache_lifetime, Duration::Seconds(60));
  EXPECT_EQ(radius->admission.max_in_flight, 100u);
  EXPECT_EQ(radius->admission.max_waiting, 200u);
  EXPECT_EQ(radius->admission.max_wait, Duration::Seconds(4));
  EXPECT_EQ(radius->admission.target, Duration::Milliseconds(250));
}

TEST(RadiusConfig, ShippedDictionaryNamesWhatIsSent) {
  const auto radius = Check(
      "radius: {servers: [{address: 192.0.2.21, secret: s}],\n"
      "  dictionaries: [" SHIPPED_DICTIONARY
      "],\n"
      "  send: [{name: Port-Limit, value: '7'}, {name: Cisco-AVPair, value: 'a=b'}]}\n");
  ASSERT_TRUE(radius.ok()) << radius.status();
  EXPECT_EQ(LoadBe32(radius::Find(radius->extra, {0, 62})->data()), 7u);
  EXPECT_EQ(AsText(*radius::Find(radius->extra, radius::kCiscoAvPair)), "a=b");
  const radius::Dictionary& dictionary = *radius->dictionary;
  EXPECT_EQ(dictionary.skipped(), 0u);
  // Names and numbers agree with those the program knows.
  for (const auto& [name, id] : {std::pair{"User-Name", radius::kUserName},
                                 {"Framed-Pool", radius::kFramedPool},
                                 {"Delegated-IPv6-Prefix", radius::kDelegatedIpv6Prefix},
                                 {"MS-CHAP2-Success", radius::kMsChap2Success},
                                 {"Actual-Data-Rate-Downstream", radius::kActualDataRateDownstream},
                                 {"WISPr-Bandwidth-Max-Up", radius::kWisprBandwidthMaxUp},
                                 {"Mikrotik-Total-Limit", radius::kMikrotikTotalLimit},
                                 {"ERX-Virtual-Router-Name", radius::kErxVirtualRouterName}}) {
    ASSERT_NE(dictionary.Find(name), nullptr) << name;
    EXPECT_EQ(dictionary.Find(name)->id, id) << name;
  }
  EXPECT_TRUE(dictionary.Find("User-Password")->secret);
}

TEST(RadiusConfig, DictionaryBesideTheFileIsFoundWithWhatItIncludes) {
  const std::string directory = testing::TempDir() + "radius-config/";
  ASSERT_EQ(system(("mkdir -p " + directory + "radius").c_str()), 0);
  std::ofstream(directory + "radius/dictionary") << "$INCLUDE more\n";
  std::ofstream(directory + "radius/more") << "ATTRIBUTE Thing 200 string\n";
  const auto radius = Check("radius: {send: [{name: Thing, value: x}]}\n", directory + "lns.yaml");
  ASSERT_TRUE(radius.ok()) << radius.status();
  EXPECT_EQ(AsText(*radius::Find(radius->extra, {0, 200})), "x");
  std::ofstream(directory + "radius/more") << "\nATTRIBUTE Thing\n";
  EXPECT_THAT(std::string(Check("", directory + "lns.yaml").status().message()),
              HasSubstr("radius/more:2: expected ATTRIBUTE"));
}

TEST(RadiusConfig, WhatIsWrongIsNamed) {
  const struct {
    const char* yaml;
    const char* expected;
  } kCases[] = {
      {"{servers: [{secret: s}]}", "radius.servers[0].address: expected an IP address"},
      {"{servers: [{address: here, secret: s}]}", "radius.servers[0].address: expected an IP"},
      {"{servers: [{address: 192.0.2.1}]}", "radius.servers[0].secret: expected"},
      {"{servers: [{address: 192.0.2.1, secret: s, weight: 0}]}", "expected 1 to 1000, got 0"},
      {"{servers: [{address: 192.0.2.1, secret: s}, {address: 192.0.2.1, secret: s}]}",
       "is there already"},
      {"{times: {tries: 0}}", "radius.times.tries: expected 1 to 20"},
      {"{source_addresses: ['']}", "radius.source_addresses[0]: expected an IP address"},
      {"{device: a-name-of-16-chars}", "radius.device: expected the name of an interface"},
      {"{when_down: [hope]}", "hope"},
      {"{send: [{name: Nothing, value: x}]}", "no dictionary knows \"Nothing\""},
      {"{dictionaries: [/nowhere/dictionary]}", "/nowhere/dictionary: cannot be read"},
      {"{framed_prefixes: [100.66.0.1/16]}", "radius.framed_prefixes[0]: expected"},
      {"{max_in_flight: 20000}", "radius.max_in_flight: expected 1 to 16384"},
  };
  for (const auto& wrong : kCases) {
    SCOPED_TRACE(wrong.yaml);
    const auto radius = Check(std::string("radius: ") + wrong.yaml + "\n");
    ASSERT_FALSE(radius.ok());
    EXPECT_THAT(std::string(radius.status().message()), HasSubstr(wrong.expected));
  }
}

}  // namespace
}  // namespace lns::controlplane
