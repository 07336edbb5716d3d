// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "controlplane/lns/admission.h"
#include "controlplane/lns/profiles.h"

namespace lns::controlplane {
namespace {

const net::IpAddress kLac = net::IpAddress::V4(0xc633640b);
const net::IpAddress kOther = net::IpAddress::V4(0xc633640c);

class AdmissionTest : public testing::Test {
 protected:
  SccrqVerdict Judge(const net::IpAddress& source, uint32_t live = 0, uint32_t records = 0,
                     bool shutting_down = false, bool known = true) {
    return admission_.JudgeSccrq(
        source, known ? &profile_ : nullptr,
        {.live = live, .records = records, .shutting_down = shutting_down});
  }
  static net::EndpointPair FromLac(uint16_t port = 1701) {
    return {.local = {net::IpAddress::V4(0xc6336401), 1701}, .peer = {kLac, port}};
  }

  PeerProfile profile_;
  EngineSettings settings_{
      .max_tunnels = 10, .max_sessions = 100, .max_half_open = 4, .max_half_open_per_source = 2};
  Admission admission_{settings_};
};

TEST_F(AdmissionTest, PeersAreAdmittedUpToTheTunnelLimit) {
  EXPECT_EQ(Judge(kLac, 9), SccrqVerdict::kAdmit);
  EXPECT_EQ(Judge(kLac, 10), SccrqVerdict::kRefuseTableFull);
}

TEST_F(AdmissionTest, UnknownPeersAndShutdownAreRefused) {
  EXPECT_EQ(Judge(kLac, 0, 0, false, false), SccrqVerdict::kRefuseNoProfile);
  EXPECT_EQ(Judge(kLac, 0, 0, true), SccrqVerdict::kRefuseShutdown);
}

TEST_F(AdmissionTest, OneSourceCannotHoldManyHalfOpenTunnels) {
  admission_.BeginHalfOpen(kLac);
  EXPECT_EQ(Judge(kLac), SccrqVerdict::kAdmit);
  admission_.BeginHalfOpen(kLac);
  EXPECT_EQ(Judge(kLac), SccrqVerdict::kDropHalfOpenSource);
  EXPECT_EQ(Judge(kOther), SccrqVerdict::kAdmit);
  admission_.EndHalfOpen(kLac);
  EXPECT_EQ(Judge(kLac), SccrqVerdict::kAdmit);
}

TEST_F(AdmissionTest, AllSourcesTogetherAreBoundedEvenForRefusals) {
  for (uint32_t i = 0; i < 4; ++i) admission_.BeginHalfOpen(net::IpAddress::V4(i));
  EXPECT_EQ(Judge(kLac), SccrqVerdict::kDropHalfOpen);
  EXPECT_EQ(Judge(kLac, 0, 0, false, false), SccrqVerdict::kDropHalfOpen);
  admission_.EndHalfOpen(net::IpAddress::V4(2));
  EXPECT_EQ(admission_.half_open(), 3u);
  EXPECT_EQ(Judge(kLac), SccrqVerdict::kAdmit);
}

TEST_F(AdmissionTest, RetainedTunnelsAreBounded) {
  EXPECT_EQ(Judge(kLac, 0, 23), SccrqVerdict::kAdmit);
  EXPECT_EQ(Judge(kLac, 0, 24), SccrqVerdict::kDropNoRoom);
}

TEST_F(AdmissionTest, CallsAreBounded) {
  const auto judge = [&](const Admission::CallLoad& load) {
    return admission_.JudgeCall(profile_, FromLac(), load);
  };
  EXPECT_EQ(judge({.sessions = 99}), CloseCause::kNone);
  EXPECT_EQ(judge({.sessions = 100}), CloseCause::kSessionTableFull);
  EXPECT_EQ(judge({.shutting_down = true, .draining = true}), CloseCause::kShuttingDown);
  EXPECT_EQ(judge({.draining = true}), CloseCause::kDraining);
}

TEST_F(AdmissionTest, CallsOfOneLacAreBoundedWhateverPortsItUses) {
  const auto judge = [&](const net::EndpointPair& endpoints) {
    return admission_.JudgeCall(profile_, endpoints, {});
  };
  admission_.BeginCall(FromLac(1701));
  admission_.BeginCall(FromLac(1702));
  EXPECT_EQ(judge(FromLac()), CloseCause::kNone) << "no limit";
  profile_.max_sessions = 2;
  EXPECT_EQ(judge(FromLac(1703)), CloseCause::kLacSessionLimit);
  net::EndpointPair other = FromLac();
  other.peer.address = kOther;
  EXPECT_EQ(judge(other), CloseCause::kNone);
  net::EndpointPair elsewhere = FromLac();
  elsewhere.vrf = 1;
  EXPECT_EQ(judge(elsewhere), CloseCause::kNone) << "another network's LAC of the same address";
  // One call ends; then the LAC turns up elsewhere with the other.
  admission_.EndCalls(FromLac(), 1);
  EXPECT_EQ(judge(FromLac()), CloseCause::kNone);
  admission_.MoveCalls(FromLac(), other, 1);
  profile_.max_sessions = 1;
  EXPECT_EQ(judge(FromLac()), CloseCause::kNone);
  EXPECT_EQ(judge(other), CloseCause::kLacSessionLimit);
  admission_.EndCalls(other, 1);
  EXPECT_EQ(judge(other), CloseCause::kNone);
}

TEST(ProfilesTest, NamePatterns) {
  EXPECT_TRUE(NameMatches("", "anything"));
  EXPECT_TRUE(NameMatches("lac1", "lac1"));
  EXPECT_FALSE(NameMatches("lac1", "lac11"));
  EXPECT_FALSE(NameMatches("lac1", "LAC1"));
  EXPECT_TRUE(NameMatches("lac*", "lac11"));
  EXPECT_TRUE(NameMatches("lac*", "lac"));
  EXPECT_FALSE(NameMatches("lac*", "la"));
  EXPECT_TRUE(NameMatches("*", ""));
}

TEST(ProfilesTest, FirstProfileThatMatchesBothWins) {
  const std::vector<PeerProfile> profiles = {
      {.name = "one",
       .match_host_name = "lac1",
       .match_address = net::IpPrefix::Parse("10.0.0.0/8")},
      {.name = "two", .match_host_name = "lac1"},
      {.name = "three", .match_address = net::IpPrefix::Parse("192.0.2.0/24")}};
  const auto match = [&](const char* host, const char* address) -> std::string {
    const PeerProfile* profile = MatchProfile(
        profiles,
        {.host_name = host, .vendor_name = "", .address = *net::IpAddress::Parse(address)});
    return profile == nullptr ? "none" : profile->name;
  };
  EXPECT_EQ(match("lac1", "10.1.2.3"), "one");
  EXPECT_EQ(match("lac1", "192.0.2.1"), "two");
  EXPECT_EQ(match("lac2", "192.0.2.1"), "three");
  EXPECT_EQ(match("lac2", "2001:db8::1"), "none");
}

TEST(ProfilesTest, APeerIsTreatedAsWhatItIsRecognisedBy) {
  const auto windows = std::make_shared<PeerMatch>(PeerMatch{.vendor_names = {"Microsoft"}});
  const auto lab = std::make_shared<PeerMatch>(PeerMatch{
      .host_names = {"lac*", "bng*"}, .addresses = {*net::IpPrefix::Parse("10.0.0.0/8")}});
  const std::vector<PeerProfile> profiles = {
      {.name = "any", .profile = "windows", .recognised_by = windows},
      {.name = "any", .profile = "lab", .recognised_by = lab},
      {.name = "cisco", .match_vendor_name = "Cisco*"},
      {.name = "any", .profile = "default"}};
  const auto match = [&](const char* host, const char* vendor, const char* address) {
    const PeerProfile* found = MatchProfile(
        profiles,
        {.host_name = host, .vendor_name = vendor, .address = *net::IpAddress::Parse(address)});
    return found->name + " " + found->profile;
  };
  EXPECT_EQ(match("lac1", "Microsoft", "10.0.0.1"), "any windows");
  EXPECT_EQ(match("bng7", "", "10.0.0.1"), "any lab");
  EXPECT_EQ(match("bng7", "", "192.0.2.1"), "any default");
  EXPECT_EQ(match("bng7", "Cisco Systems, Inc.", "192.0.2.1"), "cisco default");
  EXPECT_EQ(match("pc", "", "10.0.0.1"), "any default");
}

}  // namespace
}  // namespace lns::controlplane
