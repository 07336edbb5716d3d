// The frames of a measurement: valid headers of a random session for every packet, made from
// templates by writing what differs. Deterministic for a seed. Only arithmetic and the templates'
// lines: what the packet path finds cold, the source has not warmed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "tests/bench/population.h"

namespace lns::bench {

enum class Direction : uint8_t {
  kUplink,    // LAC to core
  kDownlink,  // core to LAC
  kPlain,     // access to core without a tunnel: what routing costs without the LNS
};
// What is wrong with every frame.
enum class Fault : uint8_t {
  kNone,
  kUnknownSession,
  kBadVersion,
  kTruncated,
  kWrongPeer,
  kSpoofedSource,
};

// The side that receives it.
constexpr uint16_t SideOf(Direction direction) {
  return direction == Direction::kDownlink ? kCore : kAccess;
}

std::optional<Direction> ParseDirection(std::string_view name);
std::optional<Fault> ParseFault(std::string_view name);

// 64 bits of splitmix64: a fixed sequence per seed.
class RandomSequence {
 public:
  explicit RandomSequence(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform below `bound`, from the given 32 random bits.
  static uint32_t Below(uint32_t bits, uint32_t bound) {
    return static_cast<uint32_t>(uint64_t{bits} * bound >> 32);
  }

 private:
  uint64_t state_;
};

struct TrafficConfig {
  Direction direction = Direction::kUplink;
  Population population;
  uint16_t inner_length = 46;  // IP packet; 0: IMIX, 7:4:1 of 46, 552 and 1500
  Fault fault = Fault::kNone;
  // Only sessions that this worker owns, of so many workers; one worker: all sessions.
  uint32_t owner = 0;
  uint32_t workers = 1;
  uint64_t seed = 1;
};

class FrameSource {
 public:
  explicit FrameSource(const TrafficConfig& config);

  // Writes the next frame, at most kMaxFrame bytes, and returns its length.
  static constexpr size_t kMaxFrame = 1600;
  uint16_t WriteNext(uint8_t* frame);

 private:
  struct Template {
    Bytes bytes;
    uint32_t inner_sum = 0;  // of the inner IPv4 header without addresses and checksum
  };
  Template MakeTemplate(uint32_t tunnel, uint16_t inner_length) const;

  uint32_t RandomSession(uint32_t bits) const;

  TrafficConfig config_;
  RandomSequence random_;
  std::vector<uint32_t> sessions_;   // the owner's; empty: all
  std::vector<uint16_t> sizes_;      // of twelve packets; one size where it is not IMIX
  std::vector<Template> templates_;  // by tunnel, then size
  size_t inner_offset_ = 0;
};

// Writes `count` frames as a pcap file. False: not writable.
bool WriteCapture(const std::string& path, FrameSource& source, uint32_t count);

}  // namespace lns::bench
