// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "controlplane/leases/lease_keeper.h"
#include "lib/os/clock.h"

namespace lns::controlplane {
namespace {

RememberedLease Of(uint32_t number, bool held = true) {
  const uint32_t address = 0x64400000 + number;
  return {.unit = net::IpPrefix::Host(net::IpAddress::V4(address)), .user = number, .held = held};
}

class LeaseKeeperTest : public testing::Test {
 protected:
  LeaseKeeperTest() {
    std::string pattern = testing::TempDir() + "/lns-keeper-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    settings_.path = directory_ + "/leases.db";
    settings_.pools = {"lab"};
  }
  ~LeaseKeeperTest() override {
    keeper_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Start() {
    keeper_.reset();
    auto started = LeaseKeeper::Start(
        settings_, [](LogLevel, std::string_view) {}, known_);
    ASSERT_TRUE(started.ok()) << started.status();
    keeper_ = std::move(*started);
  }
  void Put(std::vector<RememberedLease> changes) {
    keeper_->Put(changes);
    EXPECT_TRUE(changes.empty());
  }
  std::map<std::string, uint64_t> Counters() const {
    const auto counters = keeper_->Counters();
    return {counters.begin(), counters.end()};
  }
  uint64_t Counted(const std::string& name) const { return Counters().at(name); }
  bool WaitFor(const std::string& name, uint64_t value) const {
    const Instant deadline = MonotonicNow() + Duration::Seconds(10);
    while (Counted(name) != value) {
      if (MonotonicNow() > deadline) return false;
      usleep(1000);
    }
    return true;
  }

  std::string directory_;
  LeaseSettings settings_;
  std::vector<RememberedLease> known_;
  std::unique_ptr<LeaseKeeper> keeper_;
};

TEST_F(LeaseKeeperTest, WhatItWasGivenIsKnownToTheNextRun) {
  Start();
  EXPECT_TRUE(known_.empty());
  std::vector<RememberedLease> many;
  for (uint32_t n = 1; n <= 5000; ++n) many.push_back(Of(n));
  Put(many);
  Put({Of(1, false), Of(1, true), Of(1, false)});
  Start();  // the first is ended, which saves all
  EXPECT_EQ(known_.size(), 5000u);
}

TEST_F(LeaseKeeperTest, ChangesOfOneAddressAreOneChange) {
  Start();
  for (int i = 0; i < 1000; ++i) Put({Of(1, i % 2 == 0)});
  ASSERT_TRUE(WaitFor("leases_unsaved", 0));
  // The thread takes this one when it has done with all those.
  Put({Of(2)});
  ASSERT_TRUE(WaitFor("leases_unsaved", 0));
  const std::map<std::string, uint64_t> counted = Counters();
  EXPECT_GE(counted.at("leases_saved"), 1u);
  EXPECT_LT(counted.at("leases_saved"), 1000u);
  EXPECT_EQ(counted.at("leases_saved"), counted.at("leases_commits"));
}

TEST_F(LeaseKeeperTest, WhatWasSavedSurvivesAKill) {
  int saved[2];
  ASSERT_EQ(pipe(saved), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::vector<RememberedLease> known;
    auto keeper = LeaseKeeper::Start(
        settings_, [](LogLevel, std::string_view) {}, known);
    if (!keeper.ok()) _exit(1);
    std::vector<RememberedLease> changes = {Of(1), Of(2), Of(3)};
    (*keeper)->Put(changes);
    for (;;) {
      const auto counters = (*keeper)->Counters();
      const std::map<std::string, uint64_t> named(counters.begin(), counters.end());
      if (named.at("leases_saved") == 3) break;
      usleep(1000);
    }
    [[maybe_unused]] const ssize_t said = write(saved[1], "", 1);
    for (;;) pause();
  }
  close(saved[1]);
  char byte = 0;
  EXPECT_EQ(read(saved[0], &byte, 1), 1);
  close(saved[0]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  Start();
  EXPECT_EQ(known_.size(), 3u);
}

TEST_F(LeaseKeeperTest, WhatTheDiskDoesNotTakeIsTriedAgain) {
  Start();
  Put({Of(1)});
  ASSERT_TRUE(WaitFor("leases_saved", 1));
  // No file may grow for a while.
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  Put({Of(2), Of(3)});
  const bool failed = WaitFor("leases_errors", 1);
  Put({Of(3, false)});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_TRUE(failed);
  EXPECT_TRUE(WaitFor("leases_saved", 3));
  Start();
  EXPECT_EQ(known_.size(), 3u);
}

}  // namespace
}  // namespace lns::controlplane
