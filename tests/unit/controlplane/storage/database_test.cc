// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "controlplane/storage/database.h"

namespace lns::controlplane {
namespace {

constexpr char kSchema[] =
    "CREATE TABLE thing (number INTEGER PRIMARY KEY, name TEXT NOT NULL, content BLOB NOT NULL);"
    "PRAGMA user_version = 3;";

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() {
    std::string pattern = testing::TempDir() + "/lns-database-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~DatabaseTest() override { std::filesystem::remove_all(directory_); }

  std::string path() const { return directory_ + "/things.db"; }
  absl::StatusOr<std::unique_ptr<Database>> Open(int version = 3) const {
    return Database::Open(
        path(), Durability::kProcess,
        {.what = "box of things", .schema = kSchema, .version = version, .advice = "burn it"});
  }
  static absl::Status Add(const Database& database, int64_t number) {
    absl::StatusOr<Statement> insert = database.Prepare("INSERT INTO thing VALUES (?,?,?)");
    if (!insert.ok()) return insert.status();
    return insert->Number(number).Text("thing").Blob(Bytes{1, 0, 2}).Run();
  }

  std::string directory_;
};

TEST_F(DatabaseTest, WhatWasWrittenIsReadInTheNextRun) {
  {
    const auto database = Open();
    ASSERT_TRUE(database.ok()) << database.status();
    absl::StatusOr<Statement> insert = (*database)->Prepare("INSERT INTO thing VALUES (?,?,?)");
    ASSERT_TRUE(insert.ok());
    const Bytes whole = {0, 255, 0};
    // One statement, used again; an empty blob is not NULL.
    ASSERT_TRUE(insert->Number(uint64_t{7}).Text("seven").Blob(whole).Run().ok());
    ASSERT_TRUE(insert->Number(int64_t{-8}).Text("").Blob({}).Run().ok());
  }
  const auto database = Open();
  ASSERT_TRUE(database.ok()) << database.status();
  absl::StatusOr<Statement> row = (*database)->Prepare("SELECT * FROM thing ORDER BY number");
  ASSERT_TRUE(*row->Next());
  EXPECT_EQ(row->Number(), -8);
  EXPECT_EQ(row->Text(), "");
  EXPECT_EQ(row->Blob(), Bytes{});
  ASSERT_TRUE(*row->Next());
  EXPECT_EQ(row->Count(), 7u);
  EXPECT_EQ(row->Text(), "seven");
  EXPECT_EQ(row->Blob(), (Bytes{0, 255, 0}));
  EXPECT_FALSE(*row->Next());
  // Read to its end, it can be asked again.
  EXPECT_TRUE(*row->Next());
}

TEST_F(DatabaseTest, ATransactionIsWholeOrNothing) {
  const auto database = Open();
  ASSERT_TRUE(Add(**database, 1).ok());
  const absl::Status failed = (*database)->Transact([&] {
    if (absl::Status added = Add(**database, 2); !added.ok()) return added;
    return Add(**database, 1);  // is there already
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(*(*database)->Number("SELECT count(*) FROM thing"), 1u);
  ASSERT_TRUE((*database)->Transact([&] { return Add(**database, 2); }).ok());
  EXPECT_EQ(*(*database)->Number("SELECT count(*) FROM thing"), 2u);
}

TEST_F(DatabaseTest, ErrorsNameTheFileAndWhatToDo) {
  ASSERT_TRUE(Open().ok());
  const absl::Status newer = Open(4).status();
  EXPECT_EQ(newer.message(),
            "box of things " + path() + ": is of version 3, this release uses 4: burn it");
  std::ofstream(path()) << "not a database, but long enough to be taken for a damaged one";
  std::filesystem::remove(path() + "-wal");
  const absl::Status damaged = Open().status();
  EXPECT_FALSE(damaged.ok());
  EXPECT_NE(damaged.message().find(path()), std::string::npos) << damaged;
  directory_ += "/nowhere";
  EXPECT_NE(Open().status().message().find("cannot be opened"), std::string::npos);
}

TEST_F(DatabaseTest, OneProcessAtATime) {
  const auto database = Open();
  ASSERT_TRUE(Add(**database, 1).ok());
  EXPECT_FALSE(Open().ok());
}

}  // namespace
}  // namespace lns::controlplane
