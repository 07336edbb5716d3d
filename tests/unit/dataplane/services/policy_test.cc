// Filters and DSCP policies over the API: to and fro unchanged, refused by name, listed with what
// they have matched.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/services/convert.h"
#include "dataplane/services/forwarding_service.h"
#include "dataplane/services/policy_convert.h"
#include "dataplane/services/policy_service.h"
#include "tests/support/fake_table_writer.h"

#include "grpcpp/grpcpp.h"

namespace lns::dataplane {
namespace {

using ::testing::HasSubstr;

net::Filter Everything() {
  const auto prefix = [](const char* text) { return *net::IpPrefix::Parse(text); };
  return {.name = "all",
          .rules = {{.verdict = net::FilterVerdict::kPermit,
                     .family = net::Family::kIpv6,
                     .sources = {prefix("192.0.2.0/24"), prefix("2001:db8::/32")},
                     .destinations = {prefix("0.0.0.0/0")},
                     .protocol = 6,
                     .source_ports = {{1, 2}, {3, 3}},
                     .destination_ports = {{80, 80}},
                     .dscps = {0, 46},
                     .established = true},
                    {.verdict = net::FilterVerdict::kDeny,
                     .family = net::Family::kIpv4,
                     .protocol = 1,
                     .icmp_type = 0,
                     .icmp_code = 0},
                    {.verdict = net::FilterVerdict::kDeny, .later_fragments = true},
                    {.verdict = net::FilterVerdict::kRedirect,
                     .next_hops = {*net::IpAddress::Parse("203.0.113.1"),
                                   *net::IpAddress::Parse("2001:db8::1")}}},
          .rest = net::FilterVerdict::kPermit};
}

TEST(PolicyConvert, AFilterComesBackAsItWent) {
  const net::Filter filter = Everything();
  const v1::FilterState state = FromFilter(
      {.filter = filter, .counts = {{1, 2}, {0, 0}, {0, 0}, {0, 0}, {7, 8}}, .sessions = 3});
  const auto back = ToFilter(state.filter());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, filter);
  ASSERT_EQ(state.counters_size(), 5);
  EXPECT_EQ(state.counters(0).bytes(), 2u);
  EXPECT_EQ(state.counters(4).packets(), 7u);
  EXPECT_EQ(state.sessions(), 3u);
}

TEST(PolicyConvert, WhatIsNoFilterIsRefusedByName) {
  const struct {
    std::function<void(v1::Filter&)> spoil;
    const char* error;
  } rows[] = {
      {[](auto& f) { f.set_name(""); }, "filter: its name"},
      {[](auto& f) { f.set_rest(v1::FILTER_VERDICT_UNSPECIFIED); }, "filter.rest: expected"},
      {[](auto& f) { f.mutable_rules(1)->clear_verdict(); }, "filter.rules[1].verdict: expected"},
      {[](auto& f) { f.mutable_rules(1)->set_family(5); }, "filter.rules[1].family"},
      {[](auto& f) { f.mutable_rules(0)->set_protocol(256); }, "filter.rules[0].protocol"},
      {[](auto& f) { f.mutable_rules(0)->mutable_sources(0)->set_length(33); },
       "filter.rules[0].sources.length"},
      {[](auto& f) { f.mutable_rules(0)->mutable_source_ports(0)->set_last(65536); },
       "filter.rules[0].source_ports"},
      {[](auto& f) { f.mutable_rules(0)->mutable_destination_ports(0)->set_first(81); },
       "filter.rules[0].destination_ports"},
      {[](auto& f) { f.mutable_rules(1)->set_icmp_type(256); }, "filter.rules[1].icmp_type"},
      {[](auto& f) { f.mutable_rules(0)->set_dscps(0, 64); }, "rule 1: a DSCP above 63"},
      {[](auto& f) { f.mutable_rules(3)->mutable_next_hops(0)->set_octets("abc"); },
       "filter.rules[3].next_hops"},
      {[](auto& f) { f.mutable_rules(0)->clear_protocol(); }, "rule 1: ports without a protocol"},
  };
  for (const auto& row : rows) {
    v1::Filter message = FromFilter({.filter = Everything()}).filter();
    row.spoil(message);
    const auto filter = ToFilter(message);
    EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(filter.status().message()), HasSubstr(row.error));
  }
}

