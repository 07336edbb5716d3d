// One tunnel with a thousand sessions over two workers, each in a thread of its own as in the
// product. Every packet has a number; whatever the workers' turns are, each session's arrive in
// order, none is lost, and the workers have half of them each.
//
// The verdict does not depend on the machine: fewer packets are under way than any ring holds, so
// none may be dropped however long a thread is kept from running.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

#include "dataplane/worker.h"
#include "lib/base/endian.h"
#include "lib/base/rng.h"
#include "lib/punt/layout.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

constexpr uint32_t kWorkers = 2;
constexpr uint16_t kTunnel = 7;
constexpr uint32_t kSessions = 1000;
constexpr uint32_t kPackets = 50;  // of each session, in each direction
constexpr uint32_t kUnderWay = 960;
static_assert(kUnderWay < dataplane::HandoffMesh::kRingSlots);
constexpr uint16_t kFirstPeerId = 5000;
constexpr uint32_t kFirstAddress = 0x64410000;  // 100.65.0.0
constexpr uint64_t kSeed = 4;

constexpr size_t kEthernet = 14;
constexpr size_t kIpv4 = 20;
constexpr size_t kAround = kIpv4 + 8 + 6 + 4;  // IP, UDP, L2TP, PPP
constexpr size_t kSourceAt = 12;
constexpr size_t kDestinationAt = 16;

// A direction as the test sees it: frames to send, and what is expected of those that arrive.
struct Direction {
  uint16_t from = 0;
  uint16_t to = 0;
  size_t number_sent_at = 0;  // of a frame that goes in
  size_t inner_at = 0;        // of a frame that comes out
  size_t address_at = 0;      // the subscriber's, in the inner header
  std::vector<Bytes> frames = {};
  std::vector<uint32_t> sent = std::vector<uint32_t>(kSessions);
  std::vector<uint32_t> arrived = std::vector<uint32_t>(kSessions);
};

class TwoWorkers : public testing::TestWithParam<uint32_t> {
 protected:
  TwoWorkers() : rig_({.workers = kWorkers, .max_sessions = 2048, .core_worker = GetParam()}) {
    Program();
    for (Direction& direction : directions_) direction.frames.reserve(kSessions);
    for (uint32_t i = 0; i < kSessions; ++i) MakeFrames(i);
    for (uint32_t i = 0; i < kWorkers; ++i) {
      threads_.emplace_back([this, i] { Work(i); });
    }
  }
  ~TwoWorkers() override { Stop(); }

  void Stop() {
    stop_.store(true);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // As Worker::Run, but that it leaves the core to others when there is nothing to do: here three
  // threads may share one.
  void Work(uint32_t index) {
    dataplane::Quiescence& quiescence = rig_.state().quiescence();
    quiescence.Online(index);
    while (!stop_.load(std::memory_order_relaxed)) {
      if (!rig_.worker(index).PollOnce()) std::this_thread::yield();
      quiescence.Report(index);
    }
    quiescence.Offline(index);
  }

  void Send(Direction& direction, uint32_t session) {
    Bytes& frame = direction.frames[session];
    StoreBe32(frame.data() + direction.number_sent_at, direction.sent[session]++);
    rig_.Receive(direction.from, frame);
    ++under_way_;
  }

  // What has arrived: each the next of its session.
  void Take(Direction& direction) {
    for (const Bytes& frame : rig_.TakeSent(direction.to)) {
      ASSERT_GE(frame.size(), direction.inner_at + kIpv4 + 4);
      const uint8_t* inner = frame.data() + direction.inner_at;
      const uint32_t session = LoadBe32(inner + direction.address_at) - kFirstAddress;
      ASSERT_LT(session, kSessions);
      ASSERT_EQ(LoadBe32(inner + kIpv4), direction.arrived[session]) << "session " << session;
      ++direction.arrived[session];
      --under_way_;
    }
  }

  // Until at most `packets` are under way; false if one of them was dropped or came out of order.
  bool WaitUntilUnderWay(uint32_t packets) {
    while (under_way_ > packets) {
      for (Direction& direction : directions_) Take(direction);
      if (HasFatalFailure() || Dropped() != 0) return false;
      std::this_thread::yield();
    }
    return true;
  }

  uint64_t Dropped() {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < kWorkers; ++i) {
      for (const dataplane::Counter& drops : rig_.worker(i).counters().drops) sum += drops.value();
    }
    return sum;
  }

