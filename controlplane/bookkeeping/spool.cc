// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/bookkeeping/spool.h"

#include <sqlite3.h>

#include <type_traits>
#include <utility>

#include "lib/base/bytes.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr int kSchemaVersion = 1;
// AUTOINCREMENT: a number is never given again, though all records were delivered.
constexpr char kSchema[] =
    "CREATE TABLE session ("
    " id TEXT PRIMARY KEY, tunnel INTEGER NOT NULL, session INTEGER NOT NULL,"
    " started INTEGER NOT NULL, generation INTEGER NOT NULL,"
    " base_up_packets INTEGER NOT NULL, base_up_octets INTEGER NOT NULL,"
    " base_down_packets INTEGER NOT NULL, base_down_octets INTEGER NOT NULL,"
    " up_packets INTEGER NOT NULL, up_octets INTEGER NOT NULL,"
    " down_packets INTEGER NOT NULL, down_octets INTEGER NOT NULL,"
    " session_timeout INTEGER NOT NULL, idle_timeout INTEGER NOT NULL,"
    " interim INTEGER NOT NULL, quota INTEGER NOT NULL, attributes BLOB NOT NULL"
    ") WITHOUT ROWID;"
    "CREATE TABLE record ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, type INTEGER NOT NULL,"
    " at INTEGER NOT NULL, attributes BLOB NOT NULL"
    ");"
    "PRAGMA user_version = 1;";

// A statement's parameters and columns, one after the other.
class Binder {
 public:
  explicit Binder(sqlite3_stmt* statement) : statement_(statement) {}
  Binder& Number(uint64_t value) {
    sqlite3_bind_int64(statement_, ++index_, static_cast<sqlite3_int64>(value));
    return *this;
  }
  Binder& Number(int64_t value) {
    sqlite3_bind_int64(statement_, ++index_, value);
    return *this;
  }
  // The values stay where they are until the statement has run.
  Binder& Id(const AccountingId& id) {
    const std::string text = id.ToString();
    sqlite3_bind_text(statement_, ++index_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Binder& Blob(const Bytes& bytes) {
    // A null pointer would be NULL.
    const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
    sqlite3_bind_blob(statement_, ++index_, data, static_cast<int>(bytes.size()), SQLITE_STATIC);
    return *this;
  }
  Binder& Counts(const Traffic& traffic) {
    return Number(traffic.uplink_packets)
        .Number(traffic.uplink_bytes)
        .Number(traffic.downlink_packets)
        .Number(traffic.downlink_bytes);
  }

 private:
  sqlite3_stmt* statement_;
  int index_ = 0;
};

class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t Number() { return sqlite3_column_int64(statement_, index_++); }
  uint64_t Count() { return static_cast<uint64_t>(Number()); }
  // The number of a whole of seconds.
  Duration Seconds() { return Duration::Seconds(Number()); }
  std::optional<AccountingId> Id() {
    const int column = index_++;
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return std::nullopt;
    return AccountingId::Parse(
        {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))});
  }
  Bytes Blob() {
    const int column = index_++;
    const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, data + sqlite3_column_bytes(statement_, column)};
  }
  Traffic Counts() {
    Traffic traffic;
    traffic.uplink_packets = Count();
    traffic.uplink_bytes = Count();
    traffic.downlink_packets = Count();
    traffic.downlink_bytes = Count();
    return traffic;
  }

 private:
  sqlite3_stmt* statement_;
  int index_ = 0;
};

int64_t SecondsOf(Duration time) { return time.milliseconds() / 1000; }

}  // namespace

void Spool::CloseDatabase::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void Spool::FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Spool::~Spool() = default;

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(const std::string& path, Durability durability) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Spool> spool(new Spool(path, Database(raw)));
  if (opened != SQLITE_OK) return spool->Error("cannot be opened");
  // One process: no lock is given up between two commits, and no other memory is shared.
  absl::Status status = spool->Execute("PRAGMA locking_mode = EXCLUSIVE");
  if (status.ok()) status = spool->Execute("PRAGMA journal_mode = WAL");
  if (status.ok()) {
    status = spool->Execute(durability == Durability::kMachine ? "PRAGMA synchronous = FULL"
                                                               : "PRAGMA synchronous = NORMAL");
  }
  if (status.ok()) status = spool->Prepare();
  if (!status.ok()) return status;
  return spool;
}

