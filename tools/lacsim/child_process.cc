// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/child_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::lacsim {

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::string& command) {
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::string shell = "sh", option = "-c", text = command;
  char* arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/bin/sh", nullptr, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return absl::ErrnoToStatus(error, "starting /bin/sh");
  FileDescriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  auto child = std::unique_ptr<ChildProcess>(new ChildProcess(pid, std::move(pidfd)));
  if (!child->pidfd_.valid()) return absl::ErrnoToStatus(errno, "pidfd_open");
  return child;
}

ChildProcess::~ChildProcess() {
  if (Reap()) return;
  Kill();
  ::waitpid(pid_, nullptr, 0);
}

std::optional<int> ChildProcess::Reap() {
  if (exit_code_) return exit_code_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

void ChildProcess::Kill() { ::kill(-pid_, SIGKILL); }

}  // namespace lns::lacsim
