// A SQLite database in WAL mode, for what must outlive the process: the accounting spool, what
// users had of the pools. Thin: statements with their parameters and columns in order,
// transactions, and errors that name the file. Used by one thread; one process at a time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lns::controlplane {

enum class Durability : uint8_t {
  kProcess,  // survives the process
  kMachine,  // and a loss of power: every commit waits for the disk
};

class Database;

// One prepared statement. Its database outlives it.
class Statement {
 public:
  Statement() = default;

  // Parameters, in their order. Texts are copied; blobs stay where they are until it has run.
  Statement& Number(uint64_t value);
  Statement& Number(int64_t value);
  Statement& Text(std::string_view value);
  Statement& Blob(ByteView value);
  // One without rows; the parameters are forgotten.
  absl::Status Run();

  // One with rows: true when there is another, whose columns are read in their order.
  absl::StatusOr<bool> Next();
  int64_t Number();
  uint64_t Count() { return static_cast<uint64_t>(Number()); }
  std::string_view Text();  // until the next row
  Bytes Blob();
  // Before it is used again, where not every row was read.
  void Reset();

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  const Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int parameter_ = 0;
  int column_ = 0;
};

class Database {
 public:
  // Makes the file if there is none. `what` names it in errors ("accounting spool"). A new file
  // gets `schema`, which sets user_version; one of another version than `version` is an error that
  // says `advice`.
  struct Format {
    const char* what = "";
    const char* schema = "";
    int version = 1;
    const char* advice = "";
  };
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                        Durability durability,
                                                        const Format& format);

  absl::StatusOr<Statement> Prepare(const char* sql) const;
  absl::Status Execute(const char* sql) const;
  // The one number that `sql` asks for.
  absl::StatusOr<uint64_t> Number(const char* sql) const;
  // All that `changes` does, or nothing of it where it or the commit fails.
  absl::Status Transact(absl::FunctionRef<absl::Status()> changes) const;
  // What SQLite says last, and `problem`.
  absl::Status Error(const char* problem) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  Database(std::string name, sqlite3* database) : name_(std::move(name)), database_(database) {}
  absl::Status SetUp(Durability durability, const Format& format);

  const std::string name_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace lns::controlplane
