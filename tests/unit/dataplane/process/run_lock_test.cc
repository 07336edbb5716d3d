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

#include "dataplane/run_lock.h"

namespace lns::dataplane {
namespace {

class RunLockTest : public testing::Test {
 protected:
  RunLockTest() {
    std::string pattern = testing::TempDir() + "/run_lock_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~RunLockTest() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST_F(RunLockTest, SecondOwnerIsToldWhoTheFirstIs) {
  const auto first = RunLock::Take(directory_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = RunLock::Take(directory_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(std::string(second.status().message()),
            "another lns-dataplane (pid " + std::to_string(getpid()) +
                ") already runs with run_dir " + directory_ +
                ": stop it or choose another run_dir");
}

TEST_F(RunLockTest, ReleaseLeavesNothingAndFreesTheDirectory) {
  { ASSERT_TRUE(RunLock::Take(directory_).ok()); }
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
  EXPECT_TRUE(RunLock::Take(directory_).ok());
}

TEST_F(RunLockTest, MakesTheDirectory) {
  EXPECT_TRUE(RunLock::Take(directory_ + "/new").ok());
  EXPECT_FALSE(RunLock::Take(directory_ + "/none/new").ok());
}

TEST_F(RunLockTest, KilledOwnerHoldsNothing) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = RunLock::Take(directory_);
    const char answer = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_FALSE(RunLock::Take(directory_).ok());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/dataplane.lock")) << "left by the killed one";
  EXPECT_TRUE(RunLock::Take(directory_).ok());
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace lns::dataplane
