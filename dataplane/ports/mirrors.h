// Linux' side of ports that Linux does not own: a TAP interface for each, and one thread that
// carries frames between them and the workers' rings (core/frame_ring.h). Workers make no system
// call for it but an eventfd's when the thread sleeps; what either side does not take in time is
// counted and lost. Opened and ended by the port set, on the main thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "dataplane/core/counters.h"
#include "dataplane/core/frame_ring.h"
#include "dataplane/ports/tap.h"
#include "lib/os/bell.h"

#include "absl/status/statusor.h"

namespace lns::dataplane {

struct MirrorStatistics {
  uint64_t to_linux = 0;
  uint64_t to_linux_lost = 0;  // Linux did not take them, or not fast enough
  uint64_t from_linux = 0;
  uint64_t from_linux_lost = 0;  // the worker did not take them fast enough
};

class Mirrors {
 public:
  static constexpr uint32_t kSlots = 512;  // frames that wait in each ring
  static constexpr uint32_t kBurst = 64;   // of one ring or interface before the next has its turn

  // Each of these ports gets an interface.
  struct Wanted {
    uint16_t port = 0;
    TapSettings tap;
  };
  static absl::StatusOr<std::unique_ptr<Mirrors>> Open(const std::vector<Wanted>& wanted,
                                                       uint32_t workers);
  // Workers have stopped.
  ~Mirrors();
  Mirrors(const Mirrors&) = delete;
  Mirrors& operator=(const Mirrors&) = delete;

  // Null: the port has none.
  const Tap* TapOf(uint16_t port) const;
  FrameRing* ToLinux(uint16_t port, uint32_t worker) const;
  FrameRing* FromLinux(uint16_t port) const;
  Bell* bell() { return &bell_; }
  // Any thread.
  std::optional<MirrorStatistics> Statistics(uint16_t port) const;

 private:
  struct Mirror {
    Mirror(uint16_t to, Tap&& opened, uint32_t workers, uint32_t room);
    const uint16_t port;
    const Tap tap;
    std::vector<std::unique_ptr<FrameRing>> to_linux;  // one per worker
    FrameRing from_linux;
    Counter refused;  // by Linux
    bool is_gone = false;
  };

  Mirrors() = default;
  Mirror* Find(uint16_t port) const;
  void Run();
  // True: there is more.
  bool Write(Mirror& mirror);
  bool Read(Mirror& mirror);
  bool AnyToWrite() const;

  std::vector<std::unique_ptr<Mirror>> mirrors_;
  std::vector<uint8_t> frame_;
  Bell bell_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace lns::dataplane
