// Opens things in a named network namespace (/run/netns/NAME, as `ip netns` makes them): the
// calling thread is moved there for the life of the object and back at its end. A socket or device
// stays in the namespace it was opened in. Only for start-up, on the main thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <string>

#include "lib/os/file_descriptor.h"

#include "absl/status/statusor.h"

namespace lns::lacsim {

class NetworkNamespaceScope {
 public:
  // An empty name stays where the thread is.
  static absl::StatusOr<std::unique_ptr<NetworkNamespaceScope>> Enter(const std::string& name);
  ~NetworkNamespaceScope();
  NetworkNamespaceScope(const NetworkNamespaceScope&) = delete;
  NetworkNamespaceScope& operator=(const NetworkNamespaceScope&) = delete;

 private:
  explicit NetworkNamespaceScope(FileDescriptor home) : home_(std::move(home)) {}
  FileDescriptor home_;  // none: nothing to go back to
};

}  // namespace lns::lacsim
