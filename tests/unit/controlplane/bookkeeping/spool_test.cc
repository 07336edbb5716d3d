// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "controlplane/bookkeeping/spool.h"

namespace lns::controlplane {
namespace {

AccountingId Id(uint32_t slot) { return {.run = 77, .number = slot + 1000, .slot = slot}; }

SaveSession Session(uint32_t slot) {
  return {{.id = Id(slot),
           .key = {l2tp::LocalTunnelId(65535), l2tp::LocalSessionId(static_cast<uint16_t>(slot))},
           .started = 1'700'000'000,
           .usage = Usage(0xfedcba9876543210, {1, 2, 3, 4}, {5, uint64_t{6} << 40, 7, 8}),
           .terms = {.session_timeout = Duration::Seconds(100),
                     .idle_timeout = Duration::Seconds(200),
                     .interim_interval = Duration::Seconds(300),
                     .quota_octets = uint64_t{1} << 50},
           .link_told = true,
           .attributes = {1, 5, 'b', 0, 'b'}}};
}
SaveTunnel Tunnel(uint32_t slot) {
  return {{.id = Id(slot), .started = 1'700'000'000 + slot, .attributes = {2, 0, 2}}};
}
SaveRecord OfSession(uint64_t number, uint32_t slot) {
  return {{.number = number,
           .session = Id(slot),
           .type = RecordType::kInterim,
           .at = 1'700'000'000 + static_cast<int64_t>(number),
           .attributes = {static_cast<uint8_t>(number), 0, 1}}};
}

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() {
    std::string pattern = testing::TempDir() + "/lns-spool-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~SpoolTest() override {
    spool_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string path() const { return directory_ + "/accounting.db"; }
  void Open() {
    spool_.reset();
    auto opened = Spool::Open(path(), Durability::kProcess);
    ASSERT_TRUE(opened.ok()) << opened.status();
    spool_ = std::move(*opened);
  }
  void Commit(std::vector<SpoolChange> changes) {
    const absl::Status status = spool_->Commit(changes);
    ASSERT_TRUE(status.ok()) << status;
  }

  std::string directory_;
  std::unique_ptr<Spool> spool_;
};

TEST_F(SpoolTest, WhatIsCommittedIsThereInTheNextRun) {
  Open();
  Commit({Session(1), OfSession(7, 1), OfSession(8, 2), Session(2), ForgetSession{Id(2)}});
  Commit({Tunnel(3), Tunnel(4), ForgetTunnel{Id(3)}});
  Open();
  const auto sessions = spool_->Sessions();
  ASSERT_TRUE(sessions.ok()) << sessions.status();
  ASSERT_EQ(sessions->size(), 1u);
  const SavedSession& session = (*sessions)[0];
  const SavedSession expected = Session(1).session;
  EXPECT_EQ(session.id, expected.id);
  EXPECT_EQ(session.key, expected.key);
  EXPECT_EQ(session.started, expected.started);
  EXPECT_EQ(session.usage.generation(), expected.usage.generation());
  EXPECT_EQ(session.usage.base(), expected.usage.base());
  EXPECT_EQ(session.usage.current(), expected.usage.current());
  EXPECT_EQ(session.terms, expected.terms);
  EXPECT_TRUE(session.link_told);
  EXPECT_EQ(session.attributes, expected.attributes);
  const auto tunnels = spool_->Tunnels();
  ASSERT_TRUE(tunnels.ok()) << tunnels.status();
  ASSERT_EQ(tunnels->size(), 1u);
  EXPECT_EQ((*tunnels)[0].id, Id(4));
  EXPECT_EQ((*tunnels)[0].started, 1'700'000'004);
  EXPECT_EQ((*tunnels)[0].attributes, (Bytes{2, 0, 2}));
  const auto records = spool_->Records(0, 10);
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ((*records)[0].number, 7u);
  EXPECT_EQ((*records)[0].session, Id(1));
  EXPECT_EQ((*records)[0].type, RecordType::kInterim);
  EXPECT_EQ((*records)[0].at, 1'700'000'007);
  EXPECT_EQ((*records)[0].attributes, (Bytes{7, 0, 1}));
}

TEST_F(SpoolTest, ASessionSavedAgainIsTheNewerOne) {
  Open();
  SaveSession newer = Session(1);
  newer.session.attributes = {9};
  Commit({Session(1)});
  Commit({newer});
  const auto sessions = spool_->Sessions();
  ASSERT_EQ(sessions->size(), 1u);
  EXPECT_EQ((*sessions)[0].attributes, Bytes{9});
}

TEST_F(SpoolTest, RecordsAreReadInPagesAndNumbersNeverComeAgain) {
  Open();
  std::vector<SpoolChange> changes;
  for (uint64_t n = 1; n <= 25; ++n) changes.emplace_back(OfSession(n, 1));
  Commit(std::move(changes));
  EXPECT_EQ(spool_->Records(0, 10)->back().number, 10u);
  EXPECT_EQ(spool_->Records(20, 10)->size(), 5u);
  EXPECT_EQ(*spool_->RecordCount(), 25u);
  changes.clear();
  for (uint64_t n = 1; n <= 25; ++n) changes.emplace_back(ForgetRecord{n});
  Commit(std::move(changes));
  Open();
  EXPECT_EQ(*spool_->RecordCount(), 0u);
  EXPECT_EQ(*spool_->LastNumber(), 25u);
}

TEST_F(SpoolTest, ACommitThatFailsChangesNothing) {
  Open();
  Commit({OfSession(1, 1)});
  const std::vector<SpoolChange> changes = {Session(1), OfSession(2, 1), OfSession(1, 1)};
  EXPECT_FALSE(spool_->Commit(changes).ok());
  EXPECT_TRUE(spool_->Sessions()->empty());
  EXPECT_EQ(*spool_->RecordCount(), 1u);
  Commit({OfSession(2, 1)});  // and it goes on
}

// A Stop and the forgetting of its session stand or fall together, whenever the process is killed.
TEST_F(SpoolTest, AProcessThatIsKilledLeavesWholeCommits) {
  for (int round = 0; round < 5; ++round) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto spool = Spool::Open(path(), Durability::kProcess);
      uint64_t number = 0;
      for (uint32_t slot = 1;; ++slot) {
        const std::vector<SpoolChange> start = {Session(slot), OfSession(++number, slot)};
        const std::vector<SpoolChange> stop = {OfSession(++number, slot), ForgetSession{Id(slot)}};
        if (!(*spool)->Commit(start).ok() || !(*spool)->Commit(stop).ok()) _exit(1);
        if (slot == 20 && write(ready[1], "x", 1) != 1) _exit(1);
      }
    }
    char go = 0;
    ASSERT_EQ(read(ready[0], &go, 1), 1);
    usleep(static_cast<useconds_t>(1000 * round));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    close(ready[0]);
    close(ready[1]);
    Open();
    const auto records = spool_->Records(0, 1'000'000);
    ASSERT_TRUE(records.ok());
    ASSERT_GE(records->size(), 40u);
    for (size_t i = 0; i < records->size(); ++i) ASSERT_EQ((*records)[i].number, i + 1);
    // An odd number: the last has started and not stopped.
    EXPECT_EQ(spool_->Sessions()->size(), records->size() % 2);
  }
}

TEST_F(SpoolTest, AnotherFileIsRefusedByName) {
  std::ofstream(path()) << "this is no database, and long enough for one to be looked at closely";
  const auto opened = Spool::Open(path(), Durability::kProcess);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.status().message().find(path()), std::string::npos) << opened.status();
}

TEST_F(SpoolTest, OneProcessAtATime) {
  Open();
  EXPECT_FALSE(Spool::Open(path(), Durability::kProcess).ok());
}

}  // namespace
}  // namespace lns::controlplane
