// One command run by the shell beside the simulation, in a process group of its own: watched
// through a pidfd, killed as a group when it takes too long or the run ends.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "lib/os/file_descriptor.h"

#include "absl/status/statusor.h"

namespace lns::lacsim {

class ChildProcess {
 public:
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::string& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int fd() const { return pidfd_.get(); }  // readable once it has ended
  // Takes its exit code (128 + signal, as a shell would say), none while it runs.
  std::optional<int> Reap();
  void Kill();

 private:
  ChildProcess(pid_t pid, FileDescriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  pid_t pid_;
  FileDescriptor pidfd_;
  std::optional<int> exit_code_;
};

}  // namespace lns::lacsim
