// The accounting spool: records that no server has acknowledged yet, and the sessions whose Stop
// has not been written, in a SQLite database in WAL mode. What one Commit changes, it changes as a
// whole; after it returns, a process that dies has lost none of it. Used by one thread, the
// bookkeeping's; one process at a time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/accounting/accountant.h"
#include "controlplane/accounting/record.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lns::controlplane {

// Acknowledged.
struct ForgetRecord {
  uint64_t number = 0;
};
using SpoolChange = std::variant<SaveSession, ForgetSession, SaveRecord, ForgetRecord>;

enum class Durability : uint8_t {
  kProcess,  // survives the process
  kMachine,  // and a loss of power: every commit waits for the disk
};

class Spool {
 public:
  // Makes the file if there is none. An error names it and what to do.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(const std::string& path,
                                                     Durability durability);
  ~Spool();

  // In their order, as one transaction. On an error nothing has changed.
  absl::Status Commit(std::span<const SpoolChange> changes);

  absl::StatusOr<std::vector<SavedSession>> Sessions();
  // At most `limit` records, in order, of those after `after`.
  absl::StatusOr<std::vector<Record>> Records(uint64_t after, size_t limit);
  absl::StatusOr<uint64_t> RecordCount();
  // The highest number that was ever given to a record.
  absl::StatusOr<uint64_t> LastNumber();

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Database = std::unique_ptr<sqlite3, CloseDatabase>;
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  Spool(std::string path, Database database)
      : path_(std::move(path)), database_(std::move(database)) {}
  absl::Status Prepare();
  absl::Status Execute(const char* sql);
  absl::Status Compile(const char* sql, Statement& out);
  absl::Status Run(sqlite3_stmt* statement);
  absl::StatusOr<uint64_t> Number(const char* sql);
  absl::Status Apply(const SpoolChange& change);
  absl::Status Error(const char* what) const;

  const std::string path_;
  Database database_;
  Statement save_session_;
  Statement forget_session_;
  Statement save_record_;
  Statement forget_record_;
  Statement load_records_;
};

}  // namespace lns::controlplane
