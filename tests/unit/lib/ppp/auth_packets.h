// What the tests of the PAP and CHAP engines share: packets by hand, and picking actions apart.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "lib/ppp/control_packet.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/link.h"

namespace lns::ppp {

inline constexpr Instant kNow = Instant::FromNanoseconds(1000);
inline const Credentials kAlice = {"alice", "secret"};

inline Bytes Copy(ByteView view) { return Bytes(view.begin(), view.end()); }

// A packet with the bytes it points to.
struct Packet {
  Bytes bytes;
  ControlPacket view() const { return *ParseControlPacket(bytes); }
};

inline Packet Make(uint8_t code, uint8_t id, const Bytes& data) {
  Bytes bytes = {code, id, 0, static_cast<uint8_t>(data.size() + 4)};
  bytes.insert(bytes.end(), data.begin(), data.end());
  return {bytes};
}

template <typename T>
std::vector<T> All(const LinkActions& actions) {
  std::vector<T> found;
  for (const LinkAction& action : actions) {
    if (const T* each = std::get_if<T>(&action)) found.push_back(*each);
  }
  return found;
}

inline Packet SentPacket(const LinkActions& actions, uint16_t protocol) {
  const std::vector<SendFrame> frames = All<SendFrame>(actions);
  EXPECT_EQ(frames.size(), 1u);
  if (frames.empty()) return Make(0, 0, {});
  EXPECT_EQ(LoadBe16(frames.back().bytes.data()), protocol);
  return {Bytes(frames.back().bytes.begin() + 2, frames.back().bytes.end())};
}

inline bool Counted(const LinkActions& actions, PppEvent event) {
  for (const CountEvent& count : All<CountEvent>(actions)) {
    if (count.event == event) return true;
  }
  return false;
}

}  // namespace lns::ppp
