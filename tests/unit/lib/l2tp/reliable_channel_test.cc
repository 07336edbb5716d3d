// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <vector>

#include "lib/l2tp/event.h"
#include "lib/l2tp/reliable_channel.h"

namespace lns::l2tp {
namespace {

using Arrival = ReliableChannel::Arrival;

class ReliableChannelTest : public testing::Test {
 protected:
  ReliableChannelTest() { channel.set_peer_tunnel(PeerTunnelId(77)); }

  // A message of ours; `mark` tells it apart.
  static Bytes MessageOf(uint8_t mark) {
    Bytes bytes(kControlHeaderLength + 1, mark);
    EXPECT_NE(WriteHeader(ControlHeader(0, 0, 0, 0), 1, bytes), 0u);
    return bytes;
  }
  void Send(uint8_t mark) {
    channel.Enqueue(MessageOf(mark));
    channel.Flush(now, out);
  }
  // One of the peer's: ns, nr, and a payload unless it is a ZLB.
  Arrival Receive(uint16_t ns, uint16_t nr, bool zlb = false) {
    Bytes bytes(kControlHeaderLength + (zlb ? 0 : 1));
    EXPECT_NE(WriteHeader(ControlHeader(1, 0, ns, nr), zlb ? 0 : 1, bytes), 0u);
    Header header;
    EXPECT_EQ(ParseHeader(bytes, header), HeaderError::kNone);
    const Arrival arrival = channel.OnReceive(header, bytes, out);
    return arrival;
  }
  void Ack(uint16_t nr) {
    EXPECT_EQ(Receive(0, nr, /*zlb=*/true), Arrival::kAck);
    channel.Flush(now, out);
  }
  // The headers sent since the last call.
  std::vector<Header> Sent() {
    std::vector<Header> headers;
    for (const Action& action : out) {
      const auto* send = std::get_if<SendDatagram>(&action);
      if (send == nullptr) continue;
      Header header;
      EXPECT_EQ(ParseHeader(send->bytes, header), HeaderError::kNone);
      headers.push_back(header);
    }
    out.clear();
    return headers;
  }
  bool Fire() {
    now = channel.NextDeadline();
    const bool alive = channel.OnTimer(now, out);
    if (alive) channel.Flush(now, out);
    return alive;
  }

  ReliableChannel channel{{.receive_window = 4}};
  Instant now = Instant::FromNanoseconds(1);
  Actions out;
};

TEST_F(ReliableChannelTest, ComparesModulo65536) {
  EXPECT_EQ(SequenceDistance(0, 1), 1);
  EXPECT_EQ(SequenceDistance(65535, 0), 1);
  EXPECT_EQ(SequenceDistance(0, 65535), -1);
  EXPECT_EQ(SequenceDistance(10, 32777), 32767);
  EXPECT_EQ(SequenceDistance(32768, 1), -32767);
}

TEST_F(ReliableChannelTest, SlowStartOpensByOnePerAckUpToThePeersWindow) {
  for (uint8_t i = 0; i < 20; ++i) channel.Enqueue(MessageOf(i));
  channel.Flush(now, out);
  EXPECT_EQ(Sent().size(), 1u);
  Ack(1);
  EXPECT_EQ(Sent().size(), 2u);
  Ack(3);
  EXPECT_EQ(Sent().size(), 3u);
  Ack(6);
  EXPECT_EQ(Sent().size(), 4u);
  Ack(10);
  EXPECT_EQ(Sent().size(), 4u);  // the default window of four
  EXPECT_EQ(channel.congestion_window(), 4u);
}

TEST_F(ReliableChannelTest, AWindowOfOneHasOneInFlight) {
  channel.set_peer_window(1);
  for (uint8_t i = 0; i < 5; ++i) channel.Enqueue(MessageOf(i));
  channel.Flush(now, out);
  for (uint16_t acked = 1; acked <= 5; ++acked) {
    EXPECT_EQ(Sent().size(), 1u);
    Ack(acked);
  }
  EXPECT_TRUE(Sent().empty());
  EXPECT_TRUE(channel.idle());
}

TEST_F(ReliableChannelTest, RetransmitsWithDoublingIntervalsUpToTheCapThenGivesUp) {
  Send(1);
  std::vector<int64_t> intervals;
  Instant last = now;
  while (Fire()) {
    intervals.push_back((now - last).milliseconds());
    last = now;
  }
  intervals.push_back((now - last).milliseconds());
  EXPECT_EQ(intervals, (std::vector<int64_t>{1000, 2000, 4000, 8000, 8000, 8000}));
  const std::vector<Header> sent = Sent();
  EXPECT_EQ(sent.size(), 6u);  // once, and five times again
  for (const Header& header : sent) EXPECT_EQ(header.ns, 0);
  EXPECT_EQ(channel.NextDeadline(), Instant::Never());
}

TEST_F(ReliableChannelTest, RetransmitsTheSameNsWithAFreshNr) {
  Send(1);
  EXPECT_EQ(Sent()[0].nr, 0);
  EXPECT_EQ(Receive(0, 0), Arrival::kDeliver);
  ASSERT_TRUE(Fire());
  const std::vector<Header> sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].ns, 0);
  EXPECT_EQ(sent[0].nr, 1);
}

