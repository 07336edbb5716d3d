// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/bookkeeping/spool.h"

#include <type_traits>
#include <utility>

#include "lib/base/bytes.h"

namespace lns::controlplane {
namespace {

constexpr int kSchemaVersion = 2;
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
    " interim INTEGER NOT NULL, quota INTEGER NOT NULL, link_told INTEGER NOT NULL,"
    " attributes BLOB NOT NULL"
    ") WITHOUT ROWID;"
    "CREATE TABLE tunnel ("
    " id TEXT PRIMARY KEY, started INTEGER NOT NULL, attributes BLOB NOT NULL"
    ") WITHOUT ROWID;"
    "CREATE TABLE record ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, type INTEGER NOT NULL,"
    " at INTEGER NOT NULL, attributes BLOB NOT NULL"
    ");"
    "PRAGMA user_version = 2;";

Statement& BindCounts(Statement& to, const Traffic& traffic) {
  return to.Number(traffic.uplink_packets)
      .Number(traffic.uplink_bytes)
      .Number(traffic.downlink_packets)
      .Number(traffic.downlink_bytes);
}

Traffic ReadCounts(Statement& row) {
  Traffic traffic;
  traffic.uplink_packets = row.Count();
  traffic.uplink_bytes = row.Count();
  traffic.downlink_packets = row.Count();
  traffic.downlink_bytes = row.Count();
  return traffic;
}

// Whole seconds.
int64_t SecondsOf(Duration time) { return time.milliseconds() / 1000; }
Duration ReadSeconds(Statement& row) { return Duration::Seconds(row.Number()); }

}  // namespace

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(const std::string& path, Durability durability) {
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(path, durability,
                     {.what = "accounting spool",
                      .schema = kSchema,
                      .version = kSchemaVersion,
                      .advice = "start the release that wrote it until it is empty"});
  if (!database.ok()) return database.status();
  std::unique_ptr<Spool> spool(new Spool(std::move(*database)));
  if (absl::Status prepared = spool->Prepare(); !prepared.ok()) return prepared;
  return spool;
}

absl::Status Spool::Prepare() {
  const std::pair<const char*, Statement*> statements[] = {
      {"INSERT OR REPLACE INTO session VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
       &save_session_},
      {"DELETE FROM session WHERE id = ?", &forget_session_},
      {"INSERT OR REPLACE INTO tunnel VALUES (?,?,?)", &save_tunnel_},
      {"DELETE FROM tunnel WHERE id = ?", &forget_tunnel_},
      {"INSERT INTO record VALUES (?,?,?,?,?)", &save_record_},
      {"DELETE FROM record WHERE number = ?", &forget_record_},
      {"SELECT number, session, type, at, attributes FROM record WHERE number > ? ORDER BY number "
       "LIMIT ?",
       &load_records_},
  };
  for (const auto& [sql, statement] : statements) {
    absl::StatusOr<Statement> prepared = database_->Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = std::move(*prepared);
  }
  return absl::OkStatus();
}

absl::Status Spool::Commit(std::span<const SpoolChange> changes) {
  return database_->Transact([&] {
    for (const SpoolChange& change : changes) {
      if (absl::Status applied = Apply(change); !applied.ok()) return applied;
    }
    return absl::OkStatus();
  });
}

absl::Status Spool::Apply(const SpoolChange& change) {
  return std::visit(
      [this](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, SaveSession>) {
          const SavedSession& session = what.session;
          save_session_.Text(session.id.ToString())
              .Number(uint64_t{session.key.tunnel.value()})
              .Number(uint64_t{session.key.session.value()})
              .Number(session.started)
              .Number(session.usage.generation());
          BindCounts(BindCounts(save_session_, session.usage.base()), session.usage.current())
              .Number(SecondsOf(session.terms.session_timeout))
              .Number(SecondsOf(session.terms.idle_timeout))
              .Number(SecondsOf(session.terms.interim_interval))
              .Number(session.terms.quota_octets)
              .Number(uint64_t{session.link_told})
              .Blob(session.attributes);
          return save_session_.Run();
        } else if constexpr (std::is_same_v<What, ForgetSession>) {
          return forget_session_.Text(what.id.ToString()).Run();
        } else if constexpr (std::is_same_v<What, SaveTunnel>) {
          return save_tunnel_.Text(what.tunnel.id.ToString())
              .Number(what.tunnel.started)
              .Blob(what.tunnel.attributes)
              .Run();
        } else if constexpr (std::is_same_v<What, ForgetTunnel>) {
          return forget_tunnel_.Text(what.id.ToString()).Run();
        } else if constexpr (std::is_same_v<What, SaveRecord>) {
          const Record& record = what.record;
          return save_record_.Number(record.number)
              .Text(record.session.ToString())
              .Number(uint64_t{static_cast<uint8_t>(record.type)})
              .Number(record.at)
              .Blob(record.attributes)
              .Run();
        } else {
          static_assert(std::is_same_v<What, ForgetRecord>);
          return forget_record_.Number(what.number).Run();
        }
      },
      change);
}

