// One lns-dataplane per run_dir: an flock on <run_dir>/dataplane.lock, which holds the owner's pid.
// The kernel releases it when the process dies, however it dies.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace lns::dataplane {

class RunLock {
 public:
  // Makes the directory if it is not there. FAILED_PRECONDITION names the process that holds it.
  static absl::StatusOr<std::unique_ptr<RunLock>> Take(const std::string& run_dir);
  ~RunLock();  // removes the file
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  RunLock(std::string path, int file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  int file_;
};

}  // namespace lns::dataplane