TEST_F(ReliableChannelTest, ATimeoutHalvesTheThresholdAndStartsWithOneAgain) {
  channel.set_peer_window(16);
  for (uint8_t i = 0; i < 100; ++i) channel.Enqueue(MessageOf(i));
  channel.Flush(now, out);
  uint16_t acked = 0;
  while (channel.congestion_window() < 8) Ack(++acked);
  Sent();
  ASSERT_TRUE(Fire());
  EXPECT_EQ(channel.congestion_window(), 1u);
  const std::vector<Header> again = Sent();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].ns, acked);
  // Slow start to four, half of eight; then one more per window's worth of acks.
  for (int i = 0; i < 3; ++i) Ack(++acked);
  EXPECT_EQ(channel.congestion_window(), 4u);
  for (int i = 0; i < 3; ++i) Ack(++acked);
  EXPECT_EQ(channel.congestion_window(), 4u);
  Ack(++acked);
  EXPECT_EQ(channel.congestion_window(), 5u);
}

TEST_F(ReliableChannelTest, CumulativeAcksAfterATimeoutSkipWhatThePeerHadKept) {
  channel.set_peer_window(8);
  for (uint8_t i = 0; i < 6; ++i) channel.Enqueue(MessageOf(i));
  channel.Flush(now, out);
  Ack(1);
  Ack(2);  // three in flight: 2, 3, 4
  ASSERT_TRUE(Fire());
  Sent();
  Ack(5);
  const std::vector<Header> sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].ns, 5);
}

TEST_F(ReliableChannelTest, AcknowledgesAloneAfterTheDelayOrWithTheNextMessage) {
  EXPECT_EQ(Receive(0, 0), Arrival::kDeliver);
  channel.RequestAck(AckUrgency::kDelayed, now);
  channel.Flush(now, out);
  EXPECT_TRUE(Sent().empty());
  EXPECT_EQ(channel.NextDeadline(), now + Duration::Milliseconds(50));
  ASSERT_TRUE(Fire());
  std::vector<Header> sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].payload_length(), 0u);
  EXPECT_EQ(sent[0].nr, 1);
  EXPECT_EQ(sent[0].tunnel_id, 77);

  EXPECT_EQ(Receive(1, 0), Arrival::kDeliver);
  channel.RequestAck(AckUrgency::kDelayed, now);
  Send(9);
  sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].nr, 2);
  EXPECT_EQ(sent[0].payload_length(), 1u);
}

TEST_F(ReliableChannelTest, AnExplicitAckIsAZlbEvenWhenAMessageFollows) {
  EXPECT_EQ(Receive(0, 0), Arrival::kDeliver);
  channel.RequestAck(AckUrgency::kExplicit, now);
  Send(9);
  const std::vector<Header> sent = Sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].payload_length(), 0u);
  EXPECT_EQ(sent[0].ns, 0);  // a ZLB carries the next Ns and does not use it up
  EXPECT_EQ(sent[1].ns, 0);
  EXPECT_EQ(sent[1].payload_length(), 1u);
}