absl::StatusOr<std::vector<SavedSession>> Spool::Sessions() {
  absl::StatusOr<Statement> row = database_->Prepare("SELECT * FROM session ORDER BY started, id");
  if (!row.ok()) return row.status();
  std::vector<SavedSession> sessions;
  absl::StatusOr<bool> more = row->Next();
  for (; more.ok() && *more; more = row->Next()) {
    const std::optional<AccountingId> id = AccountingId::Parse(row->Text());
    if (!id) continue;
    SavedSession& session = sessions.emplace_back();
    session.id = *id;
    const auto tunnel = static_cast<uint16_t>(row->Number());
    session.key = {l2tp::LocalTunnelId(tunnel),
                   l2tp::LocalSessionId(static_cast<uint16_t>(row->Number()))};
    session.started = row->Number();
    const uint64_t generation = row->Count();
    const Traffic base = ReadCounts(*row);
    session.usage = Usage(generation, base, ReadCounts(*row));
    session.terms.session_timeout = ReadSeconds(*row);
    session.terms.idle_timeout = ReadSeconds(*row);
    session.terms.interim_interval = ReadSeconds(*row);
    session.terms.quota_octets = row->Count();
    session.link_told = row->Number() != 0;
    session.attributes = row->Blob();
  }
  if (!more.ok()) return more.status();
  return sessions;
}

absl::StatusOr<std::vector<SavedTunnel>> Spool::Tunnels() {
  absl::StatusOr<Statement> row = database_->Prepare("SELECT * FROM tunnel ORDER BY started, id");
  if (!row.ok()) return row.status();
  std::vector<SavedTunnel> tunnels;
  absl::StatusOr<bool> more = row->Next();
  for (; more.ok() && *more; more = row->Next()) {
    const std::optional<AccountingId> id = AccountingId::Parse(row->Text());
    if (!id) continue;
    SavedTunnel& tunnel = tunnels.emplace_back();
    tunnel.id = *id;
    tunnel.started = row->Number();
    tunnel.attributes = row->Blob();
  }
  if (!more.ok()) return more.status();
  return tunnels;
}

absl::StatusOr<std::vector<Record>> Spool::Records(uint64_t after, size_t limit) {
  Statement& row = load_records_;
  row.Number(after).Number(uint64_t{limit});
  std::vector<Record> records;
  absl::StatusOr<bool> more = row.Next();
  for (; more.ok() && *more; more = row.Next()) {
    Record& record = records.emplace_back();
    record.number = row.Count();
    record.session = AccountingId::Parse(row.Text()).value_or(AccountingId{});
    record.type = static_cast<RecordType>(row.Number());
    record.at = row.Number();
    record.attributes = row.Blob();
  }
  if (!more.ok()) return more.status();
  return records;
}

absl::StatusOr<uint64_t> Spool::RecordCount() {
  return database_->Number("SELECT count(*) FROM record");
}

absl::StatusOr<uint64_t> Spool::LastNumber() {
  return database_->Number(
      "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'record'");
}

}  // namespace lns::controlplane
