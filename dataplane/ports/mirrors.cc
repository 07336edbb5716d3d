// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/ports/mirrors.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

namespace lns::dataplane {
namespace {

// Ethernet header, and two VLAN tags for interfaces that Linux makes on top.
constexpr uint32_t kLinkHeader = 14 + 2 * 4;
// What is put together from fragments may be longer than the MTU.
constexpr uint32_t kLeastRoom = 2048;
constexpr int kLookAnywayMs = 1000;

}  // namespace

Mirrors::Mirror::Mirror(uint16_t to, Tap&& opened, uint32_t workers, uint32_t room)
    : port(to), tap(std::move(opened)), from_linux(kSlots, room) {
  for (uint32_t i = 0; i < workers; ++i) {
    to_linux.push_back(std::make_unique<FrameRing>(kSlots, room));
  }
}

absl::StatusOr<std::unique_ptr<Mirrors>> Mirrors::Open(const std::vector<Wanted>& wanted,
                                                       uint32_t workers) {
  std::unique_ptr<Mirrors> mirrors(new Mirrors());
  if (mirrors->bell_.descriptor() < 0) {
    return absl::ResourceExhaustedError("mirror: no file descriptor left");
  }
  for (const Wanted& one : wanted) {
    absl::StatusOr<Tap> tap = Tap::Open(one.tap);
    if (!tap.ok()) return tap.status();
    const uint32_t room = std::max(one.tap.mtu + kLinkHeader, kLeastRoom);
    mirrors->mirrors_.push_back(std::make_unique<Mirror>(one.port, *std::move(tap), workers, room));
    // One byte more shows what is too long.
    mirrors->frame_.resize(std::max<size_t>(mirrors->frame_.size(), room + 1));
  }
  mirrors->thread_ = std::thread([raw = mirrors.get()] { raw->Run(); });
  pthread_setname_np(mirrors->thread_.native_handle(), "mirror");
  return mirrors;
}

Mirrors::~Mirrors() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  bell_.Ring();
  thread_.join();
}

Mirrors::Mirror* Mirrors::Find(uint16_t port) const {
  const auto found = std::find_if(mirrors_.begin(), mirrors_.end(),
                                  [&](const auto& mirror) { return mirror->port == port; });
  return found == mirrors_.end() ? nullptr : found->get();
}

const Tap* Mirrors::TapOf(uint16_t port) const {
  const Mirror* mirror = Find(port);
  return mirror == nullptr ? nullptr : &mirror->tap;
}

FrameRing* Mirrors::ToLinux(uint16_t port, uint32_t worker) const {
  const Mirror* mirror = Find(port);
  return mirror == nullptr ? nullptr : mirror->to_linux[worker].get();
}

FrameRing* Mirrors::FromLinux(uint16_t port) const {
  Mirror* mirror = Find(port);
  return mirror == nullptr ? nullptr : &mirror->from_linux;
}

std::optional<MirrorStatistics> Mirrors::Statistics(uint16_t port) const {
  const Mirror* mirror = Find(port);
  if (mirror == nullptr) return std::nullopt;
  MirrorStatistics statistics;
  const uint64_t refused = mirror->refused.value();
  for (const auto& ring : mirror->to_linux) {
    statistics.to_linux += ring->taken();
    statistics.to_linux_lost += ring->refused();
  }
  // Those it refused were taken out of a ring all the same, maybe since that was read.
  statistics.to_linux -= std::min(refused, statistics.to_linux);
  statistics.to_linux_lost += refused;
  statistics.from_linux = mirror->from_linux.taken();
  statistics.from_linux_lost = mirror->from_linux.refused();
  return statistics;
}

bool Mirrors::Write(Mirror& mirror) {
  bool more = false;
  for (const auto& ring : mirror.to_linux) {
    const uint32_t count = ring->Poll(kBurst, [&](ByteView frame) {
      if (mirror.tap.Write(frame) != Tap::Outcome::kDone) mirror.refused.Add(1);
    });
    if (count == kBurst) more = true;
  }
  return more;
}

bool Mirrors::Read(Mirror& mirror) {
  for (uint32_t i = 0; i < kBurst; ++i) {
    MutableByteView frame(frame_);
    switch (mirror.tap.Read(frame)) {
      case Tap::Outcome::kDone:
        (void)mirror.from_linux.Push(frame);  // a full ring counts it
        break;
      case Tap::Outcome::kNothing:
      case Tap::Outcome::kRefused:
        return false;
      case Tap::Outcome::kGone:
        mirror.is_gone = true;
        return false;
    }
  }
  return true;
}

bool Mirrors::AnyToWrite() const {
  return std::any_of(mirrors_.begin(), mirrors_.end(), [](const auto& mirror) {
    return std::any_of(mirror->to_linux.begin(), mirror->to_linux.end(),
                       [](const auto& ring) { return !ring->empty(); });
  });
}

void Mirrors::Run() {
  std::vector<pollfd> ready(mirrors_.size() + 1);
  bool more = false;
  while (!stopping_.load(std::memory_order_relaxed)) {
    for (size_t i = 0; i < mirrors_.size(); ++i) {
      // An interface that is gone would be ready for ever; negative ones are left out.
      ready[i] = {.fd = mirrors_[i]->is_gone ? -1 : mirrors_[i]->tap.descriptor(),
                  .events = POLLIN,
                  .revents = 0};
    }
    ready.back() = {.fd = bell_.descriptor(), .events = POLLIN, .revents = 0};
    bell_.BeginSleep();
    const bool stays_awake = more || AnyToWrite() || stopping_.load(std::memory_order_relaxed);
    poll(ready.data(), ready.size(), stays_awake ? 0 : kLookAnywayMs);
    bell_.EndSleep();
    more = false;
    for (size_t i = 0; i < mirrors_.size(); ++i) {
      if ((ready[i].revents & (POLLERR | POLLNVAL)) != 0) mirrors_[i]->is_gone = true;
      if ((ready[i].revents & POLLIN) != 0 && Read(*mirrors_[i])) more = true;
      if (Write(*mirrors_[i])) more = true;
    }
  }
}

}  // namespace lns::dataplane
