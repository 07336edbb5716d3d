// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/ping.h"

#include <algorithm>
#include <array>

namespace lns::lacsim {
namespace {
constexpr size_t kDataSize = 56;
constexpr uint32_t kMaxCount = 65536;  // one round of sequence numbers
}  // namespace

Ping::Ping(uint32_t count, Duration interval, uint32_t flow, Ipv4Addresses addresses,
           uint16_t identifier, Uplink& uplink)
    : count_(std::min(count, kMaxCount)),
      interval_(interval),
      flow_(flow),
      addresses_(addresses),
      identifier_(identifier),
      uplink_(uplink) {}

Instant Ping::NextDeadline() const {
  if (sent() < count_) return next_;
  if (received() == sent() || sent_at_.empty()) return Instant::Never();
  // Never, too, once the last was answered: then what is missing has run out of time before it.
  return sent_at_.back() == Instant::Never() ? next_ + kPatience : sent_at_.back() + kPatience;
}

void Ping::OnTimer(Instant now) {
  if (sent() >= count_ || now < next_) return;
  std::array<uint8_t, kIpv4HeaderSize + kIcmpHeaderSize + kDataSize> packet;
  for (size_t i = 0; i < kDataSize; ++i) {
    packet[packet.size() - kDataSize + i] = static_cast<uint8_t>(i);
  }
  WriteIpv4Echo(addresses_, {.identifier = identifier_, .sequence = static_cast<uint16_t>(sent())},
                packet);
  sent_at_.push_back(now);
  uplink_.SendPacket(flow_, packet);
  next_ = now + interval_;
}

bool Ping::OnPacket(const Ipv4View& packet, Instant now) {
  const std::optional<Echo> echo = ReadEcho(packet);
  if (!echo || echo->request || echo->identifier != identifier_) return false;
  if (echo->sequence >= sent_at_.size()) return false;
  Instant& sent = sent_at_[echo->sequence];
  if (sent != Instant::Never()) rtt_.Add(now - sent);
  sent = Instant::Never();
  return true;
}

bool Ping::done(Instant now) const {
  if (sent() < count_) return false;
  return received() == sent() || now >= NextDeadline();
}

}  // namespace lns::lacsim
