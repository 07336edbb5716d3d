// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <ostream>
#include <string>

#include "dataplane/settings.h"

namespace lns::dataplane {
namespace {

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text)
      : path_(testing::TempDir() + "/settings_" + std::to_string(getpid()) + ".yaml") {
    FILE* file = std::fopen(path_.c_str(), "w");
    EXPECT_NE(file, nullptr);
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
  ~ConfigFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr const char* kMinimal =
    "cpu: {worker_cores: [1]}\n"
    "ports: [{name: acc0, role: access, af_xdp: {interface: eth1}}]\n";

TEST(SettingsTest, FillsInDefaults) {
  const ConfigFile file(kMinimal);
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->run_dir, "/run/terminus");
  EXPECT_EQ(settings->listen_path, "/run/terminus/dataplane.sock");
  EXPECT_EQ(settings->log_level, "info");
  EXPECT_EQ(settings->eal.megabytes, 512u);
  EXPECT_FALSE(settings->eal.hugepages);
  EXPECT_EQ(settings->mbufs, 16384u);
  EXPECT_EQ(settings->punt_slots, 2048u);
  EXPECT_EQ(settings->limits.max_sessions, 65536u);
  ASSERT_EQ(settings->ports.size(), 1u);
  EXPECT_EQ(settings->ports[0].device, "eth1");
  EXPECT_EQ(settings->ports[0].queues, 1);
  EXPECT_FALSE(settings->ports[0].mtu.has_value());
  EXPECT_THAT(settings->xdp_object, testing::EndsWith("steer.bpf.o"));
}

TEST(SettingsTest, AnswersHaveRatesThatMayBeNone) {
  const ConfigFile usual(kMinimal);
  EXPECT_EQ(ReadSettings(usual.path())->answers.per_second, 1000u);
  EXPECT_TRUE(ReadSettings(usual.path())->answers.fragment);
  const ConfigFile file(std::string(kMinimal) +
                        "answers: {per_second: 0, burst: 7, session_per_second: 3,\n"
                        "          session_burst: 2, refuse_instead_of_fragmenting: true}\n");
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->answers.per_second, 0u);
  EXPECT_EQ(settings->answers.burst, 7u);
  EXPECT_EQ(settings->answers.session_per_second, 3u);
  EXPECT_EQ(settings->answers.session_burst, 2u);
  EXPECT_FALSE(settings->answers.fragment);
}

TEST(SettingsTest, RoutersOnTheWayAreBelievedSoFar) {
  const auto defaults = ReadSettings(ConfigFile(kMinimal).path());
  ASSERT_TRUE(defaults.ok());
  EXPECT_TRUE(defaults->paths.listen);
  EXPECT_EQ(defaults->paths.least_mtu, 1280);
  EXPECT_EQ(defaults->paths.keep, Duration::Seconds(600));
  const ConfigFile file(std::string(kMinimal) +
                        "paths: {ignore_reports: true, least_mtu: 576, keep_s: 300}\n");
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_FALSE(settings->paths.listen);
  EXPECT_EQ(settings->paths.least_mtu, 576);
  EXPECT_EQ(settings->paths.keep, Duration::Seconds(300));
}

TEST(SettingsTest, ReadsEveryKindOfDevice) {
  const ConfigFile file(
      "cpu: {main_core: 2, worker_cores: [0, 1]}\n"
      "xdp_object: /opt/x\n"
      "listen: unix:/tmp/api.sock\n"
      "ports:\n"
      "  - {name: a, role: both, af_xdp: {interface: e, queues: 2}, mtu: 1600}\n"
      "  - {name: b, role: core, vdev: \"net_null0,size=64\", mac: \"02:00:00:00:00:07\"}\n"
      "  - {name: c, role: access, pci: \"0000:01:00.0\"}\n");
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->workers(), 2u);
  EXPECT_EQ(settings->listen_path, "/tmp/api.sock");
  EXPECT_EQ(settings->xdp_object, "/opt/x/steer.bpf.o");
  EXPECT_EQ(settings->ports[0].queues, 2);
  EXPECT_EQ(settings->ports[0].mtu, 1600);
  EXPECT_EQ(settings->ports[1].kind, DeviceKind::kVdev);
  EXPECT_EQ(settings->ports[1].mac->at(5), 7);
  EXPECT_EQ(settings->ports[2].kind, DeviceKind::kPci);
  EXPECT_THAT(settings->eal.pci_addresses, testing::ElementsAre("0000:01:00.0"));
}

