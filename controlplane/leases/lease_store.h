// What users had of the pools, on disk, so that a restart of the control plane, or its death, does
// not change anybody's address or prefix: a row for each address or prefix, with a hash of whose it
// was last, and when it was given back. Bounded in number, and forgotten after a while; what is
// held is never forgotten. Used by one thread at a time.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/leases/settings.h"
#include "controlplane/storage/database.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::controlplane {

class LeaseStore {
 public:
  // Makes the file if there is none. An error names it.
  static absl::StatusOr<std::unique_ptr<LeaseStore>> Open(LeaseSettings settings);

  // What an earlier run left, the latest first. What it held when it ended counts as given back
  // now.
  absl::StatusOr<std::vector<RememberedLease>> Load(int64_t unix_now);
  // In their order, as one transaction. On an error nothing has changed.
  absl::Status Save(std::span<const RememberedLease> changes, int64_t unix_now);
  // Forgets what was given back too long ago, and the earliest where they are too many; how many.
  absl::StatusOr<uint64_t> Trim(int64_t unix_now);
  absl::StatusOr<uint64_t> Count();

 private:
  LeaseStore(LeaseSettings settings, std::unique_ptr<Database> database)
      : settings_(std::move(settings)), database_(std::move(database)) {}
  absl::Status Prepare();

  const LeaseSettings settings_;
  const std::unique_ptr<Database> database_;
  Statement save_;
  Statement forget_old_;
  Statement forget_most_;
};

}  // namespace lns::controlplane
