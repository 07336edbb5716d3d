// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/punt/punt_memory.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

absl::Status SystemError(const char* what) {
  return absl::ResourceExhaustedError(
      absl::StrCat("punt memory: ", what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PuntMemory>> PuntMemory::Create(const punt::Geometry& geometry) {
  std::unique_ptr<PuntMemory> memory(new PuntMemory());
  memory->memfd_ = memfd_create("terminus-punt", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory->memfd_ < 0) return SystemError("memfd_create");
  const size_t size = punt::TotalSize(geometry.slots, geometry.workers);
  if (ftruncate(memory->memfd_, static_cast<off_t>(size)) != 0) return SystemError("ftruncate");
  // A peer that could shrink the file would make our next access fault.
  if (fcntl(memory->memfd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return SystemError("sealing");
  }
  void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->memfd_, 0);
  if (base == MAP_FAILED) return SystemError("mmap");
  memory->base_ = static_cast<uint8_t*>(base);
  memory->size_ = size;
  const auto mapping = punt::Mapping::Initialise({memory->base_, size}, geometry);
  if (!mapping.ok()) return absl::InvalidArgumentError(punt::Explain(mapping.error()));
  memory->mapping_ = std::make_unique<punt::Mapping>(*mapping);
  for (uint32_t worker = 0; worker < geometry.workers; ++worker) {
    const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0) return SystemError("eventfd");
    memory->eventfds_.push_back(event);
  }
  return memory;
}

PuntMemory::~PuntMemory() {
  if (base_ != nullptr) munmap(base_, size_);
  if (memfd_ >= 0) close(memfd_);
  for (const int event : eventfds_) close(event);
}

}  // namespace lns::dataplane