TEST(SettingsTest, KernelIsReadAndToldWhatIsWritten) {
  const ConfigFile file(
      std::string(kMinimal) +
      "kernel:\n"
      "  table: 1001\n"
      "  announce: {protocol: 200, metric: 50, pools: sticky, when_draining: keep,\n"
      "             hosts: none, prefixes: all}\n");
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->kernel.table, 1001u);
  EXPECT_EQ(settings->kernel.protocol, 200);
  EXPECT_EQ(settings->kernel.metric, 50u);
  EXPECT_EQ(settings->kernel.announce.pools, PoolRoutes::kSticky);
  EXPECT_TRUE(settings->kernel.announce.keep_pools_when_draining);
  EXPECT_EQ(settings->kernel.announce.hosts, SessionRoutes::kNone);
  EXPECT_EQ(settings->kernel.announce.prefixes, SessionRoutes::kAll);
  const auto defaults = ReadSettings(ConfigFile(kMinimal).path());
  ASSERT_TRUE(defaults.ok());
  EXPECT_EQ(defaults->kernel.table, 254u);
  EXPECT_EQ(defaults->kernel.announce.pools, PoolRoutes::kUsed);
  EXPECT_FALSE(defaults->kernel.announce.keep_pools_when_draining);
}

TEST(SettingsTest, PortsAreInVrfs) {
  const ConfigFile file(
      "cpu: {worker_cores: [1]}\n"
      "vrfs: [{name: red, id: 1}, {name: blue, id: 63, table: 1002, full_table: true}]\n"
      "ports:\n"
      "  - {name: a, role: access, vdev: net_null0, vrf: blue}\n"
      "  - {name: b, role: core, vdev: net_null1}\n");
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->vrfs.size(), 2u);
  EXPECT_EQ(settings->vrfs[0].name, "red");
  EXPECT_EQ(settings->vrfs[0].table, 0u) << "the device's";
  EXPECT_FALSE(settings->vrfs[0].lpm);
  EXPECT_EQ(settings->vrfs[1].index, 63);
  EXPECT_EQ(settings->vrfs[1].table, 1002u);
  EXPECT_TRUE(settings->vrfs[1].lpm);
  EXPECT_EQ(settings->ports[0].vrf, 63);
  EXPECT_FALSE(settings->ports[1].vrf.has_value()) << "Linux says";
}

TEST(SettingsTest, PortsAreInInterfaceGroupsThatHaveLimits) {
  const ConfigFile file(
      "cpu: {worker_cores: [1]}\n"
      "ports:\n"
      "  - {name: a, role: access, vdev: net_null0}\n"
      "  - {name: b, role: core, vdev: net_null1}\n"
      "  - {name: c, role: access, vdev: net_null2, group: customer}\n"
      "  - {name: d, role: both, vdev: net_null3}\n"
      "punt:\n"
      "  limits:\n"
      "    - {group: customer, per_second: 0}\n"
      "    - {group: customer, reason: new_tunnel, source_per_second: 5, source_burst: 2}\n");
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->interface_groups,
            (std::vector<std::string>{"access", "backbone", "customer"}));
  EXPECT_EQ(settings->ports[2].interface_group, 2);
  EXPECT_EQ(settings->ports[3].interface_group, 0);
  ASSERT_EQ(settings->punt_limits.size(), 4u) << "three reasons, and one again";
  const auto& [row, limits] = settings->punt_limits.back();
  EXPECT_EQ(row.group, 2u);
  EXPECT_EQ(row.reason, punt::PuntReason::kNewTunnel);
  EXPECT_EQ(limits.group, PuntRate{});
  EXPECT_EQ(limits.source, (PuntRate{.per_second = 5, .burst = 2}));
  EXPECT_EQ(settings->punt_limits.front().second.group.per_second, 0u);
}

TEST(SettingsTest, APortThatLinuxDoesNotOwnMayHaveAMirror) {
  const ConfigFile file(
      "cpu: {worker_cores: [1]}\n"
      "ports:\n"
      "  - {name: a, role: access, vdev: net_null0, mirror: lns-a}\n"
      "  - {name: b, role: core, vdev: net_null1}\n"
      "  - {name: c, role: core, af_xdp: {interface: eth1}}\n");
  const auto settings = ReadSettings(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->ports[0].mirror, "lns-a");
  EXPECT_EQ(settings->ports[0].LinuxInterface(), "lns-a");
  EXPECT_EQ(settings->ports[1].LinuxInterface(), "");
  EXPECT_EQ(settings->ports[2].LinuxInterface(), "eth1");
}

TEST(SettingsTest, ShippedExampleIsValid) {
  const auto settings = ReadSettings(EXAMPLE_CONFIG);
  EXPECT_TRUE(settings.ok()) << settings.status();
}

struct Mistake {
  const char* text;
  const char* error;  // after the file's name
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.error; }

class SettingsMistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(SettingsMistakeTest, IsReportedAtItsLine) {
  const ConfigFile file(GetParam().text);
  const auto settings = ReadSettings(file.path());
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(std::string(settings.status().message()), file.path() + GetParam().error);
}

