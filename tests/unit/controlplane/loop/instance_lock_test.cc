// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "controlplane/loop/instance_lock.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

std::string LockPath() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto directory = std::filesystem::path(::testing::TempDir()) /
                         absl::StrCat("lns-lock-", getpid(), "-", info->name());
  std::filesystem::create_directories(directory);
  return directory / "controlplane.lock";
}

TEST(InstanceLock, ASecondHolderIsToldWhoHoldsIt) {
  const std::string path = LockPath();
  const auto first = InstanceLock::Take(path);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = InstanceLock::Take(path);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(second.status().message(), absl::StrCat("process ", getpid())))
      << second.status();
}

TEST(InstanceLock, CanBeTakenAgainOnceItsHolderIsGone) {
  const std::string path = LockPath();
  { ASSERT_TRUE(InstanceLock::Take(path).ok()); }
  EXPECT_TRUE(InstanceLock::Take(path).ok());
}

TEST(InstanceLock, AMissingDirectoryIsNamed) {
  const auto lock = InstanceLock::Take("/nonexistent/run/controlplane.lock");
  EXPECT_FALSE(lock.ok());
  EXPECT_TRUE(absl::StrContains(lock.status().message(), "/nonexistent/run/controlplane.lock"));
}

}  // namespace
}  // namespace lns::controlplane