TEST_F(ReliableChannelTest, AcknowledgesDuplicatesAgainAtOnce) {
  EXPECT_EQ(Receive(0, 0), Arrival::kDeliver);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Receive(0, 0), Arrival::kDuplicate);
    channel.Flush(now, out);
    const std::vector<Header> sent = Sent();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].nr, 1);
  }
  EXPECT_EQ(channel.statistics().duplicates, 3u);
}

TEST_F(ReliableChannelTest, KeepsEarlyMessagesWithinTheWindowAndDeliversInOrder) {
  EXPECT_EQ(Receive(2, 0), Arrival::kQueued);
  EXPECT_EQ(Receive(1, 0), Arrival::kQueued);
  EXPECT_EQ(Receive(3, 0), Arrival::kQueued);
  EXPECT_EQ(Receive(4, 0), Arrival::kOutOfWindow);
  EXPECT_EQ(channel.TakeNextInOrder(), std::nullopt);
  EXPECT_EQ(channel.nr(), 0);
  EXPECT_EQ(channel.early(), 3u);
  EXPECT_EQ(Receive(0, 0), Arrival::kDeliver);
  for (uint16_t ns = 1; ns <= 3; ++ns) {
    const std::optional<Bytes> kept = channel.TakeNextInOrder();
    ASSERT_TRUE(kept);
    EXPECT_EQ(LoadBe16(kept->data() + kControlNsOffset), ns);
  }
  EXPECT_EQ(channel.TakeNextInOrder(), std::nullopt);
  EXPECT_EQ(channel.nr(), 4);
  EXPECT_EQ(channel.early(), 0u);
  EXPECT_EQ(Receive(2, 0), Arrival::kDuplicate);
}

TEST_F(ReliableChannelTest, TheHalfSpaceBeforeNrIsThePast) {
  channel.set_first_nr(40000);
  EXPECT_EQ(Receive(39999, 0), Arrival::kDuplicate);
  EXPECT_EQ(Receive(40000 - 32767, 0), Arrival::kDuplicate);
  EXPECT_EQ(Receive(static_cast<uint16_t>(40000 - 32768), 0), Arrival::kOutOfWindow);
  EXPECT_EQ(Receive(40000, 0), Arrival::kDeliver);
}

TEST_F(ReliableChannelTest, AZlbNeverMovesNr) {
  EXPECT_EQ(Receive(0, 0, /*zlb=*/true), Arrival::kAck);
  EXPECT_EQ(Receive(5, 0, /*zlb=*/true), Arrival::kAck);
  EXPECT_EQ(channel.nr(), 0);
  channel.Flush(now, out);
  EXPECT_TRUE(Sent().empty());  // and is not acknowledged
}

TEST_F(ReliableChannelTest, IgnoresAnAckOfWhatWasNeverSent) {
  Send(1);
  Sent();
  EXPECT_EQ(Receive(0, 2, /*zlb=*/true), Arrival::kAck);
  EXPECT_FALSE(channel.idle());
  EXPECT_EQ(std::get<CountEvent>(out.back()).event, L2tpEvent::kAckOfUnsent);
  Ack(1);
  EXPECT_TRUE(channel.idle());
}

TEST_F(ReliableChannelTest, AnUrgentMessageOvertakesOnlyWhatWasNeverSent) {
  for (uint8_t i = 0; i < 3; ++i) channel.Enqueue(MessageOf(i));
  channel.Flush(now, out);
  out.clear();
  channel.Enqueue(MessageOf(99), ReliableChannel::Place::kNext);
  Ack(1);
  const auto& first = std::get<SendDatagram>(out.front());
  EXPECT_EQ(first.bytes.back(), 99);
  EXPECT_EQ(LoadBe16(first.bytes.data() + kControlNsOffset), 1);
}

TEST_F(ReliableChannelTest, TheQueueIsBounded) {
  for (size_t i = 0; i < ChannelSettings{}.max_queued; ++i) channel.Enqueue(MessageOf(1));
  EXPECT_FALSE(channel.overflowed());
  channel.Enqueue(MessageOf(1));
  EXPECT_TRUE(channel.overflowed());
  channel.DropUnsent();
  EXPECT_FALSE(channel.overflowed());
}

}  // namespace
}  // namespace lns::l2tp
