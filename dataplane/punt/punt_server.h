// Hands the punt memory to the control plane over <run_dir>/punt.sock (lib/punt/handshake.h).
// Served by the main thread: poll descriptor(), call Serve() when it is readable; nothing here
// blocks.
//
// One client at a time. The connection stays open; its end is how we learn that the control plane
// died, and only then may another have the rings.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/punt/punt_memory.h"
#include "lib/punt/handshake.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

class PuntServer {
 public:
  // Replaces a stale socket file: the caller holds the run_dir's lock, so nobody else serves it.
  static absl::StatusOr<std::unique_ptr<PuntServer>> Listen(const std::string& path,
                                                            const PuntMemory& memory);
  ~PuntServer();
  PuntServer(const PuntServer&) = delete;
  PuntServer& operator=(const PuntServer&) = delete;

  int descriptor() const { return epoll_; }
  void Serve();

  bool has_client() const { return client_ >= 0; }
  uint32_t client_pid() const { return client_pid_; }

 private:
  PuntServer(std::string path, const PuntMemory& memory)
      : path_(std::move(path)), memory_(memory) {}
  absl::Status Open();
  void Accept();
  void OnReadable(int connection);
  void Greet(int connection);
  void Refuse(int connection, punt::HelloStatus status);
  bool SendMemory(int connection);
  bool ClientIsGone() const;
  void Drop(int connection);

  std::string path_;
  const PuntMemory& memory_;
  int epoll_ = -1;
  int listener_ = -1;
  int client_ = -1;
  uint32_t client_pid_ = 0;
  std::vector<int> waiting_;  // connected, no hello yet; oldest first
};

}  // namespace lns::dataplane
