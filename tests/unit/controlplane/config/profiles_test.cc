// Every shipped profile loads, recognises the peers it is for, and the default one is what the
// program does without any.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "controlplane/config/profile_file.h"
#include "controlplane/config/settings.h"

namespace lns::controlplane {
namespace {

using ::testing::HasSubstr;

const std::string kDirectory = SHIPPED_PROFILES;

std::vector<std::string> ShippedNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Profile General() {
  Profile profile;
  profile.link = std::make_shared<const ppp::LinkSettings>();
  return profile;
}

absl::StatusOr<Settings> Check(const std::string& yaml) {
  config::v1::ControlplaneConfig message;
  const auto source = config::ParseYaml(yaml, kDirectory + "/../lns.yaml", &message);
  if (!source.ok()) return source.status();
  return CheckConfig(message, *source);
}

std::string AllProfiles() {
  std::string text = "lns: {addresses: [198.51.100.1]}\nprofiles: [";
  for (const std::string& name : ShippedNames()) {
    const auto profile = LoadProfile(kDirectory, name, General());
    if (profile.ok() && profile->match != nullptr) text += name + ", ";
  }
  return text + "]\npeers: [{name: any}]\n";
}

TEST(ShippedProfiles, AreAllThere) {
  const std::vector<std::string> names = ShippedNames();
  for (const char* name :
       {"default", "windows", "apple", "android", "cisco", "juniper", "nokia", "mikrotik", "xl2tpd",
        "openl2tp", "mpd", "bngblaster", "dlink", "l2tpns", "strict"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
}

TEST(ShippedProfiles, EveryOneLoads) {
  for (const std::string& name : ShippedNames()) {
    const auto profile = LoadProfile(kDirectory, name, General());
    EXPECT_TRUE(profile.ok()) << profile.status();
  }
}

// Their subscribers are asked instead.
TEST(ShippedProfiles, PhonesThatLeaveHelloUnansweredAreSentNone) {
  for (const char* name : {"apple", "android"}) {
    const auto profile = LoadProfile(kDirectory, name, General());
    ASSERT_TRUE(profile.ok()) << profile.status();
    EXPECT_EQ(profile->tunnel.hello_interval, Duration()) << name;
    EXPECT_GT(profile->link->echo_interval, Duration()) << name;
  }
}

TEST(ShippedProfiles, TheDefaultIsWhatTheProgramDoesWithoutAny) {
  const Profile general = General();
  const auto written = LoadProfile(kDirectory, "default", general);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->match, nullptr);
  const l2tp::TunnelSettings& a = written->tunnel;
  const l2tp::TunnelSettings& b = general.tunnel;
  EXPECT_EQ(a.tolerate.unknown_mandatory_avps, b.tolerate.unknown_mandatory_avps);
  EXPECT_EQ(a.tolerate.misplaced_mandatory_avps, b.tolerate.misplaced_mandatory_avps);
  EXPECT_EQ(a.tolerate.missing_framing, b.tolerate.missing_framing);
  EXPECT_EQ(a.tolerate.zero_tunnel_id, b.tolerate.zero_tunnel_id);
  EXPECT_EQ(a.challenge, b.challenge);
  EXPECT_EQ(a.hide_avps, b.hide_avps);
  EXPECT_EQ(a.hello_interval, b.hello_interval);
  EXPECT_EQ(a.data_is_life, b.data_is_life);
  EXPECT_EQ(a.retransmit_initial, b.retransmit_initial);
  EXPECT_EQ(a.retransmit_cap, b.retransmit_cap);
  EXPECT_EQ(a.max_retransmits, b.max_retransmits);
  EXPECT_EQ(a.max_retransmits_established, b.max_retransmits_established);
  EXPECT_EQ(a.ack_delay, b.ack_delay);
  EXPECT_EQ(a.receive_window, b.receive_window);
  EXPECT_EQ(a.accept_session_dscp, b.accept_session_dscp);
  EXPECT_EQ(a.control_dscp, b.control_dscp);
  const ppp::LinkSettings& link = *written->link;
  const ppp::LinkSettings& without = *general.link;
  EXPECT_EQ(link.proxy.renegotiate, without.proxy.renegotiate);
  EXPECT_EQ(link.proxy.rechallenge, without.proxy.rechallenge);
  EXPECT_EQ(link.auth, without.auth);
  EXPECT_EQ(link.mru, without.mru);
  EXPECT_EQ(link.ask_pfc, without.ask_pfc);
  EXPECT_EQ(link.ask_acfc, without.ask_acfc);
  EXPECT_EQ(link.echo_interval, without.echo_interval);
  const PeerTreatment treatment;
  EXPECT_EQ(written->treatment.sequencing, treatment.sequencing);
  EXPECT_EQ(written->treatment.reorder_ms, treatment.reorder_ms);
  EXPECT_EQ(written->treatment.data_dscp, treatment.data_dscp);
  EXPECT_EQ(written->treatment.peer_move, treatment.peer_move);
  EXPECT_EQ(written->treatment.outer_path, treatment.outer_path);
}

TEST(ShippedProfiles, TheirPeersAreRecognised) {
  const auto settings = Check(AllProfiles());
  ASSERT_TRUE(settings.ok()) << settings.status();
  const auto treated_as = [&](const char* host, const char* vendor) {
    const PeerProfile* profile = MatchProfile(
        settings->engine.peers,
        {.host_name = host, .vendor_name = vendor, .address = *net::IpAddress::Parse("192.0.2.1")});
    return profile == nullptr ? "nobody" : profile->profile;
  };
  EXPECT_EQ(treated_as("DESKTOP-1", "Microsoft"), "windows");
  EXPECT_EQ(treated_as("iPhone-of-somebody", ""), "apple");
  EXPECT_EQ(treated_as("anonymous", ""), "android");
  EXPECT_EQ(treated_as("pop1", "Cisco Systems, Inc."), "cisco");
  EXPECT_EQ(treated_as("pop1", "Juniper Networks, Inc."), "juniper");
  EXPECT_EQ(treated_as("pop1", "Nokia"), "nokia");
  EXPECT_EQ(treated_as("router", "MikroTik"), "mikrotik");
  EXPECT_EQ(treated_as("box", "xelerance.com"), "xl2tpd");
  EXPECT_EQ(treated_as("box", "Katalix Systems Ltd. Linux"), "openl2tp");
  EXPECT_EQ(treated_as("box", "FreeBSD MPD"), "mpd");
  EXPECT_EQ(treated_as("client-1", "bngblaster"), "bngblaster");
  EXPECT_EQ(treated_as("lac1", "Somebody Else"), "default");
}

TEST(ShippedProfiles, TheExampleConfigurationIsValid) {
  const auto settings = LoadSettings(kDirectory + "/../controlplane.yaml");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_TRUE(ValidateSettings(settings->engine).ok());
}

class ProfileFiles : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "/profiles-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + "/" + name + ".yaml") << text;
  }
  absl::StatusOr<Settings> CheckWith(const std::string& more) {
    return Check("lns: {addresses: [198.51.100.1]}\nprofile_dir: " + directory_ + "\n" + more);
  }

