// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/storage/database.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace lns::controlplane {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::Number(uint64_t value) { return Number(static_cast<int64_t>(value)); }

Statement& Statement::Number(int64_t value) {
  sqlite3_bind_int64(statement_.get(), ++parameter_, value);
  return *this;
}

Statement& Statement::Text(std::string_view value) {
  sqlite3_bind_text(statement_.get(), ++parameter_, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::Blob(ByteView value) {
  // A null pointer would be NULL.
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  sqlite3_bind_blob(statement_.get(), ++parameter_, data, static_cast<int>(value.size()),
                    SQLITE_STATIC);
  return *this;
}

absl::Status Statement::Run() {
  const bool done = sqlite3_step(statement_.get()) == SQLITE_DONE;
  const absl::Status status = done ? absl::OkStatus() : database_->Error("does not take a change");
  Reset();
  sqlite3_clear_bindings(statement_.get());
  return status;
}

absl::StatusOr<bool> Statement::Next() {
  column_ = 0;
  const int step = sqlite3_step(statement_.get());
  if (step == SQLITE_ROW) return true;
  const absl::Status status =
      step == SQLITE_DONE ? absl::OkStatus() : database_->Error("cannot be read");
  Reset();
  if (!status.ok()) return status;
  return false;
}

int64_t Statement::Number() { return sqlite3_column_int64(statement_.get(), column_++); }

std::string_view Statement::Text() {
  const int column = column_++;
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Bytes Statement::Blob() {
  const int column = column_++;
  const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  if (data == nullptr) return {};
  return {data, data + sqlite3_column_bytes(statement_.get(), column)};
}

void Statement::Reset() {
  sqlite3_reset(statement_.get());
  parameter_ = column_ = 0;
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                         Durability durability,
                                                         const Format& format) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(absl::StrCat(format.what, " ", path), raw));
  if (opened != SQLITE_OK) return database->Error("cannot be opened");
  const absl::Status status = database->SetUp(durability, format);
  if (!status.ok()) return status;
  return database;
}

absl::Status Database::SetUp(Durability durability, const Format& format) {
  // One process: no lock is given up between two commits, and no other memory is shared.
  absl::Status status = Execute("PRAGMA locking_mode = EXCLUSIVE");
  if (status.ok()) status = Execute("PRAGMA journal_mode = WAL");
  if (status.ok()) {
    status = Execute(durability == Durability::kMachine ? "PRAGMA synchronous = FULL"
                                                        : "PRAGMA synchronous = NORMAL");
  }
  if (!status.ok()) return status;
  const absl::StatusOr<uint64_t> version = Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version == 0) return Execute(format.schema);
  if (*version == static_cast<uint64_t>(format.version)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(name_, ": is of version ", *version,
                                                    ", this release uses ", format.version, ": ",
                                                    format.advice));
}

absl::StatusOr<Statement> Database::Prepare(const char* sql) const {
  sqlite3_stmt* raw = nullptr;
  const int compiled =
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (compiled != SQLITE_OK) return Error("is no file of ours");
  Statement statement;
  statement.database_ = this;
  statement.statement_.reset(raw);
  return statement;
}

absl::Status Database::Execute(const char* sql) const {
  return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK
             ? absl::OkStatus()
             : Error("does not take a change");
}

absl::StatusOr<uint64_t> Database::Number(const char* sql) const {
  absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const absl::StatusOr<bool> row = statement->Next();
  if (!row.ok()) return row.status();
  if (!*row) return Error("cannot be read");
  return statement->Count();
}

absl::Status Database::Transact(absl::FunctionRef<absl::Status()> changes) const {
  absl::Status status = Execute("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  status = changes();
  if (status.ok()) status = Execute("COMMIT");
  // Where COMMIT failed as well: the transaction is still open, or is gone already.
  if (!status.ok()) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  return status;
}

absl::Status Database::Error(const char* problem) const {
  return absl::UnavailableError(
      absl::StrCat(name_, ": ", problem, ": ", sqlite3_errmsg(database_.get())));
}

}  // namespace lns::controlplane
