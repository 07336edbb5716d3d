// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/loop/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lns::controlplane {
namespace {
std::string Holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t length = pread(fd, text.data(), text.size(), 0);
  if (length <= 0) return "another process";
  const absl::string_view pid(text.data(), static_cast<size_t>(length));
  return absl::StrCat("process ", absl::StripAsciiWhitespace(pid));
}
}  // namespace

absl::StatusOr<InstanceLock> InstanceLock::Take(const std::string& path) {
  FileDescriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", path));
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is already held by ", Holder(fd.get()),
                     ": stop that one first, or give this one another run_dir"));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return InstanceLock(std::move(fd));
}

}  // namespace lns::controlplane
