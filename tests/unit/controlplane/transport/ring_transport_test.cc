// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "controlplane/transport/ring_transport.h"
#include "tests/unit/controlplane/transport/fake_punt_server.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

using punt::FrameHeader;
using punt::FrameKind;
using punt::PuntClass;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr uint32_t kWorkers = 3;

struct Received {
  FrameKind kind;
  std::string peer;
  SessionKey session;
  std::string payload;
  int vrf = 0;
};

class Collector final : public FrameSink {
 public:
  std::vector<Received> frames;
  void OnFrame(const PuntedFrame& frame) override {
    frames.push_back({frame.kind, frame.endpoints.peer.ToString(), frame.session,
                      std::string(AsText(frame.payload)), frame.endpoints.vrf});
  }
  std::vector<std::string> payloads() const {
    std::vector<std::string> all;
    for (const Received& frame : frames) all.push_back(frame.payload);
    return all;
  }
};

class RingTransportTest : public ::testing::Test {
 protected:
  void Attach() {
    transport.OnTimer(now);
    server.Accept();
    server.Answer(server.Hello(), true);
    Poll();
    ASSERT_TRUE(transport.Attached());
  }
  void Poll() { poller.Wait(Duration()); }
  // As the data plane's worker does. True: it would write the eventfd.
  bool Punt(uint32_t worker, PuntClass punt_class, const FrameHeader& header,
            const std::string& payload) {
    punt::Producer ring = server.mapping().PuntProducer(worker, punt_class);
    EXPECT_TRUE(ring.Push(header, AsBytes(payload)));
    return ring.Publish();
  }
  static FrameHeader ControlFrom(uint32_t peer) {
    FrameHeader header{};
    header.kind = FrameKind::kL2tpControl;
    header.family = 4;
    header.peer_address = net::IpAddress::V4(peer).raw();
    header.local_address = net::IpAddress::V4(0xc6336401).raw();
    header.peer_udp_port = 1701;
    header.local_udp_port = 1701;
    return header;
  }
  std::vector<std::pair<FrameHeader, std::string>> Injected(uint32_t worker) {
    std::vector<std::pair<FrameHeader, std::string>> frames;
    punt::Consumer ring = server.mapping().InjectConsumer(worker);
    ring.Poll(1000, [&](const FrameHeader& header, ByteView payload) {
      frames.emplace_back(header, std::string(AsText(payload)));
    });
    return frames;
  }
  uint64_t Counter(const std::string& name) const {
    for (const auto& [counter, value] : transport.Counters()) {
      if (counter == name) return value;
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
  }

  FakePuntServer server{kWorkers};
  Poller poller;
  std::vector<std::string> log;
  RingTransport transport{server.path(), poller,
                          [this](LogLevel, std::string_view text) { log.emplace_back(text); }};
  Instant now = Instant::FromNanoseconds(1'000'000'000);
  Collector sink;
};

TEST_F(RingTransportTest, AttachesByTheHandshake) {
  EXPECT_FALSE(transport.Attached());
  EXPECT_LE(transport.NextDeadline(), now);  // due at once
  Attach();
  EXPECT_EQ(transport.NextDeadline(), Instant::Never());
  EXPECT_THAT(log, ElementsAre("punt rings attached: 3 workers, 64 slots per ring"));
}

TEST_F(RingTransportTest, DeliversWhatWorkersPuntedWithItsOrigin) {
  Attach();
  Punt(2, PuntClass::kTunnelControl, ControlFrom(0xc633640b), "hello");
  FrameHeader ppp = ControlFrom(0xc633640c);
  ppp.kind = FrameKind::kPpp;
  ppp.local_tunnel_id = 5;
  ppp.local_session_id = 6;
  Punt(0, PuntClass::kSessionControl, ppp, "lcp");
  EXPECT_EQ(transport.Receive(PuntClass::kTunnelControl, 10, sink), 1u);
  EXPECT_EQ(transport.Receive(PuntClass::kSessionControl, 10, sink), 1u);
  ASSERT_THAT(sink.frames, SizeIs(2));
  EXPECT_EQ(sink.frames[0].kind, FrameKind::kL2tpControl);
  EXPECT_EQ(sink.frames[0].peer, "198.51.100.11:1701");
  EXPECT_EQ(sink.frames[0].payload, "hello");
  EXPECT_EQ(sink.frames[1].kind, FrameKind::kPpp);
  EXPECT_EQ(sink.frames[1].session.tunnel.value(), 5);
  EXPECT_EQ(sink.frames[1].session.session.value(), 6);
  EXPECT_EQ(sink.frames[1].payload, "lcp");
}

TEST_F(RingTransportTest, ControlComesAndGoesWithItsVrf) {
  Attach();
  FrameHeader header = ControlFrom(0xc633640b);
  header.vrf = 5;
  Punt(0, PuntClass::kTunnelControl, header, "hello");
  ASSERT_EQ(transport.Receive(PuntClass::kTunnelControl, 10, sink), 1u);
  EXPECT_EQ(sink.frames[0].vrf, 5);
  const net::Endpoint end{net::IpAddress::V4(0xc6336401), 1701};
  transport.SendControl({.endpoints = {.local = end, .peer = end, .vrf = 6}, .message = {1}});
  transport.Flush();
  int sent = 0;
  for (uint32_t worker = 0; worker < kWorkers; ++worker) {
    for (const auto& [injected, payload] : Injected(worker)) {
      EXPECT_EQ(injected.vrf, 6);
      ++sent;
    }
  }
  EXPECT_EQ(sent, 1);
}

TEST_F(RingTransportTest, AFloodOnOneWorkerDoesNotStarveAnother) {
  Attach();
  for (int i = 0; i < 60; ++i) Punt(0, PuntClass::kUnproven, ControlFrom(1), "flood");
  Punt(1, PuntClass::kUnproven, ControlFrom(2), "one");
  Punt(2, PuntClass::kUnproven, ControlFrom(3), "two");
  EXPECT_EQ(transport.Receive(PuntClass::kUnproven, 12, sink), 12u);
  EXPECT_THAT(sink.payloads(), Contains("one"));
  EXPECT_THAT(sink.payloads(), Contains("two"));
}

TEST_F(RingTransportTest, ALoneWorkerMayUseTheWholeBurst) {
  Attach();
  for (int i = 0; i < 30; ++i) Punt(0, PuntClass::kUnproven, ControlFrom(1), "x");
  EXPECT_EQ(transport.Receive(PuntClass::kUnproven, 30, sink), 30u);
}

TEST_F(RingTransportTest, FramesThatFailTheChecksAreCountedAndLeftOut) {
  Attach();
  FrameHeader header = ControlFrom(1);
  header.family = 9;
  Punt(0, PuntClass::kUnproven, header, "bad");
  EXPECT_EQ(transport.Receive(PuntClass::kUnproven, 30, sink), 1u);
  EXPECT_THAT(sink.frames, IsEmpty());
  EXPECT_EQ(Counter("transport_malformed_frames"), 1u);
}

TEST_F(RingTransportTest, SleepsOnlyWhenEveryRingIsEmptyAndIsWokenByTheNextFrame) {
  Attach();
  Punt(1, PuntClass::kUnproven, ControlFrom(1), "before");
  EXPECT_FALSE(transport.PrepareToSleep());
  transport.Receive(PuntClass::kUnproven, 30, sink);
  EXPECT_TRUE(transport.PrepareToSleep());
  EXPECT_TRUE(Punt(1, PuntClass::kTunnelControl, ControlFrom(1), "after"));
}

TEST_F(RingTransportTest, PppFramesGoToTheWorkerThatOwnsTheSession) {
  Attach();
  std::map<uint32_t, int> wanted;
  for (uint16_t session = 1; session <= 30; ++session) {
    transport.SendPpp({{l2tp::LocalTunnelId(9), l2tp::LocalSessionId(session)}, Bytes{1}});
    ++wanted[punt::OwnerWorker(9, session, kWorkers)];
  }
  EXPECT_THAT(Injected(0), IsEmpty()) << "seen before Flush";
  transport.Flush();
  for (uint32_t worker = 0; worker < kWorkers; ++worker) {
    const auto frames = Injected(worker);
    EXPECT_THAT(frames, SizeIs(wanted[worker])) << "worker " << worker;
    for (const auto& [header, payload] : frames) {
      EXPECT_EQ(header.kind, FrameKind::kPpp);
      EXPECT_EQ(punt::OwnerWorker(header.local_tunnel_id, header.local_session_id, kWorkers),
                worker);
    }
  }
}

TEST_F(RingTransportTest, ALongAnswerStartsToLeaveBeforeItIsFlushed) {
  Attach();
  const SessionKey session{l2tp::LocalTunnelId(1), l2tp::LocalSessionId(1)};
  for (uint32_t i = 0; i < RingTransport::kPublishEvery + 3; ++i) {
    transport.SendPpp({session, Bytes{1}});
  }
  EXPECT_THAT(Injected(punt::OwnerWorker(1, 1, kWorkers)), SizeIs(RingTransport::kPublishEvery));
}

TEST_F(RingTransportTest, ControlMessagesOfOneTunnelKeepToOneWorkerInOrder) {
  Attach();
  std::set<uint32_t> used;
  for (uint16_t port = 1; port <= 30; ++port) {
    const net::EndpointPair endpoints{{net::IpAddress::V4(1), 1701}, {net::IpAddress::V4(2), port}};
    transport.SendControl({endpoints, Bytes{'a'}});
    transport.SendControl({endpoints, Bytes{'b'}});
    transport.Flush();
    for (uint32_t worker = 0; worker < kWorkers; ++worker) {
      const auto frames = Injected(worker);
      if (frames.empty()) continue;
      used.insert(worker);
      ASSERT_THAT(frames, ElementsAre(Pair(::testing::_, "a"), Pair(::testing::_, "b")));
      EXPECT_EQ(frames[0].first.peer_udp_port, port);
      EXPECT_EQ(frames[0].first.local_udp_port, 1701);
      EXPECT_EQ(frames[0].first.family, 4);
    }
  }
  EXPECT_GT(used.size(), 1u) << "thirty tunnels on one worker";
}

TEST_F(RingTransportTest, AFullInjectRingDropsAndCounts) {
  Attach();
  const SessionKey session{l2tp::LocalTunnelId(1), l2tp::LocalSessionId(1)};
  for (uint32_t i = 0; i < FakePuntServer::kSlots + 5; ++i) transport.SendPpp({session, Bytes{1}});
  EXPECT_EQ(Counter("transport_dropped_ring_full"), 5u);
  EXPECT_EQ(Counter("transport_ppp_sent"), FakePuntServer::kSlots);
}

TEST_F(RingTransportTest, SendingWhileTheDataPlaneIsAwayIsCounted) {
  transport.SendPpp({{l2tp::LocalTunnelId(1), l2tp::LocalSessionId(1)}, Bytes{1}});
  transport.SendControl({{}, Bytes{1}});
  transport.Flush();
  EXPECT_EQ(Counter("transport_dropped_detached"), 2u);
}

TEST_F(RingTransportTest, ReattachesAndGoesOnWhereTheRingsStand) {
  Attach();
  Punt(0, PuntClass::kTunnelControl, ControlFrom(1), "first");
  Punt(0, PuntClass::kTunnelControl, ControlFrom(1), "second");
  EXPECT_EQ(transport.Receive(PuntClass::kTunnelControl, 1, sink), 1u);
  server.HangUp();
  Poll();
  EXPECT_FALSE(transport.Attached());
  EXPECT_EQ(transport.Receive(PuntClass::kTunnelControl, 1, sink), 0u);
  EXPECT_LE(transport.NextDeadline(), now);
  Attach();
  EXPECT_EQ(transport.Receive(PuntClass::kTunnelControl, 10, sink), 1u);
  EXPECT_THAT(sink.payloads(), ElementsAre("first", "second"));
  EXPECT_EQ(Counter("transport_attachments"), 2u);
}

TEST_F(RingTransportTest, WaitsQuietlyForADataPlaneThatIsNotThere) {
  server.StopListening();
  for (int i = 0; i < 5; ++i) {
    transport.OnTimer(now);
    EXPECT_EQ(transport.NextDeadline(), now + RingTransport::kRetryInterval);
    now = transport.NextDeadline();
  }
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_THAT(log[0], HasSubstr(server.path()));
  server.Listen();
  Attach();
}

TEST_F(RingTransportTest, SaysWhoHoldsTheMemoryWhenItIsBusy) {
  transport.OnTimer(now);
  server.Accept();
  punt::ServerHello hello = server.Hello();
  hello.status = punt::HelloStatus::kBusy;
  hello.holder_pid = 4711;
  server.Answer(hello, false);
  Poll();
  EXPECT_FALSE(transport.Attached());
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_THAT(log[0], HasSubstr("process 4711"));
}

TEST_F(RingTransportTest, LeavesAServerThatDoesNotAnswerAndTriesAgain) {
  transport.OnTimer(now);
  server.Accept();
  EXPECT_EQ(transport.NextDeadline(), now + RingTransport::kGreetingTimeout);
  now = transport.NextDeadline();
  Attach();
}

struct BadAnswer {
  const char* what;
  std::function<void(FakePuntServer&, punt::ServerHello&)> spoil;
  bool with_descriptors;
  const char* said;
};

TEST_F(RingTransportTest, RefusesAnswersThatDoNotHoldTogether) {
  const BadAnswer kCases[] = {
      {"another protocol version",
       [](FakePuntServer&, punt::ServerHello& h) {
         h.status = punt::HelloStatus::kBadVersion;
         h.version = 9;
       },
       false, "run both of one release"},
      {"no descriptors", [](FakePuntServer&, punt::ServerHello&) {}, false, "0 descriptors"},
      {"more descriptors than workers",
       [](FakePuntServer&, punt::ServerHello& h) { h.workers = 2; }, true, "announced 2 workers"},
      {"not a hello", [](FakePuntServer&, punt::ServerHello& h) { h.magic = 1; }, true,
       "not a hello"},
      {"memory that is none of ours",
       [](FakePuntServer& s, punt::ServerHello&) { s.memory()[0] ^= 0xff; }, true, "magic"},
  };
  for (const BadAnswer& bad : kCases) {
    SCOPED_TRACE(bad.what);
    log.clear();
    transport.OnTimer(now);
    server.Accept();
    punt::ServerHello hello = server.Hello();
    bad.spoil(server, hello);
    server.Answer(hello, bad.with_descriptors);
    Poll();
    EXPECT_FALSE(transport.Attached());
    ASSERT_THAT(log, SizeIs(1));
    EXPECT_THAT(log[0], HasSubstr(bad.said));
    now = transport.NextDeadline();
  }
}

}  // namespace
}  // namespace lns::controlplane
