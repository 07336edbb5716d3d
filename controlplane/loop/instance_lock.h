// One process per run directory: an flock held for the life of the process on a file that names the
// holder. The file stays behind; the kernel drops the lock with the process, however it ends.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <utility>

#include "controlplane/loop/file_descriptor.h"

#include "absl/status/statusor.h"

namespace lns::controlplane {

class InstanceLock {
 public:
  // FAILED_PRECONDITION when another process holds it, naming that process.
  static absl::StatusOr<InstanceLock> Take(const std::string& path);

 private:
  explicit InstanceLock(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace lns::controlplane
