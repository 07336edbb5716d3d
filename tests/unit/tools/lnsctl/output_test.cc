// What lnsctl prints: tables, JSON, numbers for people.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "tools/lnsctl/format.h"
#include "tools/lnsctl/json.h"
#include "tools/lnsctl/table.h"

#include "lns/control/v1/operator.pb.h"
#include "lns/dataplane/v1/forwarding.pb.h"
#include "lns/dataplane/v1/telemetry.pb.h"

namespace lns::lnsctl {
namespace {

TEST(Table, AlignsEachColumnToItsWidestCell) {
  Table table({{"ID", Align::kRight}, {"NAME"}, {"AGE", Align::kRight}});
  table.Add({"7", "a-long-name", "1s"});
  table.Add({"65535", "b", "10m00s"});
  EXPECT_EQ(table.ToString(),
            "   ID  NAME            AGE\n"
            "    7  a-long-name      1s\n"
            "65535  b            10m00s\n");
}

TEST(Table, LeavesNoBlanksAtTheEndOfALine) {
  Table table({{"A"}, {"B"}});
  table.Add({"x", ""});
  EXPECT_EQ(table.ToString(), "A  B\nx\n");
}

TEST(Json, WritesEveryFieldAlsoAtItsDefault) {
  control::v1::ClearReply reply;
  EXPECT_EQ(ToJson(reply), R"({"cleared": 0})");
  control::v1::ListSessionsRequest request;
  EXPECT_EQ(ToJson(request),
            R"({"key": null, "local_tunnel_id": 0, "user_name": "", "address": ""})");
  request.mutable_key()->set_local_session_id(9);
  request.set_user_name("a\"b\\c\n");
  EXPECT_EQ(ToJson(request),
            R"({"key": {"local_tunnel_id": 0, "local_session_id": 9}, "local_tunnel_id": 0, )"
            R"("user_name": "a\"b\\c\u000a", "address": ""})");
}

TEST(Json, LargeNumbersStayNumbers) {
  dataplane::v1::SessionCounters counters;
  counters.set_uplink_bytes(18446744073709551615u);
  EXPECT_NE(ToJson(counters).find(R"("uplink_bytes": 18446744073709551615,)"), std::string::npos);
}

TEST(Json, AddressesPrefixesAndMacsAreText) {
  dataplane::v1::Route route;
  route.mutable_prefix()->mutable_address()->set_octets(std::string("\x64\x40\0\0", 4));
  route.mutable_prefix()->set_length(10);
  route.set_port("core0");
  EXPECT_EQ(ToJson(route),
            R"({"prefix": "100.64.0.0/10", "next_hop": null, "port": "core0", )"
            R"("origin": "ROUTE_ORIGIN_UNSPECIFIED", "kind": "ROUTE_KIND_FORWARD", "weight": 0, )"
            R"("more_paths": [], "vrf": 0})");
  EXPECT_EQ(MacText(std::string("\x02\0\0\0\0\x01", 6)), "02:00:00:00:00:01");
  EXPECT_EQ(MacText(""), "");
  types::v1::IpAddress v6;
  v6.set_octets(std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16));
  EXPECT_EQ(AddressText(v6), "2001:db8::1");
}

TEST(Json, NamedCountersAreOneObject) {
  dataplane::v1::Counters counters;
  types::v1::NamedCounter& drop = *counters.add_drops();
  drop.set_name("no_session");
  drop.set_value(3);
  counters.add_drops()->set_name("wrong_peer");
  EXPECT_EQ(ToJson(counters.drops()), R"({"no_session": 3, "wrong_peer": 0})");
  EXPECT_EQ(ToJson(counters),
            R"({"generation": 0, "monotonic_ns": 0, "drops": {"no_session": 3, "wrong_peer": 0}, )"
            R"("punts": {}, "punt_overflows": {}, "injects": {}, "traffic": {}, "xdp": {}, )"
            R"("router": {}, "path_reports": {}})");
}

TEST(Format, AgesShowTheirTwoLargestUnits) {
  constexpr uint64_t kSecond = 1'000'000'000;
  EXPECT_EQ(AgeText(0), "0s");
  EXPECT_EQ(AgeText(59 * kSecond), "59s");
  EXPECT_EQ(AgeText(185 * kSecond), "3m05s");
  EXPECT_EQ(AgeText(7620 * kSecond), "2h07m");
  EXPECT_EQ(AgeText((4 * 86400 + 3 * 3600) * kSecond), "4d03h");
}

TEST(Format, NothingDividesByZero) {
  EXPECT_EQ(RatioText(7, 0), "-");
  EXPECT_EQ(RatioText(7, 2), "3.5");
  EXPECT_EQ(PercentText(1, 0), "-");
  EXPECT_EQ(PercentText(1, 8), "12.5%");
}

TEST(Format, FieldsOfAMessageOnePerLine) {
  control::v1::Pool pool;
  pool.set_name("a");
  pool.set_size(254);
  EXPECT_EQ(FieldLines(pool),
            "name         a\nprefix       \nsize         254\nused         0\nunit_length  0\n"
            "exhausted    0\nnext         \nvrf          \n");
}

TEST(Format, ListsOfTextStandInOneLine) {
  control::v1::Session session;
  session.add_ipv6_prefixes("2001:db8:1::/64");
  session.add_ipv6_prefixes("2001:db8:2::/64");
  EXPECT_NE(FieldLines(session).find("  2001:db8:1::/64, 2001:db8:2::/64\n"), std::string::npos);
}

}  // namespace
}  // namespace lns::lnsctl
