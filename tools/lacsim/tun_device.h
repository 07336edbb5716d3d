// A TUN device in a namespace, with a subscriber's address and a default route: what real programs
// send there goes through the subscriber's session, and back.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/os/file_descriptor.h"

#include "absl/status/statusor.h"

namespace lns::lacsim {

class TunDevice {
 public:
  struct Where {
    std::string netns;
    std::string name;
    uint32_t address = 0;  // host order
    uint16_t mtu = 1400;
  };
  // The device lives as long as the object.
  static absl::StatusOr<TunDevice> Open(const Where& where);

  int fd() const { return fd_.get(); }
  // One packet, good until the next call; none when there is no more.
  std::optional<ByteView> Read();
  void Write(ByteView packet);

 private:
  explicit TunDevice(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
  std::array<uint8_t, 2048> buffer_{};
};

}  // namespace lns::lacsim
