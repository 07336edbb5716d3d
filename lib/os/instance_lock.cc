// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/os/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace lns {
namespace {

// A file may be removed by its last owner between our open and our flock; then it is tried again.
constexpr int kMaxAttempts = 10;

absl::Status PathError(const std::string& path, int error) {
  const std::string text =
      absl::StrCat(path, ": ", std::strerror(error),
                   ": run as root, or choose a run_dir that this user may write");
  return error == EACCES || error == EPERM ? absl::PermissionDeniedError(text)
                                           : absl::UnavailableError(text);
}

bool IsStillAt(int file, const std::string& path) {
  struct stat open_file {};
  struct stat named {};
  return fstat(file, &open_file) == 0 && stat(path.c_str(), &named) == 0 &&
         open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

int HolderPid(int file) {
  std::array<char, 16> text{};
  const ssize_t size = pread(file, text.data(), text.size() - 1, 0);
  return size > 0 ? std::atoi(text.data()) : 0;
}

}  // namespace

absl::StatusOr<InstanceLock> InstanceLock::Take(const std::string& run_dir, std::string_view kind) {
  if (mkdir(run_dir.c_str(), 0755) != 0 && errno != EEXIST) return PathError(run_dir, errno);
  const std::string path = run_dir + "/" + std::string(kind) + ".lock";
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.valid()) return PathError(path, errno);
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return PathError(path, errno);
      return absl::FailedPreconditionError(absl::StrCat(
          "another lns-", std::string(kind), " (pid ", HolderPid(file.get()),
          ") already runs with run_dir ", run_dir, ": stop it or choose another run_dir"));
    }
    if (!IsStillAt(file.get(), path)) continue;
    const std::string pid = absl::StrCat(getpid(), "\n");
    if (ftruncate(file.get(), 0) != 0 ||
        pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
      return PathError(path, errno);
    }
    return InstanceLock(path, std::move(file));
  }
  return absl::UnavailableError(absl::StrCat(path, ": taken and released too often; try again"));
}

InstanceLock::~InstanceLock() {
  // While it is locked: afterwards it may be another's. One that was moved from has none.
  if (file_.valid()) unlink(path_.c_str());
}

}  // namespace lns
