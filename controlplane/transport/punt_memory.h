// The control plane's hold on the punt memory: the mapping, the eventfds and the socket whose end
// of file says that the data plane is gone. Made from the answer to a greeting on the punt socket
// (lib/punt/handshake.h); owned by RingTransport; loop thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/os/file_descriptor.h"
#include "lib/punt/mapping.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lns::controlplane {

// Connects to the data plane's punt socket and says hello, without blocking. The answer is awaited
// by watching the descriptor.
absl::StatusOr<FileDescriptor> GreetDataplane(const std::string& socket_path);

class PuntMemory {
 public:
  // Reads the answer, maps the memory and checks it. UNAVAILABLE: the data plane refused or went
  // away, and says why; FAILED_PRECONDITION: it speaks another version, or its memory is wrong.
  static absl::StatusOr<std::unique_ptr<PuntMemory>> Accept(FileDescriptor socket);
  ~PuntMemory();
  PuntMemory(const PuntMemory&) = delete;
  PuntMemory& operator=(const PuntMemory&) = delete;

  const punt::Mapping& mapping() const { return mapping_; }
  const std::vector<FileDescriptor>& wake_fds() const { return wake_fds_; }
  int socket() const { return socket_.get(); }
  // True when the other side has closed; whatever it says otherwise is read and ignored.
  bool HungUp() const;

 private:
  PuntMemory(FileDescriptor socket, std::vector<FileDescriptor> wake_fds, MutableByteView memory,
             const punt::Mapping& mapping);

  FileDescriptor socket_;
  std::vector<FileDescriptor> wake_fds_;
  MutableByteView memory_;
  punt::Mapping mapping_;
};

}  // namespace lns::controlplane