  Rig rig_;
  std::array<Direction, 2> directions_{Direction{.from = kAccess,
                                                 .to = kCore,
                                                 .number_sent_at = kEthernet + kAround + kIpv4,
                                                 .inner_at = kEthernet,
                                                 .address_at = kSourceAt},
                                       Direction{.from = kCore,
                                                 .to = kAccess,
                                                 .number_sent_at = kEthernet + kIpv4,
                                                 .inner_at = kEthernet + kAround,
                                                 .address_at = kDestinationAt}};
  std::vector<uint16_t> ids_;
  uint32_t under_way_ = 0;

 private:
  // Ids as a control plane draws them: at random.
  void Program() {
    ASSERT_TRUE(rig_.writer().AddSubscriberPrefix(*net::IpPrefix::Parse("100.65.0.0/16")).ok());
    SeededRng rng(kSeed);
    std::set<uint16_t> taken{0, 100, 101, 102, 103, 104};
    for (uint32_t i = 0; i < kSessions; ++i) {
      uint16_t id = 0;
      while (!taken.insert(id).second) id = static_cast<uint16_t>(rng.Below(65536));
      ids_.push_back(id);
      dataplane::SessionConfig session;
      session.key = {l2tp::LocalTunnelId(kTunnel), l2tp::LocalSessionId(id)};
      session.peer_id = l2tp::PeerSessionId(static_cast<uint16_t>(kFirstPeerId + i));
      session.ipv4_open = true;
      session.prefixes = {{net::IpAddress::V4(kFirstAddress + i), 32}};
      ASSERT_TRUE(rig_.writer().UpsertSession(session).ok());
    }
  }

  void MakeFrames(uint32_t session) {
    const std::string address = net::IpAddress::V4(kFirstAddress + session).ToString();
    directions_[0].frames.push_back(Packet()
                                        .Ethernet(kAccessMac, kLacMac)
                                        .Ipv4(kLac, kLns)
                                        .Udp(1701, 1701)
                                        .L2tp(kTunnel, ids_[session])
                                        .Ppp(0x0021)
                                        .Ipv4(address, kHost)
                                        .Payload(30)
                                        .Build());
    directions_[1].frames.push_back(
        Packet().Ethernet(kCoreMac, kHostMac).Ipv4(kHost, address).Payload(30).Build());
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

// Which session and direction is next is drawn anew for each packet, as for users who know nothing
// of each other.
TEST_P(TwoWorkers, KeepTheOrderOfAThousandSessionsOfOneTunnelAndShareThem) {
  std::vector<uint32_t> turns(2 * kSessions * kPackets);
  std::iota(turns.begin(), turns.end(), 0u);
  SeededRng rng(kSeed);
  for (size_t i = turns.size(); i > 1; --i) {
    std::swap(turns[i - 1], turns[rng.Below(static_cast<uint32_t>(i))]);
  }
  for (const uint32_t turn : turns) {
    Send(directions_[turn % 2], turn / 2 % kSessions);
    if (under_way_ < kUnderWay) continue;
    ASSERT_TRUE(WaitUntilUnderWay(kUnderWay / 2)) << Dropped() << " dropped";
  }
  ASSERT_TRUE(WaitUntilUnderWay(0)) << Dropped() << " dropped";
  Stop();

  for (const Direction& direction : directions_) {
    EXPECT_EQ(direction.arrived, std::vector<uint32_t>(kSessions, kPackets));
  }
  constexpr double kHalf = kSessions * kPackets / 2.0;
  for (uint32_t i = 0; i < kWorkers; ++i) {
    const dataplane::TrafficCounters& traffic = rig_.worker(i).counters().traffic;
    EXPECT_NEAR(static_cast<double>(traffic.uplink_packets.value()), kHalf, kHalf / 10) << i;
    EXPECT_NEAR(static_cast<double>(traffic.downlink_packets.value()), kHalf, kHalf / 10) << i;
  }
  EXPECT_GT(rig_.worker(1).counters().handoff_in.value(), kHalf / 2);
}

std::string Named(const testing::TestParamInfo<uint32_t>& info) {
  return info.param == 0 ? "OneHasAllQueues" : "OneHasTheAccessPortAndOneTheCore";
}
INSTANTIATE_TEST_SUITE_P(Queues, TwoWorkers, testing::Values(0, 1), Named);

}  // namespace
}  // namespace lns::test
