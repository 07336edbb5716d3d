// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "lib/config/yaml.h"

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "lns/config/v1/controlplane.pb.h"
#include "lns/config/v1/dataplane.pb.h"

namespace lns::config {
namespace {

using ::testing::HasSubstr;
using v1::ControlplaneConfig;
using v1::DataplaneConfig;

TEST(YamlTest, ReadsEveryKindOfField) {
  DataplaneConfig config;
  const auto source = ParseYaml(R"(# a comment
run_dir: /run/lab
cpu:
  main_core: 3
  worker_cores: [1, 2]
memory: {hugepages: true, megabytes: 4294967295}
ports:
  - name: acc0
    role: access
    af_xdp: {interface: "eth0", queues: 2}
  - name: 42
    role: both
    vdev: net_null0
)",
                                "d.yaml", &config);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(config.run_dir(), "/run/lab");
  EXPECT_EQ(config.cpu().main_core(), 3u);
  EXPECT_THAT(config.cpu().worker_cores(), testing::ElementsAre(1, 2));
  EXPECT_TRUE(config.memory().hugepages());
  EXPECT_EQ(config.memory().megabytes(), 4294967295u);
  ASSERT_EQ(config.ports_size(), 2);
  EXPECT_EQ(config.ports(0).role(), v1::ACCESS);
  EXPECT_EQ(config.ports(0).af_xdp().interface(), "eth0");
  EXPECT_EQ(config.ports(0).af_xdp().queues(), 2u);
  EXPECT_EQ(config.ports(1).name(), "42") << "a bare number is a fine name";
  EXPECT_EQ(config.ports(1).role(), v1::BOTH);
  EXPECT_EQ(config.ports(1).vdev(), "net_null0");
  EXPECT_FALSE(config.has_tables());
}

TEST(YamlTest, ReadsListsOfEnumsAndOptionalFields) {
  ControlplaneConfig config;
  ASSERT_TRUE(ParseYaml("ppp: {auth: [chap_md5, pap], echo_interval_s: 0, ipv6: true}\n"
                        "peers: [{name: a, challenge: never}]\n",
                        "c.yaml", &config)
                  .ok());
  EXPECT_THAT(config.ppp().auth(), testing::ElementsAre(v1::CHAP_MD5, v1::PAP));
  EXPECT_TRUE(config.ppp().has_echo_interval_s());
  EXPECT_EQ(config.peers(0).challenge(), v1::NEVER);
  EXPECT_FALSE(config.peers(0).has_hello_interval_s());
}

TEST(YamlTest, ReadsSignedAndRealNumbers) {
  google::protobuf::Duration duration;
  ASSERT_TRUE(ParseYaml("seconds: -9223372036854775808\nnanos: -7\n", "x", &duration).ok());
  EXPECT_EQ(duration.seconds(), INT64_MIN);
  EXPECT_EQ(duration.nanos(), -7);
  google::protobuf::DoubleValue real;
  ASSERT_TRUE(ParseYaml("value: 2.5\n", "x", &real).ok());
  EXPECT_EQ(real.value(), 2.5);
}

TEST(YamlTest, EmptyFileAndEmptySectionsAreDefaults) {
  for (const char* text : {"", "# nothing\n", "---\n", "ports:\ncpu:\n"}) {
    DataplaneConfig config;
    EXPECT_TRUE(ParseYaml(text, "x", &config).ok()) << text;
    EXPECT_EQ(config.ports_size(), 0);
  }
}

TEST(YamlTest, ClearsWhatTheMessageHeld) {
  DataplaneConfig config;
  config.set_run_dir("/old");
  ASSERT_TRUE(ParseYaml("log_level: debug\n", "x", &config).ok());
  EXPECT_EQ(config.run_dir(), "");
}

struct Mistake {
  const char* what;
  const char* text;
  const char* error;  // the whole message, but for a part left out as "..."
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.what; }

class MistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsReportedWhereItStands) {
  DataplaneConfig config;
  const auto source = ParseYaml(GetParam().text, "d.yaml", &config);
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(source.status().message());
  const std::string expected = GetParam().error;
  if (const size_t gap = expected.find("..."); gap != std::string::npos) {
    EXPECT_THAT(message, testing::StartsWith(expected.substr(0, gap)));
    EXPECT_THAT(message, HasSubstr(expected.substr(gap + 3)));
  } else {
    EXPECT_EQ(message, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, MistakeTest,
    testing::Values(
        Mistake{"unknown field at the top", "run_dir: /x\nrun_dri: /y\n",
                "d.yaml:2:1: run_dri: unknown field; did you mean `run_dir`?; expected one of "
                "answers, cpu, "
                "kernel, listen, log_level, memory, paths, ports, punt, run_dir, tables, vrfs, "
                "xdp_object"},
        Mistake{"unknown field deep inside", "ports:\n  - name: a\n    af_xdp:\n      ifname: e\n",
                "d.yaml:4:7: ports[0].af_xdp.ifname: unknown field; expected one of interface, "
                "queues"},
        Mistake{"word for a number", "cpu:\n  main_core: first\n",
                "d.yaml:2:14: cpu.main_core: expected an integer from 0 to 4294967295, found "
                "\"first\""},
        Mistake{"quoted number", "cpu: {main_core: \"1\"}\n",
                "d.yaml:1:18: cpu.main_core: expected an integer from 0 to 4294967295, found the "
                "string \"1\""},
        Mistake{"negative number", "cpu: {main_core: -1}\n",
                "d.yaml:1:18: cpu.main_core: expected an integer from 0 to 4294967295, found "
                "\"-1\""},
        Mistake{"number out of range", "tables: {max_sessions: 4294967296}\n",
                "d.yaml:1:24: tables.max_sessions: expected an integer from 0 to 4294967295, found "
                "\"4294967296\""},
        Mistake{"nothing for a number", "cpu:\n  main_core:\n",
                "d.yaml:2:3: cpu.main_core: expected an integer from 0 to 4294967295, found "
                "nothing"},
        Mistake{"number for a truth", "memory: {hugepages: 1}\n",
                "d.yaml:1:21: memory.hugepages: expected true or false, found \"1\""},
        Mistake{"YAML 1.1 yes", "memory: {hugepages: yes}\n",
                "d.yaml:1:21: memory.hugepages: expected true or false, found \"yes\""},
        Mistake{"bad enum value", "ports:\n  - role: accesss\n",
                "d.yaml:2:11: ports[0].role: expected one of access, core, both, found "
                "\"accesss\""},
        Mistake{"enum in capitals", "ports: [{role: ACCESS}]\n",
                "d.yaml:1:16: ports[0].role: expected one of access, core, both, found "
                "\"ACCESS\""},
        Mistake{"the unspecified enum value", "ports: [{role: unspecified}]\n",
                "d.yaml:1:16: ports[0].role: expected one of access, core, both, found "
                "\"unspecified\""},
        Mistake{"list for a string", "run_dir: [a]\n",
                "d.yaml:1:10: run_dir: expected a string, found a list"},
        Mistake{"mapping for a string", "run_dir: {a: b}\n",
                "d.yaml:1:10: run_dir: expected a string, found a mapping"},
        Mistake{"scalar for a list", "ports: eth0\n",
                "d.yaml:1:1: ports: expected a list, found \"eth0\""},
        Mistake{"mapping for a list", "ports: {name: a}\n",
                "d.yaml:1:1: ports: expected a list, found a mapping"},
        Mistake{"scalar for a mapping", "cpu: 4\n",
                "d.yaml:1:6: cpu: expected a mapping with fields main_core, worker_cores, found "
                "\"4\""},
        Mistake{"list for the whole file", "- a\n",
                "d.yaml:1:1: expected a mapping with fields answers, cpu, kernel, listen, ..."},
        Mistake{"bad item in a list", "cpu:\n  worker_cores:\n    - 1\n    - x\n",
                "d.yaml:4:7: cpu.worker_cores[1]: expected an integer from 0 to 4294967295, found "
                "\"x\""},
        Mistake{"duplicate key", "run_dir: /a\nlog_level: info\nrun_dir: /b\n",
                "d.yaml:3:1: run_dir: field is given twice"},
        Mistake{"duplicate key inside", "cpu:\n  main_core: 1\n  main_core: 1\n",
                "d.yaml:3:3: cpu.main_core: field is given twice"},
        Mistake{"two members of a oneof", "ports:\n  - vdev: net_null0\n    pci: 0000:00:01.0\n",
                "d.yaml:3:5: ports[0].pci: expected only one of af_xdp, vdev, pci; `vdev` is "
                "already given"},
        Mistake{"list as a key", "[a, b]: c\n", "d.yaml:1:1: expected a field name, found a list"},
        Mistake{"two documents", "run_dir: /a\n---\nrun_dir: /b\n",
                "d.yaml:1:1: expected one YAML document, found several (a line `---`)"},
        Mistake{"broken YAML", "cpu: {main_core: 1\nports: [\n", "d.yaml:...not valid YAML: "},
        Mistake{"tab for indentation", "cpu:\n\tmain_core: 1\n", "d.yaml:2:..."}));

TEST(YamlTest, LongValuesAreCutInErrors) {
  DataplaneConfig config;
  const auto source = ParseYaml("cpu: {main_core: " + std::string(5000, 'x') + "}\n", "x", &config);
  ASSERT_FALSE(source.ok());
  EXPECT_LT(source.status().message().size(), 200u);
}

TEST(YamlTest, ProcessValidationReportsAtTheFieldsLine) {
  DataplaneConfig config;
  const auto source =
      ParseYaml("ports:\n  - name: a\n  - name: b\n    mtu: 9\n", "d.yaml", &config);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(source->Error("ports[1].mtu", "expected 576 to 9600").message(),
            "d.yaml:4:10: ports[1].mtu: expected 576 to 9600");
  EXPECT_EQ(source->Error("ports[1].role", "is required").message(),
            "d.yaml:3:5: ports[1].role: is required")
      << "an absent field is reported at its parent";
  EXPECT_EQ(source->Error("cpu.worker_cores", "is required").message(),
            "d.yaml:1:1: cpu.worker_cores: is required");
  EXPECT_TRUE(source->Has("ports[1].mtu"));
  EXPECT_FALSE(source->Has("ports[0].mtu"));
}

TEST(YamlTest, LoadsAFileAndNamesOneThatIsMissing) {
  const std::string path = testing::TempDir() + "/yaml_test_" + std::to_string(getpid()) + ".yaml";
  FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("run_dir: /r\nlog_level: [\n", file);
  std::fclose(file);
  DataplaneConfig config;
  const auto broken = LoadYaml(path, &config);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(std::string(broken.status().message()), HasSubstr(path + ":"));
  std::remove(path.c_str());

  const auto missing = LoadYaml(path, &config);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(), "cannot read " + path + ": No such file or directory");
  const auto directory = LoadYaml("/", &config);
  EXPECT_EQ(directory.status().message(), "cannot read /: Is a directory");
}

}  // namespace
}  // namespace lns::config
