// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/frames.h"

#include <array>
#include <cstdio>
#include <cstring>

#include "lib/net/checksum.h"
#include "lib/net/ipv4.h"
#include "lib/ppp/frame.h"
#include "lib/punt/layout.h"
#include "tests/support/packet_builder.h"

namespace lns::bench {
namespace {

constexpr std::array<uint16_t, 12> kImix = {46, 46, 46, 46, 46, 46, 46, 552, 552, 552, 552, 1500};
constexpr size_t kEthernet = 14;
constexpr size_t kL2tp = kEthernet + 20 + 8;  // IPv4 without options, UDP
constexpr size_t kL2tpSessionId = kL2tp + 4;
constexpr size_t kUplinkInner = kL2tp + 6 + 4;  // L2TP header without Length, FF 03 and protocol

struct Named {
  std::string_view name;
  uint8_t value;
};
constexpr std::array kDirections = {Named{"uplink", 0}, Named{"downlink", 1}, Named{"plain", 2}};
constexpr std::array kFaults = {Named{"none", 0},        Named{"unknown-session", 1},
                                Named{"bad-version", 2}, Named{"truncated", 3},
                                Named{"wrong-peer", 4},  Named{"spoofed-source", 5}};

template <typename T, size_t kCount>
std::optional<T> Lookup(const std::array<Named, kCount>& names, std::string_view name) {
  for (const Named& row : names) {
    if (row.name == name) return static_cast<T>(row.value);
  }
  return std::nullopt;
}

// The addresses of the inner header, and with them its checksum.
void WriteAddresses(uint8_t* ip, uint32_t sum_without, uint32_t source, uint32_t destination) {
  StoreBe32(ip + 12, source);
  StoreBe32(ip + 16, destination);
  net::ChecksumSum sum(sum_without);
  sum.Add(ByteView(ip + 12, 8));
  net::StoreChecksum(ip + 10, sum.Checksum());
}

}  // namespace

std::optional<Direction> ParseDirection(std::string_view name) {
  return Lookup<Direction>(kDirections, name);
}
std::optional<Fault> ParseFault(std::string_view name) { return Lookup<Fault>(kFaults, name); }

FrameSource::FrameSource(const TrafficConfig& config) : config_(config), random_(config.seed) {
  if (config.inner_length == 0) {
    sizes_.assign(kImix.begin(), kImix.end());
  } else {
    sizes_ = {config.inner_length};
  }
  inner_offset_ = config.direction == Direction::kUplink ? kUplinkInner : kEthernet;
  for (uint32_t tunnel = 0; tunnel < config.population.tunnels; ++tunnel) {
    for (const uint16_t size : sizes_) templates_.push_back(MakeTemplate(tunnel, size));
  }
  const Population& population = config.population;
  for (uint32_t i = 0; config.workers > 1 && i < population.sessions; ++i) {
    const uint16_t tunnel = Population::TunnelId(population.TunnelOf(i));
    if (punt::OwnerWorker(tunnel, population.SessionId(i), config.workers) == config.owner) {
      sessions_.push_back(i);
    }
  }
}

uint32_t FrameSource::RandomSession(uint32_t bits) const {
  if (sessions_.empty()) return RandomSequence::Below(bits, config_.population.sessions);
  return sessions_[RandomSequence::Below(bits, static_cast<uint32_t>(sessions_.size()))];
}

FrameSource::Template FrameSource::MakeTemplate(uint32_t tunnel, uint16_t inner_length) const {
  test::Packet packet;
  const std::string lac =
      config_.fault == Fault::kWrongPeer ? "198.51.100.250" : Population::LacAddress(tunnel);
  if (config_.direction == Direction::kUplink) {
    const test::L2tpOptions options{
        .version = static_cast<uint16_t>(config_.fault == Fault::kBadVersion ? 3 : 2)};
    const bool unknown = config_.fault == Fault::kUnknownSession;
    const auto id = static_cast<uint16_t>(Population::TunnelId(tunnel) + (unknown ? 0x800 : 0));
    packet.Ethernet(kAccessMac, kLacMac)
        .Ipv4(lac, kLns)
        .Udp(1701, 1701)
        .NoUdpChecksum()
        .L2tp(id, 0, options)
        .Ppp(ppp::kProtocolIpv4);
  } else if (config_.direction == Direction::kDownlink) {
    packet.Ethernet(kCoreMac, kHostMac);
  } else {
    packet.Ethernet(kAccessMac, kLacMac);
  }
  packet.Ipv4("0.0.0.0", "0.0.0.0").Payload(inner_length - net::kIpv4HeaderLength);
  Template made{.bytes = packet.Build()};
  uint8_t* ip = made.bytes.data() + inner_offset_;
  StoreBe16(ip + 10, 0);
  net::ChecksumSum sum;
  sum.Add(ByteView(ip, net::kIpv4HeaderLength));
  made.inner_sum = sum.Fold();
  // The outer length says more than there is.
  if (config_.fault == Fault::kTruncated) made.bytes.resize(kUplinkInner);
  return made;
}

uint16_t FrameSource::WriteNext(uint8_t* frame) {
  const uint64_t random = random_.Next();
  const Population& population = config_.population;
  const uint32_t session = RandomSession(static_cast<uint32_t>(random));
  const auto other = static_cast<uint32_t>(random >> 32);
  const size_t size = sizes_.size() == 1 ? 0 : (other >> 17) % sizes_.size();
  const uint32_t tunnel = population.TunnelOf(session);
  const Template& made = templates_[tunnel * sizes_.size() + size];
  std::memcpy(frame, made.bytes.data(), made.bytes.size());
  uint8_t* ip = frame + inner_offset_;
  const uint32_t destination = kFirstDestination | (other & kDestinationMask);
  switch (config_.direction) {
    case Direction::kUplink: {
      StoreBe16(frame + kL2tpSessionId, population.SessionId(session));
      if (config_.fault == Fault::kTruncated) break;
      const bool spoofed = config_.fault == Fault::kSpoofedSource;
      WriteAddresses(ip, made.inner_sum, Population::Address(session) + (spoofed ? 1 : 0),
                     destination);
      break;
    }
    case Direction::kDownlink:
      WriteAddresses(ip, made.inner_sum, destination, Population::Address(session));
      break;
    case Direction::kPlain:
      WriteAddresses(ip, made.inner_sum, Population::Address(session), destination);
      break;
  }
  return static_cast<uint16_t>(made.bytes.size());
}

bool WriteCapture(const std::string& path, FrameSource& source, uint32_t count) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  // The classic format: magic, version 2.4, zone, accuracy, longest frame, Ethernet.
  const std::array<uint32_t, 6> head = {0xa1b2c3d4u, 4u << 16 | 2u, 0, 0, 65535, 1};
  bool ok = std::fwrite(head.data(), sizeof(head), 1, file) == 1;
  std::array<uint8_t, FrameSource::kMaxFrame> frame{};
  for (uint32_t i = 0; ok && i < count; ++i) {
    const uint32_t length = source.WriteNext(frame.data());
    const std::array<uint32_t, 4> record = {0, i, length, length};
    ok = std::fwrite(record.data(), sizeof(record), 1, file) == 1 &&
         std::fwrite(frame.data(), length, 1, file) == 1;
  }
  return std::fclose(file) == 0 && ok;
}

}  // namespace lns::bench