#define PORT "ports: [{name: a, role: core, vdev: net_null0}]\n"
#define CPU "cpu: {worker_cores: [1]}\n"
INSTANTIATE_TEST_SUITE_P(
    Settings, SettingsMistakeTest,
    testing::Values(
        Mistake{PORT, ":1:1: cpu.worker_cores: expected 1 to 64 cores, found 0"},
        Mistake{"cpu: {worker_cores: [1, 2, 1]}\n" PORT,
                ":1:28: cpu.worker_cores[2]: core 1 is given twice"},
        Mistake{CPU, ":1:1: ports: expected 1 to 32 ports, found 0"},
        Mistake{"run_dir: here\n" CPU PORT, ":1:10: run_dir: expected an absolute path"},
        Mistake{"paths: {least_mtu: 575}\n" CPU PORT,
                ":1:20: paths.least_mtu: expected 576 to 9000, found 575"},
        Mistake{"paths: {keep_s: 299}\n" CPU PORT,
                ":1:17: paths.keep_s: expected 300 to 86400, found 299"},
        Mistake{"answers: {burst: 1000001}\n" CPU PORT,
                ":1:18: answers.burst: expected 0 to 1000000, found 1000001"},
        Mistake{CPU "log_level: loud\n" PORT,
                ":2:12: log_level: expected trace, debug, info, warn or error, found \"loud\""},
        Mistake{CPU "listen: 0.0.0.0:50051\n" PORT,
                ":2:9: listen: expected unix:/PATH (TCP would need mutual TLS, which this release "
                "does not have)"},
        Mistake{CPU "memory:\n  megabytes: 5\n" PORT,
                ":3:14: memory.megabytes: expected at least 64, found 5"},
        Mistake{CPU "punt: {slots: 1000}\n" PORT,
                ":2:15: punt.slots: expected a power of two from 64 to 65536, found 1000"},
        Mistake{CPU PORT "punt: {limits: [{group: peer}]}\n",
                ":3:25: punt.limits[0].group: no port is in a group 'peer'"},
        Mistake{CPU PORT "punt: {limits: [{reason: tunnels}]}\n",
                ":3:26: punt.limits[0].reason: no punt reason 'tunnels'"},
        Mistake{CPU "ports: [{name: a, role: core, af_xdp: {interface: e}, mirror: m}]\n",
                ":2:63: ports[0].mirror: the interface belongs to Linux and needs no mirror"},
        Mistake{CPU "ports: [{name: a, role: core, vdev: v, mirror: sixteen-letters-}]\n",
                ":2:48: ports[0].mirror: expected the name of an interface, found "
                "\"sixteen-letters-\""},
        Mistake{CPU "ports:\n"
                    "  - {name: a, role: core, vdev: v, mirror: m}\n"
                    "  - {name: b, role: core, vdev: w, mirror: m}\n",
                ":4:44: ports[1].mirror: port a has it already"},
        Mistake{CPU "kernel: {announce: {protocol: 2}}\n" PORT,
                ":2:31: kernel.announce.protocol: expected 5 to 255, found 2"},
        Mistake{CPU "tables: {max_tunnels: 65536}\n" PORT,
                ":2:23: tables.max_tunnels: expected 1 to 65535, found 65536"},
        Mistake{CPU "vrfs: [{name: red}]\n" PORT, ":2:8: vrfs[0].id: expected 1 to 63, found 0"},
        Mistake{CPU "vrfs: [{name: red, id: 1}, {name: red, id: 2}]\n" PORT,
                ":2:28: vrfs[1]: VRF red has this name or id already"},
        Mistake{CPU "vrfs: [{name: red, id: 1, table: 254}]\n" PORT,
                ":2:34: vrfs[0].table: table 254 is another VRF's, or kernel.table"},
        Mistake{CPU "ports: [{name: a, role: core, vdev: net_null0, vrf: red}]\n",
                ":2:53: ports[0].vrf: no VRF 'red' in vrfs"},
        Mistake{CPU "ports:\n  - role: core\n    vdev: net_null0\n",
                ":3:5: ports[0].name: is required"},
        Mistake{CPU "ports:\n  - name: a\n    vdev: net_null0\n",
                ":3:5: ports[0].role: is required: access, core or both"},
        Mistake{CPU "ports:\n  - name: a\n    role: core\n",
                ":3:5: ports[0]: needs a device: one of af_xdp, vdev, pci"},
        Mistake{CPU "ports:\n  - name: a\n    role: core\n    af_xdp: {queues: 1}\n",
                ":5:13: ports[0].af_xdp.interface: is required"},
        Mistake{CPU "ports:\n  - name: a\n    role: core\n    af_xdp: {interface: e, queues: 2}\n",
                ":5:36: ports[0].af_xdp.queues: expected at most one per worker (1), found 2"},
        Mistake{CPU "ports:\n  - name: a\n    role: core\n    vdev: net_null0\n    mtu: 100\n",
                ":6:10: ports[0].mtu: expected 576 to 9600, found 100"},
        Mistake{CPU "ports:\n  - name: a\n    role: core\n    vdev: net_null0\n    mac: xx\n",
                ":6:10: ports[0].mac: expected six octets like 02:00:00:00:00:01, found \"xx\""},
        Mistake{CPU "ports:\n  - {name: a, role: core, vdev: net_null0}\n"
                    "  - {name: a, role: core, vdev: net_null1}\n",
                ":4:12: ports[1].name: another port is named 'a'"}));

}  // namespace
}  // namespace lns::dataplane
