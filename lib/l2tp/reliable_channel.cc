// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/reliable_channel.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/check.h"
#include "lib/l2tp/event.h"

namespace lns::l2tp {
namespace {
constexpr size_t kControlTunnelIdOffset = 4;
}  // namespace

ReliableChannel::ReliableChannel(const ChannelSettings& settings)
    : settings_(settings),
      oldest_ns_(settings.initial_ns),
      retransmit_interval_(settings.retransmit_initial),
      nr_(settings.initial_nr) {}

void ReliableChannel::set_peer_window(uint16_t messages) {
  peer_window_ = std::min(messages, kMaxPeerWindow);
  slow_start_threshold_ = peer_window_;
}

void ReliableChannel::Enqueue(Bytes message, Place place) {
  LNS_DCHECK(message.size() >= kControlHeaderLength);
  if (messages_.size() >= settings_.max_queued) {
    overflowed_ = true;
    return;
  }
  if (place == Place::kNext) {
    messages_.insert(messages_.begin() + static_cast<ptrdiff_t>(transmitted_), std::move(message));
  } else {
    messages_.push_back(std::move(message));
  }
}

void ReliableChannel::DropUnsent() {
  messages_.resize(transmitted_);
  overflowed_ = false;
}

void ReliableChannel::DropAll() {
  // Ns goes on from where it was, so that the ZLBs still to come carry the right one.
  oldest_ns_ = ns();
  messages_.clear();
  in_flight_ = transmitted_ = 0;
  overflowed_ = false;
  StopTimer();
}

ReliableChannel::Arrival ReliableChannel::OnReceive(const Header& header, ByteView datagram,
                                                    Actions& out) {
  ++statistics_.control_rx;
  OnAcknowledged(header.nr, out);
  // A ZLB occupies no number: its Ns says nothing (RFC 2661 5.8).
  if (header.payload_length() == 0) return Arrival::kAck;
  const int ahead = SequenceDistance(nr_, header.ns);
  if (ahead == 0) {
    ++nr_;
    return Arrival::kDeliver;
  }
  // Out of turn: the peer must learn what we have, whatever becomes of this one.
  ack_at_ = Instant();
  // Half of the number space is the past; its far end is nobody's.
  if (ahead < 0 && ahead > INT16_MIN) {
    ++statistics_.duplicates;
    out.emplace_back(CountEvent{L2tpEvent::kDuplicate});
    return Arrival::kDuplicate;
  }
  if (ahead < 0 || ahead >= settings_.receive_window) {
    out.emplace_back(CountEvent{L2tpEvent::kOutOfWindow});
    return Arrival::kOutOfWindow;
  }
  ++statistics_.out_of_order;
  out.emplace_back(CountEvent{L2tpEvent::kOutOfOrderQueued});
  early_.try_emplace(header.ns, datagram.begin(), datagram.end());
  return Arrival::kQueued;
}

std::optional<Bytes> ReliableChannel::TakeNextInOrder() {
  const auto next = early_.find(nr_);
  if (next == early_.end()) return std::nullopt;
  Bytes datagram = std::move(next->second);
  early_.erase(next);
  ++nr_;
  return datagram;
}

void ReliableChannel::OnAcknowledged(uint16_t nr, Actions& out) {
  const int distance = SequenceDistance(oldest_ns_, nr);
  if (distance <= 0) return;  // old news, after reordering
  const auto count = static_cast<size_t>(distance);
  if (count > transmitted_) {
    out.emplace_back(CountEvent{L2tpEvent::kAckOfUnsent});
    return;
  }
  messages_.erase(messages_.begin(), messages_.begin() + distance);
  oldest_ns_ = nr;
  transmitted_ -= count;
  in_flight_ -= std::min(in_flight_, count);
  GrowCongestionWindow();
  StopTimer();  // Flush starts it again for what is still in flight
}

// Slow start up to the threshold, then one more per window's worth of acks (appendix A).
void ReliableChannel::GrowCongestionWindow() {
  if (congestion_window_ >= peer_window_) return;
  if (congestion_window_ < slow_start_threshold_) {
    ++congestion_window_;
  } else if (++acks_in_window_ >= congestion_window_) {
    ++congestion_window_;
    acks_in_window_ = 0;
  }
}

void ReliableChannel::RequestAck(AckUrgency urgency, Instant now) {
  if (urgency == AckUrgency::kExplicit) ack_zlb_ = true;
  const Instant at = urgency == AckUrgency::kDelayed ? now + settings_.ack_delay : now;
  ack_at_ = std::min(ack_at_, at);
}

void ReliableChannel::ResendOldest(Actions& out) {
  if (in_flight_ > 0) Transmit(0, out);
}

void ReliableChannel::Flush(Instant now, Actions& out) {
  // The ZLB goes first: a peer with a window of one takes nothing else before it.
  if (ack_zlb_) SendZlb(out);
  const size_t window = std::min<size_t>(congestion_window_, peer_window_);
  while (in_flight_ < window && in_flight_ < messages_.size()) {
    Transmit(in_flight_, out);
    ++in_flight_;
    if (in_flight_ <= transmitted_) continue;
    transmitted_ = in_flight_;
    ++messages_transmitted_;
  }
  if (in_flight_ > 0 && retransmit_at_ == Instant::Never()) {
    retransmit_at_ = now + retransmit_interval_;
  }
  if (ack_at_ <= now) SendZlb(out);
}

bool ReliableChannel::OnTimer(Instant now, Actions& out) {
  if (retransmit_at_ > now) return true;
  if (retransmits_ >= settings_.max_retransmits) {
    out.emplace_back(CountEvent{L2tpEvent::kRetransmitExhausted});
    StopTimer();
    return false;
  }
  ++retransmits_;
  retransmit_interval_ = std::min(retransmit_interval_ * 2, settings_.retransmit_cap);
  retransmit_at_ = Instant::Never();
  slow_start_threshold_ = std::max(congestion_window_ / 2, 1u);
  congestion_window_ = 1;
  acks_in_window_ = 0;
  // Whatever was on the way counts as lost: Flush begins again with the oldest.
  in_flight_ = 0;
  return true;
}

Instant ReliableChannel::NextDeadline() const { return std::min(retransmit_at_, ack_at_); }

void ReliableChannel::Transmit(size_t index, Actions& out) {
  if (index < transmitted_) {
    ++statistics_.retransmissions;
    out.emplace_back(CountEvent{L2tpEvent::kRetransmission});
  }
  Bytes datagram = messages_[index];
  StoreBe16(datagram.data() + kControlTunnelIdOffset, peer_tunnel_.value());
  StoreBe16(datagram.data() + kControlNsOffset, static_cast<uint16_t>(oldest_ns_ + index));
  StoreBe16(datagram.data() + kControlNrOffset, nr_);  // fresh, also in what is sent again
  ack_at_ = Instant::Never();
  ++statistics_.control_tx;
  out.emplace_back(SendDatagram{std::move(datagram)});
}

void ReliableChannel::SendZlb(Actions& out) {
  Bytes zlb(kControlHeaderLength);
  LNS_CHECK(WriteHeader(ControlHeader(peer_tunnel_.value(), 0, ns(), nr_), 0, zlb) == zlb.size());
  ack_zlb_ = false;
  ack_at_ = Instant::Never();
  ++statistics_.control_tx;
  out.emplace_back(SendDatagram{std::move(zlb)});
}

void ReliableChannel::StopTimer() {
  retransmit_at_ = Instant::Never();
  retransmit_interval_ = settings_.retransmit_initial;
  retransmits_ = 0;
}

}  // namespace lns::l2tp
