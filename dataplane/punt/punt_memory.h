// The memory behind the punt and inject rings: a sealed memfd, laid out and mapped, and one eventfd
// per worker by which a worker wakes a sleeping control plane. Made once at start; everything ends
// with the object, nothing is left in the file system.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lib/punt/mapping.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

class PuntMemory {
 public:
  static absl::StatusOr<std::unique_ptr<PuntMemory>> Create(const punt::Geometry& geometry);
  ~PuntMemory();
  PuntMemory(const PuntMemory&) = delete;
  PuntMemory& operator=(const PuntMemory&) = delete;

  const punt::Mapping& mapping() const { return *mapping_; }
  size_t size() const { return size_; }
  // Borrowed; for passing to the control plane.
  int memory_descriptor() const { return memfd_; }
  // Borrowed; a worker writes here when Producer::Publish() says so. Never blocks.
  int event_descriptor(uint32_t worker) const { return eventfds_[worker]; }

 private:
  PuntMemory() = default;

  int memfd_ = -1;
  std::vector<int> eventfds_;
  uint8_t* base_ = nullptr;
  size_t size_ = 0;
  std::unique_ptr<punt::Mapping> mapping_;
};

}  // namespace lns::dataplane
