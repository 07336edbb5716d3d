// Filters and DSCP policies as they are written.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "controlplane/config/policy_fields.h"
#include "controlplane/config/settings.h"

namespace lns::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

absl::StatusOr<Settings> Check(const std::string& yaml) {
  config::v1::ControlplaneConfig message;
  const auto source = config::ParseYaml(
      "lns:\n  addresses: [198.51.100.1]\npeers:\n  - name: any\n" + yaml, "lns.yaml", &message);
  if (!source.ok()) return source.status();
  return CheckConfig(message, *source);
}
std::string ErrorOf(const std::string& yaml) { return std::string(Check(yaml).status().message()); }

TEST(PolicyFields, EveryFieldOfARuleReachesItsPlace) {
  const auto settings = Check(R"(filters:
  - name: all
    rest: permit
    rules:
      - verdict: permit
        family: 4
        sources: [192.0.2.0/24, 2001:db8::/32]
        destinations: [192.0.2.1]
        protocol: tcp
        source_ports: ["1024-65535"]
        destination_ports: ["80", "443"]
        dscps: [ef, "7"]
        established: true
      - {verdict: deny, protocol: icmpv6, icmp_type: 128, icmp_code: 0}
      - {verdict: deny, protocol: "89", later_fragments: true}
      - {verdict: redirect, next_hops: [203.0.113.1, "2001:db8::1"]}
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_THAT(settings->engine.policies.filters, SizeIs(1));
  const auto address = [](const char* text) { return *net::IpAddress::Parse(text); };
  const auto prefix = [](const char* text) { return *net::IpPrefix::Parse(text); };
  const net::Filter expected{
      .name = "all",
      .rules =
          {{.verdict = net::FilterVerdict::kPermit,
            .family = net::Family::kIpv4,
            .sources = {prefix("192.0.2.0/24"), prefix("2001:db8::/32")},
            .destinations = {prefix("192.0.2.1/32")},
            .protocol = 6,
            .source_ports = {{1024, 65535}},
            .destination_ports = {{80, 80}, {443, 443}},
            .dscps = {46, 7},
            .established = true},
           {.verdict = net::FilterVerdict::kDeny, .protocol = 58, .icmp_type = 128, .icmp_code = 0},
           {.verdict = net::FilterVerdict::kDeny, .protocol = 89, .later_fragments = true},
           {.verdict = net::FilterVerdict::kRedirect,
            .next_hops = {address("203.0.113.1"), address("2001:db8::1")}}},
      .rest = net::FilterVerdict::kPermit};
  EXPECT_EQ(*settings->engine.policies.filters[0], expected);
}

TEST(PolicyFields, WhatIsWrongIsNamedWithItsPlace) {
  const struct {
    const char* rule;
    const char* error;
  } rows[] = {
      {"{protocol: tcp}", "filters[0].rules[0].verdict: expected permit, deny or redirect"},
      {"{verdict: deny, protocol: tpc}", "rules[0].protocol: expected a protocol by name"},
      {"{verdict: deny, protocol: \"256\"}", "rules[0].protocol: expected a protocol by name"},
      {"{verdict: deny, family: 5}", "rules[0].family: expected 4 or 6, got 5"},
      {"{verdict: deny, sources: [192.0.2.1/24]}", "rules[0].sources[0]"},
      {"{verdict: deny, destinations: [nowhere]}", "rules[0].destinations[0]"},
      {"{verdict: deny, protocol: tcp, source_ports: [\"9-8\"]}",
       "rules[0].source_ports[0]: expected a port or two with a hyphen"},
      {"{verdict: deny, protocol: tcp, source_ports: [\"65536\"]}",
       "rules[0].source_ports[0]: expected a port or two with a hyphen"},
      {"{verdict: deny, dscps: [gold]}", "rules[0].dscps[0]: expected a DSCP by name"},
      {"{verdict: deny, protocol: icmp, icmp_type: 256}", "rules[0].icmp_type: expected 0 to 255"},
      {"{verdict: redirect, next_hops: [portal]}", "rules[0].next_hops[0]"},
      {"{verdict: deny, destination_ports: [\"80\"]}", "rule 1: ports without a protocol"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(
        ErrorOf(std::string("filters:\n  - name: f\n    rules:\n      - ") + row.rule + "\n"),
        HasSubstr(row.error));
  }
  EXPECT_THAT(ErrorOf("filters: [{name: f}, {name: f}]\n"), HasSubstr("filters[1].name"));
  EXPECT_THAT(ErrorOf("filters: [{name: f, rest: redirect}]\n"), HasSubstr("cannot be redirected"));
}

TEST(PolicyFields, NamesMustBeThere) {
  constexpr char kFilters[] = "filters: [{name: f}]\ndscp_policies: [{name: d}]\n";
  EXPECT_EQ(ErrorOf(std::string(kFilters) + "redirect_filter: f\nppp:\n  filters: [f, f.out]\n" +
                    "  dscp_policy: d\nusers:\n  - {name: u, password: p, filters: [f.in]}\n"),
            "");
  EXPECT_THAT(ErrorOf("redirect_filter: f\n"), HasSubstr("there is no filter f"));
  EXPECT_THAT(ErrorOf("ppp:\n  filters: [f]\n"), HasSubstr("not there"));
  EXPECT_THAT(ErrorOf("ignore_unknown_policies: true\nppp:\n  filters: [f]\n"),
              HasSubstr("not there"));
  EXPECT_THAT(ErrorOf("users:\n  - {name: u, password: p, filters: [f]}\n"),
              HasSubstr("users[0]: filters or dscp_policy name what is not there"));
  EXPECT_THAT(ErrorOf(std::string(kFilters) +
                      "users:\n  - {name: u, password: p, filters: [f, f, f, f, f]}\n"),
              HasSubstr("at most 4 filters for each direction"));
}

TEST(PolicyFields, DscpPoliciesAreMaps) {
  const auto settings = Check(R"(dscp_policies:
  - name: p
    uplink: {mark: cs1}
    downlink:
      rewrite:
        - {from: [ef, va], to: af41}
        - {from: ["0"], to: le}
      others: default
    copy_to_outer: true
  - name: trusted
    outer: {rewrite: [{from: [ef], to: "45"}]}
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  const auto& policies = settings->engine.policies.dscp_policies;
  const net::DscpPolicy& p = *policies.at("p");
  EXPECT_THAT(*p.uplink, testing::Each(8));
  EXPECT_EQ((*p.downlink)[46], 34);
  EXPECT_EQ((*p.downlink)[44], 34);
  EXPECT_EQ((*p.downlink)[0], 1);
  EXPECT_EQ((*p.downlink)[10], 0);
  for (size_t i = 0; i < net::kDscps; ++i) EXPECT_EQ((*p.outer)[i], i);
  const net::DscpPolicy& trusted = *policies.at("trusted");
  EXPECT_FALSE(trusted.uplink.has_value() || trusted.downlink.has_value());
  EXPECT_EQ((*trusted.outer)[46], 45);
  EXPECT_EQ((*trusted.outer)[10], 10);
  EXPECT_THAT(ErrorOf("dscp_policies: [{name: p, uplink: {mark: ef, others: le}}]\n"),
              HasSubstr("dscp_policies[0].uplink.mark"));
  EXPECT_THAT(ErrorOf("dscp_policies: [{name: p, outer: {mark: ef}, copy_to_outer: true}]\n"),
              HasSubstr("dscp_policies[0].copy_to_outer"));
  EXPECT_THAT(
      ErrorOf("dscp_policies: [{name: p, uplink: {rewrite: [{from: [ef, \"46\"], to: le}]}}]\n"),
      HasSubstr("46 is there already"));
}

TEST(PolicyFields, AFilterThatStandsAloneNamesItsFields) {
  config::v1::FilterConfig config;
  config.set_name("f");
  ASSERT_TRUE(ReadFilter(config).ok());
  config.add_rules()->set_protocol("tcp");
  EXPECT_THAT(std::string(ReadFilter(config).status().message()),
              HasSubstr("rules[0].verdict: expected permit, deny or redirect"));
}

}  // namespace
}  // namespace lns::controlplane
