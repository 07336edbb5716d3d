// The accounting spool: records that no server has acknowledged yet, and the sessions and
// tunnels whose Stop has not been written, in a SQLite database in WAL mode. What one Commit
// changes, it changes as a whole; after it returns, a process that dies has lost none of it. Used
// by one thread, the bookkeeping's; one process at a time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "controlplane/accounting/accountant.h"
#include "controlplane/accounting/record.h"
#include "controlplane/storage/database.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::controlplane {

// Acknowledged.
struct ForgetRecord {
  uint64_t number = 0;
};
using SpoolChange =
    std::variant<SaveSession, ForgetSession, SaveTunnel, ForgetTunnel, SaveRecord, ForgetRecord>;

class Spool {
 public:
  // Makes the file if there is none. An error names it and what to do.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(const std::string& path,
                                                     Durability durability);

  // In their order, as one transaction. On an error nothing has changed.
  absl::Status Commit(std::span<const SpoolChange> changes);

  absl::StatusOr<std::vector<SavedSession>> Sessions();
  absl::StatusOr<std::vector<SavedTunnel>> Tunnels();
  // At most `limit` records, in order, of those after `after`.
  absl::StatusOr<std::vector<Record>> Records(uint64_t after, size_t limit);
  absl::StatusOr<uint64_t> RecordCount();
  // The highest number that was ever given to a record.
  absl::StatusOr<uint64_t> LastNumber();

 private:
  explicit Spool(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  absl::Status Prepare();
  absl::Status Apply(const SpoolChange& change);

  const std::unique_ptr<Database> database_;
  Statement save_session_;
  Statement forget_session_;
  Statement save_tunnel_;
  Statement forget_tunnel_;
  Statement save_record_;
  Statement forget_record_;
  Statement load_records_;
};

}  // namespace lns::controlplane
