// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/network_namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "lib/base/check.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::lacsim {

absl::StatusOr<std::unique_ptr<NetworkNamespaceScope>> NetworkNamespaceScope::Enter(
    const std::string& name) {
  if (name.empty()) {
    return std::unique_ptr<NetworkNamespaceScope>(new NetworkNamespaceScope(FileDescriptor()));
  }
  FileDescriptor home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home.valid()) return absl::ErrnoToStatus(errno, "/proc/thread-self/ns/net");
  const std::string path = absl::StrCat("/run/netns/", name);
  const FileDescriptor target(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!target.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("network namespace '", name, "' (", path, ")"));
  }
  if (::setns(target.get(), CLONE_NEWNET) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("entering network namespace '", name, "'"));
  }
  return std::unique_ptr<NetworkNamespaceScope>(new NetworkNamespaceScope(std::move(home)));
}

NetworkNamespaceScope::~NetworkNamespaceScope() {
  // We were there a moment ago: failing to return would leave every later socket in the wrong
  // place.
  if (home_.valid()) LNS_CHECK(::setns(home_.get(), CLONE_NEWNET) == 0);
}

}  // namespace lns::lacsim