absl::Status Spool::Prepare() {
  const absl::StatusOr<uint64_t> version = Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version == 0) {
    if (absl::Status made = Execute(kSchema); !made.ok()) return made;
  } else if (*version != kSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "accounting spool ", path_, ": is of version ", *version, ", this release uses ",
        kSchemaVersion, ": start the release that wrote it until it is empty"));
  }
  const std::pair<const char*, Statement*> statements[] = {
      {"INSERT OR REPLACE INTO session VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
       &save_session_},
      {"DELETE FROM session WHERE id = ?", &forget_session_},
      {"INSERT INTO record VALUES (?,?,?,?,?)", &save_record_},
      {"DELETE FROM record WHERE number = ?", &forget_record_},
      {"SELECT number, session, type, at, attributes FROM record WHERE number > ? ORDER BY number "
       "LIMIT ?",
       &load_records_},
  };
  for (const auto& [sql, statement] : statements) {
    if (absl::Status status = Compile(sql, *statement); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Spool::Commit(std::span<const SpoolChange> changes) {
  absl::Status status = Execute("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  for (const SpoolChange& change : changes) {
    status = Apply(change);
    if (!status.ok()) break;
  }
  if (status.ok()) status = Execute("COMMIT");
  // Where COMMIT failed as well: the transaction is still open, or is gone already.
  if (!status.ok()) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  return status;
}

absl::Status Spool::Apply(const SpoolChange& change) {
  return std::visit(
      [this](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, SaveSession>) {
          const SavedSession& session = what.session;
          Binder(save_session_.get())
              .Id(session.id)
              .Number(uint64_t{session.key.tunnel.value()})
              .Number(uint64_t{session.key.session.value()})
              .Number(session.started)
              .Number(session.usage.generation())
              .Counts(session.usage.base())
              .Counts(session.usage.current())
              .Number(SecondsOf(session.terms.session_timeout))
              .Number(SecondsOf(session.terms.idle_timeout))
              .Number(SecondsOf(session.terms.interim_interval))
              .Number(session.terms.quota_octets)
              .Blob(session.attributes);
          return Run(save_session_.get());
        } else if constexpr (std::is_same_v<What, ForgetSession>) {
          Binder(forget_session_.get()).Id(what.id);
          return Run(forget_session_.get());
        } else if constexpr (std::is_same_v<What, SaveRecord>) {
          const Record& record = what.record;
          Binder(save_record_.get())
              .Number(record.number)
              .Id(record.session)
              .Number(uint64_t{static_cast<uint8_t>(record.type)})
              .Number(record.at)
              .Blob(record.attributes);
          return Run(save_record_.get());
        } else {
          static_assert(std::is_same_v<What, ForgetRecord>);
          Binder(forget_record_.get()).Number(what.number);
          return Run(forget_record_.get());
        }
      },
      change);
}

absl::StatusOr<std::vector<SavedSession>> Spool::Sessions() {
  Statement statement;
  absl::Status status = Compile("SELECT * FROM session ORDER BY started, id", statement);
  if (!status.ok()) return status;
  std::vector<SavedSession> sessions;
  int step = sqlite3_step(statement.get());
  for (; step == SQLITE_ROW; step = sqlite3_step(statement.get())) {
    Row row(statement.get());
    const std::optional<AccountingId> id = row.Id();
    if (!id) continue;
    SavedSession& session = sessions.emplace_back();
    session.id = *id;
    const auto tunnel = static_cast<uint16_t>(row.Number());
    session.key = {l2tp::LocalTunnelId(tunnel),
                   l2tp::LocalSessionId(static_cast<uint16_t>(row.Number()))};
    session.started = row.Number();
    const uint64_t generation = row.Count();
    const Traffic base = row.Counts();
    session.usage = Usage(generation, base, row.Counts());
    session.terms.session_timeout = row.Seconds();
    session.terms.idle_timeout = row.Seconds();
    session.terms.interim_interval = row.Seconds();
    session.terms.quota_octets = row.Count();
    session.attributes = row.Blob();
  }
  if (step != SQLITE_DONE) return Error("cannot be read");
  return sessions;
}

absl::StatusOr<std::vector<Record>> Spool::Records(uint64_t after, size_t limit) {
  sqlite3_stmt* statement = load_records_.get();
  Binder(statement).Number(after).Number(uint64_t{limit});
  std::vector<Record> records;
  int step = sqlite3_step(statement);
  for (; step == SQLITE_ROW; step = sqlite3_step(statement)) {
    Row row(statement);
    Record record;
    record.number = row.Count();
    const std::optional<AccountingId> session = row.Id();
    record.session = session.value_or(AccountingId{});
    record.type = static_cast<RecordType>(row.Number());
    record.at = row.Number();
    record.attributes = row.Blob();
    records.push_back(std::move(record));
  }
  const bool done = step == SQLITE_DONE;
  const absl::Status error = done ? absl::OkStatus() : Error("cannot be read");
  sqlite3_reset(statement);
  if (!done) return error;
  return records;
}

absl::StatusOr<uint64_t> Spool::RecordCount() { return Number("SELECT count(*) FROM record"); }

absl::StatusOr<uint64_t> Spool::LastNumber() {
  return Number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'record'");
}

absl::Status Spool::Execute(const char* sql) {
  return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK
             ? absl::OkStatus()
             : Error("does not take a change");
}

absl::Status Spool::Compile(const char* sql, Statement& out) {
  sqlite3_stmt* raw = nullptr;
  const int compiled =
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  out.reset(raw);
  return compiled == SQLITE_OK ? absl::OkStatus() : Error("is no spool of ours");
}

absl::Status Spool::Run(sqlite3_stmt* statement) {
  const bool done = sqlite3_step(statement) == SQLITE_DONE;
  const absl::Status status = done ? absl::OkStatus() : Error("does not take a change");
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

absl::StatusOr<uint64_t> Spool::Number(const char* sql) {
  Statement statement;
  if (absl::Status status = Compile(sql, statement); !status.ok()) return status;
  if (sqlite3_step(statement.get()) != SQLITE_ROW) return Error("cannot be read");
  return Row(statement.get()).Count();
}

absl::Status Spool::Error(const char* what) const {
  return absl::UnavailableError(
      absl::StrCat("accounting spool ", path_, ": ", what, ": ", sqlite3_errmsg(database_.get())));
}

}  // namespace lns::controlplane