TEST(PolicyConvert, ADscpPolicyComesBackAsItWent) {
  net::DscpMap map{};
  map[63] = 63;
  for (const net::DscpPolicy& policy :
       {net::DscpPolicy{}, net::DscpPolicy{.uplink = map},
        net::DscpPolicy{.downlink = map, .outer = net::DscpMap{}}}) {
    const auto back = ToDscpPolicy(FromDscpPolicy(policy), "p");
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, policy);
  }
  v1::DscpPolicy bad;
  bad.set_outer(std::string(63, '\0'));
  EXPECT_THAT(std::string(ToDscpPolicy(bad, "p").status().message()), HasSubstr("p.outer"));
  bad.set_outer(std::string(64, '\x40'));
  EXPECT_FALSE(ToDscpPolicy(bad, "p").ok());
}

TEST(PolicyConvert, ASessionNamesItsFilters) {
  SessionConfig session;
  session.key = {l2tp::LocalTunnelId(1), l2tp::LocalSessionId(2)};
  session.peer_id = l2tp::PeerSessionId(3);
  session.uplink_filters = {"a", "b"};
  session.downlink_filters = {"c"};
  session.dscp_policy = net::DscpPolicy{.uplink = net::DscpMap{}};
  const auto back = ToSession(FromSession(session));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->uplink_filters, session.uplink_filters);
  EXPECT_EQ(back->downlink_filters, session.downlink_filters);
  EXPECT_EQ(back->dscp_policy, session.dscp_policy);
}

TEST(PolicyService, FiltersAreSetRemovedAndListed) {
  test::FakeTableWriter writer;
  ForwardingService forwarding({}, writer, {});
  PolicyService policy(writer);
  grpc::ServerBuilder builder;
  builder.RegisterService(&forwarding);
  builder.RegisterService(&policy);
  const auto server = builder.BuildAndStart();
  const auto channel = server->InProcessChannel({});
  const auto apply = [&](const v1::Update& update) {
    grpc::ClientContext context;
    const auto stream = v1::Forwarding::NewStub(channel)->Apply(&context);
    v1::ApplyRequest request;
    *request.add_updates() = update;
    v1::ApplyReply reply;
    EXPECT_TRUE(stream->Write(request) && stream->Read(&reply));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return reply.errors_size() == 0;
  };
  const auto listed = [&](const std::string& name) {
    grpc::ClientContext context;
    v1::ListFiltersRequest request;
    request.set_name(name);
    const auto reader = v1::Policy::NewStub(channel)->ListFilters(&context, request);
    std::vector<std::string> names;
    for (v1::FilterState state; reader->Read(&state);) names.push_back(state.filter().name());
    EXPECT_TRUE(reader->Finish().ok());
    return names;
  };
  v1::Update set;
  *set.mutable_filter() = FromFilter({.filter = Everything()}).filter();
  EXPECT_TRUE(apply(set));
  set.mutable_filter()->set_name("other");
  EXPECT_TRUE(apply(set));
  set.mutable_filter()->set_name("no name");
  EXPECT_FALSE(apply(set));
  EXPECT_EQ(listed(""), (std::vector<std::string>{"all", "other"}));
  EXPECT_EQ(listed("other"), std::vector<std::string>{"other"});
  v1::Update remove;
  remove.set_remove_filter("all");
  EXPECT_TRUE(apply(remove));
  EXPECT_EQ(listed(""), std::vector<std::string>{"other"});
  server->Shutdown();
}

}  // namespace
}  // namespace lns::dataplane
