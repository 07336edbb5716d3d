// One process of a kind per run directory: an flock on <run_dir>/<kind>.lock, which holds the
// owner's pid. The kernel releases it when the process dies, however it dies.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "lib/os/file_descriptor.h"

#include "absl/status/statusor.h"

namespace lns {

class InstanceLock {
 public:
  // Of the program "lns-<kind>". Makes the directory if it is not there. FAILED_PRECONDITION names
  // the process that holds it.
  static absl::StatusOr<InstanceLock> Take(const std::string& run_dir, std::string_view kind);
  InstanceLock(InstanceLock&&) noexcept = default;
  InstanceLock& operator=(InstanceLock&&) = delete;
  ~InstanceLock();  // removes the file

 private:
  InstanceLock(std::string path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  FileDescriptor file_;
};

}  // namespace lns
