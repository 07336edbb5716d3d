// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "controlplane/leases/lease_store.h"

namespace lns::controlplane {
namespace {

constexpr int64_t kNow = 1'800'000'000;
constexpr int64_t kDay = 86'400;

RememberedLease Lease(uint16_t pool, const char* unit, uint32_t user, bool held) {
  return {.pool = pool, .unit = *net::IpPrefix::Parse(unit), .user = user, .held = held};
}
// As it is loaded.
RememberedLease Left(uint16_t pool, const char* unit, uint32_t user) {
  return Lease(pool, unit, user, false);
}

class LeaseStoreTest : public testing::Test {
 protected:
  LeaseStoreTest() {
    std::string pattern = testing::TempDir() + "/lns-leases-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    settings_.path = directory_ + "/leases.db";
    settings_.pools = {"addresses", "links", "homes"};
  }
  ~LeaseStoreTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Open() {
    store_.reset();
    auto opened = LeaseStore::Open(settings_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = std::move(*opened);
  }
  void Save(std::vector<RememberedLease> changes, int64_t at = kNow) {
    const absl::Status status = store_->Save(changes, at);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::vector<RememberedLease> Load(int64_t at = kNow) {
    Open();
    return *store_->Load(at);
  }

  std::string directory_;
  LeaseSettings settings_;
  std::unique_ptr<LeaseStore> store_;
};

TEST_F(LeaseStoreTest, WhatUsersHadOfEveryKindIsThereInTheNextRun) {
  Open();
  Save({Lease(0, "100.64.0.2/32", 11, true), Lease(1, "2001:db8:1::/64", 4'000'000'000, true)});
  Save({Lease(2, "2001:db8:2200::/56", 12, true)}, kNow + 1);
  Save({Lease(0, "100.64.0.2/32", 11, false)}, kNow + 2);
  // What is held still when it ends is given back at the start: the latest.
  EXPECT_EQ(Load(kNow + 10),
            (std::vector{Left(2, "2001:db8:2200::/56", 12),
                         Left(1, "2001:db8:1::/64", 4'000'000'000), Left(0, "100.64.0.2/32", 11)}));
}

TEST_F(LeaseStoreTest, AnAddressIsItsLatestUsers) {
  Open();
  Save({Lease(0, "100.64.0.2/32", 11, true), Lease(0, "100.64.0.2/32", 11, false),
        Lease(0, "100.64.0.2/32", 22, true)});
  EXPECT_EQ(Load(), (std::vector{Left(0, "100.64.0.2/32", 22)}));
}

TEST_F(LeaseStoreTest, PoolsAreKnownByTheirNames) {
  Open();
  Save({Lease(0, "100.64.0.2/32", 11, false), Lease(2, "2001:db8:2200::/56", 12, false)});
  settings_.pools = {"homes", "others"};
  EXPECT_EQ(Load(), (std::vector{Left(0, "2001:db8:2200::/56", 12)}));
  // One that comes back is known still.
  settings_.pools = {"addresses"};
  EXPECT_EQ(Load(), (std::vector{Left(0, "100.64.0.2/32", 11)}));
}

TEST_F(LeaseStoreTest, WhatWasGivenBackLongAgoIsForgottenAndWhatIsHeldIsNot) {
  settings_.remember = Duration::Seconds(7 * kDay);
  Open();
  Save({Lease(0, "100.64.0.2/32", 1, false), Lease(0, "100.64.0.3/32", 2, true)}, kNow);
  Save({Lease(0, "100.64.0.4/32", 3, false)}, kNow + 2 * kDay);
  EXPECT_EQ(*store_->Trim(kNow + 7 * kDay), 0u);
  EXPECT_EQ(*store_->Trim(kNow + 7 * kDay + 1), 1u);
  EXPECT_EQ(*store_->Count(), 2u);
  // Held for longer than anything is remembered, when the process died.
  EXPECT_EQ(Load(kNow + 100 * kDay), (std::vector{Left(0, "100.64.0.3/32", 2)}));
}

TEST_F(LeaseStoreTest, TheEarliestGoWhereTheyAreTooMany) {
  settings_.max_leases = 2;
  Open();
  Save({Lease(0, "100.64.0.2/32", 1, true)}, kNow);
  Save({Lease(0, "100.64.0.3/32", 2, false)}, kNow + 1);
  Save({Lease(0, "100.64.0.4/32", 3, false)}, kNow + 2);
  Save({Lease(0, "100.64.0.5/32", 4, false)}, kNow + 3);
  EXPECT_EQ(*store_->Trim(kNow + 4), 2u);
  EXPECT_EQ(Load(kNow + 5),
            (std::vector{Left(0, "100.64.0.2/32", 1), Left(0, "100.64.0.5/32", 4)}));
}

TEST_F(LeaseStoreTest, AFileThatIsNoneOfOursIsAnErrorThatNamesIt) {
  settings_.path = directory_;
  const absl::Status status = LeaseStore::Open(settings_).status();
  EXPECT_NE(status.message().find("lease file " + directory_), std::string::npos) << status;
}

}  // namespace
}  // namespace lns::controlplane
