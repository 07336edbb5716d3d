// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/leases/lease_store.h"

#include <algorithm>
#include <optional>

namespace lns::controlplane {
namespace {

constexpr int kSchemaVersion = 1;
constexpr char kSchema[] =
    "CREATE TABLE lease ("
    " pool TEXT NOT NULL, unit TEXT NOT NULL, user INTEGER NOT NULL, held INTEGER NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY (pool, unit)"
    ") WITHOUT ROWID;"
    "CREATE INDEX lease_at ON lease (held, at);"
    "PRAGMA user_version = 1;";

}  // namespace

absl::StatusOr<std::unique_ptr<LeaseStore>> LeaseStore::Open(LeaseSettings settings) {
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(settings.path, Durability::kProcess,
                     {.what = "lease file",
                      .schema = kSchema,
                      .version = kSchemaVersion,
                      .advice = "move it away: users will get other addresses"});
  if (!database.ok()) return database.status();
  std::unique_ptr<LeaseStore> store(new LeaseStore(std::move(settings), std::move(*database)));
  if (absl::Status prepared = store->Prepare(); !prepared.ok()) return prepared;
  return store;
}

absl::Status LeaseStore::Prepare() {
  const std::pair<const char*, Statement*> statements[] = {
      {"INSERT OR REPLACE INTO lease VALUES (?,?,?,?,?)", &save_},
      {"DELETE FROM lease WHERE held = 0 AND at < ?", &forget_old_},
      {"DELETE FROM lease WHERE (pool, unit) IN"
       " (SELECT pool, unit FROM lease WHERE held = 0 ORDER BY at LIMIT ?)",
       &forget_most_},
  };
  for (const auto& [sql, statement] : statements) {
    absl::StatusOr<Statement> prepared = database_->Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = std::move(*prepared);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RememberedLease>> LeaseStore::Load(int64_t unix_now) {
  absl::StatusOr<Statement> mark =
      database_->Prepare("UPDATE lease SET held = 0, at = ? WHERE held = 1");
  if (!mark.ok()) return mark.status();
  if (absl::Status marked = mark->Number(unix_now).Run(); !marked.ok()) return marked;
  if (const auto trimmed = Trim(unix_now); !trimmed.ok()) return trimmed.status();

  absl::StatusOr<Statement> row =
      database_->Prepare("SELECT pool, unit, user FROM lease ORDER BY at DESC, pool, unit");
  if (!row.ok()) return row.status();
  std::vector<RememberedLease> leases;
  absl::StatusOr<bool> more = row->Next();
  for (; more.ok() && *more; more = row->Next()) {
    const auto pool = std::find(settings_.pools.begin(), settings_.pools.end(), row->Text());
    const std::optional<net::IpPrefix> unit = net::IpPrefix::Parse(row->Text());
    const uint64_t user = row->Count();
    // Of a pool that is gone, or not ours: it is forgotten in time.
    if (pool == settings_.pools.end() || !unit || user == 0 || user > UINT32_MAX) continue;
    leases.push_back({.pool = static_cast<uint16_t>(pool - settings_.pools.begin()),
                      .unit = *unit,
                      .user = static_cast<LeaseTable::User>(user)});
  }
  if (!more.ok()) return more.status();
  return leases;
}

absl::Status LeaseStore::Save(std::span<const RememberedLease> changes, int64_t unix_now) {
  return database_->Transact([&] {
    for (const RememberedLease& change : changes) {
      absl::Status saved = save_.Text(settings_.pools[change.pool])
                               .Text(change.unit.ToString())
                               .Number(uint64_t{change.user})
                               .Number(uint64_t{change.held})
                               .Number(unix_now)
                               .Run();
      if (!saved.ok()) return saved;
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<uint64_t> LeaseStore::Trim(int64_t unix_now) {
  const absl::StatusOr<uint64_t> before = Count();
  if (!before.ok()) return before.status();
  const int64_t oldest = unix_now - settings_.remember.milliseconds() / 1000;
  if (absl::Status status = forget_old_.Number(oldest).Run(); !status.ok()) return status;
  absl::StatusOr<uint64_t> left = Count();
  if (left.ok() && *left > settings_.max_leases) {
    const absl::Status status = forget_most_.Number(*left - settings_.max_leases).Run();
    if (!status.ok()) return status;
    left = Count();
  }
  if (!left.ok()) return left.status();
  return *before - *left;
}

absl::StatusOr<uint64_t> LeaseStore::Count() {
  return database_->Number("SELECT count(*) FROM lease");
}

}  // namespace lns::controlplane
