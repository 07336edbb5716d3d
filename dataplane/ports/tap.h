// A TAP interface of Linux (Documentation/networking/tuntap.rst) as Linux' side of a port: it
// carries the port's MAC address and MTU. One that is there already is used and stays with its
// addresses when we go; else it is made, and goes with us. Frames are whole, from the Ethernet
// header, with real checksums: no offload is offered.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.h"
#include "lib/net/address.h"
#include "lib/os/file_descriptor.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

struct TapSettings {
  std::string interface;
  net::MacAddress mac{};
  uint16_t mtu = 1500;
};

class Tap {
 public:
  // Its link is up when this returns.
  static absl::StatusOr<Tap> Open(const TapSettings& settings);

  const std::string& interface() const { return interface_; }
  int interface_index() const { return index_; }
  int descriptor() const { return descriptor_.get(); }

  // None of these waits.
  enum class Outcome : uint8_t {
    kDone,
    kNothing,  // there is no frame
    kRefused,  // Linux does not take it: its interface is down, or out of memory
    kGone,     // the interface was deleted
  };
  // `frame` is cut to what was read.
  Outcome Read(MutableByteView& frame) const;
  Outcome Write(ByteView frame) const;
  // What Linux takes for the state of the wire.
  void SetCarrier(bool is_up) const;

 private:
  Tap(FileDescriptor descriptor, std::string interface)
      : descriptor_(std::move(descriptor)), interface_(std::move(interface)) {}
  absl::Status Configure(const TapSettings& settings);

  FileDescriptor descriptor_;
  std::string interface_;
  int index_ = 0;
};

}  // namespace lns::dataplane
