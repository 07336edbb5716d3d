// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "lib/os/instance_lock.h"

namespace lns {
namespace {

class InstanceLockTest : public testing::Test {
 protected:
  InstanceLockTest() {
    std::string pattern = testing::TempDir() + "/instance_lock_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~InstanceLockTest() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST_F(InstanceLockTest, SecondOwnerIsToldWhoTheFirstIs) {
  const auto first = InstanceLock::Take(directory_, "dataplane");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = InstanceLock::Take(directory_, "dataplane");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(std::string(second.status().message()),
            "another lns-dataplane (pid " + std::to_string(getpid()) +
                ") already runs with run_dir " + directory_ +
                ": stop it or choose another run_dir");
}

TEST_F(InstanceLockTest, ReleaseLeavesNothingAndFreesTheDirectory) {
  { ASSERT_TRUE(InstanceLock::Take(directory_, "dataplane").ok()); }
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
  EXPECT_TRUE(InstanceLock::Take(directory_, "dataplane").ok());
}

TEST_F(InstanceLockTest, ProgramsOfTwoKindsShareADirectory) {
  const auto first = InstanceLock::Take(directory_, "dataplane");
  EXPECT_TRUE(InstanceLock::Take(directory_, "controlplane").ok());
}

TEST_F(InstanceLockTest, IsHeldByWhomItWasMovedTo) {
  auto first = InstanceLock::Take(directory_, "dataplane");
  ASSERT_TRUE(first.ok());
  {
    const InstanceLock second = *std::move(first);
    first = absl::UnavailableError("gone");
    EXPECT_FALSE(InstanceLock::Take(directory_, "dataplane").ok());
  }
  EXPECT_TRUE(InstanceLock::Take(directory_, "dataplane").ok());
}

TEST_F(InstanceLockTest, MakesTheDirectory) {
  EXPECT_TRUE(InstanceLock::Take(directory_ + "/new", "dataplane").ok());
  EXPECT_FALSE(InstanceLock::Take(directory_ + "/none/new", "dataplane").ok());
}

TEST_F(InstanceLockTest, KilledOwnerHoldsNothing) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = InstanceLock::Take(directory_, "dataplane");
    const char answer = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_FALSE(InstanceLock::Take(directory_, "dataplane").ok());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/dataplane.lock")) << "left by the killed one";
  EXPECT_TRUE(InstanceLock::Take(directory_, "dataplane").ok());
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace lns
