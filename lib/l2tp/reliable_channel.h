// Reliable delivery of control messages (RFC 2661 5.8 and appendix A): Ns and Nr, the windows, slow
// start, retransmission, acknowledgements. One per tunnel, owned by ControlConnection; carries
// whole datagrams and knows nothing of what they say.
//
// Receiving and sending are two steps: OnReceive sorts an arrival, its owner acts on it and queues
// what it has to say, then Flush puts on the wire what the window and the acknowledgement rules
// allow. So an answer carries the acknowledgement, and what a message causes comes before its ack.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/ids.h"
#include "lib/l2tp/message_table.h"

namespace lns::l2tp {

struct ChannelSettings {
  uint16_t initial_ns = 0;
  uint16_t initial_nr = 0;
  uint16_t receive_window = 32;
  Duration retransmit_initial = Duration::Seconds(1);
  Duration retransmit_cap = Duration::Seconds(8);
  int max_retransmits = 5;
  Duration ack_delay = Duration::Milliseconds(50);
  // Messages waiting or unacknowledged, at most: more means a peer that makes us answer and does
  // not acknowledge.
  size_t max_queued = 1024;
};

struct ChannelStatistics {
  uint64_t control_rx = 0;
  uint64_t control_tx = 0;
  uint64_t retransmissions = 0;
  uint64_t duplicates = 0;
  uint64_t out_of_order = 0;
};

// How far `to` is ahead of `from`, modulo 65536; negative when behind (RFC 2661 5.8).
constexpr int SequenceDistance(uint16_t from, uint16_t to) {
  return static_cast<int16_t>(static_cast<uint16_t>(to - from));
}

class ReliableChannel {
 public:
  // The peer's window until it says otherwise (RFC 2661 4.4.3), and the most we ever use of it.
  static constexpr uint16_t kDefaultPeerWindow = 4;
  static constexpr uint16_t kMaxPeerWindow = 1024;

  explicit ReliableChannel(const ChannelSettings& settings);

  // Where datagrams go from now on, also those sent again.
  void set_peer_tunnel(PeerTunnelId id) { peer_tunnel_ = id; }
  void set_peer_window(uint16_t messages);
  void set_max_retransmits(int times) { settings_.max_retransmits = times; }

  // --- Sending: `message` is an encoded control message; Flush transmits it.
  enum class Place : uint8_t {
    kBack,
    kNext,  // ahead of what was never transmitted: HELLO, StopCCN
  };
  void Enqueue(Bytes message, Place place = Place::kBack);
  bool overflowed() const { return overflowed_; }
  // How many messages were ever transmitted, and how many wait for their first time: the sum is how
  // many must have been for the one enqueued last to have left.
  uint64_t messages_transmitted() const { return messages_transmitted_; }
  size_t unsent() const { return messages_.size() - transmitted_; }
  // Forgets what was never transmitted. What was keeps its Ns and goes on being sent again.
  void DropUnsent();
  // Forgets everything: the peer will not acknowledge any more.
  void DropAll();

  // --- Receiving.
  // The number the peer starts with: 0, from a peer that keeps to the RFC.
  void set_first_nr(uint16_t nr) { nr_ = nr; }
  enum class Arrival : uint8_t {
    kAck,          // a ZLB: nothing to deliver
    kDeliver,      // the next message in order
    kQueued,       // ahead of a missing one: kept
    kDuplicate,    // seen before
    kOutOfWindow,  // too far ahead: dropped
  };
  // `datagram` ends where the header's Length says.
  Arrival OnReceive(const Header& header, ByteView datagram, Actions& out);
  // After a delivery: the next kept message that has become due, if any.
  std::optional<Bytes> TakeNextInOrder();
  bool IsDuplicate(uint16_t ns) const { return SequenceDistance(nr_, ns) < 0; }

  // What was received needs an acknowledgement; the most urgent request counts.
  void RequestAck(AckUrgency urgency, Instant now);
  // Transmits the oldest unacknowledged message once more, without touching the timer.
  void ResendOldest(Actions& out);

  void Flush(Instant now, Actions& out);

  // False when a message was sent max_retransmits times again and never acknowledged.
  [[nodiscard]] bool OnTimer(Instant now, Actions& out);
  Instant NextDeadline() const;

  // Nothing waiting, nothing unacknowledged.
  bool idle() const { return messages_.empty(); }
  size_t unacknowledged() const { return transmitted_; }
  // Received ahead of a missing one and kept: fewer than the receive window.
  size_t early() const { return early_.size(); }
  // Must not be idle.
  ByteView oldest() const { return messages_.front(); }
  uint16_t ns() const { return static_cast<uint16_t>(oldest_ns_ + transmitted_); }
  uint16_t nr() const { return nr_; }
  uint16_t peer_window() const { return peer_window_; }
  uint32_t congestion_window() const { return congestion_window_; }
  const ChannelStatistics& statistics() const { return statistics_; }

 private:
  void OnAcknowledged(uint16_t nr, Actions& out);
  void GrowCongestionWindow();
  void Transmit(size_t index, Actions& out);
  void SendZlb(Actions& out);
  void StopTimer();

  ChannelSettings settings_;
  ChannelStatistics statistics_;
  PeerTunnelId peer_tunnel_;

  // Messages by Ns: the first is oldest_ns_. [0, in_flight_) are believed to be on the way,
  // [in_flight_, transmitted_) were transmitted once and await retransmission, the rest is new.
  std::deque<Bytes> messages_;
  uint16_t oldest_ns_;
  size_t in_flight_ = 0;
  size_t transmitted_ = 0;
  uint64_t messages_transmitted_ = 0;
  bool overflowed_ = false;

  uint16_t peer_window_ = kDefaultPeerWindow;
  uint32_t congestion_window_ = 1;
  uint32_t slow_start_threshold_ = kDefaultPeerWindow;
  uint32_t acks_in_window_ = 0;  // congestion avoidance: acks since the last growth

  Duration retransmit_interval_;
  int retransmits_ = 0;
  Instant retransmit_at_ = Instant::Never();

  uint16_t nr_;
  std::map<uint16_t, Bytes> early_;  // by Ns, within our receive window
  bool ack_zlb_ = false;             // a ZLB whatever else is sent
  Instant ack_at_ = Instant::Never();
};

}  // namespace lns::l2tp