  std::string directory_;
};

TEST_F(ProfileFiles, EveryFieldReachesItsPlace) {
  Write("mine", R"(match:
  vendor_names: [Acme*]
tolerate:
  unknown_mandatory_avps: true
  misplaced_mandatory_avps: false
  missing_framing: false
challenge: if_offered
hide_avps: true
hello_interval_s: 7
data_is_life: false
retransmit_initial_ms: 300
retransmit_cap_ms: 3000
max_retransmits: 3
max_retransmits_established: 9
receive_window: 12
ack_delay_ms: 5
proxy: never
proxy_rechallenge: true
auth: [pap]
mru: 1400
ask_pfc: true
ask_acfc: true
echo_interval_s: 11
sequencing: always
reorder_ms: 30
data_dscp: 46
accept_dscp: true
peer_move: allow_if_ids_match
zero_tunnel_id: true
path_mtu: 1540
fragment_outer: true
outer_df: true
)");
  const auto settings = CheckWith("peers: [{name: p, secret: s, profile: mine}]\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->engine.peers.size(), 1u);
  const PeerProfile& peer = settings->engine.peers[0];
  EXPECT_EQ(peer.name, "p");
  EXPECT_EQ(peer.profile, "mine");
  EXPECT_EQ(peer.recognised_by, nullptr);  // told by name, whatever it looks like
  EXPECT_TRUE(peer.tunnel.tolerate.unknown_mandatory_avps);
  EXPECT_FALSE(peer.tunnel.tolerate.misplaced_mandatory_avps);
  EXPECT_FALSE(peer.tunnel.tolerate.missing_framing);
  EXPECT_TRUE(peer.tunnel.tolerate.zero_tunnel_id);
  EXPECT_EQ(peer.tunnel.challenge, l2tp::ChallengePolicy::kIfOffered);
  EXPECT_TRUE(peer.tunnel.hide_avps);
  EXPECT_FALSE(peer.tunnel.data_is_life);
  EXPECT_EQ(peer.tunnel.hello_interval, Duration::Seconds(7));
  EXPECT_EQ(peer.tunnel.retransmit_initial, Duration::Milliseconds(300));
  EXPECT_EQ(peer.tunnel.retransmit_cap, Duration::Milliseconds(3000));
  EXPECT_EQ(peer.tunnel.max_retransmits, 3);
  EXPECT_EQ(peer.tunnel.max_retransmits_established, 9);
  EXPECT_EQ(peer.tunnel.receive_window, 12);
  EXPECT_EQ(peer.tunnel.ack_delay, Duration::Milliseconds(5));
  ASSERT_NE(peer.link, nullptr);
  EXPECT_EQ(peer.link->proxy.renegotiate, ppp::Renegotiate::kNever);
  EXPECT_TRUE(peer.link->proxy.rechallenge);
  EXPECT_THAT(peer.link->auth, testing::ElementsAre(ppp::AuthProtocol::kPap));
  EXPECT_EQ(peer.link->mru, 1400);
  EXPECT_TRUE(peer.link->ask_pfc);
  EXPECT_TRUE(peer.link->ask_acfc);
  EXPECT_EQ(peer.link->echo_interval, Duration::Seconds(11));
  EXPECT_EQ(peer.treatment.sequencing, SequencingPolicy::kAlways);
  EXPECT_EQ(peer.treatment.reorder_ms, 30u);
  EXPECT_EQ(peer.treatment.data_dscp, 46);
  EXPECT_TRUE(peer.tunnel.accept_session_dscp);
  EXPECT_EQ(peer.tunnel.control_dscp, 48);
  EXPECT_EQ(peer.treatment.peer_move, PeerMovePolicy::kAllowIfIdsMatch);
  EXPECT_EQ(peer.treatment.outer_path,
            (OuterPath{.mtu = 1540, .fragment = true, .dont_fragment = true}));
}

TEST_F(ProfileFiles, WhatAPeerSaysGoesBeforeItsProfile) {
  Write("mine", "hello_interval_s: 7\nmax_retransmits: 3\nchallenge: never\n");
  const auto settings = CheckWith(
      "peers: [{name: p, secret: s, profile: mine, hello_interval_s: 9, challenge: always}]\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  const PeerProfile& peer = settings->engine.peers[0];
  EXPECT_EQ(peer.tunnel.hello_interval, Duration::Seconds(9));
  EXPECT_EQ(peer.tunnel.max_retransmits, 3);
  EXPECT_EQ(peer.tunnel.challenge, l2tp::ChallengePolicy::kAlways);
}

TEST_F(ProfileFiles, SecretsGoByWhatAPeerIsRecognisedAs) {
  Write("acme", "match: {vendor_names: [Acme]}\n");
  const auto settings = CheckWith(
      "profiles: [acme]\n"
      "peers: [{name: acmes, match_profile: acme, secret: a}, {name: others, secret: b}]\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  const auto secret_of = [&](const char* vendor) {
    return MatchProfile(settings->engine.peers, {.host_name = "x",
                                                 .vendor_name = vendor,
                                                 .address = *net::IpAddress::Parse("192.0.2.1")})
        ->tunnel.secret;
  };
  EXPECT_EQ(secret_of("Acme"), "a");
  EXPECT_EQ(secret_of("Other"), "b");
}

TEST_F(ProfileFiles, MistakesAreNamedByFileAndLine) {
  Write("typo", "match: {vendor_names: [Acme]}\nhello_intervall_s: 7\n");
  Write("range", "match: {vendor_names: [Acme]}\ndata_dscp: 64\n");
  Write("nomatch", "hello_interval_s: 7\n");
  const auto complaint = [&](const std::string& more) {
    return std::string(CheckWith(more).status().message());
  };
  EXPECT_THAT(complaint("profiles: [typo]\npeers: [{name: p}]\n"),
              HasSubstr("typo.yaml:2:1: hello_intervall_s: unknown field"));
  EXPECT_THAT(complaint("profiles: [range]\npeers: [{name: p}]\n"),
              HasSubstr("range.yaml:2:12: data_dscp: expected 0 to 63, got 64"));
  EXPECT_THAT(complaint("profiles: [nomatch]\npeers: [{name: p}]\n"),
              HasSubstr("lns.yaml:3:12: profiles[0]: profile \"nomatch\" has no `match`"));
  EXPECT_THAT(complaint("peers:\n  - name: p\n    profile: nowhere\n"),
              HasSubstr("lns.yaml:5:14: peers[0].profile: there is no profile \"nowhere\""));
  EXPECT_THAT(complaint("peers:\n  - name: p\n    match_profile: windows\n"),
              HasSubstr("peers[0].match_profile: \"windows\" is not in `profiles`"));
}

}  // namespace
}  // namespace lns::controlplane
